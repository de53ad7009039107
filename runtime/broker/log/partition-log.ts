import type { Log } from '../../api/context.ts'
import type { Clock } from '../../base/clock.ts'
import { type BatchHeader, batchHeader } from '../../protocol/batch-header.ts'
import { KafkaProtocolError } from '../../protocol/error-codes.ts'
import type { BufferPool } from '../buffer-pool.ts'
import type { LogConfig } from '../settings/topic-settings.ts'
import { AppendQueue, type PendingBatch } from './append-queue.ts'
import { checkBatch, stampBatch } from './check-batch.ts'
import { type Checkpoint, writeCheckpoint } from './checkpoint.ts'
import {
  batchesBelow,
  findMaxTimestamp,
  findTimestamp,
  type LogSlice,
  readBatches,
  type TimedOffset,
} from './log-reader.ts'
import {
  type AbortedRange,
  type PartitionTransactions,
  type TransactionSnapshot,
  transactionStep,
} from './partition-transactions.ts'
import type { ProducerStates } from './producer-states.ts'
import { recoverLog } from './recovery.ts'
import { Segment } from './segment.ts'
import { SegmentList } from './segment-list.ts'

/** There is one replica and one leader: its epoch never changes. */
export const LEADER_EPOCH = 0

export interface LogParts {
  readonly clock: Clock
  readonly pool: BufferPool
  readonly log: Log
}

/** Where a batch came to stand. */
export interface Appended {
  readonly baseOffset: number
  /** Milliseconds, when the topic stamps records itself; -1 otherwise. */
  readonly logAppendTime: number
}

/** Throws KafkaProtocolError when the producer may not write in a transaction here. */
export type Admission = (producerId: number, producerEpoch: number) => void

export interface CommittedSlice extends LogSlice {
  /** Transactions that were aborted, among what was read. */
  readonly aborted: readonly AbortedRange[]
}

/** Who waits for records, such as a parked fetch. */
export interface LogWatcher {
  /** So many bytes more can be read. */
  appended(bytes: number): void
  /** The partition is gone, or the broker ends. */
  closed(): void
}

/**
 * The log of one partition: appends, reads, and what bounds its size. Offsets are given when a batch is accepted, records
 * can be read (`endOffset`) and are acknowledged when they are written.
 *
 * Transactions: markers are appended like other batches; `lastStableOffset` is where open ones hold readers back; what was
 * aborted is remembered with the checkpoint.
 */
export class PartitionLog {
  readonly name: string
  readonly folder: string
  readonly segments: SegmentList
  readonly producers: ProducerStates
  readonly transactions: PartitionTransactions
  readonly watchers = new Set<LogWatcher>()
  config: LogConfig
  /** First offset that may be read. */
  startOffset: number
  /** Everything below is compacted. */
  cleanedTo: number
  #endOffset: number
  #nextOffset: number
  readonly #parts: LogParts
  readonly #queue: AppendQueue
  #state: 'open' | 'repairing' | 'closed' = 'open'
  #saved: Checkpoint
  #exclusive: Promise<unknown> = Promise.resolve()

