import type { Clock } from '../../base/clock.ts'
import { RecordBatchReader } from '../../protocol/record-batch-reader.ts'
import { RecordBatchWriter } from '../../protocol/record-batch-writer.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { OFFSETS_TOPIC, type Topics } from '../topics/topics.ts'

export interface OffsetLogRecord {
  readonly key: Buffer
  /** null deletes. */
  readonly value: Buffer | null
}

const READ_BYTES = 1024 * 1024

/** The compacted topic in which groups and their offsets outlive the broker. Created by the first write. */
export class OffsetLog {
  readonly #topics: Topics
  readonly #clock: Clock
  #creating: Promise<unknown> | null = null

  constructor(topics: Topics, clock: Clock) {
    this.#topics = topics
    this.#clock = clock
  }

  get #partition(): PartitionLog | undefined {
    return this.#topics.get(OFFSETS_TOPIC)?.partitions[0]
  }

  /** Everything in the log, in order; keys and values are views that live until the visitor returns. */
  async load(visit: (key: Buffer, value: Buffer | null) => void): Promise<void> {
    const log = this.#partition
    if (log === undefined) return
    const reader = new RecordBatchReader()
    for (let offset = log.startOffset; offset < log.endOffset; ) {
      const slice = await log.read(offset, READ_BYTES, true)
      if (slice === null) return
      for (let at = 0; at < slice.records.length; ) {
        at = reader.read(slice.records, at)
        for (let i = 0; i < reader.count; i++) {
          const key = reader.key(i)
          if (key !== null && reader.offset(i) >= offset) visit(key, reader.value(i))
        }
        offset = reader.lastOffset + 1
      }
      slice.release()
    }
  }

  /** All or none of the records; the order of calls is the order in the log. Resolves when they are written. */
  async append(records: readonly OffsetLogRecord[]): Promise<void> {
    if (records.length === 0) return
    const writer = new RecordBatchWriter(4096)
    const now = this.#clock.now()
    for (const { key, value } of records) writer.add(now, key, value)
    const batch = writer.finish()
    // The first write waits for the topic; those behind it wait with it, and go on in their order.
    if (this.#partition === undefined) await (this.#creating ??= this.#create())
    const log = this.#partition
    if (log === undefined) throw new Error(`${OFFSETS_TOPIC} is gone`)
    await log.append(batch)
  }

  async #create(): Promise<void> {
    const configs = {
      'cleanup.policy': 'compact',
      'segment.bytes': String(100 * 1024 * 1024),
      // A group's record holds what all its members said of themselves.
      'max.message.bytes': String(64 * 1024 * 1024),
    }
    try {
      await this.#topics.create({ name: OFFSETS_TOPIC, partitions: 1, configs })
    } finally {
      this.#creating = null
    }
  }
}
