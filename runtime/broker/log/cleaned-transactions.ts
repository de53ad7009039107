import type { RecordBatchReader } from '../../protocol/record-batch-reader.ts'
import type { AbortedRange, PartitionTransactions } from './partition-transactions.ts'

/**
 * What compaction has to know of transactions while it goes through a log from its start: records of aborted ones go at
 * once and hide no others; a marker stays as long as something of its transaction does.
 */
export class CleanedTransactions {
  readonly #aborted = new Map<number, AbortedRange[]>()
  /** Producers of whose transaction, which is gone through now, something stays. */
  readonly #withData = new Set<number>()

  constructor(transactions: PartitionTransactions) {
    for (const range of transactions.abortedIn(0, Number.POSITIVE_INFINITY)) {
      const ranges = this.#aborted.get(range.producerId)
      if (ranges === undefined) this.#aborted.set(range.producerId, [range])
      else ranges.push(range)
    }
  }

  isAborted({ isTransactional, isControl, producerId, baseOffset }: RecordBatchReader): boolean {
    if (!isTransactional || isControl) return false
    const ranges = this.#aborted.get(producerId)
    return ranges?.some(r => r.firstOffset <= baseOffset && baseOffset < r.markerOffset) ?? false
  }

  /** Something of a transaction's batch stays. */
  kept({ isTransactional, producerId }: RecordBatchReader): void {
    if (isTransactional) this.#withData.add(producerId)
  }

  /** Whether something stays of the transaction that this marker ends. Ask once for each marker, in order. */
  hasDataBefore({ producerId }: RecordBatchReader): boolean {
    return this.#withData.delete(producerId)
  }
}
