import { createHash } from 'node:crypto'
import {
  type ChecksumAlgorithm,
  checksumAlgorithms,
  isChecksumAlgorithm,
  type RunningChecksum,
  startChecksum,
} from './checksums.ts'
import { decodeChunks } from './chunked-body.ts'
import { headerOf, type S3Request } from './request.ts'
import { S3Error } from './s3-error.ts'
import type { SignedRequest } from './signature.ts'

/** What was found out about a body while it went by. */
export interface BodyFacts {
  readonly size: number
  readonly md5: string
  /** The checksum that the client sent and we computed alike, base64. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string }
}

const announced = (request: S3Request): ChecksumAlgorithm | undefined => {
  for (const algorithm of checksumAlgorithms) {
    if (headerOf(request.headers, `x-amz-checksum-${algorithm}`) !== undefined) return algorithm
  }
  const trailer = /^x-amz-checksum-(\w+)$/.exec(headerOf(request.headers, 'x-amz-trailer') ?? '')?.[1]
  if (trailer !== undefined && isChecksumAlgorithm(trailer)) return trailer
  const named = (
    headerOf(request.headers, 'x-amz-checksum-algorithm') ??
    headerOf(request.headers, 'x-amz-sdk-checksum-algorithm') ??
    ''
  ).toLowerCase()
  return isChecksumAlgorithm(named) ? named : undefined
}

/**
 * Passes the body's bytes to `take` piece by piece, and checks all that the client said of them: length, SHA-256 of the
 * signature, Content-MD5, checksums in headers and trailers, signatures of chunks. Throws S3's errors.
 */
export const readBody = async (
  request: S3Request,
  signed: SignedRequest,
  take: (bytes: Buffer) => void | Promise<void>,
): Promise<BodyFacts> => {
  const streaming = signed.payload.startsWith('STREAMING-')
  const lengthHeader = headerOf(request.headers, streaming ? 'x-amz-decoded-content-length' : 'content-length')
  if (lengthHeader === undefined && headerOf(request.headers, 'transfer-encoding') === undefined && streaming) {
    throw new S3Error('MissingContentLength')
  }
  const trailers = new Map<string, string>()
  const incoming: AsyncIterable<Buffer> = request.incoming
  const pieces = streaming ? decodeChunks(incoming, signed, trailers) : incoming
  const md5 = createHash('md5')
  const wholeHash = /^[0-9a-f]{64}$/.test(signed.payload) ? createHash('sha256') : undefined
  const algorithm = announced(request)
  const sum: RunningChecksum | undefined = algorithm === undefined ? undefined : startChecksum(algorithm)
  let size = 0
  for await (const bytes of pieces) {
    size += bytes.length
    md5.update(bytes)
    wholeHash?.update(bytes)
    sum?.update(bytes)
    await take(bytes)
  }
  if (lengthHeader !== undefined && Number(lengthHeader) !== size) throw new S3Error('IncompleteBody')
  if (wholeHash !== undefined && wholeHash.digest('hex') !== signed.payload) {
    throw new S3Error('XAmzContentSHA256Mismatch')
  }
  const digest = md5.digest()
  const contentMd5 = headerOf(request.headers, 'content-md5')
  if (contentMd5 !== undefined && contentMd5 !== digest.toString('base64')) {
    throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.')
  }
  if (algorithm === undefined || sum === undefined) return { size, md5: digest.toString('hex') }
  const value = sum.digest().toString('base64')
  const name = `x-amz-checksum-${algorithm}`
  const claimed = headerOf(request.headers, name) ?? trailers.get(name)
  if (claimed !== undefined && claimed !== value) {
    throw new S3Error(
      'BadDigest',
      `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
    )
  }
  return { size, md5: digest.toString('hex'), checksum: { algorithm, value } }
}

/** A small body as text, checked like any other. */
export const readText = async (request: S3Request, signed: SignedRequest, limit = 4 << 20): Promise<string> => {
  const pieces: Buffer[] = []
  let size = 0
  await readBody(request, signed, bytes => {
    size += bytes.length
    if (size > limit) throw new S3Error('EntityTooLarge')
    pieces.push(Buffer.from(bytes))
  })
  return Buffer.concat(pieces).toString('utf8')
}
