import type { Log } from '../api/context.ts'
import type { SourceTask } from '../api/define.ts'
import { ConnectError } from '../api/errors.ts'
import { deadline } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import type { SourceOffset } from '../stores/ports.ts'
import type { SourceTaskMetrics } from '../telemetry/metrics-task.ts'
import { type Activity, briefly } from './activity.ts'
import type { SubmittedRecords } from './submitted-records.ts'

export interface SourceCommitterParts {
  readonly ledger: SubmittedRecords
  /** Resolves when the offsets are durable. */
  readonly store: (offsets: readonly SourceOffset[]) => Promise<void>
  readonly task: Pick<SourceTask, 'committed'>
  readonly activity: Activity
  readonly metrics: SourceTaskMetrics
  readonly log: Log
  readonly clock: Clock
  /** `offset.flush.timeout.ms` */
  readonly flushTimeoutMs: number
  /** Aborted when the task was given up: from then on nothing is stored nor told. */
  readonly cancelled: AbortSignal
}

type Told = Parameters<NonNullable<SourceTask['committed']>>[0]

/** Stores what the ledger allows, then tells the source. One cycle at a time. */
export class SourceCommitter {
  readonly #parts: SourceCommitterParts
  #running: Promise<void> | undefined

  constructor(parts: SourceCommitterParts) {
    this.#parts = parts
  }

  /**
   * One cycle. False when it failed, was late, or the one before it is not through yet: what it held is in the next one again.
   * Throws only when the source handed over an offset that cannot be stored.
   */
  async commit(): Promise<boolean> {
    const { ledger, metrics, log, clock, flushTimeoutMs, activity } = this.#parts
    if (this.#running !== undefined) {
      metrics.commitFailed()
      log.warn('The offset commit before this one is still under way; this one is left out')
      return false
    }
    const committable = ledger.committable()
    const started = clock.monotonic()
    const cycle = this.#cycle(committable).finally(() => {
      this.#running = undefined
    })
    this.#running = cycle
    try {
      await deadline(
        cycle,
        flushTimeoutMs,
        () => new ConnectError(`Storing offsets took more than offset.flush.timeout.ms (${flushTimeoutMs} ms)`),
      )
      metrics.committed(clock.monotonic() - started)
      activity.note = undefined
      return true
    } catch (error) {
      // A late cycle goes on: when it ends well, its offsets count as stored.
      cycle.catch(() => {})
      metrics.commitFailed()
      activity.note = `the last offset commit failed (${briefly(error)}), it is tried again`
      log.error('Offsets could not be committed; they are tried again at the next commit', { error })
      return false
    }
  }

  /** Resolves when no cycle is under way. */
  async settled(): Promise<void> {
    await this.#running?.catch(() => {})
  }

  async #cycle(committable: ReturnType<SubmittedRecords['committable']>): Promise<void> {
    const { ledger, store, task, cancelled } = this.#parts
    if (cancelled.aborted) return
    if (committable.offsets.length > 0) await store(committable.offsets)
    // Invariant 2: the source hears of it only now.
    if (cancelled.aborted) return
    await task.committed?.(committable.offsets as Told)
    // Not before: what `committed` failed to take is told again.
    ledger.stored(committable)
  }
}
