import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterEach, describe, expect, it } from 'vitest'
import { type S3Server, type S3ServerOptions, startS3Server } from '../../../../runtime/testing/s3-server/server.ts'
import { hmac, sha256 } from '../../../../runtime/testing/s3-server/signature.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const start = async (options: S3ServerOptions = {}): Promise<{ server: S3Server; s3: S3Client }> => {
  const server = await startS3Server(options)
  const s3 = new S3Client({
    endpoint: server.url,
    region: server.region,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
  })
  ends.push(() => server.close())
  ends.push(() => s3.destroy())
  return { server, s3 }
}
const text = async (s3: S3Client, Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key }))).Body!.transformToString()

describe('faults', () => {
  it('strike as often as told, only what they match, and are counted', async () => {
    const { server, s3 } = await start()
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    server.fail({ status: 503, times: 2, match: ({ operation, key }) => operation === 'PutObject' && key === 'a' })
    const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: 'x' }))
    await put('b')
    await expect(put('a')).rejects.toMatchObject({ name: 'SlowDown', $metadata: { httpStatusCode: 503 } })
    await expect(put('a')).rejects.toMatchObject({ name: 'SlowDown' })
    await put('a')
    expect(server.requests['PutObject']).toBe(4)
  })

  it('end when they are told to', async () => {
    const { server, s3 } = await start()
    const stop = server.fail({ status: 500, code: 'InternalError' })
    await expect(s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))).rejects.toMatchObject({
      name: 'InternalError',
    })
    stop()
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
  })

  it('can lose the answer of what was done', async () => {
    const { server, s3 } = await start()
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: 'kept' }))
    server.fail({ cut: 'after', times: 1 })
    await expect(put('done')).rejects.toThrow()
    expect(await text(s3, 'done')).toBe('kept')
    server.fail({ cut: 'before', times: 1 })
    await expect(put('not-done')).rejects.toThrow()
    await expect(text(s3, 'not-done')).rejects.toMatchObject({ name: 'NoSuchKey' })
  })
})

describe('a body that is not what was announced', () => {
  it('leaves nothing behind', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'millrace-s3-test-'))
    ends.push(() => rm(dir, { recursive: true }))
    const { s3 } = await start({ dir })
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    const put = s3.send(
      new PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: 'abc', ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' }),
    )
    await expect(put).rejects.toMatchObject({ name: 'BadDigest' })
    const wrongSum = s3.send(
      new PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: 'abc', ChecksumCRC32: 'AAAAAA==' }),
    )
    await expect(wrongSum).rejects.toMatchObject({ name: 'BadDigest' })
    expect(await readdir(join(dir, 'data'))).toEqual([])
  })
})

describe('a folder', () => {
  it('is found again by the next server, without what a crash left half done', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'millrace-s3-test-'))
    ends.push(() => rm(dir, { recursive: true }))
    const first = await start({ dir })
    await first.s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    await first.s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'dir/ü', Body: 'kept', Metadata: { a: 'b' } }))
    const { UploadId } = await first.s3.send(new CreateMultipartUploadCommand({ Bucket: 'bucket', Key: 'multi' }))
    const at = { Bucket: 'bucket', Key: 'multi', UploadId: UploadId! }
    const { ETag } = await first.s3.send(new UploadPartCommand({ ...at, PartNumber: 1, Body: 'part' }))
    await first.server.close()
    await writeFile(join(dir, 'data', 'unnamed'), 'bytes of an object that was being written')
    await writeFile(join(dir, 'buckets', 'bucket', 'half.json.x.new'), '{"key"')
    const second = await start({ dir })
    expect(await text(second.s3, 'dir/ü')).toBe('kept')
    const head = await second.s3.send(new HeadObjectCommand({ Bucket: 'bucket', Key: 'dir/ü' }))
    expect(head.Metadata).toEqual({ a: 'b' })
    expect(await readdir(join(dir, 'data'))).not.toContain('unnamed')
    const { Uploads } = await second.s3.send(new ListMultipartUploadsCommand({ Bucket: 'bucket' }))
    expect(Uploads?.map(upload => upload.UploadId)).toEqual([UploadId])
    const Parts = [{ PartNumber: 1, ETag }]
    const complete = () => second.s3.send(new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts } }))
    const done = await complete()
    expect(await text(second.s3, 'multi')).toBe('part')
    // The answer may have been lost: asking again must not look like a failure.
    expect((await complete()).ETag).toBe(done.ETag)
  })
})

describe('addresses and signatures', () => {
  const send = (server: S3Server, path: string, host: string, headers: Record<string, string> = {}) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      request({ host: '127.0.0.1', port: server.port, path, headers: { host, ...headers } }, response => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('end', () => resolve({ status: response.statusCode!, body: Buffer.concat(pieces).toString() }))
      })
        .on('error', reject)
        .end()
    })
  const presigned = (server: S3Server, path: string, host: string, secret: string, ageSeconds = 0) => {
    const date = new Date(Date.now() - ageSeconds * 1000).toISOString().replace(/[-:]|\.\d{3}/g, '')
    const scope = `${date.slice(0, 8)}/${server.region}/s3/aws4_request`
    const query = [
      'X-Amz-Algorithm=AWS4-HMAC-SHA256',
      `X-Amz-Credential=${encodeURIComponent(`${server.accessKeyId}/${scope}`)}`,
      `X-Amz-Date=${date}`,
      'X-Amz-Expires=60',
      'X-Amz-SignedHeaders=host',
    ].join('&')
    const canonical = `GET\n${path}\n${query}\nhost:${host}\n\nhost\nUNSIGNED-PAYLOAD`
    const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secret}`) as Buffer
    const signature = hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`).toString('hex')
    return `${path}?${query}&X-Amz-Signature=${signature}`
  }

  it('take a presigned URL, the bucket in the host, until it expires', async () => {
    const { server, s3 } = await start()
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: 'by host' }))
    const host = `bucket.localhost:${server.port}`
    const secret = server.secretAccessKey
    expect(await send(server, presigned(server, '/k', host, secret), host)).toEqual({ status: 200, body: 'by host' })
    const expired = await send(server, presigned(server, '/k', host, secret, 120), host)
    expect(expired).toMatchObject({ status: 403, body: expect.stringContaining('Request has expired') })
    const forged = await send(server, presigned(server, '/k', host, 'guess'), host)
    expect(forged).toMatchObject({ status: 403, body: expect.stringContaining('SignatureDoesNotMatch') })
  })

  it('refuse an old date', async () => {
    const { server } = await start()
    const headers = {
      authorization: `AWS4-HMAC-SHA256 Credential=${server.accessKeyId}/20200101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00`,
      'x-amz-date': '20200101T000000Z',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
    }
    const answer = await send(server, '/', 'localhost', headers)
    expect(answer).toMatchObject({ status: 403, body: expect.stringContaining('RequestTimeTooSkewed') })
  })

  it('refuse what is not done here rather than doing something else', async () => {
    const { s3 } = await start()
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    const copy = new PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: 'x' })
    copy.middlewareStack.add(
      next => args => {
        ;(args.request as { headers: Record<string, string> }).headers['x-amz-copy-source'] = '/bucket/other'
        return next(args)
      },
      { step: 'build', name: 'copy' },
    )
    await expect(s3.send(copy)).rejects.toMatchObject({ name: 'NotImplemented' })
  })
})
