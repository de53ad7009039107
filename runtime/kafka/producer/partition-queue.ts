import { ZERO_UUID } from '../../protocol/primitives.ts'
import type { RecordBatchWriter } from '../../protocol/record-batch-writer.ts'
import type { Delivery } from '../ports.ts'
import { Batch } from './batch.ts'
import { sequenceAfter, stampProducer } from './seal.ts'
import type { WriterPool } from './writer-pool.ts'

const MAX_EPOCH = 0x7fff - 1

/**
 * What waits for one partition, in order: sealed batches, then the open one. At most the first is on its way. Sequences are
 * given when a batch goes out first; they are taken back only when the broker has certainly not written the batch, else the
 * epoch moves on (invariant 5, 6).
 */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  readonly #writers: WriterPool
  readonly #transactional: boolean
  open: Batch | null = null
  /** The open batch may go out, not before this time; infinity: nobody asked to send it yet. */
  sendAt = Number.POSITIVE_INFINITY
  readonly sealed: Batch[] = []
  inFlight: Batch | null = null
  /** No attempt before this time. */
  retryAt = 0
  /** -1: not idempotent, or not known yet. */
  producerId = -1
  epoch = -1
  sequence = 0
  acknowledgedEnd = -1
  /** A batch is full at this size: less than `batch.size` after the broker refused a larger one. */
  limit: number
  #lastSize = 0
  #topicId = ZERO_UUID

  constructor(topic: string, partition: number, limit: number, writers: WriterPool, transactional = false) {
    this.topic = topic
    this.partition = partition
    this.limit = limit
    this.#writers = writers
    this.#transactional = transactional
  }

  get isEmpty(): boolean {
    return this.open === null && this.sealed.length === 0
  }

  writer(): RecordBatchWriter {
    if (this.open === null) {
      this.open = new Batch(this.#writers.take(), performance.now())
      this.#lastSize = 0
    }
    return this.open.writer!
  }

  /** Accounts the record just ended; returns the bytes it took. */
  appended(delivery: Delivery): number {
    const batch = this.open
    if (batch === null || batch.writer!.count !== batch.count + 1) {
      throw new Error(`appended: no record was ended in the batch of ${this.topic}-${this.partition}`)
    }
    // It may have been opened long ago, for a record that was taken back.
    if (batch.count === 0) batch.createdAt = performance.now()
    batch.add(delivery)
    const size = batch.writer!.sizeInBytes
    const bytes = size - this.#lastSize
    this.#lastSize = size
    batch.accounted += bytes
    return bytes
  }

  /** One more record like the last would make it too large. */
  isFull(lastBytes: number): boolean {
    return this.#lastSize + lastBytes > this.limit
  }

  /** The open batch joins those that wait. */
  seal(): Batch | null {
    const batch = this.open
    if (batch === null || batch.count === 0) return null
    this.open = null
    this.sendAt = Number.POSITIVE_INFINITY
    this.sealed.push(batch)
    return batch
  }

  /** The first batch goes out; from now on its bytes stay as they are. `idempotent`: with this queue's producer id. */
  begin(batch: Batch, idempotent: boolean): Buffer {
    if (batch.baseSequence < 0 && (idempotent || !batch.stamped)) {
      const producerId = idempotent ? this.producerId : -1
      const producerEpoch = idempotent ? this.epoch : -1
      const baseSequence = idempotent ? this.sequence : -1
      const transactional = this.#transactional
      if (batch.bytes === null) {
        batch.bytes = batch.writer!.finish({ producerId, producerEpoch, baseSequence, transactional })
      } else stampProducer(batch.bytes, producerId, producerEpoch, baseSequence)
      batch.stamped = true
      batch.baseSequence = baseSequence
      if (idempotent) this.sequence = sequenceAfter(this.sequence, batch.count)
    }
    batch.attempts++
    this.inFlight = batch
    return batch.bytes!
  }

  /** The first batch is settled and gone; its memory may be used again. */
  remove(batch: Batch): void {
    if (this.sealed[0] === batch) this.sealed.shift()
    else {
      const at = this.sealed.indexOf(batch)
      if (at >= 0) this.sealed.splice(at, 1)
    }
    this.free(batch)
  }

  /** Gives the batch's writer back. */
  free(batch: Batch): void {
    if (batch.writer !== null) this.#writers.give(batch.writer)
    batch.writer = null
    batch.bytes = null
  }

  /**
   * The first batch will not be written under its sequence. When the broker has certainly not got it, the next takes the
   * sequence; when it may have, a new epoch keeps what follows from being taken for it, and fences a late copy of it.
   */
  giveUpSequence(batch: Batch): void {
    if (batch.baseSequence < 0 || this.producerId < 0) return
    if (batch.uncertain) this.bumpEpoch()
    else this.sequence = batch.baseSequence
    batch.baseSequence = -1
  }

  /**
   * Begins anew at sequence 0; at the end of the epochs, with another producer id. The epoch of a transactional id is its
   * coordinator's.
   */
  bumpEpoch(): void {
    this.sequence = 0
    if (this.#transactional) return
    if (this.epoch >= MAX_EPOCH) {
      this.producerId = -1
      this.epoch = -1
    } else this.epoch++
  }

  /** Another epoch from sequence 0, also for the batch that has a number already: nothing of it can be in the log. */
  beginAnew(): void {
    const first = this.sealed[0]
    if (first !== undefined) {
      first.baseSequence = -1
      first.uncertain = false
    }
    if (this.producerId >= 0) this.bumpEpoch()
  }

  /** The topic may have been deleted and made anew: its new log knows nothing of our sequences. True when it was. */
  movedTo(topicId: string): boolean {
    // A broker that does not tell is no news: the batch that waits may well be in the log.
    if (topicId === ZERO_UUID) return false
    const moved = this.#topicId !== ZERO_UUID && topicId !== this.#topicId
    this.#topicId = topicId
    if (moved) {
      this.acknowledgedEnd = -1
      this.beginAnew()
    }
    return moved
  }

  /** Everything that waits, taken out: for failing it. */
  takeAll(): Batch[] {
    const all = this.sealed.splice(0)
    const open = this.takeOpen()
    if (open !== null) all.push(open)
    this.inFlight = null
    return all
  }

  takeOpen(): Batch | null {
    const { open } = this
    this.open = null
    this.sendAt = Number.POSITIVE_INFINITY
    return open
  }
}
