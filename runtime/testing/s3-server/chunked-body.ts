import { createHash, type Hash } from 'node:crypto'
import { S3Error } from './s3-error.ts'
import { equalSignatures, hmac, type SignedRequest, sha256 } from './signature.ts'

const maxLine = 8 * 1024
const emptyHash = sha256('')

/** Collects CRLF-ended lines out of a stream of buffers. */
class Lines {
  #held = ''

  /** The next line, and where the rest of `bytes` begins; undefined when the line goes on in the next buffer. */
  take(bytes: Buffer, at: number): { line: string; next: number } | undefined {
    const end = bytes.indexOf(10, at)
    this.#held += bytes.toString('latin1', at, end < 0 ? bytes.length : end)
    if (this.#held.length > maxLine) throw new S3Error('InvalidRequest', 'A chunk header is too long')
    if (end < 0) return undefined
    const line = this.#held.replace(/\r$/, '')
    this.#held = ''
    return { line, next: end + 1 }
  }
}

/**
 * Decodes `aws-chunked` bodies: chunks with or without signatures, with or without trailing headers, as
 * `x-amz-content-sha256: STREAMING-...` announces. Trailers are put into `trailers` (lower case) before the end.
 */
export async function* decodeChunks(
  source: AsyncIterable<Buffer>,
  signed: SignedRequest,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer, void, void> {
  const checked = signed.payload.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')
  const trailing = signed.payload.endsWith('-TRAILER')
  const lines = new Lines()
  let previous = signed.signature
  const parser: { state: 'head' | 'data' | 'gap' | 'trailer' | 'end' } = { state: 'head' }
  let left = 0
  let claimed = ''
  let hash: Hash | undefined
  let trailerText = ''

  const closeChunk = () => {
    if (!checked) return
    const text = `AWS4-HMAC-SHA256-PAYLOAD\n${signed.date}\n${signed.scope}\n${previous}\n${emptyHash}\n${hash!.digest('hex')}`
    previous = hmac(signed.signingKey, text).toString('hex')
    if (!equalSignatures(previous, claimed)) throw new S3Error('SignatureDoesNotMatch')
  }
  const onTrailer = (line: string) => {
    if (line === '') {
      if (checked && trailing) {
        const text = `AWS4-HMAC-SHA256-TRAILER\n${signed.date}\n${signed.scope}\n${previous}\n${sha256(trailerText)}`
        const expected = hmac(signed.signingKey, text).toString('hex')
        if (!equalSignatures(expected, trailers.get('x-amz-trailer-signature') ?? '')) {
          throw new S3Error('SignatureDoesNotMatch')
        }
      }
      parser.state = 'end'
      return
    }
    const cut = line.indexOf(':')
    if (cut < 0) throw new S3Error('InvalidRequest', 'A trailing header has no value')
    const name = line.slice(0, cut).trim().toLowerCase()
    const value = line.slice(cut + 1).trim()
    trailers.set(name, value)
    if (name !== 'x-amz-trailer-signature') trailerText += `${name}:${value}\n`
  }

  for await (const bytes of source) {
    let pos = 0
    while (pos < bytes.length && parser.state !== 'end') {
      if (parser.state === 'data') {
        const end = Math.min(bytes.length, pos + left)
        const piece = bytes.subarray(pos, end)
        hash?.update(piece)
        yield piece
        left -= end - pos
        pos = end
        if (left === 0) {
          closeChunk()
          parser.state = 'gap'
        }
        continue
      }
      const taken = lines.take(bytes, pos)
      if (taken === undefined) break
      pos = taken.next
      if (parser.state === 'trailer') onTrailer(taken.line)
      else if (parser.state === 'gap') parser.state = 'head'
      else {
        const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(taken.line)
        if (match === null) throw new S3Error('InvalidRequest', 'A chunk header is malformed')
        left = Number.parseInt(match[1]!, 16)
        claimed = match[2] ?? ''
        if (checked) hash = createHash('sha256')
        if (left > 0) parser.state = 'data'
        else {
          closeChunk()
          parser.state = 'trailer'
        }
      }
    }
  }
  // A body may end right after the last chunk's empty line; anything earlier was cut off.
  if (parser.state !== 'end' && !(parser.state === 'trailer' && !trailing)) throw new S3Error('IncompleteBody')
}