  private constructor(
    name: string,
    folder: string,
    config: LogConfig,
    parts: LogParts,
    recovered: Awaited<ReturnType<typeof recoverLog>>,
  ) {
    this.name = name
    this.folder = folder
    this.config = config
    this.#parts = parts
    this.segments = new SegmentList(recovered.segments)
    this.producers = recovered.producers
    this.transactions = recovered.transactions
    this.#saved = recovered.checkpoint
    this.#nextOffset = this.#endOffset = recovered.nextOffset
    this.startOffset = Math.max(recovered.checkpoint.startOffset, this.segments.first.baseOffset)
    this.cleanedTo = recovered.checkpoint.cleanedTo
    this.#queue = new AppendQueue({
      clock: parts.clock,
      flushMessages: () => this.config.flushMessages,
      written: batch => this.#written(batch),
      failed: error => this.#writeFailed(error),
    })
  }

  static async open(name: string, folder: string, config: LogConfig, parts: LogParts): Promise<PartitionLog> {
    const recovered = await recoverLog(folder, config.indexInterval, parts.clock.monotonic(), parts.log)
    return new PartitionLog(name, folder, config, parts, recovered)
  }

  /** The offset after the last readable record (high watermark). */
  get endOffset(): number {
    return this.#endOffset
  }

  /** Below it every transaction has ended. */
  get lastStableOffset(): number {
    return this.transactions.firstOpen ?? this.#endOffset
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  get sizeInBytes(): number {
    return this.segments.sizeInBytes
  }

  /**
   * Appends what a client sent: one batch, numbered in place. Refuses synchronously, so that the order of calls is the order
   * in the log (invariant 5); resolves when written. `admit` judges a transaction's batch and throws; without it none is
   * taken. Throws KafkaProtocolError.
   */
  append(records: Buffer | null, admit: Admission | null = null): Promise<Appended> {
    this.#assertOpen()
    const now = this.#parts.clock.now()
    const { bytes, header } = checkBatch(records, this.config, now)
    if (header.isTransactional) {
      if (admit === null) throw new KafkaProtocolError('INVALID_TXN_STATE', { detail: 'no transaction is open' })
      admit(header.producerId, header.producerEpoch)
    }
    if (header.producerId >= 0) {
      const before = this.producers.check(header)
      if (before !== null) return this.#answerAgain(before.baseOffset, before.timestamp)
    }
    return this.#place(bytes, header, now)
  }

  /** Appends what the broker itself wrote: markers, and offsets in transactions. Neither checked nor found again. */
  appendOwn(bytes: Buffer): Promise<Appended> {
    this.#assertOpen()
    return this.#place(bytes, batchHeader(bytes), this.#parts.clock.now())
  }

  #place(bytes: Buffer, header: BatchHeader, now: number): Promise<Appended> {
    const baseOffset = this.#nextOffset
    const lastOffset = baseOffset + header.count - 1
    const appendTime = this.config.logAppendTime ? now : null
    stampBatch(bytes, baseOffset, LEADER_EPOCH, appendTime)
    const maxTimestamp = appendTime ?? header.maxTimestamp
    const segment = this.#segmentFor(bytes.length, baseOffset, lastOffset, maxTimestamp)
    const position = segment.reserved
    segment.reserved += bytes.length
    this.#nextOffset = lastOffset + 1
    if (header.producerId >= 0) this.producers.add(header, baseOffset, now)
    const { count } = header
    const step = transactionStep(header, bytes, 0)
    return this.#queue
      .push({ segment, position, bytes, baseOffset, lastOffset, count, maxTimestamp, step })
      .then(() => ({ baseOffset, logAppendTime: appendTime ?? -1 }), storageError)
  }

  /** The first answer may not have gone out yet: the second waits for the same write. */
  async #answerAgain(baseOffset: number, timestamp: number): Promise<Appended> {
    await this.#queue.idle()
    this.#assertOpen()
    if (baseOffset >= this.#endOffset) throw new KafkaProtocolError('KAFKA_STORAGE_ERROR')
    return { baseOffset, logAppendTime: this.config.logAppendTime ? timestamp : -1 }
  }

  #assertOpen(): void {
    if (this.#state === 'open') return
    throw new KafkaProtocolError(this.#state === 'closed' ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'KAFKA_STORAGE_ERROR')
  }

  #segmentFor(size: number, baseOffset: number, lastOffset: number, maxTimestamp: number): Segment {
    const { active } = this.segments
    const { segmentBytes, segmentMs, maxCompactionLagMs } = this.config
    const maxAge = this.config.compact ? Math.min(segmentMs, maxCompactionLagMs) : segmentMs
    const isFull =
      active.reserved > 0 &&
      (active.reserved + size > segmentBytes ||
        lastOffset - active.baseOffset > 0x7fff_ffff ||
        (active.firstTimestamp >= 0 && maxTimestamp - active.firstTimestamp > maxAge))
    if (!isFull) return active
    const next = Segment.create(this.folder, baseOffset)
    this.segments.push(next)
    return next
  }

  #written(batch: PendingBatch): void {
    const { segment, baseOffset, position, bytes, maxTimestamp } = batch
    segment.appended(baseOffset, position, bytes.length, maxTimestamp, this.config.indexInterval)
    const { step } = batch
    if (step !== null) this.transactions.apply(step, baseOffset)
    this.#endOffset = batch.lastOffset + 1
    // The end of a transaction lets readers have what came before: how much is not counted.
    const more = step?.kind === 'end' ? Number.POSITIVE_INFINITY : bytes.length
    for (const watcher of this.watchers) watcher.appended(more)
  }

  /** What was promised offsets is not in the log: forget it, and take appends again when the files are as they were. */
  #writeFailed(error: Error): void {
    this.#parts.log.error('Cannot write to a log; its last appends failed', { log: this.name, error: error.message })
    if (this.#state === 'closed') return
    this.#state = 'repairing'
    void this.exclusive(() => this.#repair()).catch((repairError: Error) => {
      this.#parts.log.error('A log stays closed for appends until the broker is restarted', {
        log: this.name,
        error: repairError.message,
      })
    })
  }

  async #repair(): Promise<void> {
    const now = this.#parts.clock.monotonic()
    for (const segment of this.segments.all.filter(s => s.size === 0 && s !== this.segments.first)) {
      await segment.truncate(0).catch(() => {})
      this.segments.replace([segment], [])
      await segment.discard()
    }
    const { active } = this.segments
    await active.truncate(active.size)
    this.#nextOffset = this.#endOffset
    // Sequences of what failed must be accepted again.
    this.producers.restore(this.#saved.producers)
    for (const segment of this.segments.all.slice(this.segments.floor(this.#saved.producersTo))) {
      await segment.scan(0, this.config.indexInterval, now, header => {
        if (header.producerId < 0 || header.lastOffset < this.#saved.producersTo) return
        this.producers.add(header, header.baseOffset, header.maxTimestamp)
      })
    }
    if (this.#state === 'repairing') this.#state = 'open'
  }

  /** Offsets outside of the log throw KafkaProtocolError OFFSET_OUT_OF_RANGE; see `readBatches`. */
  read(offset: number, maxBytes: number, atLeastOne: boolean): Promise<LogSlice | null> {
    this.checkOffset(offset)
    if (offset === this.#endOffset) return Promise.resolve(null)
    const now = this.#parts.clock.monotonic()
    return readBatches(this.segments, this.#parts.pool, offset, maxBytes, atLeastOne, now)
  }

  /** As `read`, but only what is below the last stable offset, and with it which of it was aborted. */
  async readCommitted(offset: number, maxBytes: number, atLeastOne: boolean): Promise<CommittedSlice | null> {
    const to = this.lastStableOffset
    this.checkOffset(offset)
    if (offset >= to) return null
    const slice = await this.read(offset, maxBytes, atLeastOne)
    if (slice === null) return null
    const { records, endOffset } = batchesBelow(slice.records, to)
    return { records, release: slice.release, aborted: this.transactions.abortedIn(offset, endOffset) }
  }

  checkOffset(offset: number): void {
    if (this.#state === 'closed') throw new KafkaProtocolError('UNKNOWN_TOPIC_OR_PARTITION')
    if (offset >= this.startOffset && offset <= this.#endOffset) return
    const detail = `${offset} is not from ${this.startOffset} to ${this.#endOffset}`
    throw new KafkaProtocolError('OFFSET_OUT_OF_RANGE', { detail })
  }

  /** The first record with this timestamp or a later one. */
  async findTimestamp(timestamp: number): Promise<TimedOffset | null> {
    return findTimestamp(this.segments, timestamp, this.startOffset, this.#parts.clock.monotonic())
  }

  async findMaxTimestamp(): Promise<TimedOffset | null> {
    return findMaxTimestamp(this.segments, this.startOffset, this.#parts.clock.monotonic())
  }

  /** Forgets records below `offset`, durably; the space is given back by the next retention. -1: all. Returns the new start. */
  async deleteRecords(offset: number): Promise<number> {
    const target = offset === -1 ? this.#endOffset : offset
    if (target > this.#endOffset || target < 0) {
      throw new KafkaProtocolError('OFFSET_OUT_OF_RANGE', { detail: `${target} is not from 0 to ${this.#endOffset}` })
    }
    return this.exclusive(async () => {
      this.startOffset = Math.max(this.startOffset, target)
      await this.saveCheckpoint()
      return this.startOffset
    })
  }

  /** Files are changed by one at a time: retention, compaction, checkpoints, the end. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#exclusive.then(work)
    this.#exclusive = done.catch(() => {})
    return done
  }

  /** Begins a new segment, when nothing is on its way to the old one. Returns whether it did. */
  roll(): boolean {
    if (this.#state !== 'open' || !this.#queue.isIdle || this.segments.active.size === 0) return false
    this.segments.push(Segment.create(this.folder, this.#nextOffset))
    return true
  }

  /** Brings everything written to the disk and notes it as whole: the next start scans what comes after. Run it exclusively. */
  async save(): Promise<void> {
    const now = this.#parts.clock.monotonic()
    const unsaved = this.segments.all.filter(segment => segment.savedSize !== segment.size)
    if (unsaved.length === 0 && this.#isSaved()) return
    const flushedTo = this.#endOffset
    const transactions = this.transactions.snapshot(this.startOffset)
    await this.#queue.flush(now)
    // Those that were found at start as well.
    for (const segment of unsaved) await segment.flush(now)
    // Before the indexes: recovery reads again what the producers' snapshot does not cover, and what the index does not.
    await this.saveCheckpoint(flushedTo, transactions)
    for (const segment of unsaved) await segment.save(now)
  }

  #isSaved(): boolean {
    const { startOffset, cleanedTo, producersTo } = this.#saved
    return startOffset === this.startOffset && cleanedTo === this.cleanedTo && producersTo === this.#endOffset
  }

  /** `transactions` as they were when the log ended at `producersTo`. */
  async saveCheckpoint(
    producersTo: number = this.#endOffset,
    transactions: TransactionSnapshot = this.transactions.snapshot(this.startOffset),
  ): Promise<void> {
    const { startOffset, cleanedTo } = this
    const producers = this.producers.snapshot(producersTo)
    const checkpoint = { startOffset, cleanedTo, producersTo, producers, transactions }
    await writeCheckpoint(this.folder, checkpoint)
    this.#saved = checkpoint
  }

  /** For `flush.ms`. */
  async flushIfDue(): Promise<void> {
    const now = this.#parts.clock.monotonic()
    if (this.#queue.unflushedFor(now) >= this.config.flushMs) await this.#queue.flush(now)
  }

  /** Gives back descriptors and indexes of closed segments that were not read since. */
  async closeIdle(before: number): Promise<void> {
    for (const segment of this.segments.closed) await segment.closeIdle(before)
  }

  /** Waits for writes under way; saves, unless the partition is being deleted. */
  async close(options: { readonly save: boolean }): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    for (const watcher of [...this.watchers]) watcher.closed()
    this.watchers.clear()
    await this.#queue.idle()
    await this.exclusive(async () => {
      if (options.save) await this.save()
      // Reads under way end first: a descriptor closed under them may be another file's a moment later.
      for (const segment of this.segments.all) await segment.discard()
    })
  }
}

function storageError(error: Error): never {
  throw new KafkaProtocolError('KAFKA_STORAGE_ERROR', { detail: error.message }, { cause: error })
}
