import type { SourceTask } from '../api/define.ts'
import { ConnectError } from '../api/errors.ts'
import type { SourceRecord } from '../api/record.ts'
import type { Clock } from '../base/clock.ts'
import type { SourceOffset } from '../stores/ports.ts'
import type { SourceTaskMetrics } from '../telemetry/metrics-task.ts'
import type { Activity } from './activity.ts'
import type { SubmittedRecords } from './submitted-records.ts'
import type { TransactionAsks, TransactionEnd } from './transaction-asks.ts'

/** When a transaction ends: with each batch, when `ms` have passed since the last end, or where the connector asks. */
export type TransactionBoundary =
  | { readonly kind: 'poll' }
  | { readonly kind: 'interval'; readonly ms: number }
  | { readonly kind: 'connector' }

/** How the records of a source task and its offsets get into one transaction. */
export interface TransactionParts {
  readonly boundary: TransactionBoundary
  /** What the connector asks for, when the boundary is its own. */
  readonly requests: TransactionAsks
  /** Writes the offsets beside the records and commits both. Throws when nothing of it may be visible. */
  commit(offsets: readonly SourceOffset[]): Promise<void>
  /** Nothing written since the last end becomes visible. */
  abort(): Promise<void>
}

export interface SourceTransactionsParts extends TransactionParts {
  readonly task: Pick<SourceTask, 'committed'>
  readonly activity: Activity
  readonly metrics: SourceTaskMetrics
  readonly clock: Clock
  /** Aborted when the task was given up: from then on nothing is committed nor told. */
  readonly cancelled: AbortSignal
}

type Told = Parameters<NonNullable<SourceTask['committed']>>[0]

/**
 * Ends the transactions of a source task: batches and their offsets become visible together (invariants 1 and 6). A batch
 * is never split over two: commits and appends take turns.
 */
export class SourceTransactions {
  readonly #parts: SourceTransactionsParts
  readonly #ledger: SubmittedRecords
  #lastEnd: number
  /** Records since then. */
  #records = 0
  #appending = false
  #committing: Promise<void> | undefined

  constructor(parts: SourceTransactionsParts, ledger: SubmittedRecords) {
    this.#parts = parts
    this.#ledger = ledger
    this.#lastEnd = parts.clock.monotonic()
  }

  /** Waits for a commit under way, then has the batch appended, and ends what ends with it or within it. */
  async batch(
    records: readonly SourceRecord[],
    append: (part: readonly SourceRecord[]) => Promise<void>,
  ): Promise<void> {
    const { boundary, requests } = this.#parts
    await this.#committing
    for (const part of boundary.kind === 'connector' ? requests.take(records) : [{ records }]) {
      this.#appending = true
      try {
        this.#records += part.records.length
        await append(part.records)
      } finally {
        this.#appending = false
      }
      const end: TransactionEnd | undefined = 'end' in part ? part.end : this.#isDue() ? 'commit' : undefined
      if (end !== undefined) await this.#end(end)
    }
  }

  /** For a source that is idle: what came before is not left open for longer than the interval. */
  async tick(): Promise<void> {
    if (!this.#appending && this.#isDue()) await this.#end('commit')
  }

  /** Before the task ends. What a connector has not ended itself stays open, and is aborted with the producer. */
  async last(): Promise<void> {
    await this.#committing
    if (this.#parts.boundary.kind !== 'connector') await this.#end('commit')
  }

  /** Everything appended so far, with its offsets. A failure leaves nothing of it visible. */
  #end(end: TransactionEnd): Promise<void> {
    this.#committing ??= this.#endNow(end).finally(() => (this.#committing = undefined))
    return this.#committing
  }

  #isDue(): boolean {
    const { boundary, clock } = this.#parts
    if (boundary.kind === 'interval') return clock.monotonic() - this.#lastEnd >= boundary.ms
    return boundary.kind === 'poll'
  }

  async #endNow(end: TransactionEnd): Promise<void> {
    const { commit, abort, task, activity, metrics, clock, cancelled } = this.#parts
    const started = clock.monotonic()
    activity.begin('committing a transaction')
    try {
      if (cancelled.aborted) return
      // With the records rather than after them: fewer round trips, and one that fails takes the offsets with it.
      const offsets = this.#ledger.submitted()
      // The offsets of what is aborted count: it is not to be read again.
      if (end === 'abort') await abort()
      if (offsets.length > 0) await commit(offsets)
      this.#ledger.stored(this.#ledger.committable())
      this.#lastEnd = clock.monotonic()
      metrics.committed(this.#lastEnd - started)
      if (end === 'commit' && this.#records > 0) metrics.transaction(this.#records)
      this.#records = 0
      if (cancelled.aborted) return
      // Invariant 2: the source hears of it only now.
      await task.committed?.(offsets as Told)
    } catch (error) {
      metrics.commitFailed()
      throw failure(error)
    } finally {
      activity.end()
    }
  }
}

const failure = (error: unknown): ConnectError => {
  const code = (error as { readonly kafkaCode?: string }).kafkaCode
  const why =
    code === 'INVALID_PRODUCER_EPOCH' || code === 'PRODUCER_FENCED'
      ? ': either the transaction took longer than transaction.timeout.ms of the producer (raise producer.override.transaction.timeout.ms or commit more often), or another task has taken the place of this one'
      : ''
  return new ConnectError(`Failed to flush offsets and/or records${why}`, { cause: error })
}
