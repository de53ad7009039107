import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3'
import type { ConfigSpec, SinkContext, SinkDefinition, SinkTask, TopicPartitionOffset } from 'millrace'
import { SinkRecord } from 'millrace'
import { parseConfig } from '../../runtime/config/parse.ts'

export const bucket = 'lake'

export interface Endpoint {
  readonly url: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** What tests ask of a bucket. */
export class Bucket {
  readonly endpoint: Endpoint
  readonly client: S3Client

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint
    this.client = new S3Client({
      endpoint: endpoint.url,
      region: endpoint.region,
      forcePathStyle: true,
      credentials: { accessKeyId: endpoint.accessKeyId, secretAccessKey: endpoint.secretAccessKey },
    })
  }

  async create(): Promise<this> {
    await this.client.send(new CreateBucketCommand({ Bucket: bucket }))
    return this
  }

  async keys(): Promise<string[]> {
    const keys: string[] = []
    let token: string | undefined
    do {
      const page = await this.client.send(new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: token }))
      keys.push(...(page.Contents ?? []).map(object => object.Key!))
      token = page.NextContinuationToken
    } while (token !== undefined)
    return keys
  }

  async uploads(): Promise<string[]> {
    const { Uploads } = await this.client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
    return (Uploads ?? []).map(upload => upload.Key!)
  }

  async clear(): Promise<void> {
    for (const Key of await this.keys()) await this.client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))
  }

  async bytes(Key: string): Promise<Buffer> {
    const { Body } = await this.client.send(new GetObjectCommand({ Bucket: bucket, Key }))
    const stored = Buffer.from(await Body!.transformToByteArray())
    return Key.endsWith('.gz') ? gunzipSync(stored) : Key.endsWith('.zst') ? zstdDecompressSync(stored) : stored
  }

  async text(key: string): Promise<string> {
    return (await this.bytes(key)).toString('utf8')
  }

  /** Lines of every object, in the order of names. */
  async lines(): Promise<string[]> {
    const lines: string[] = []
    for (const key of await this.keys()) lines.push(...(await this.text(key)).split('\n').filter(line => line !== ''))
    return lines
  }
}

/** Settings of Confluent's sink for the bucket. */
export const confluentProps = (
  { url, region, accessKeyId, secretAccessKey }: Endpoint,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> => ({
  's3.bucket.name': bucket,
  's3.region': region,
  'store.url': url,
  'aws.access.key.id': accessKeyId,
  'aws.secret.access.key': secretAccessKey,
  'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
  'flush.size': '3',
  's3.retry.backoff.ms': '5',
  'retry.backoff.ms': '20',
  ...more,
})

export interface SinkRun {
  readonly task: SinkTask
  readonly rejected: { readonly record: SinkRecord; readonly error: unknown }[]
  readonly seeks: TopicPartitionOffset[]
  readonly wakes: number[]
  readonly warnings: string[]
  readonly abort: AbortController
}

/** Opens a sink's task as a worker does. */
export const openSink = async <C extends ConfigSpec>(
  sink: SinkDefinition<C>,
  props: Readonly<Record<string, string>>,
): Promise<SinkRun> => {
  const { config, problems } = parseConfig(sink.config, props)
  if (problems.length > 0) throw new Error(problems.map(problem => problem.message).join('\n'))
  const abort = new AbortController()
  const run = {
    abort,
    rejected: [] as { record: SinkRecord; error: unknown }[],
    seeks: [] as TopicPartitionOffset[],
    wakes: [] as number[],
    warnings: [] as string[],
  }
  const context: SinkContext = {
    connector: 'sink',
    task: 0,
    log: { debug() {}, info() {}, warn: message => void run.warnings.push(message), error() {} },
    originals: props,
    signal: abort.signal,
    progress() {},
    reject: (record, error) => void run.rejected.push({ record, error }),
    pause() {},
    resume() {},
    seek: offsets => void run.seeks.push(...offsets),
    requestCommit() {},
    wakeAfter: ms => void run.wakes.push(ms),
  }
  const task = await sink.open(config as never, context)
  return { ...run, task }
}

/** Records `first` to `end` of a partition; each has its offset in its value. */
export const recordsOf = (
  first: number,
  end: number,
  more: (offset: number) => Partial<SinkRecord> = () => ({}),
  { topic = 'orders', partition = 0 } = {},
): SinkRecord[] =>
  Array.from({ length: end - first }, (_, index) => {
    const offset = first + index
    return new SinkRecord({
      topic,
      partition,
      offset,
      timestamp: 1_700_000_000_000 + offset * 1000,
      key: null,
      value: { offset },
      ...more(offset),
    })
  })
