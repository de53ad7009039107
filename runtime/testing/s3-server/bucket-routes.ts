import { type Answer, iso, xmlAnswer } from './answer.ts'
import { readText } from './body.ts'
import { listPage } from './listing.ts'
import type { S3Request } from './request.ts'
import { S3Error } from './s3-error.ts'
import type { SignedRequest } from './signature.ts'
import type { Store } from './store.ts'
import { type Content, element, elements, textOf } from './xml.ts'

export const listBuckets = async (store: Store): Promise<Answer> =>
  xmlAnswer(
    element('ListAllMyBucketsResult', {
      Owner: { ID: 'millrace', DisplayName: 'millrace' },
      Buckets: { Bucket: store.buckets().map(({ name, created }) => ({ Name: name, CreationDate: iso(created) })) },
    }),
  )

export const createBucket = async (
  store: Store,
  request: S3Request,
  signed: SignedRequest,
  bucket: string,
): Promise<Answer> => {
  await readText(request, signed)
  await store.createBucket(bucket)
  return { status: 200, headers: { location: `/${bucket}` } }
}

export const deleteBucket = async (store: Store, bucket: string): Promise<Answer> => {
  await store.deleteBucket(bucket)
  return { status: 204 }
}

const maxKeysOf = (request: S3Request): number => {
  const asked = Number(request.query.get('max-keys') || 1000)
  if (!Number.isInteger(asked) || asked < 0) {
    throw new S3Error('InvalidArgument', 'Argument maxKeys must be an integer between 0 and 2147483647')
  }
  return Math.min(1000, asked)
}

/** Version 2 with continuation tokens, and version 1 with markers. */
export const listObjects = async (store: Store, request: S3Request, bucket: string): Promise<Answer> => {
  const keys = store.keys(bucket)
  const query = request.query
  const second = query.get('list-type') === '2'
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after') ?? ''
  const marker = query.get('marker') ?? ''
  const maxKeys = maxKeysOf(request)
  if (second && token === '') throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect')
  const after = !second ? marker : token === undefined ? startAfter : Buffer.from(token, 'base64url').toString('utf8')
  const page = listPage(keys, { prefix, delimiter, after, maxKeys })
  const urlEncoded = query.get('encoding-type') === 'url'
  const shown = (text: string) => (urlEncoded ? encodeURIComponent(text).replaceAll('%2F', '/') : text)
  const contents: Content[] = page.keys.map(key => {
    const object = store.object(bucket, key)
    return {
      Key: shown(key),
      LastModified: iso(object.modified),
      ETag: `"${object.etag}"`,
      Size: object.size,
      StorageClass: object.headers['x-amz-storage-class'] ?? 'STANDARD',
    }
  })
  return xmlAnswer(
    element('ListBucketResult', {
      Name: bucket,
      Prefix: shown(prefix),
      ...(delimiter !== '' && { Delimiter: shown(delimiter) }),
      MaxKeys: maxKeys,
      ...(urlEncoded && { EncodingType: 'url' }),
      IsTruncated: page.truncated,
      ...(second
        ? {
            KeyCount: page.keys.length + page.prefixes.length,
            ...(startAfter !== '' && { StartAfter: shown(startAfter) }),
            ...(token !== undefined && { ContinuationToken: token }),
            ...(page.truncated && { NextContinuationToken: Buffer.from(page.last).toString('base64url') }),
          }
        : { Marker: shown(marker), ...(page.truncated && { NextMarker: shown(page.last) }) }),
      Contents: contents,
      CommonPrefixes: page.prefixes.map(common => ({ Prefix: shown(common) })),
    }),
  )
}

export const deleteObjects = async (
  store: Store,
  request: S3Request,
  signed: SignedRequest,
  bucket: string,
): Promise<Answer> => {
  store.checkBucket(bucket)
  const xml = await readText(request, signed)
  const keys = elements(xml, 'Object').map(object => textOf(object, 'Key') ?? '')
  if (keys.length === 0 || keys.length > 1000) throw new S3Error('MalformedXML')
  for (const key of keys) await store.delete(bucket, key)
  const quiet = textOf(xml, 'Quiet') === 'true'
  return xmlAnswer(element('DeleteResult', quiet ? {} : { Deleted: keys.map(Key => ({ Key })) }))
}
