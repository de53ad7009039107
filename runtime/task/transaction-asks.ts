import type { TransactionRequests } from '../api/context.ts'
import type { SourceRecord } from '../api/record.ts'

export type TransactionEnd = 'commit' | 'abort'

/** What a connector has asked for and has not got yet; the last word on a batch or a record counts. */
export class TransactionAsks implements TransactionRequests {
  #batch: TransactionEnd | undefined
  /** Weak: a record that is never handed over must not stay. */
  #records = new WeakMap<SourceRecord, TransactionEnd>()
  #asksForRecords = false

  commit(): void {
    this.#batch = 'commit'
  }

  commitAfter(record: SourceRecord): void {
    this.#records.set(record, 'commit')
    this.#asksForRecords = true
  }

  abort(): void {
    this.#batch = 'abort'
  }

  abortAfter(record: SourceRecord): void {
    this.#records.set(record, 'abort')
    this.#asksForRecords = true
  }

  /** Cuts a batch behind each record that a transaction ends with; what was asked for is given by it. */
  take(batch: readonly SourceRecord[]): { readonly records: readonly SourceRecord[]; readonly end?: TransactionEnd }[] {
    const parts: { records: readonly SourceRecord[]; end?: TransactionEnd }[] = []
    let from = 0
    if (this.#asksForRecords) {
      for (const [at, record] of batch.entries()) {
        const end = this.#records.get(record)
        if (end === undefined) continue
        this.#records.delete(record)
        parts.push({ records: batch.slice(from, at + 1), end })
        from = at + 1
      }
    }
    const last = this.#batch
    this.#batch = undefined
    if (from < batch.length) parts.push({ records: batch.slice(from), ...(last !== undefined && { end: last }) })
    else if (last !== undefined && parts.length > 0) parts[parts.length - 1]!.end = last
    return parts
  }
}
