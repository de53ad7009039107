import { type Answer, xmlAnswer } from './answer.ts'
import { type BodyFacts, readBody, readText } from './body.ts'
import { checkReadConditions, checkTags, objectHeaders, rangeOf, writeCondition } from './object-headers.ts'
import type { S3Request } from './request.ts'
import { headerOf } from './request.ts'
import { S3Error } from './s3-error.ts'
import type { SignedRequest } from './signature.ts'
import type { Segment, Store, StoredObject } from './store.ts'
import { element, elements, textOf } from './xml.ts'

/** A request about one object, its signature checked. */
export interface ObjectCall {
  readonly store: Store
  readonly request: S3Request
  readonly signed: SignedRequest
  readonly bucket: string
  readonly key: string
}

const maxPut = 5 * 1024 ** 3

/** Streams the body into a new data file: memory stays bounded whatever the size. The file is dropped when anything is wrong. */
export const bodyToFile = async (call: ObjectCall): Promise<BodyFacts & { readonly segment: Segment }> => {
  const { file, handle } = await call.store.newData()
  try {
    const facts = await readBody(call.request, call.signed, async bytes => {
      for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten
    })
    if (facts.size > maxPut) throw new S3Error('EntityTooLarge')
    return { ...facts, segment: { file, size: facts.size } }
  } catch (error) {
    await call.store.dropData(file)
    throw error
  } finally {
    await handle.close()
  }
}

const sseHeaders = (object: StoredObject | { headers: Readonly<Record<string, string>> }): Record<string, string> =>
  Object.fromEntries(Object.entries(object.headers).filter(([name]) => name.startsWith('x-amz-server-side-encryption')))

export const putObject = async (call: ObjectCall): Promise<Answer> => {
  const { store, request, bucket, key } = call
  store.checkBucket(bucket)
  const described = objectHeaders(request)
  const allowed = writeCondition(request)
  allowed(store.find(bucket, key))
  const { segment, md5, size, checksum } = await bodyToFile(call)
  try {
    await store.put(
      bucket,
      { ...described, key, size, etag: md5, modified: Date.now(), segments: [segment], ...(checksum && { checksum }) },
      allowed,
    )
  } catch (error) {
    await store.dropData(segment.file)
    throw error
  }
  return {
    status: 200,
    headers: {
      etag: `"${md5}"`,
      ...sseHeaders(described),
      ...(checksum && { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value }),
    },
  }
}

const describe = (request: S3Request, object: StoredObject): Record<string, string> => {
  const checksumAsked = headerOf(request.headers, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED'
  return {
    'content-type': 'binary/octet-stream',
    ...object.headers,
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.modified).toUTCString(),
    'accept-ranges': 'bytes',
    ...(object.segments.length > 1 && { 'x-amz-mp-parts-count': String(object.segments.length) }),
    ...(object.tags && { 'x-amz-tagging-count': String(Object.keys(object.tags).length) }),
    ...(checksumAsked && object.checksum && { [`x-amz-checksum-${object.checksum.algorithm}`]: object.checksum.value }),
  }
}

/** GET and HEAD. */
export const getObject = async ({ store, request, bucket, key }: ObjectCall): Promise<Answer> => {
  const object = store.object(bucket, key)
  checkReadConditions(request, object)
  const headers = describe(request, object)
  for (const [name, value] of request.query) {
    if (name.startsWith('response-')) headers[name.slice('response-'.length)] = value
  }
  const range = rangeOf(request, object.size)
  const [start, end] = range ?? [0, object.size]
  if (range !== undefined) {
    // A checksum is that of the whole object.
    for (const name of Object.keys(headers)) if (name.startsWith('x-amz-checksum-')) delete headers[name]
    headers['content-range'] = `bytes ${start}-${end - 1}/${object.size}`
  }
  headers['content-length'] = String(end - start)
  return { status: range === undefined ? 200 : 206, headers, file: { segments: object.segments, start, end } }
}

export const deleteObject = async ({ store, bucket, key }: ObjectCall): Promise<Answer> => {
  await store.delete(bucket, key)
  return { status: 204 }
}

export const getTagging = async ({ store, bucket, key }: ObjectCall): Promise<Answer> => {
  const tags = Object.entries(store.object(bucket, key).tags ?? {})
  return xmlAnswer(element('Tagging', { TagSet: { Tag: tags.map(([Key, Value]) => ({ Key, Value })) } }))
}

export const putTagging = async ({ store, request, signed, bucket, key }: ObjectCall): Promise<Answer> => {
  const object = store.object(bucket, key)
  const xml = await readText(request, signed)
  const tags = Object.fromEntries(
    elements(xml, 'Tag').map(tag => [textOf(tag, 'Key') ?? '', textOf(tag, 'Value') ?? ''] as const),
  )
  checkTags(tags)
  await store.put(bucket, { ...object, tags }, now => {
    if (now?.etag !== object.etag) throw new S3Error('NoSuchKey')
  })
  return { status: 200 }
}

export const deleteTagging = async ({ store, bucket, key }: ObjectCall): Promise<Answer> => {
  const { tags: _, ...object } = store.object(bucket, key)
  await store.put(bucket, object, () => {})
  return { status: 204 }
}
