import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Broker, startBroker } from '../../runtime/broker/broker.ts'
import { createKafka } from '../../runtime/kafka/kafka.ts'
import type { Kafka } from '../../runtime/kafka/ports.ts'
import { PluginRegistry } from '../../runtime/plugins/registry.ts'
import { memoryOffsetStore } from '../../runtime/stores/memory-offset-store.ts'
import type { OffsetStore } from '../../runtime/stores/ports.ts'
import { ThreadedWorker } from '../../runtime/worker/worker.ts'
import { recordingLog } from './fakes/log.ts'
import { until } from './fakes/wait.ts'
import { type RecordingListener, recordingListener } from './fakes/worker-listener.ts'

const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter'

/** A record as it is in a topic, texts for bytes. */
export interface StoredRecord {
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string | null>>
}

/** A broker, a worker and its connectors, in a folder of their own. */
export class TaskWorld {
  readonly folder: string
  readonly broker: Broker
  readonly kafka: Kafka
  readonly offsets: OffsetStore
  readonly listener: RecordingListener
  readonly worker: ThreadedWorker
  readonly #plugins: PluginRegistry

  private constructor(
    folder: string,
    broker: Broker,
    kafka: Kafka,
    offsets: OffsetStore,
    plugins: PluginRegistry,
    props: Record<string, string>,
  ) {
    this.folder = folder
    this.broker = broker
    this.kafka = kafka
    this.offsets = offsets
    this.#plugins = plugins
    this.listener = recordingListener()
    this.worker = new ThreadedWorker({
      workerProps: {
        'bootstrap.servers': broker.bootstrap,
        'key.converter': JSON_CONVERTER,
        'key.converter.schemas.enable': 'false',
        'value.converter': JSON_CONVERTER,
        'value.converter.schemas.enable': 'false',
        'task.threads': '1',
        'offset.flush.interval.ms': '50',
        ...props,
      },
      offsets,
      plugins,
      resolve: async settings => ({ props: settings, secrets: [] }),
      log: recordingLog(),
    })
  }

  static async create(
    props: Record<string, string> = {},
    brokerSettings: Record<string, string> = {},
  ): Promise<TaskWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-tasks-'))
    const broker = await startBroker({ dataDir: join(folder, 'broker'), log: recordingLog(), settings: brokerSettings })
    const kafka = createKafka({ 'bootstrap.servers': broker.bootstrap })
    const offsets = memoryOffsetStore()
    await offsets.start()
    const plugins = await PluginRegistry.open({
      pluginPath: [fileURLToPath(new URL('./connectors', import.meta.url))],
      log: recordingLog(),
    })
    const world = new TaskWorld(folder, broker, kafka, offsets, plugins, props)
    await world.worker.start(world.listener)
    return world
  }

  file(name: string): string {
    return join(this.folder, name)
  }

  lines(name: string): readonly string[] {
    const file = this.file(name)
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []
  }

  /** Starts task 0 of a connector of `test/support/connectors`. */
  async start(
    connector: string,
    props: Readonly<Record<string, string>>,
    target: 'STARTED' | 'PAUSED' = 'STARTED',
  ): Promise<void> {
    const whole = { name: connector, ...props }
    await this.worker.startTask({ connector, task: 0 }, whole, whole, target)
  }

  async source(connector: string, props: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.start(connector, { 'connector.class': 'test.NumberSourceConnector', ...props })
  }

  async sink(connector: string, props: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.start(connector, {
      'connector.class': 'test.LinesSinkConnector',
      topics: 'numbers',
      'output.file': this.file(connector),
      ...props,
    })
  }

  async stop(connector: string): Promise<void> {
    await this.worker.stopTasks([{ connector, task: 0 }])
  }

  /** Values into partition 0 of a topic. */
  async produce(topic: string, values: readonly string[]): Promise<void> {
    const log = this.kafka.topicLog({ topic, onRecord() {} })
    await log.append(values.map(value => ({ partition: 0, key: null, value: Buffer.from(value) })))
    await log.stop()
  }

  async createTopic(name: string, partitions = 1): Promise<void> {
    const admin = this.kafka.admin()
    await admin.createTopics([{ name, partitions, replicationFactor: 1 }])
    await admin.close()
  }

  async committed(connector: string): Promise<readonly number[]> {
    const admin = this.kafka.admin()
    try {
      return (await admin.groupOffsets(`connect-${connector}`)).map(({ offset }) => offset)
    } finally {
      await admin.close()
    }
  }

  /** Resolves when the task is FAILED; names what it is instead when that takes too long. */
  async failed(connector: string): Promise<string> {
    const report = () => this.listener.task(connector)
    await until(() => report()?.state === 'FAILED', `${connector} fails`, 20_000)
    return report()?.trace ?? ''
  }

  /** Resolves when the connector has used the topic; a failure of the task is thrown instead. */
  async used(connector: string, topic: string): Promise<void> {
    await until(
      () => {
        const report = this.listener.task(connector)
        if (report?.state === 'FAILED') throw new Error(report.trace)
        return this.listener.events.includes(`${connector}-0 uses ${topic}`)
      },
      `${connector} uses ${topic}`,
      20_000,
    )
  }

  /** Everything in the topic, read by a consumer of its own group, as soon as there is enough of it. */
  async read(
    topic: string,
    enough: number | ((records: readonly StoredRecord[]) => boolean),
  ): Promise<readonly StoredRecord[]> {
    const done = typeof enough === 'number' ? () => records.length >= enough : () => enough(records)
    const records: StoredRecord[] = []
    const consumer = this.kafka.consumer({
      groupId: `reader-${Math.random()}`,
      topics: [topic],
      settings: { 'auto.offset.reset': 'earliest' },
    })
    const end = performance.now() + 20_000
    while (!done()) {
      if (performance.now() > end) throw new Error(`${topic} holds ${records.length} records, which is not enough`)
      const fetched = await consumer.poll(500)
      for (const { partition, reader, from } of fetched.batches) {
        for (let i = from; i < reader.count; i++) {
          records.push({
            partition,
            offset: reader.offset(i),
            key: reader.key(i)?.toString() ?? null,
            value: reader.value(i)?.toString() ?? null,
            headers: Object.fromEntries(
              reader.headers(i).map(({ key, value }) => [key, value === null ? null : Buffer.from(value).toString()]),
            ),
          })
        }
      }
      fetched.release()
    }
    await consumer.close()
    return records
  }

  async close(): Promise<void> {
    await this.worker.stop()
    await this.#plugins.close()
    await this.kafka.close()
    await this.broker.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
