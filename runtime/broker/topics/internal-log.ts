import type { Clock } from '../../base/clock.ts'
import { RecordBatchReader } from '../../protocol/record-batch-reader.ts'
import { RecordBatchWriter } from '../../protocol/record-batch-writer.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import type { Topics } from './topics.ts'

export interface InternalRecord {
  readonly key: Buffer
  /** null deletes. */
  readonly value: Buffer | null
}

const READ_BYTES = 1024 * 1024

/** Of a transaction in which records are written. */
export interface WritingProducer {
  readonly producerId: number
  readonly producerEpoch: number
}

/** Sees the records of a log in order; keys and values are views that live until it returns. */
export interface InternalLogVisitor {
  /** `batch` tells whether they belong to a transaction. */
  record(key: Buffer, value: Buffer | null, batch: RecordBatchReader): void
  /** A marker that ended a producer's transaction. */
  marker?(key: Buffer, producerId: number): void
}

/**
 * A compacted topic of one partition in which the broker itself keeps what must outlive it: groups and their offsets, or
 * transactional ids. Created by the first write.
 */
export class InternalLog {
  readonly #name: string
  readonly #topics: Topics
  readonly #clock: Clock
  #creating: Promise<unknown> | null = null

  constructor(name: string, topics: Topics, clock: Clock) {
    this.#name = name
    this.#topics = topics
    this.#clock = clock
  }

  get #partition(): PartitionLog | undefined {
    return this.#topics.get(this.#name)?.partitions[0]
  }

  /** Everything in the log, in order. */
  async load(visitor: InternalLogVisitor): Promise<void> {
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
          if (key === null || reader.offset(i) < offset) continue
          if (reader.isControl) visitor.marker?.(key, reader.producerId)
          else visitor.record(key, reader.value(i), reader)
        }
        offset = reader.lastOffset + 1
      }
      slice.release()
    }
  }

  /**
   * All or none of the records, with a producer as part of its transaction; the order of calls is the order in the log.
   * Resolves when they are written.
   */
  async append(records: readonly InternalRecord[], producer: WritingProducer | null = null): Promise<void> {
    if (records.length === 0) return
    const writer = new RecordBatchWriter(4096)
    const now = this.#clock.now()
    for (const { key, value } of records) writer.add(now, key, value)
    const batch = writer.finish(producer === null ? {} : { transactional: true, ...producer })
    // The first write waits for the topic; those behind it wait with it, and go on in their order.
    if (this.#partition === undefined) await (this.#creating ??= this.#create())
    const log = this.#partition
    if (log === undefined) throw new Error(`${this.#name} is gone`)
    await log.appendOwn(batch)
  }

  async #create(): Promise<void> {
    const configs = {
      'cleanup.policy': 'compact',
      'segment.bytes': String(100 * 1024 * 1024),
      // A group's record holds what all its members said of themselves.
      'max.message.bytes': String(64 * 1024 * 1024),
    }
    try {
      await this.#topics.create({ name: this.#name, partitions: 1, configs })
    } finally {
      this.#creating = null
    }
  }
}
