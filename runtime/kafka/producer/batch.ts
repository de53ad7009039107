import type { RecordBatchWriter } from '../../protocol/record-batch-writer.ts'
import { asError } from '../errors.ts'
import type { Delivery } from '../ports.ts'

/** Someone who waits until a number of batches is settled. */
export interface Latch {
  left: number
  readonly open: () => void
}

/**
 * The records of one batch on their way: the writer that holds them while it is open, the bytes once it is sealed, and who
 * wants to know of them, as runs. Bytes and sequence stay the same through all retries: the broker tells a repetition by
 * them (invariants 5 and 6).
 */
export class Batch {
  /** Of its first record, by `performance.now()`: what `delivery.timeout.ms` counts from. */
  createdAt: number
  writer: RecordBatchWriter | null
  /** What goes over the wire; null before it is compressed, or without compression before it goes out first. */
  bytes: Buffer | null = null
  count = 0
  /** Bytes that count against `buffer.memory`. */
  accounted = 0
  /** -1: not sent yet. */
  baseSequence = -1
  attempts = 0
  /** An attempt ended without an answer: the broker may have the batch. */
  uncertain = false
  compressing = false
  /** `bytes` carry a producer and a checksum. */
  stamped = false
  readonly deliveries: Delivery[] = []
  readonly counts: number[] = []
  readonly latches: Latch[] = []

  constructor(writer: RecordBatchWriter | null, createdAt: number) {
    this.writer = writer
    this.createdAt = createdAt
  }

  /** One more record, of this delivery. */
  add(delivery: Delivery): void {
    this.count++
    const last = this.deliveries.length - 1
    if (last >= 0 && this.deliveries[last] === delivery) this.counts[last]!++
    else {
      this.deliveries.push(delivery)
      this.counts.push(1)
    }
  }

  /** Tells everyone, in order. What one of them throws is thrown after all were told. */
  settle(topic: string, partition: number, error: Error | null): void {
    const { deliveries, counts } = this
    let thrown: unknown
    for (let i = 0; i < deliveries.length; i++) {
      try {
        if (error === null) deliveries[i]!.acknowledged(counts[i]!, topic, partition)
        else deliveries[i]!.failed(counts[i]!, topic, partition, error)
      } catch (reason) {
        thrown ??= asError(reason)
      }
    }
    for (const latch of this.latches) if (--latch.left === 0) latch.open()
    if (thrown !== undefined) throw thrown
  }
}
