import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { headerOf, type S3Request } from './request.ts'
import { S3Error } from './s3-error.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
}

/** What the body needs to go on checking: signatures of chunks chain from that of the request. */
export interface SignedRequest {
  /** `x-amz-content-sha256`, or UNSIGNED-PAYLOAD for a presigned URL. */
  readonly payload: string
  readonly signature: string
  readonly date: string
  readonly scope: string
  readonly signingKey: Buffer
}

export const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')
export const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest()

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

const canonicalPath = (raw: string): string =>
  raw
    .split('/')
    .map(part => encode(decodeURIComponent(part)))
    .join('/')

const canonicalQuery = (query: ReadonlyMap<string, string>): string =>
  [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')

interface Claims {
  readonly accessKeyId: string
  readonly scope: readonly string[]
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly date: string
  readonly payload: string
}

const claimsOfHeader = (request: S3Request, authorization: string): Claims => {
  const match = /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]+)$/.exec(
    authorization.trim(),
  )
  if (match === null) throw new S3Error('AuthorizationHeaderMalformed')
  const payload = headerOf(request.headers, 'x-amz-content-sha256')
  if (payload === undefined) throw new S3Error('InvalidRequest', 'Missing required header: x-amz-content-sha256')
  const [accessKeyId = '', ...scope] = match[1]!.split('/')
  return {
    accessKeyId,
    scope,
    signedHeaders: match[2]!.split(';'),
    signature: match[3]!,
    date: headerOf(request.headers, 'x-amz-date') ?? '',
    payload,
  }
}

const claimsOfQuery = (request: S3Request): Claims => {
  const get = (name: string): string => {
    const value = request.query.get(name)
    if (value === undefined) throw new S3Error('AuthorizationQueryParametersError', `Missing ${name}`)
    return value
  }
  if (get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') throw new S3Error('AuthorizationQueryParametersError')
  const [accessKeyId = '', ...scope] = get('X-Amz-Credential').split('/')
  const date = get('X-Amz-Date')
  if (Date.now() > timeOf(date) + Number(get('X-Amz-Expires')) * 1000) {
    throw new S3Error('AccessDenied', 'Request has expired')
  }
  return {
    accessKeyId,
    scope,
    signedHeaders: get('X-Amz-SignedHeaders').split(';'),
    signature: get('X-Amz-Signature'),
    date,
    payload: headerOf(request.headers, 'x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD',
  }
}

const timeOf = (date: string): number => {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date)
  if (match === null) throw new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header')
  const [, year, month, day, hour, minute, second] = match.map(Number)
  return Date.UTC(year!, month! - 1, day, hour, minute, second)
}

export const equalSignatures = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

/** Checks AWS Signature Version 4, in the header or in a presigned URL; throws S3's errors. */
export const verifySignature = (request: S3Request, known: Credentials): SignedRequest => {
  const authorization = headerOf(request.headers, 'authorization')
  const presigned = authorization === undefined && request.query.has('X-Amz-Algorithm')
  if (authorization === undefined && !presigned) throw new S3Error('AccessDenied')
  const claims = authorization === undefined ? claimsOfQuery(request) : claimsOfHeader(request, authorization)
  if (claims.accessKeyId !== known.accessKeyId) {
    throw new S3Error('InvalidAccessKeyId', undefined, { details: { AWSAccessKeyId: claims.accessKeyId } })
  }
  const [day = '', region = '', service, terminator] = claims.scope
  if (region !== known.region || service !== 's3' || terminator !== 'aws4_request') {
    throw new S3Error(
      'AuthorizationHeaderMalformed',
      `The authorization header is malformed; the region '${region}' is wrong; expecting '${known.region}'`,
      { details: { Region: known.region }, headers: { 'x-amz-bucket-region': known.region } },
    )
  }
  if (!presigned && Math.abs(Date.now() - timeOf(claims.date)) > 15 * 60_000) throw new S3Error('RequestTimeTooSkewed')
  if (!claims.signedHeaders.includes('host')) throw new S3Error('AccessDenied', 'The host header must be signed')
  const headers = claims.signedHeaders
    .map(name => `${name}:${(headerOf(request.headers, name) ?? '').trim().replace(/\s+/g, ' ')}\n`)
    .join('')
  const canonical = [
    request.method,
    canonicalPath(request.rawPath),
    canonicalQuery(request.query),
    headers,
    claims.signedHeaders.join(';'),
    claims.payload,
  ].join('\n')
  const scope = claims.scope.join('/')
  const signingKey = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${known.secretAccessKey}`,
  ) as Buffer
  const expected = hmac(signingKey, `AWS4-HMAC-SHA256\n${claims.date}\n${scope}\n${sha256(canonical)}`).toString('hex')
  if (!equalSignatures(expected, claims.signature)) throw new S3Error('SignatureDoesNotMatch')
  return { payload: claims.payload, signature: expected, date: claims.date, scope, signingKey }
}
