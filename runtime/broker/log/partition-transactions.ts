import type { BatchHeader } from '../../protocol/batch-header.ts'
import { controlType } from '../../protocol/control-records.ts'
import { RecordBatchReader } from '../../protocol/record-batch-reader.ts'

/** What a batch does to its producer's transaction in a partition. */
export type TransactionStep =
  | { readonly kind: 'data'; readonly producerId: number }
  | { readonly kind: 'end'; readonly producerId: number; readonly committed: boolean }

/** Batches of one producer, from its first to the marker that aborts them. */
export interface AbortedRange {
  readonly producerId: number
  readonly firstOffset: number
  readonly markerOffset: number
}

/** As stored: producer and first offset of open ones; producer, first offset and offset of the marker of aborted ones. */
export interface TransactionSnapshot {
  readonly open: readonly (readonly [number, number])[]
  readonly aborted: readonly (readonly [number, number, number])[]
}

export const noTransactions: TransactionSnapshot = { open: [], aborted: [] }

const reader = new RecordBatchReader()

/** null: the batch at `at` belongs to no transaction. */
export function transactionStep(header: BatchHeader, buf: Buffer, at: number): TransactionStep | null {
  if (!header.isTransactional) return null
  const { producerId } = header
  if (!header.isControl) return { kind: 'data', producerId }
  reader.read(buf, at, at + header.sizeInBytes)
  const key = reader.count === 0 ? null : reader.key(0)
  const type = key === null ? 'other' : controlType(key)
  return type === 'other' ? null : { kind: 'end', producerId, committed: type === 'commit' }
}

/** What a partition knows of transactions, of what is written only: what is open holds `read_committed` readers back. */
export class PartitionTransactions {
  /** First offset per producer; the order of the map is the order in the log. */
  readonly #open = new Map<number, number>()
  /** In the order of their markers. */
  #aborted: AbortedRange[] = []

  /** The first offset of the oldest open transaction; undefined: none is open. */
  get firstOpen(): number | undefined {
    return this.#open.values().next().value
  }

  /** The first offset of the producer's open transaction; undefined: it has none here. */
  openOf(producerId: number): number | undefined {
    return this.#open.get(producerId)
  }

  /** Those with an open transaction. */
  producers(): number[] {
    return [...this.#open.keys()]
  }

  apply(step: TransactionStep, offset: number): void {
    const firstOffset = this.#open.get(step.producerId)
    if (step.kind === 'data') {
      if (firstOffset === undefined) this.#open.set(step.producerId, offset)
      return
    }
    // A marker written again after a crash ends nothing.
    if (firstOffset === undefined) return
    this.#open.delete(step.producerId)
    if (!step.committed) this.#aborted.push({ producerId: step.producerId, firstOffset, markerOffset: offset })
  }

  /** Aborted transactions with something at or behind `from` and before `to`, by their first offset. */
  abortedIn(from: number, to: number): AbortedRange[] {
    const found: AbortedRange[] = []
    for (let i = this.#aborted.length - 1; i >= 0; i--) {
      const range = this.#aborted[i]!
      if (range.markerOffset < from) break
      if (range.firstOffset < to) found.push(range)
    }
    return found.sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Nothing of it is in the log any more, or will not be when its marker goes. */
  forgetAborted(producerId: number, markerOffset: number): void {
    this.#aborted = this.#aborted.filter(r => r.producerId !== producerId || r.markerOffset !== markerOffset)
  }

  /** Forgets what ended before the log's start. */
  snapshot(startOffset: number): TransactionSnapshot {
    if (this.#aborted.length > 0 && this.#aborted[0]!.markerOffset < startOffset) {
      this.#aborted = this.#aborted.filter(range => range.markerOffset >= startOffset)
    }
    return {
      open: [...this.#open],
      aborted: this.#aborted.map(r => [r.producerId, r.firstOffset, r.markerOffset] as const),
    }
  }

  restore({ open, aborted }: TransactionSnapshot): void {
    this.#open.clear()
    for (const [producerId, firstOffset] of open) this.#open.set(producerId, firstOffset)
    this.#aborted = aborted.map(([producerId, firstOffset, markerOffset]) => ({
      producerId,
      firstOffset,
      markerOffset,
    }))
  }

  /**
   * The log ends at `end`, before what the snapshot speaks of: an aborted transaction that lost its marker is open again,
   * until the coordinator, which knows better, ends it anew. Where a committed one lost its marker nothing is to be done.
   */
  cutTo(end: number): void {
    const cut = this.#aborted.filter(range => range.markerOffset >= end)
    this.#aborted = this.#aborted.filter(range => range.markerOffset < end)
    const open = [...this.#open, ...cut.map(r => [r.producerId, r.firstOffset] as const)]
    this.#open.clear()
    for (const [producerId, first] of open.sort((a, b) => a[1] - b[1])) {
      if (first < end && !this.#open.has(producerId)) this.#open.set(producerId, first)
    }
  }
}
