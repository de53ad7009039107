import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** Where a server under test is. */
export interface S3Endpoint {
  readonly url: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const MiB = 1024 * 1024
const bytes = (length: number, seed = 7): Buffer => {
  const out = Buffer.allocUnsafe(length)
  let state = seed
  for (let i = 0; i < length; i++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff
    out[i] = state >> 16
  }
  return out
}
const md5 = (data: Buffer): string => createHash('md5').update(data).digest('hex')

/** What any S3 server must do for our sink, the demo and the tests: run on the test kit's server and on versitygw. */
export const s3Suite = (connect: () => S3Endpoint): void => {
  const bucket = `suite-${Date.now()}`
  let client: S3Client
  const made = (extra: S3ClientConfig = {}): S3Client => {
    const { url, region, accessKeyId, secretAccessKey } = connect()
    return new S3Client({
      endpoint: url,
      region,
      forcePathStyle: true,
      maxAttempts: 1,
      credentials: { accessKeyId, secretAccessKey },
      ...extra,
    })
  }
  const lean: S3ClientConfig = {
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  }
  const read = async (Key: string, Range?: string): Promise<Buffer> => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key, Range }))
    return Buffer.from(await Body!.transformToByteArray())
  }
  const nameOfError = async (sent: Promise<unknown>): Promise<string> =>
    sent.then(
      () => 'no error',
      (error: Error) => error.name,
    )

  beforeAll(async () => {
    client = made()
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
  })
  afterAll(() => client.destroy())

  describe('buckets', () => {
    it('are made, listed, found and removed when empty', async () => {
      const Bucket = `${bucket}-b`
      await client.send(new CreateBucketCommand({ Bucket }))
      const { Buckets } = await client.send(new ListBucketsCommand({}))
      expect(Buckets?.map(one => one.Name)).toContain(Bucket)
      await client.send(new HeadBucketCommand({ Bucket }))
      await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }))
      expect(await nameOfError(client.send(new DeleteBucketCommand({ Bucket })))).toBe('BucketNotEmpty')
      await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))
      await client.send(new DeleteBucketCommand({ Bucket }))
      expect(await nameOfError(client.send(new HeadBucketCommand({ Bucket })))).toMatch(/NotFound|NoSuchBucket/)
    })

    it('that do not exist are an error for objects', async () => {
      const missing = client.send(new PutObjectCommand({ Bucket: 'no-such-bucket-here', Key: 'k', Body: 'x' }))
      expect(await nameOfError(missing)).toBe('NoSuchBucket')
    })
  })

  describe('objects', () => {
    it.each([
      ['as the SDK sends them', {}],
      ['without checksums', lean],
    ])('are stored and read back %s', async (_, config: S3ClientConfig) => {
      const own = made(config)
      const body = bytes(300_000)
      const Key = 'dir/with space+plus/ünï/日本.bin'
      const put = await own.send(
        new PutObjectCommand({ Bucket: bucket, Key, Body: body, Metadata: { origin: 'test' } }),
      )
      expect(put.ETag).toBe(`"${md5(body)}"`)
      expect(await read(Key)).toEqual(body)
      const head = await own.send(new HeadObjectCommand({ Bucket: bucket, Key }))
      expect(head).toMatchObject({ ContentLength: body.length, ETag: put.ETag, Metadata: { origin: 'test' } })
      own.destroy()
    })

    it('are overwritten whole', async () => {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'again', Body: 'a longer first text' }))
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'again', Body: 'second' }))
      expect((await read('again')).toString()).toBe('second')
    })

    it('may be empty, and may come as a stream of known length', async () => {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'empty', Body: '', ContentLength: 0 }))
      expect(await read('empty')).toHaveLength(0)
      const body = bytes(200_000, 3)
      const own = made(lean)
      await own.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: 'streamed',
          Body: Readable.from([body.subarray(0, 70_000), body.subarray(70_000)]),
          ContentLength: body.length,
        }),
      )
      own.destroy()
      expect(await read('streamed')).toEqual(body)
    })

    it('are read in ranges', async () => {
      const body = bytes(1000)
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'ranged', Body: body }))
      expect(await read('ranged', 'bytes=10-19')).toEqual(body.subarray(10, 20))
      expect(await read('ranged', 'bytes=990-')).toEqual(body.subarray(990))
      expect(await read('ranged', 'bytes=-5')).toEqual(body.subarray(995))
      const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'ranged', Range: 'bytes=5-9999' }))
      expect(answer.ContentRange).toBe('bytes 5-999/1000')
      await answer.Body!.transformToByteArray()
      expect(await nameOfError(read('ranged', 'bytes=1000-'))).toBe('InvalidRange')
    })

    it('that do not exist are NoSuchKey, and can be deleted all the same', async () => {
      expect(await nameOfError(read('nothing'))).toBe('NoSuchKey')
      const head = client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'nothing' }))
      expect(await nameOfError(head)).toBe('NotFound')
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'nothing' }))
    })

    it('are refused when they exist and If-None-Match says so', async () => {
      const put = (Body: string) =>
        client.send(new PutObjectCommand({ Bucket: bucket, Key: 'once', Body, IfNoneMatch: '*' }))
      await put('first')
      expect(await nameOfError(put('second'))).toBe('PreconditionFailed')
      expect((await read('once')).toString()).toBe('first')
    })

    it('take tags', async () => {
      const at = { Bucket: bucket, Key: 'tagged' }
      await client.send(new PutObjectCommand({ ...at, Body: 'x' }))
      const TagSet = [
        { Key: 'startOffset', Value: '0' },
        { Key: 'a + b', Value: 'c' },
      ]
      await client.send(new PutObjectTaggingCommand({ ...at, Tagging: { TagSet } }))
      const tags = await client.send(new GetObjectTaggingCommand(at))
      expect([...(tags.TagSet ?? [])].sort((a, b) => (a.Key! > b.Key! ? -1 : 1))).toEqual(TagSet)
      expect((await read('tagged')).toString()).toBe('x')
    })

    it('are deleted many at once', async () => {
      for (const Key of ['many/1', 'many/2', 'many/<3>&"']) {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Key }))
      }
      const Objects = [{ Key: 'many/1' }, { Key: 'many/<3>&"' }, { Key: 'many/none' }]
      await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }))
      const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'many/' }))
      expect(Contents?.map(one => one.Key)).toEqual(['many/2'])
    })
  })

  describe('listing', () => {
    const keys = ['list/a', 'list/b/1', 'list/b/2', 'list/c+0000000001', 'list/c+0000000002', 'list/é', 'list/日']
    const list = (extra: object) => client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'list/', ...extra }))

    beforeAll(async () => {
      for (const Key of [...keys].reverse()) await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Key }))
    })

    it('is in the order of bytes, page by page, nothing twice and nothing missing', async () => {
      for (const MaxKeys of [1, 2, 3, 1000]) {
        const seen: string[] = []
        let ContinuationToken: string | undefined
        do {
          const page = await list({ MaxKeys, ContinuationToken })
          seen.push(...(page.Contents ?? []).map(one => one.Key!))
          expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined)
          ContinuationToken = page.NextContinuationToken
        } while (ContinuationToken !== undefined)
        expect(seen).toEqual(keys)
      }
    })

    it('starts after a key', async () => {
      const { Contents } = await list({ StartAfter: 'list/c+0000000001' })
      expect(Contents?.map(one => one.Key)).toEqual(keys.slice(4))
    })

    it('rolls up at a delimiter, across pages too', async () => {
      const entries: string[] = []
      let ContinuationToken: string | undefined
      do {
        const page = await list({ Delimiter: '/', MaxKeys: 2, ContinuationToken })
        entries.push(...(page.Contents ?? []).map(one => one.Key!), ...(page.CommonPrefixes ?? []).map(p => p.Prefix!))
        ContinuationToken = page.NextContinuationToken
      } while (ContinuationToken !== undefined)
      expect(entries.sort()).toEqual(['list/a', 'list/b/', ...keys.slice(3)].sort())
    })

    it('of nothing is empty', async () => {
      const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'nothing/' }))
      expect(page).toMatchObject({ KeyCount: 0, IsTruncated: false })
    })
  })

  describe('multipart uploads', () => {
    const start = async (Key: string, own = client) => {
      const { UploadId } = await own.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }))
      const at = { Bucket: bucket, Key, UploadId: UploadId! }
      const part = async (PartNumber: number, Body: Buffer) => {
        const { ETag } = await own.send(new UploadPartCommand({ ...at, PartNumber, Body }))
        return { PartNumber, ETag: ETag! }
      }
      const complete = (Parts: { PartNumber: number; ETag: string }[]) =>
        own.send(new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts } }))
      return { at, part, complete }
    }

    it('make one object of their parts, visible only when complete', async () => {
      const own = made(lean)
      const { at, part, complete } = await start('multi', own)
      const pieces = [bytes(5 * MiB, 1), bytes(5 * MiB, 2), bytes(1000, 3)]
      // Out of order, and one of them twice: the last one counts.
      const third = await part(3, pieces[2]!)
      const [first] = [await part(1, bytes(5 * MiB, 9)), third]
      const again = await part(1, pieces[0]!)
      expect(again.ETag).not.toBe(first!.ETag)
      const second = await part(2, pieces[1]!)
      expect(await nameOfError(read('multi'))).toBe('NoSuchKey')
      const listed = await own.send(new ListPartsCommand(at))
      expect(listed.Parts?.map(one => one.Size)).toEqual([5 * MiB, 5 * MiB, 1000])
      const done = await complete([again, second, third])
      expect(done.ETag).toMatch(/-3"$/)
      // Not toEqual: it compares byte by byte, in seconds.
      expect(Buffer.concat(pieces).equals(await read('multi'))).toBe(true)
      expect(await read('multi', `bytes=${5 * MiB - 3}-${5 * MiB + 2}`)).toEqual(
        Buffer.concat(pieces).subarray(5 * MiB - 3, 5 * MiB + 3),
      )
      own.destroy()
    })

    it('refuse wrong parts, small parts and unknown uploads', async () => {
      const { at, part, complete } = await start('refused', made(lean))
      const one = await part(1, bytes(1000))
      const two = await part(2, bytes(1000))
      expect(await nameOfError(complete([one, two]))).toBe('EntityTooSmall')
      const large = await part(3, bytes(5 * MiB))
      expect(await nameOfError(complete([large, one]))).toBe('InvalidPartOrder')
      expect(await nameOfError(complete([{ ...one, ETag: '"00000000000000000000000000000000"' }]))).toBe('InvalidPart')
      await client.send(new AbortMultipartUploadCommand(at))
      expect(await nameOfError(part(4, bytes(10)))).toBe('NoSuchUpload')
    })

    it('are listed by prefix until they are aborted', async () => {
      const { at } = await start('open/one')
      await start('open/two')
      const ids = async () => {
        const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: 'open/' }))
        return (Uploads ?? []).map(one => one.Key)
      }
      expect(await ids()).toEqual(['open/one', 'open/two'])
      await client.send(new AbortMultipartUploadCommand(at))
      expect(await ids()).toEqual(['open/two'])
    })
  })

  describe('signatures', () => {
    it('of a wrong secret, a wrong key and a wrong region are told apart', async () => {
      const { accessKeyId, secretAccessKey } = connect()
      const head = async (config: S3ClientConfig) => {
        const own = made(config)
        const name = await nameOfError(own.send(new ListObjectsV2Command({ Bucket: bucket })))
        own.destroy()
        return name
      }
      expect(await head({ credentials: { accessKeyId, secretAccessKey: 'wrong' } })).toBe('SignatureDoesNotMatch')
      expect(await head({ credentials: { accessKeyId: 'nobody', secretAccessKey } })).toMatch(
        /InvalidAccessKeyId|XAdminUserNotFound/,
      )
      expect(await head({ region: 'eu-west-9' })).toMatch(/AuthorizationHeaderMalformed|SignatureDoesNotMatch/)
    })

    it('are required', async () => {
      const status = await new Promise<number | undefined>((resolve, reject) => {
        request(`${connect().url}/${bucket}/again`, response => {
          response.resume()
          resolve(response.statusCode)
        })
          .on('error', reject)
          .end()
      })
      expect(status).toBe(403)
    })
  })
}
