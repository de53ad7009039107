import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { KafkaProtocolError } from '../../protocol/error-codes.ts'
import { type LogParts, PartitionLog } from '../log/partition-log.ts'
import type { BrokerSettings } from '../settings/broker-settings.ts'
import { checkTopicSettings, logConfig } from '../settings/topic-settings.ts'
import { type StoredTopic, TopicStore } from './topic-store.ts'

export const OFFSETS_TOPIC = '__consumer_offsets'
export const TRANSACTIONS_TOPIC = '__transaction_state'

/** Written by the broker only. */
export const internalTopics: ReadonlySet<string> = new Set([OFFSETS_TOPIC, TRANSACTIONS_TOPIC])

export interface Topic {
  readonly name: string
  readonly id: string
  /** Own settings, as text. */
  readonly configs: Readonly<Record<string, string>>
  readonly partitions: readonly PartitionLog[]
  readonly isInternal: boolean
}

export interface NewTopic {
  readonly name: string
  readonly partitions: number
  readonly configs?: Readonly<Record<string, string>>
}

/** Throws KafkaProtocolError INVALID_TOPIC_EXCEPTION for what Kafka takes for no topic name. */
export function checkTopicName(name: string): void {
  if (/^[a-zA-Z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..') return
  const detail = `'${name}' is no topic name: 1 to 249 letters, digits, '.', '_' and '-'`
  throw new KafkaProtocolError('INVALID_TOPIC_EXCEPTION', { detail })
}

/** The topics of the broker, and their partitions' logs. Changes are durable when their promise resolves. */
export class Topics {
  readonly #store: TopicStore
  readonly #settings: BrokerSettings
  readonly #parts: LogParts
  readonly #topics = new Map<string, Topic>()
  readonly #namesById = new Map<string, string>()
  #changes: Promise<unknown> = Promise.resolve()

  private constructor(store: TopicStore, settings: BrokerSettings, parts: LogParts) {
    this.#store = store
    this.#settings = settings
    this.#parts = parts
  }

  /** Opens all logs; after a crash this is where they are recovered. */
  static async open(dataDir: string, settings: BrokerSettings, parts: LogParts): Promise<Topics> {
    const store = new TopicStore(dataDir)
    const topics = new Topics(store, settings, parts)
    const stored = store.read()
    for (const folder of store.leftovers(stored)) {
      parts.log.info('Removing what is left of a deleted topic', { folder })
      await rm(folder, { recursive: true, force: true })
    }
    for (const topic of stored) {
      const logs = await topics.#openLogs(topic, 0, topic.partitions)
      topics.#put({ ...topic, partitions: logs, isInternal: internalTopics.has(topic.name) })
    }
    return topics
  }

  get(name: string): Topic | undefined {
    return this.#topics.get(name)
  }

  byId(id: string): Topic | undefined {
    const name = this.#namesById.get(id)
    return name === undefined ? undefined : this.#topics.get(name)
  }

  all(): Topic[] {
    return [...this.#topics.values()]
  }

  /** Throws KafkaProtocolError UNKNOWN_TOPIC_OR_PARTITION. */
  partition(topic: string, partition: number): PartitionLog {
    const log = this.#topics.get(topic)?.partitions[partition]
    if (log === undefined) throw new KafkaProtocolError('UNKNOWN_TOPIC_OR_PARTITION', { topic, partition })
    return log
  }

  /** Everything `create` would refuse. */
  check(topic: NewTopic): void {
    checkTopicName(topic.name)
    if (this.#topics.has(topic.name)) throw new KafkaProtocolError('TOPIC_ALREADY_EXISTS', { topic: topic.name })
    if (topic.partitions < 1 || topic.partitions > 10_000) {
      const detail = `${topic.partitions} is not from 1 to 10000`
      throw new KafkaProtocolError('INVALID_PARTITIONS', { topic: topic.name, detail })
    }
    checkTopicSettings(topic.configs ?? {})
  }

  create(topic: NewTopic): Promise<Topic> {
    return this.#change(async () => {
      this.check(topic)
      const { name, partitions, configs = {} } = topic
      const stored: StoredTopic = { name, id: newTopicId(), partitions, configs }
      const logs = await this.#openLogs(stored, 0, partitions)
      const made: Topic = { ...stored, partitions: logs, isInternal: internalTopics.has(name) }
      await this.#store.write([...this.#stored(), stored])
      this.#put(made)
      return made
    })
  }

  /** Readers are told; files go afterwards. */
  async delete(name: string): Promise<void> {
    const gone = await this.#change(async () => {
      const topic = this.#topics.get(name)
      if (topic === undefined) throw new KafkaProtocolError('UNKNOWN_TOPIC_OR_PARTITION', { topic: name })
      await this.#store.write(this.#stored().filter(other => other.name !== name))
      this.#topics.delete(name)
      this.#namesById.delete(topic.id)
      const folders: string[] = []
      for (const [partition, log] of topic.partitions.entries()) {
        await log.close({ save: false })
        // Out of the way, so that a topic of the same name can be created at once.
        const moved = join(this.#store.folder, `deleted-${randomUUID()}`)
        await rename(this.#store.partitionFolder(name, partition), moved)
        folders.push(moved)
      }
      return folders
    })
    for (const folder of gone) await rm(folder, { recursive: true, force: true })
  }

  /** Adds partitions behind the ones there are. */
  addPartitions(name: string, total: number): Promise<Topic> {
    return this.#change(async () => {
      const topic = this.#existing(name)
      if (total <= topic.partitions.length || total > 10_000) {
        const detail = `${name} has ${topic.partitions.length} partitions, and ${total} are asked for`
        throw new KafkaProtocolError('INVALID_PARTITIONS', { detail })
      }
      const { id, configs } = topic
      const added = await this.#openLogs({ name, id, configs, partitions: total }, topic.partitions.length, total)
      const changed: Topic = { ...topic, partitions: [...topic.partitions, ...added] }
      await this.#store.write(this.#stored().map(t => (t.name === name ? { ...t, partitions: total } : t)))
      this.#put(changed)
      return changed
    })
  }

  /** Replaces the topic's own settings by what `change` makes of them. */
  configure(
    name: string,
    change: (configs: Readonly<Record<string, string>>) => Readonly<Record<string, string>>,
  ): Promise<Topic> {
    return this.#change(async () => {
      const topic = this.#existing(name)
      const configs = change(topic.configs)
      checkTopicSettings(configs)
      await this.#store.write(this.#stored().map(t => (t.name === name ? { ...t, configs } : t)))
      const changed: Topic = { ...topic, configs }
      this.#put(changed)
      for (const log of changed.partitions) log.config = logConfig(configs, this.#settings)
      return changed
    })
  }

  async close(): Promise<void> {
    await this.#changes
    // Together: each waits for the disk.
    await Promise.all(this.all().flatMap(topic => topic.partitions.map(log => log.close({ save: true }))))
  }

  #existing(name: string): Topic {
    const topic = this.#topics.get(name)
    if (topic === undefined) throw new KafkaProtocolError('UNKNOWN_TOPIC_OR_PARTITION', { topic: name })
    return topic
  }

  async #openLogs(topic: StoredTopic, from: number, to: number): Promise<PartitionLog[]> {
    const config = logConfig(topic.configs, this.#settings)
    const logs: PartitionLog[] = []
    for (let partition = from; partition < to; partition++) {
      const folder = this.#store.partitionFolder(topic.name, partition)
      await mkdir(folder, { recursive: true })
      logs.push(await PartitionLog.open(`${topic.name}-${partition}`, folder, config, this.#parts))
    }
    return logs
  }

  #put(topic: Topic): void {
    this.#topics.set(topic.name, topic)
    this.#namesById.set(topic.id, topic.name)
  }

  #stored(): StoredTopic[] {
    return this.all().map(({ name, id, partitions, configs }) => ({ name, id, partitions: partitions.length, configs }))
  }

  /** One change of the list at a time. */
  #change<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changes.then(work)
    this.#changes = done.catch(() => {})
    return done
  }
}

/** 16 random bytes as Kafka writes them; never with a leading dash, which command lines take for an option. */
export function newTopicId(): string {
  for (;;) {
    const id = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url')
    if (!id.startsWith('-')) return id
  }
}
