import type { LogRecord, TopicLog } from '../kafka/ports.ts'
import { prepareTopic } from './internal-topic.ts'
import type { KafkaStoreParts } from './kafka-store-parts.ts'

/** A topic of texts, read from its beginning and followed. */
export class TextTopic {
  readonly #parts: KafkaStoreParts
  readonly #onRecord: (key: string, value: string | null, record: LogRecord) => void
  #log: TopicLog | undefined

  constructor(parts: KafkaStoreParts, onRecord: (key: string, value: string | null, record: LogRecord) => void) {
    this.#parts = parts
    this.#onRecord = onRecord
  }

  get isStarted(): boolean {
    return this.#log !== undefined
  }

  /** Resolves when what is stored was read. Throws ConfigError for a topic that cannot be used. */
  async start(): Promise<void> {
    const { admin, topic, topicLog, onError, log } = this.#parts
    await prepareTopic(await admin(), topic, log)
    const made = await topicLog({
      topic: topic.name,
      // What a leader or a task wrote that was fenced in the middle of it never happened.
      isolation: 'read_committed',
      onRecord: record => {
        // Compaction needs keys; a record without one is not ours.
        if (record.key !== null) this.#onRecord(record.key.toString(), record.value?.toString() ?? null, record)
      },
      onError: error => {
        log.error('A topic of the worker can no longer be read', { topic: topic.name, error })
        onError?.(error)
      },
    })
    this.#log = made
    try {
      await made.start()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    const log = this.#log
    this.#log = undefined
    await log?.stop()
  }

  readToEnd(): Promise<void> {
    return this.#started().readToEnd()
  }

  /** Resolves when all are acknowledged, in order within a key. */
  async append(records: readonly (readonly [key: string, value: string | null])[]): Promise<void> {
    await this.#started().append(
      records.map(([key, value]) => ({ key: Buffer.from(key), value: value === null ? null : Buffer.from(value) })),
    )
  }

  #started(): TopicLog {
    if (this.#log === undefined) throw new Error(`The ${this.#parts.topic.what} store is not started`)
    return this.#log
  }
}
