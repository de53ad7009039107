import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createKafka } from '../../runtime/kafka/kafka.ts'
import { startS3Server } from '../../runtime/testing/s3-server/server.ts'
import { WorkerProcess, type WorkerProcessOptions } from '../../runtime/testing/worker-process.ts'
import { digestOf, type LakeObject, type LoggedRecord } from './lake-check.ts'
import { Bucket, confluentProps, type Endpoint } from './s3-sink-run.ts'

export const command = fileURLToPath(new URL('../../bin/millrace.mjs', import.meta.url))

/** Asks until the answer holds; fails after `ms` with what was waited for and what was last seen. */
export const eventually = async <T>(
  what: string,
  ask: () => Promise<T>,
  holds: (answer: T) => boolean,
  ms = 30_000,
): Promise<T> => {
  const end = performance.now() + ms
  for (;;) {
    const answer = await ask()
    if (holds(answer)) return answer
    if (performance.now() > end)
      throw new Error(`Waited ${ms} ms in vain for ${what}; last seen: ${JSON.stringify(answer)?.slice(0, 3000)}`)
    await delay(50)
  }
}

/** Numbers between 0 and 1 that come again with the same seed (mulberry32). */
export const randomFrom = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export const stringConverter = 'org.apache.kafka.connect.storage.StringConverter'
export const jsonConverter = 'org.apache.kafka.connect.json.JsonConverter'

/** Properties of a worker whose files are in `folder`; with its own broker unless `more` says otherwise. */
export const workerProperties = (
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> => ({
  'bootstrap.servers': `embedded:${join(folder, 'broker')}`,
  'millrace.broker.port': '0',
  'millrace.broker.group.initial.rebalance.delay.ms': '0',
  'millrace.broker.group.min.session.timeout.ms': '100',
  // A killed worker's member must not hold up its successor.
  'consumer.session.timeout.ms': '2000',
  'consumer.heartbeat.interval.ms': '500',
  'key.converter': jsonConverter,
  'value.converter': jsonConverter,
  'key.converter.schemas.enable': 'false',
  'value.converter.schemas.enable': 'false',
  'offset.storage.file.filename': join(folder, 'offsets'),
  'offset.flush.interval.ms': '200',
  listeners: 'http://127.0.0.1:0',
  'task.threads': '1',
  ...more,
})

/** A folder for one test, and what has to be ended after it, last things first. */
export class World {
  readonly folder: string
  readonly #ends: (() => unknown)[] = []

  private constructor(folder: string) {
    this.folder = folder
  }

  static async create(): Promise<World> {
    const world = new World(await mkdtemp(join(tmpdir(), 'millrace-pipeline-')))
    world.after(() => rm(world.folder, { recursive: true, force: true }))
    return world
  }

  after(end: () => unknown): void {
    this.#ends.push(end)
  }

  async close(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end()
  }

  async worker(
    more: Readonly<Record<string, string>> = {},
    options: Partial<Pick<WorkerProcessOptions, 'killed' | 'connectorFiles' | 'env'>> = {},
  ): Promise<WorkerProcess> {
    const worker = await WorkerProcess.start({
      command,
      folder: this.folder,
      properties: workerProperties(this.folder, more),
      ...options,
    })
    this.after(() => worker.kill())
    return worker
  }

  /** An S3 server with the bucket. */
  async lake(): Promise<{ server: Awaited<ReturnType<typeof startS3Server>>; bucket: Bucket }> {
    const server = await startS3Server()
    this.after(() => server.close())
    return { server, bucket: await this.bucketAt(server) }
  }

  async bucketAt(endpoint: Endpoint): Promise<Bucket> {
    const bucket = new Bucket(endpoint)
    this.after(() => bucket.client.destroy())
    return bucket.create()
  }
}

/** The S3 sink as these tests run it: gzip JSON lines, rotated by count and by the wall clock. */
export const lakeSink = (
  endpoint: Endpoint,
  topics: string,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> => ({
  'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
  'tasks.max': '1',
  topics,
  ...confluentProps(endpoint, {
    's3.compression.type': 'gzip',
    's3.compression.level': '1',
    'flush.size': '700',
    'rotate.schedule.interval.ms': '400',
    timezone: 'UTC',
    'behavior.on.null.values': 'ignore',
    ...more,
  }),
})

export const createTopic = async (bootstrap: string, name: string, partitions: number): Promise<void> => {
  const kafka = createKafka({ 'bootstrap.servers': bootstrap })
  await kafka
    .admin()
    .createTopics([{ name, partitions, replicationFactor: 1 }])
    .finally(() => kafka.close())
}

/** Every record that a topic holds now, without those of transactions that were aborted. `onValue` sees values before they are forgotten. */
export const readTopic = async (
  bootstrap: string,
  topic: string,
  onValue: (value: Buffer | null, key: Buffer | null) => void = () => {},
): Promise<LoggedRecord[]> => {
  const kafka = createKafka({ 'bootstrap.servers': bootstrap })
  const records: LoggedRecord[] = []
  try {
    const log = kafka.topicLog({
      topic,
      isolation: 'read_committed',
      onRecord({ partition, offset, key, value }) {
        records.push({ partition, offset, digest: value === null ? null : digestOf(value) })
        onValue(value, key)
      },
    })
    await log.start()
    await log.stop()
  } finally {
    await kafka.close()
  }
  return records
}

/** Every object of the bucket; `onLine` sees lines before they are forgotten. */
export const readLake = async (bucket: Bucket, onLine: (line: string) => void = () => {}): Promise<LakeObject[]> => {
  const objects: LakeObject[] = []
  for (const key of await bucket.keys()) {
    const lines = (await bucket.text(key)).split('\n').filter(line => line !== '')
    for (const line of lines) onLine(line)
    objects.push({ key, digests: lines.map(digestOf) })
  }
  return objects
}

/** How many records the sink's group has still to deliver, over the topics' partitions; undefined before its first commit. */
export const lagOf = async (bootstrap: string, group: string, topic: string): Promise<number> => {
  const kafka = createKafka({ 'bootstrap.servers': bootstrap })
  try {
    const admin = kafka.admin()
    const [description] = await admin.describeTopics([topic])
    if (description === undefined) return Number.POSITIVE_INFINITY
    const ends = await admin.listOffsets(
      description.partitions.map(({ partition }) => ({ topic, partition })),
      'latest',
    )
    const committed = await admin.groupOffsets(group)
    let lag = 0
    for (const { partition, offset } of ends) {
      const own = committed.find(at => at.topic === topic && at.partition === partition)
      lag += offset - (own?.offset ?? 0)
    }
    return lag
  } finally {
    await kafka.close()
  }
}

/** The sum of a task metric over all tasks, as `/metrics` shows it now. */
export const metricOf = async (worker: WorkerProcess, name: string): Promise<number> => {
  const text = await (await fetch(`${worker.rest}/metrics`)).text()
  return [...text.matchAll(new RegExp(`^kafka_connect_\\w+_metrics_${name}\\{.*\\} (\\S+)$`, 'gm'))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  )
}
