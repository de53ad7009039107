import { createHash } from 'node:crypto'
import { type Answer, iso, xmlAnswer } from './answer.ts'
import { readText } from './body.ts'
import { compositeChecksum, isChecksumAlgorithm } from './checksums.ts'
import { objectHeaders, writeCondition } from './object-headers.ts'
import { bodyToFile, type ObjectCall } from './object-routes.ts'
import { headerOf, type S3Request } from './request.ts'
import { S3Error } from './s3-error.ts'
import type { SignedRequest } from './signature.ts'
import { compareKeys } from './sorted-keys.ts'
import type { Store, StoredObject, StoredPart } from './store.ts'
import { element, elements, textOf } from './xml.ts'

/** S3's smallest part, but for the last. */
const minPart = 5 * 1024 * 1024

export const createUpload = async ({ store, request, bucket, key }: ObjectCall): Promise<Answer> => {
  const algorithm = headerOf(request.headers, 'x-amz-checksum-algorithm')?.toLowerCase()
  const upload = await store.createUpload({
    bucket,
    key,
    ...objectHeaders(request),
    ...(algorithm !== undefined && isChecksumAlgorithm(algorithm) && { checksumAlgorithm: algorithm }),
  })
  return xmlAnswer(element('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: upload.id }))
}

const uploadOf = ({ store, request, bucket, key }: ObjectCall) =>
  store.upload(bucket, key, request.query.get('uploadId') ?? '')

export const uploadPart = async (call: ObjectCall): Promise<Answer> => {
  const upload = uploadOf(call)
  const number = Number(call.request.query.get('partNumber'))
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw new S3Error('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive')
  }
  if (headerOf(call.request.headers, 'x-amz-copy-source') !== undefined) throw new S3Error('NotImplemented')
  const { segment, md5, checksum } = await bodyToFile(call)
  const part = { number, size: segment.size, etag: md5, modified: Date.now(), file: segment.file }
  try {
    await call.store.putPart(upload, { ...part, ...(checksum && { checksum }) })
  } catch (error) {
    await call.store.dropData(segment.file)
    throw error
  }
  return {
    status: 200,
    headers: { etag: `"${md5}"`, ...(checksum && { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value }) },
  }
}

const completed = (call: ObjectCall, object: StoredObject): Answer =>
  xmlAnswer(
    element('CompleteMultipartUploadResult', {
      Location: `/${call.bucket}/${call.key}`,
      Bucket: call.bucket,
      Key: call.key,
      ETag: `"${object.etag}"`,
      ...(object.checksum && { [`Checksum${object.checksum.algorithm.toUpperCase()}`]: object.checksum.value }),
    }),
  )

const choose = (xml: string, parts: ReadonlyMap<number, StoredPart>): StoredPart[] => {
  const asked = elements(xml, 'Part').map(part => ({
    number: Number(textOf(part, 'PartNumber')),
    etag: textOf(part, 'ETag')?.replaceAll('"', ''),
    checksum: /<Checksum\w+>([^<]+)</.exec(part)?.[1],
  }))
  if (asked.length === 0) throw new S3Error('MalformedXML')
  if (asked.some(({ number }, index) => index > 0 && number <= asked[index - 1]!.number)) {
    throw new S3Error('InvalidPartOrder')
  }
  return asked.map(({ number, etag, checksum }, index) => {
    const part = parts.get(number)
    if (part === undefined || part.etag !== etag || (checksum !== undefined && part.checksum?.value !== checksum)) {
      throw new S3Error('InvalidPart', undefined, { details: { PartNumber: String(number) } })
    }
    if (index < asked.length - 1 && part.size < minPart) throw new S3Error('EntityTooSmall')
    return part
  })
}

export const completeUpload = async (call: ObjectCall): Promise<Answer> => {
  const { store, request, signed, bucket, key } = call
  const xml = await readText(request, signed)
  const again = store.completedFrom(bucket, key, request.query.get('uploadId') ?? '')
  if (again !== undefined) return completed(call, again)
  const upload = uploadOf(call)
  const parts = choose(xml, upload.parts)
  const md5 = createHash('md5')
  for (const part of parts) md5.update(Buffer.from(part.etag, 'hex'))
  const algorithm = upload.checksumAlgorithm
  const sums = parts.flatMap(({ checksum }) =>
    checksum !== undefined && checksum.algorithm === algorithm ? [checksum.value] : [],
  )
  const checksum =
    algorithm !== undefined && isChecksumAlgorithm(algorithm) && sums.length === parts.length
      ? { algorithm, value: compositeChecksum(algorithm, sums) }
      : undefined
  const object: StoredObject = {
    key,
    headers: upload.headers,
    ...(upload.tags && { tags: upload.tags }),
    size: parts.reduce((sum, part) => sum + part.size, 0),
    etag: `${md5.digest('hex')}-${parts.length}`,
    modified: Date.now(),
    segments: parts.map(({ file, size }) => ({ file, size })),
    ...(checksum && { checksum }),
  }
  await store.completeUpload(upload, object, writeCondition(request))
  return completed(call, object)
}

export const abortUpload = async (call: ObjectCall): Promise<Answer> => {
  await call.store.abortUpload(uploadOf(call))
  return { status: 204 }
}

const limitOf = (request: S3Request, name: string): number => {
  const limit = Number(request.query.get(name) ?? 1000)
  if (!Number.isInteger(limit) || limit < 0) throw new S3Error('InvalidArgument', `${name} must be a number from 0 up`)
  return Math.min(1000, limit)
}

export const listParts = async (call: ObjectCall): Promise<Answer> => {
  const upload = uploadOf(call)
  const after = Number(call.request.query.get('part-number-marker') ?? 0)
  const limit = limitOf(call.request, 'max-parts')
  const parts = [...upload.parts.values()].filter(part => part.number > after).sort((a, b) => a.number - b.number)
  const page = parts.slice(0, limit)
  return xmlAnswer(
    element('ListPartsResult', {
      Bucket: call.bucket,
      Key: call.key,
      UploadId: upload.id,
      PartNumberMarker: after,
      NextPartNumberMarker: page.at(-1)?.number ?? 0,
      MaxParts: limit,
      IsTruncated: page.length < parts.length,
      Part: page.map(part => ({
        PartNumber: part.number,
        LastModified: iso(part.modified),
        ETag: `"${part.etag}"`,
        Size: part.size,
      })),
    }),
  )
}

export const listUploads = async (
  store: Store,
  request: S3Request,
  _signed: SignedRequest,
  bucket: string,
): Promise<Answer> => {
  const prefix = request.query.get('prefix') ?? ''
  const keyMarker = request.query.get('key-marker') ?? ''
  const idMarker = request.query.get('upload-id-marker') ?? ''
  const limit = limitOf(request, 'max-uploads')
  if (request.query.has('delimiter')) throw new S3Error('NotImplemented', 'No delimiter in lists of uploads here')
  const uploads = store
    .uploads(bucket)
    .filter(upload => upload.key.startsWith(prefix))
    .sort((a, b) => compareKeys(a.key, b.key) || compareKeys(a.id, b.id))
    .filter(upload => {
      const order = compareKeys(upload.key, keyMarker)
      return keyMarker === '' || order > 0 || (order === 0 && idMarker !== '' && compareKeys(upload.id, idMarker) > 0)
    })
  const page = uploads.slice(0, limit)
  const last = page.at(-1)
  return xmlAnswer(
    element('ListMultipartUploadsResult', {
      Bucket: bucket,
      Prefix: prefix,
      KeyMarker: keyMarker,
      UploadIdMarker: idMarker,
      MaxUploads: limit,
      IsTruncated: page.length < uploads.length,
      ...(last && page.length < uploads.length && { NextKeyMarker: last.key, NextUploadIdMarker: last.id }),
      Upload: page.map(upload => ({ Key: upload.key, UploadId: upload.id, Initiated: iso(upload.initiated) })),
    }),
  )
}
