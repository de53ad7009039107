// node test/bench/s3.bench.ts [records]: what the S3 sink itself costs, from records whose values are JSON text to objects.
// The server runs in a process of its own. Kafka, converters and the worker are not part of it: see scenarios/s3.ts for the whole.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { LazyValue, SinkRecord, type SinkTask } from 'millrace'
import confluent from '../../connectors/s3/confluent-sink.ts'
import { parseConfig } from '../../runtime/config/parse.ts'
import { startS3Server } from '../../runtime/testing/s3-server/server.ts'

export interface S3SinkFigure {
  readonly cpuSecondsPerMillion: number
  readonly recordsPerSecond: number
  readonly peakRssMb: number
  readonly megabytesStored: number
  readonly objects: number
}

const self = fileURLToPath(import.meta.url)
const partitions = 4
const perBatch = 1000

/** A value that is still JSON text, as a fetched record has it. */
class Text extends LazyValue {
  readonly #bytes: Buffer
  readonly maxJsonBytes: number

  constructor(bytes: Buffer) {
    super()
    this.#bytes = bytes
    this.maxJsonBytes = bytes.length
  }

  get(): unknown {
    return JSON.parse(this.#bytes.toString('utf8'))
  }

  writeJson(target: Buffer, at: number): number {
    return at + this.#bytes.copy(target, at)
  }
}

/** A change event of a 10-column row, about 730 bytes. */
const envelope = (id: number): Buffer => {
  const row = {
    id,
    version: (id * 7919) % 97,
    customer: `customer-${(id * 2654435761) % 100_003}`,
    email: `user${id}@example.com`,
    city: ['Berlin', 'Lisbon', 'Nairobi', 'Osaka', 'Quito'][id % 5],
    amount: ((id * 7919) % 1_000_000) / 100,
    paid: id % 3 === 0,
    note: `order ${id} of ${(id * 40503) % 65_536} with some words that say little about it`,
    created_at: 1_700_000_000_000 + id * 37,
    tags: `t${id % 11},t${id % 13},t${id % 17}`,
  }
  const source = {
    version: '3.6.1',
    connector: 'postgresql',
    name: 'shop',
    ts_ms: 1_700_000_000_000 + id,
    snapshot: 'false',
    db: 'shop',
    sequence: `["${id * 64}","${id * 64 + 40}"]`,
    schema: 'public',
    table: 'orders',
    txId: 1000 + (id >> 4),
    lsn: 24_000_000 + id * 200,
    xmin: null,
  }
  return Buffer.from(
    JSON.stringify({ before: null, after: row, source, op: 'c', ts_ms: 1_700_000_000_500 + id, transaction: null }),
  )
}

const nothing = () => {}

/** One run against a server that is there. Throws when the objects are not all there at the end. */
export const measureS3Sink = async (
  url: string,
  records: number,
  settings: Readonly<Record<string, string>>,
): Promise<S3SinkFigure> => {
  const credentials = { accessKeyId: 'millrace', secretAccessKey: 'millrace-secret' }
  const client = new S3Client({ endpoint: url, region: 'us-east-1', forcePathStyle: true, credentials })
  const bucket = `bench-${Date.now()}`
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  const originals = {
    's3.bucket.name': bucket,
    's3.region': 'us-east-1',
    'store.url': url,
    'aws.access.key.id': credentials.accessKeyId,
    'aws.secret.access.key': credentials.secretAccessKey,
    'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
    'flush.size': String(Math.ceil(records / partitions / 2)),
    ...settings,
  }
  const { config, problems } = parseConfig(confluent.config, originals)
  if (problems.length > 0) throw new Error(problems.map(problem => problem.message).join('\n'))
  const task: SinkTask = await confluent.open(config as never, {
    connector: 'bench',
    task: 0,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    originals,
    signal: new AbortController().signal,
    progress: nothing,
    reject: nothing,
    pause: nothing,
    resume: nothing,
    seek: nothing,
    requestCommit: nothing,
    wakeAfter: nothing,
  })
  const values = Array.from({ length: 20_000 }, (_, id) => new Text(envelope(id)))
  const ends = Array.from({ length: partitions }, (_, partition) => ({ topic: 'orders', partition, offset: 0 }))
  await task.assigned?.(ends)
  let peak = 0
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 20)
  const cpu = process.cpuUsage()
  const started = performance.now()
  for (let at = 0; at < records; at += perBatch) {
    const end = ends[(at / perBatch) % partitions]!
    const batch = Array.from({ length: perBatch }, (_, index) => {
      const value = values[(at + index) % values.length]
      return new SinkRecord({ topic: end.topic, partition: end.partition, offset: end.offset + index, value })
    })
    end.offset += perBatch
    await task.write(batch)
  }
  for (;;) {
    const safe = await task.flush?.(ends)
    for (const one of safe ?? []) ends[one.partition] = one
    if (safe?.length === partitions && safe.every(one => one.offset * partitions === records)) break
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  const seconds = (performance.now() - started) / 1000
  const used = process.cpuUsage(cpu)
  clearInterval(sampler)
  await task.close?.()
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }))
  client.destroy()
  return {
    cpuSecondsPerMillion: (used.user + used.system) / records,
    recordsPerSecond: records / seconds,
    peakRssMb: peak / 2 ** 20,
    megabytesStored: Contents.reduce((sum, object) => sum + object.Size!, 0) / 1e6,
    objects: Contents.length,
  }
}

const serve = async (): Promise<{ url: string; child: ChildProcess }> => {
  const child = spawn(process.execPath, [self, 'serve'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { url: line.toString().trim(), child }
}

if (process.argv[1] === self) {
  const [, , command = '1000000', url, settings] = process.argv
  if (command === 'serve') {
    const server = await startS3Server()
    console.log(server.url)
    // Ends with whoever started it.
    process.stdin.resume().on('end', () => void server.close().then(() => process.exit(0)))
  } else if (url !== undefined) {
    console.log(JSON.stringify(await measureS3Sink(url, Number(command), JSON.parse(settings!))))
  } else {
    const server = await serve()
    for (const [name, more] of Object.entries({
      'no codec': {},
      'gzip 1': { 's3.compression.type': 'gzip', 's3.compression.level': '1' },
      'gzip 6': { 's3.compression.type': 'gzip' },
    })) {
      // A process of its own for each: figures of code that ran before are another thing.
      const child = spawn(process.execPath, [self, command, server.url, JSON.stringify(more)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [line] = (await once(child.stdout, 'data')) as [Buffer]
      console.log(name, JSON.parse(line.toString()))
    }
    server.child.stdin?.end()
  }
}
