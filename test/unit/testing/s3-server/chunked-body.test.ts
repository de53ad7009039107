import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeChunks } from '../../../../runtime/testing/s3-server/chunked-body.ts'
import { hmac, type SignedRequest, sha256 } from '../../../../runtime/testing/s3-server/signature.ts'

const scope = '20130524/us-east-1/s3/aws4_request'
const signingKey = scope
  .split('/')
  .reduce<string | Buffer>(hmac, 'AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY') as Buffer
const signed = (payload: string, signature: string): SignedRequest => ({
  payload,
  signature,
  date: '20130524T000000Z',
  scope,
  signingKey,
})
const decode = async (body: Buffer, from: SignedRequest, cuts: readonly number[] = []) => {
  const pieces: Buffer[] = []
  let at = 0
  for (const cut of [...cuts.map(n => n % (body.length + 1)), body.length].sort((a, b) => a - b)) {
    if (cut > at) pieces.push(body.subarray(at, cut))
    at = cut
  }
  const trailers = new Map<string, string>()
  const out: Buffer[] = []
  for await (const piece of decodeChunks(Readable.from(pieces), from, trailers)) out.push(Buffer.from(piece))
  return { data: Buffer.concat(out), trailers }
}

describe('signed chunks', () => {
  // The example that AWS publishes with its description of chunked uploads.
  const seed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'
  const chunk = (size: number, signature: string) =>
    `${size.toString(16)};chunk-signature=${signature}\r\n${'a'.repeat(size)}\r\n`
  const body = Buffer.from(
    chunk(65536, 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648') +
      chunk(1024, '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497') +
      chunk(0, 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'),
  )
  const from = signed('STREAMING-AWS4-HMAC-SHA256-PAYLOAD', seed)

  it('of the published example are decoded, wherever the stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat()), async cuts => {
        expect((await decode(body, from, cuts)).data.length).toBe(66560)
      }),
      { numRuns: 30 },
    )
  })

  it('are refused when a byte was changed', async () => {
    const changed = Buffer.from(body)
    changed[66_000] = 98
    await expect(decode(changed, from)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' })
  })

  it('are refused when the end is missing', async () => {
    await expect(decode(body.subarray(0, 66_000), from)).rejects.toMatchObject({ code: 'IncompleteBody' })
  })

  it('carry signed trailing headers', async () => {
    const sign = (text: string) => hmac(signingKey, text).toString('hex')
    const head = `20130524T000000Z\n${scope}\n`
    const first = sign(`AWS4-HMAC-SHA256-PAYLOAD\n${head}${seed}\n${sha256('')}\n${sha256('abc')}`)
    const last = sign(`AWS4-HMAC-SHA256-PAYLOAD\n${head}${first}\n${sha256('')}\n${sha256('')}`)
    const trailer = sign(`AWS4-HMAC-SHA256-TRAILER\n${head}${last}\n${sha256('x-amz-checksum-crc32:NSRBwg==\n')}`)
    const text = (signature: string) =>
      Buffer.from(
        `3;chunk-signature=${first}\r\nabc\r\n0;chunk-signature=${last}\r\nx-amz-checksum-crc32:NSRBwg==\r\nx-amz-trailer-signature:${signature}\r\n\r\n`,
      )
    const trailing = signed('STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', seed)
    const { data, trailers } = await decode(text(trailer), trailing)
    expect(data.toString()).toBe('abc')
    expect(trailers.get('x-amz-checksum-crc32')).toBe('NSRBwg==')
    await expect(decode(text(first), trailing)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' })
  })
})

describe('unsigned chunks', () => {
  it('with a trailer are decoded', async () => {
    const body = Buffer.from('5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n')
    const { data, trailers } = await decode(body, signed('STREAMING-UNSIGNED-PAYLOAD-TRAILER', ''), [3, 9, 40])
    expect(data.toString()).toBe('hello world')
    expect(trailers.get('x-amz-checksum-crc32')).toBe('DUoRhQ==')
  })

  it('that are malformed are refused', async () => {
    const body = Buffer.from('zz\r\nhello\r\n')
    await expect(decode(body, signed('STREAMING-UNSIGNED-PAYLOAD-TRAILER', ''))).rejects.toMatchObject({
      code: 'InvalidRequest',
    })
  })
})
