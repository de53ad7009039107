export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/**
 * What `read_committed` leaves out of one fetch answer: from an aborted transaction's first offset on, its producer's
 * transactional batches, until the marker that aborts it. The broker names every aborted transaction that touches the
 * answer, those that began before it included.
 */
export class TransactionFilter {
  readonly #aborted: readonly AbortedTransaction[]
  #next = 0
  readonly #open = new Set<number>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#aborted = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Whether the batch belongs to an aborted transaction. Ask for every batch of the answer, in order. */
  leavesOut(producerId: number, lastOffset: number, isTransactional: boolean): boolean {
    while (this.#next < this.#aborted.length && this.#aborted[this.#next]!.firstOffset <= lastOffset) {
      this.#open.add(this.#aborted[this.#next++]!.producerId)
    }
    return isTransactional && this.#open.has(producerId)
  }

  /** The marker that aborts this producer's transaction. */
  abortMarker(producerId: number): void {
    this.#open.delete(producerId)
  }
}
