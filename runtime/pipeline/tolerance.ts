import type { Log } from '../api/context.ts'
import { ConnectError, isRetriable } from '../api/errors.ts'
import { AbortedError, sleep } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import type { ErrorCounters } from '../telemetry/metrics-task.ts'
import type { FailedRecord, Stage } from './stage.ts'

/** A connector's `errors.*` settings. */
export interface ToleranceSettings {
  /** `errors.tolerance=all` */
  readonly tolerateAll: boolean
  /** `errors.retry.timeout`, ms; -1: without end, 0: no retry. */
  readonly retryTimeoutMs: number
  /** `errors.retry.delay.max.ms` */
  readonly retryDelayMaxMs: number
  /** `errors.log.enable` */
  readonly logErrors: boolean
  /** `errors.log.include.messages` */
  readonly logRecords: boolean
}

/** Takes over records that are given up; a failure of its own surfaces in its `flush`. */
export interface DeadLetters {
  report(record: FailedRecord, stage: Stage, className: string, error: unknown): void
}

export interface ToleranceParts {
  readonly settings: ToleranceSettings
  /** `NAME-0` */
  readonly taskName: string
  readonly log: Log
  readonly clock: Clock
  readonly counters: ErrorCounters
  readonly deadLetters?: DeadLetters
  readonly random?: () => number
}

const firstDelayMs = 300

/**
 * The one place that decides what becomes of a record that failed: tried again, left out (after it was logged and
 * dead-lettered), or the end of the task (invariant 4).
 */
export class Tolerance {
  readonly #parts: ToleranceParts

  constructor(parts: ToleranceParts) {
    this.#parts = parts
  }

  /** Whether `retry` would try at all: the caller's fast path stays synchronous. */
  retries(error: unknown): boolean {
    return this.#parts.settings.retryTimeoutMs !== 0 && isRetriable(error)
  }

  /** Runs the operation again, with growing delays (or those that the error asks for), until it works, fails for good, or time is up; then throws the last error. */
  async retry<T>(operation: () => T | Promise<T>, firstError: unknown, signal?: AbortSignal): Promise<T> {
    const { settings, clock, counters, random = Math.random } = this.#parts
    const until = settings.retryTimeoutMs < 0 ? Number.POSITIVE_INFINITY : clock.monotonic() + settings.retryTimeoutMs
    let error = firstError
    for (let attempt = 1; isRetriable(error); attempt++) {
      counters.recordErrors++
      const left = until - clock.monotonic()
      if (left <= 0) break
      const wanted = firstDelayMs * 2 ** (attempt - 1)
      const delay =
        error.retryAfterMs ?? (wanted > settings.retryDelayMaxMs ? random() * settings.retryDelayMaxMs : wanted)
      await sleep(Math.min(delay, left), signal)
      counters.retries++
      try {
        return await operation()
      } catch (next) {
        error = next
      }
    }
    throw error
  }

  /** Runs what concerns a whole batch: tried again as a record's failure is, but nothing is left out when it fails for good. */
  async attempt(operation: () => Promise<void>, stage: Stage, className: string, signal?: AbortSignal): Promise<void> {
    try {
      await operation()
    } catch (error) {
      try {
        if (!this.retries(error)) throw error
        await this.retry(operation, error, signal)
      } catch (last) {
        if (last instanceof AbortedError) throw last
        throw new ConnectError(`A whole batch failed: stage ${stage}, class ${className}`, { cause: last })
      }
    }
  }

  /** The record is given up at this stage: reported always, then left out when errors are tolerated, else thrown. */
  giveUp(record: FailedRecord, stage: Stage, className: string, error: unknown): void {
    const { settings, taskName, log, clock, counters, deadLetters } = this.#parts
    counters.recordFailures++
    if (!isRetriable(error)) counters.recordErrors++
    counters.lastErrorTimestamp = clock.now()
    if (settings.logErrors) {
      const shown = settings.logRecords ? record.describe() : ''
      log.error(
        `Error encountered in task ${taskName}. Executing stage '${stage}' with class '${className}'${shown}.`,
        { error },
      )
      counters.errorsLogged++
    }
    deadLetters?.report(record, stage, className, error)
    if (!settings.tolerateAll)
      // Kafka Connect's words have a line of their own: alerts look for them.
      throw new ConnectError(
        `Tolerance exceeded in error handler\n  in stage ${stage}, class ${className}${where(record)}`,
        { cause: error },
      )
    counters.recordsSkipped++
  }
}

const where = ({ consumed }: FailedRecord): string =>
  consumed === undefined ? '' : `, record ${consumed.topic}-${consumed.partition}@${consumed.offset}`
