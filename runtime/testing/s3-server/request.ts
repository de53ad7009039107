import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { S3Error } from './s3-error.ts'

/** A request as S3 sees it. */
export interface S3Request {
  readonly method: string
  /** Undefined for requests about the service itself. */
  readonly bucket: string | undefined
  readonly key: string | undefined
  /** Decoded; a name without a value has the empty text. */
  readonly query: ReadonlyMap<string, string>
  readonly headers: IncomingHttpHeaders
  /** The path as it was sent, for the signature. */
  readonly rawPath: string
  readonly operation: string
  readonly incoming: IncomingMessage
}

export const headerOf = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name]
  return Array.isArray(value) ? value.join(',') : value
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new S3Error('InvalidArgument', `Not a valid URL encoding: ${text}`)
  }
}

const parseQuery = (raw: string): ReadonlyMap<string, string> => {
  const query = new Map<string, string>()
  for (const pair of raw.split('&')) {
    if (pair === '') continue
    const cut = pair.indexOf('=')
    const name = cut < 0 ? pair : pair.slice(0, cut)
    query.set(decode(name), cut < 0 ? '' : decode(pair.slice(cut + 1)))
  }
  return query
}

/** `bucket.localhost` and `bucket.s3.example.com` name their bucket in the host; an address or a bare host does not. */
const bucketOfHost = (host: string): string | undefined => /^(.+?)\.(?:localhost|s3[.-].+)$/.exec(host)?.[1]

const operations: readonly (readonly [string, 'service' | 'bucket' | 'object', string | undefined, string])[] = [
  ['GET', 'service', undefined, 'ListBuckets'],
  ['GET', 'bucket', 'uploads', 'ListMultipartUploads'],
  ['GET', 'bucket', 'location', 'GetBucketLocation'],
  ['GET', 'bucket', 'versioning', 'GetBucketVersioning'],
  ['GET', 'bucket', 'list-type', 'ListObjectsV2'],
  ['GET', 'bucket', undefined, 'ListObjects'],
  ['PUT', 'bucket', undefined, 'CreateBucket'],
  ['HEAD', 'bucket', undefined, 'HeadBucket'],
  ['DELETE', 'bucket', undefined, 'DeleteBucket'],
  ['POST', 'bucket', 'delete', 'DeleteObjects'],
  ['GET', 'object', 'uploadId', 'ListParts'],
  ['GET', 'object', 'tagging', 'GetObjectTagging'],
  ['GET', 'object', undefined, 'GetObject'],
  ['HEAD', 'object', undefined, 'HeadObject'],
  ['PUT', 'object', 'uploadId', 'UploadPart'],
  ['PUT', 'object', 'tagging', 'PutObjectTagging'],
  ['PUT', 'object', undefined, 'PutObject'],
  ['POST', 'object', 'uploads', 'CreateMultipartUpload'],
  ['POST', 'object', 'uploadId', 'CompleteMultipartUpload'],
  ['DELETE', 'object', 'uploadId', 'AbortMultipartUpload'],
  ['DELETE', 'object', 'tagging', 'DeleteObjectTagging'],
  ['DELETE', 'object', undefined, 'DeleteObject'],
]

/** Parameters that ask for something other than the plain operation on the resource. */
const subresources = [
  'acl',
  'cors',
  'lifecycle',
  'policy',
  'versions',
  'replication',
  'encryption',
  'restore',
  'select',
]

export const parseRequest = (incoming: IncomingMessage): S3Request => {
  const method = incoming.method ?? 'GET'
  const url = incoming.url ?? '/'
  const cut = url.indexOf('?')
  const rawPath = cut < 0 ? url : url.slice(0, cut)
  const query = parseQuery(cut < 0 ? '' : url.slice(cut + 1))
  const hosted = bucketOfHost((incoming.headers.host ?? '').replace(/:\d+$/, ''))
  const path = decode(rawPath).replace(/^\//, '')
  const slash = path.indexOf('/')
  const bucket = hosted ?? (path === '' ? undefined : slash < 0 ? path : path.slice(0, slash))
  const rest = hosted !== undefined ? path : slash < 0 ? '' : path.slice(slash + 1)
  const key = bucket === undefined || rest === '' ? undefined : rest
  if (key !== undefined && Buffer.byteLength(key) > 1024) throw new S3Error('KeyTooLongError')
  const resource = bucket === undefined ? 'service' : key === undefined ? 'bucket' : 'object'
  const found = subresources.some(name => query.has(name))
    ? undefined
    : operations.find(
        ([verb, on, parameter]) =>
          verb === method && on === resource && (parameter === undefined || query.has(parameter)),
      )
  return {
    method,
    bucket,
    key,
    query,
    headers: incoming.headers,
    rawPath,
    operation: found?.[3] ?? 'Unknown',
    incoming,
  }
}
