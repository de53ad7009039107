import type { Clock } from '../../base/clock.ts'
import { syncData, writeFully } from './file-io.ts'
import type { TransactionStep } from './partition-transactions.ts'
import type { Segment } from './segment.ts'

/** A batch that has its offsets and its place in a segment, and now waits for its bytes to be written. */
export interface PendingBatch {
  readonly segment: Segment
  readonly position: number
  readonly bytes: Buffer
  readonly baseOffset: number
  readonly lastOffset: number
  readonly count: number
  readonly maxTimestamp: number
  readonly step: TransactionStep | null
}

interface Waiting {
  readonly batch: PendingBatch
  resolve(): void
  reject(error: Error): void
}

/** What one write takes at most: enough for speed, and it bounds what a slow disk holds up. */
const MAX_WRITE_BYTES = 16 * 1024 * 1024

export interface AppendQueueOptions {
  readonly clock: Clock
  /** Records that may be acknowledged before they are brought to the disk itself. */
  flushMessages(): number
  /** Called in order, before those who wait for the batch. */
  written(batch: PendingBatch): void
  /** Nothing of what was waiting is in the log. Called before those who wait learn it. */
  failed(error: Error): void
}

/**
 * Writes the batches of one partition in order, one write at a time. What arrives during a write goes with the next one:
 * the more producers, the fewer system calls per batch. Writing is asynchronous, since a disk behind its work blocks even
 * small writes for seconds. A batch is acknowledged when the operating system has it: `kill -9` of this process does not
 * lose it (invariant 6); `flush.messages` and `flush.ms` guard against the loss of power.
 */
export class AppendQueue {
  readonly #options: AppendQueueOptions
  #waiting: Waiting[] = []
  #running: Promise<void> | null = null
  #unflushed = 0
  #unflushedSince = 0
  /** Where they are: the log may have gone on to another segment since. */
  readonly #unflushedIn = new Set<Segment>()

  constructor(options: AppendQueueOptions) {
    this.#options = options
  }

  get isIdle(): boolean {
    return this.#running === null
  }

  /** Milliseconds since the oldest record that is not on the disk was written; 0 when all are. */
  unflushedFor(now: number): number {
    return this.#unflushed === 0 ? 0 : now - this.#unflushedSince
  }

  /** Brings all that was written to the disk. */
  async flush(now: number): Promise<void> {
    const segments = [...this.#unflushedIn]
    const records = this.#unflushed
    this.#unflushed = 0
    this.#unflushedIn.clear()
    try {
      for (const segment of segments) if (!segment.removed) await segment.withFile(now, syncData)
    } catch (error) {
      this.#unflushed += records
      for (const segment of segments) this.#unflushedIn.add(segment)
      throw error
    }
  }

  /** Resolves when the batch is written. */
  push(batch: PendingBatch): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when everything pushed so far is written, or has failed. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running
  }

  async #run(): Promise<void> {
    // One turn of the event loop's microtasks later: the partitions of one request, and requests read together, come first.
    await null
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup()
      try {
        await this.#write(group.map(entry => entry.batch))
      } catch (error) {
        this.#fail(group, error instanceof Error ? error : new Error(String(error)))
        continue
      }
      for (const { batch, resolve } of group) {
        this.#options.written(batch)
        resolve()
      }
    }
    this.#running = null
  }

  /** The longest run of batches for one segment. */
  #takeGroup(): Waiting[] {
    const waiting = this.#waiting
    const segment = waiting[0]!.batch.segment
    let count = 0
    let bytes = 0
    while (count < waiting.length && waiting[count]!.batch.segment === segment) {
      bytes += waiting[count]!.batch.bytes.length
      if (count > 0 && bytes > MAX_WRITE_BYTES) break
      count++
    }
    if (count === waiting.length) {
      this.#waiting = []
      return waiting
    }
    return waiting.splice(0, count)
  }

  async #write(batches: readonly PendingBatch[]): Promise<void> {
    const { segment, position } = batches[0]!
    const now = this.#options.clock.monotonic()
    let records = 0
    for (const batch of batches) records += batch.count
    await segment.withFile(now, async fd => {
      await writeFully(
        fd,
        batches.map(batch => batch.bytes),
        position,
      )
    })
    if (this.#unflushed === 0) this.#unflushedSince = now
    this.#unflushed += records
    this.#unflushedIn.add(segment)
    if (this.#unflushed >= this.#options.flushMessages()) await this.flush(now)
  }

  #fail(group: readonly Waiting[], error: Error): void {
    // What comes later was given offsets behind these: it must not be written over a gap (invariant 5).
    const failed = [...group, ...this.#waiting]
    this.#waiting = []
    this.#options.failed(error)
    for (const { reject } of failed) reject(error)
  }
}
