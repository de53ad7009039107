import { headerOf, type S3Request } from './request.ts'
import { S3Error } from './s3-error.ts'
import type { ObjectHeaders, StoredObject } from './store.ts'

const kept = [
  'content-type',
  'content-encoding',
  'content-language',
  'content-disposition',
  'cache-control',
  'expires',
  'x-amz-storage-class',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-server-side-encryption-customer-key-md5',
]

const refused: readonly (readonly [string, string])[] = [
  ['x-amz-copy-source', 'copying objects'],
  ['x-amz-object-lock-mode', 'object lock'],
  ['x-amz-website-redirect-location', 'website redirects'],
]

const checkTag = ([name, value]: readonly [string, string]): void => {
  if (name === '' || name.length > 128 || value.length > 256) {
    throw new S3Error('InvalidArgument', 'The TagKey or TagValue you have provided is invalid')
  }
}

/** What an object keeps of the request that made it; refuses what this server cannot do rather than ignoring it. */
export const objectHeaders = (request: S3Request): ObjectHeaders => {
  for (const [name, what] of refused) {
    if (headerOf(request.headers, name) !== undefined) throw new S3Error('NotImplemented', `No ${what} here`)
  }
  const headers: Record<string, string> = {}
  for (const name of kept) {
    const value = headerOf(request.headers, name)
    // `aws-chunked` says how the request travelled, not what the object is.
    const own =
      name === 'content-encoding'
        ? value
            ?.split(',')
            .filter(one => one.trim() !== 'aws-chunked')
            .join(',')
        : value
    if (own !== undefined && own !== '') headers[name] = own
  }
  let size = 0
  for (const name of Object.keys(request.headers)) {
    if (!name.startsWith('x-amz-meta-')) continue
    headers[name] = headerOf(request.headers, name)!
    size += name.length - 'x-amz-meta-'.length + headers[name].length
  }
  if (size > 2048)
    throw new S3Error('InvalidArgument', 'Your metadata headers exceed the maximum allowed metadata size')
  const tagging = headerOf(request.headers, 'x-amz-tagging')
  if (tagging === undefined) return { headers }
  const tags = Object.fromEntries(new URLSearchParams(tagging))
  for (const tag of Object.entries(tags)) checkTag(tag)
  return { headers, tags }
}

export const checkTags = (tags: Readonly<Record<string, string>>): void => {
  if (Object.keys(tags).length > 10) throw new S3Error('InvalidArgument', 'Object tags cannot be greater than 10')
  for (const tag of Object.entries(tags)) checkTag(tag)
}

const etagListed = (list: string, etag: string): boolean =>
  list.split(',').some(one => one.trim() === '*' || one.trim().replace(/^W\//, '').replaceAll('"', '') === etag)

/** `If-None-Match: *` and `If-Match` of a write. */
export const writeCondition =
  (request: S3Request) =>
  (now: StoredObject | undefined): void => {
    const none = headerOf(request.headers, 'if-none-match')
    const match = headerOf(request.headers, 'if-match')
    if (none !== undefined && none !== '*') {
      throw new S3Error('NotImplemented', 'If-None-Match of a write must be *')
    }
    if (none !== undefined && now !== undefined) {
      throw new S3Error('PreconditionFailed', undefined, { details: { Condition: 'If-None-Match' } })
    }
    if (match !== undefined && now === undefined) throw new S3Error('NoSuchKey')
    if (match !== undefined && !etagListed(match, now!.etag)) {
      throw new S3Error('PreconditionFailed', undefined, { details: { Condition: 'If-Match' } })
    }
  }

/** The conditions of a read, in the order of RFC 9110. */
export const checkReadConditions = (request: S3Request, object: StoredObject): void => {
  const seconds = Math.floor(object.modified / 1000)
  const time = (name: string) => Math.floor(Date.parse(headerOf(request.headers, name) ?? '') / 1000)
  const match = headerOf(request.headers, 'if-match')
  if (match !== undefined ? !etagListed(match, object.etag) : seconds > time('if-unmodified-since')) {
    throw new S3Error('PreconditionFailed')
  }
  const none = headerOf(request.headers, 'if-none-match')
  if (none !== undefined ? etagListed(none, object.etag) : seconds <= time('if-modified-since')) {
    throw new S3Error('NotModified')
  }
}

/** `Range: bytes=...` as [start, end), undefined for the whole; several ranges count as none, as at S3. */
export const rangeOf = (request: S3Request, size: number): readonly [number, number] | undefined => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(headerOf(request.headers, 'range') ?? '')
  if (match === null || (match[1] === '' && match[2] === '')) return undefined
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1])
  const end = match[1] === '' || match[2] === '' ? size : Math.min(size, Number(match[2]) + 1)
  if (match[1] !== '' && match[2] !== '' && Number(match[2]) < start) return undefined
  if (start >= size) throw new S3Error('InvalidRange')
  return [start, end]
}
