import type { Readable } from 'node:stream'
import type { PutObjectCommandInput, S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import { ConnectError } from 'millrace'
import { isMissing } from './problems.ts'

/** Bytes to send: a new stream for each attempt, since a stream can be read once only. */
export interface Body {
  readonly length: number
  open(): Readable
  /** Base64, where the connector was told to send it. */
  readonly md5?: string
}

/** The requests that the sink makes, one attempt each. Errors are the SDK's: see problems.ts. */
export interface ObjectStore {
  put(key: string, body: Body): Promise<void>
  createUpload(key: string, mark: string): Promise<string>
  /** Resolves with the part's ETag. */
  uploadPart(key: string, uploadId: string, number: number, body: Body): Promise<string>
  complete(key: string, uploadId: string, etags: readonly string[]): Promise<void>
  abort(key: string, uploadId: string): Promise<void>
  /** The mark that the object's upload was created with; undefined when it has none, or when there is no such object. */
  markOf(key: string): Promise<string | undefined>
  tag(key: string, tags: Readonly<Record<string, string>>): Promise<void>
  /** Keys under the prefix, those after `startAfter` only; all pages. */
  list(prefix: string, startAfter: string | undefined): Promise<readonly string[]>
  uploads(prefix: string): Promise<readonly { readonly key: string; readonly uploadId: string }[]>
  /** One small request that needs the bucket, the key and the permission to list. */
  probe(prefix: string, signal: AbortSignal): Promise<void>
  /** Cuts off what is under way. */
  close(): void
}

/** How the store is reached, and what objects get on their way. */
export interface StoreSettings {
  readonly bucket: string
  readonly region: string
  readonly endpoint: string | undefined
  readonly pathStyle: boolean
  readonly accelerate: boolean
  readonly expectContinue: boolean
  /** Undefined: the SDK's default chain (environment, profile, web identity, container, instance). */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: () => string } | undefined
  /** Server-side encryption, ACL, storage class: as PutObject and CreateMultipartUpload take them. */
  readonly objectOptions: Pick<PutObjectCommandInput, 'ACL' | 'ServerSideEncryption' | 'SSEKMSKeyId' | 'StorageClass'>
  /** SSE-C; each part needs it too. */
  readonly customerKey: (() => string) | undefined
}

const markName = 'millrace-upload'
const connectionTimeoutMs = 10_000
/** Without a byte moving. */
const silenceTimeoutMs = 60_000

/** The SDK writes its advice to the console otherwise. */
const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/** Loads the SDK, at first use. */
const loadSdk = () =>
  import('@aws-sdk/client-s3').catch(cause => {
    throw new ConnectError('The S3 connectors need the package @aws-sdk/client-s3: npm install @aws-sdk/client-s3', {
      cause,
    })
  })

/** A store over the AWS SDK with lean settings: no retries of its own, no checksums that S3 does not ask for. */
export const openStore = async (settings: StoreSettings): Promise<ObjectStore> => {
  const sdk = await loadSdk()
  const { bucket: Bucket, credentials } = settings
  const config: S3ClientConfig = {
    region: settings.region,
    forcePathStyle: settings.pathStyle,
    useAccelerateEndpoint: settings.accelerate,
    expectContinueHeader: settings.expectContinue,
    // Ours are counted, bounded by settings and told in the task's status.
    maxAttempts: 1,
    logger: silent,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: connectionTimeoutMs, socketTimeout: silenceTimeoutMs },
    ...(settings.endpoint !== undefined && { endpoint: settings.endpoint }),
    ...(credentials !== undefined && {
      credentials: async () => ({
        accessKeyId: credentials.accessKeyId,
        secretAccessKey: credentials.secretAccessKey(),
      }),
    }),
  }
  const client: S3Client = new sdk.S3Client(config)
  // Destroying the client does not reach requests that wait for a "100 Continue": the SDK gives each its own agent.
  const closed = new AbortController()
  const send = { abortSignal: closed.signal }
  const customer = () =>
    settings.customerKey === undefined ? {} : { SSECustomerAlgorithm: 'AES256', SSECustomerKey: settings.customerKey() }
  const stream = (body: Body) => ({
    Body: body.open(),
    ContentLength: body.length,
    ...(body.md5 !== undefined && { ContentMD5: body.md5 }),
  })

  return {
    async put(Key, body) {
      await client.send(
        new sdk.PutObjectCommand({ Bucket, Key, ...stream(body), ...settings.objectOptions, ...customer() }),
        send,
      )
    },
    async createUpload(Key, mark) {
      const { UploadId } = await client.send(
        new sdk.CreateMultipartUploadCommand({
          Bucket,
          Key,
          Metadata: { [markName]: mark },
          ...settings.objectOptions,
          ...customer(),
        }),
        send,
      )
      if (UploadId === undefined) throw new ConnectError(`S3 began an upload of ${Key} without giving its id`)
      return UploadId
    },
    async uploadPart(Key, UploadId, PartNumber, body) {
      const { ETag } = await client.send(
        new sdk.UploadPartCommand({ Bucket, Key, UploadId, PartNumber, ...stream(body), ...customer() }),
        send,
      )
      if (ETag === undefined) throw new ConnectError(`S3 took part ${PartNumber} of ${Key} without giving its ETag`)
      return ETag
    },
    async complete(Key, UploadId, etags) {
      const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }))
      await client.send(
        new sdk.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...customer() }),
        send,
      )
    },
    async abort(Key, UploadId) {
      await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }), send)
    },
    async markOf(Key) {
      try {
        const { Metadata } = await client.send(new sdk.HeadObjectCommand({ Bucket, Key, ...customer() }), send)
        return Metadata?.[markName]
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    },
    async tag(Key, tags) {
      const TagSet = Object.entries(tags).map(([name, Value]) => ({ Key: name, Value }))
      await client.send(new sdk.PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } }), send)
    },
    async list(Prefix, StartAfter) {
      const keys: string[] = []
      let ContinuationToken: string | undefined
      do {
        const page = await client.send(
          new sdk.ListObjectsV2Command({ Bucket, Prefix, StartAfter, ContinuationToken }),
          send,
        )
        for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key)
        ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined
      } while (ContinuationToken !== undefined)
      return keys
    },
    async uploads(Prefix) {
      const found: { key: string; uploadId: string }[] = []
      let KeyMarker: string | undefined
      let UploadIdMarker: string | undefined
      do {
        const page = await client.send(
          new sdk.ListMultipartUploadsCommand({ Bucket, Prefix, KeyMarker, UploadIdMarker }),
          send,
        )
        for (const { Key, UploadId } of page.Uploads ?? []) {
          if (Key !== undefined && UploadId !== undefined) found.push({ key: Key, uploadId: UploadId })
        }
        KeyMarker = page.IsTruncated ? page.NextKeyMarker : undefined
        UploadIdMarker = page.IsTruncated ? page.NextUploadIdMarker : undefined
      } while (KeyMarker !== undefined)
      return found
    },
    async probe(Prefix, abortSignal) {
      await client.send(new sdk.ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 }), { abortSignal })
    },
    close() {
      closed.abort()
      client.destroy()
    },
  }
}
