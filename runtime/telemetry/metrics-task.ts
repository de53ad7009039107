import { type Clock, systemClock } from '../base/clock.ts'
import type { MetricAttribute, MetricGroup } from './metrics-names.ts'
import { Series, Shares, Total } from './metrics-window.ts'

/** Values by group and attribute; plain JSON, crosses threads. */
export type MetricValues = { readonly [G in MetricGroup]?: { readonly [A in MetricAttribute<G>]?: number } }

/** Counted where errors are handled (contract of Kafka Connect's task-error-metrics). */
export interface ErrorCounters {
  recordFailures: number
  recordErrors: number
  recordsSkipped: number
  retries: number
  errorsLogged: number
  deadLetterRequests: number
  deadLetterFailures: number
  /** Milliseconds since the epoch; 0: none yet. */
  lastErrorTimestamp: number
}

export const noErrors = (): ErrorCounters => ({
  recordFailures: 0,
  recordErrors: 0,
  recordsSkipped: 0,
  retries: 0,
  errorsLogged: 0,
  deadLetterRequests: 0,
  deadLetterFailures: 0,
  lastErrorTimestamp: 0,
})

type Phase = 'running' | 'paused' | 'other'

const percent = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

/** What every task counts. One object per task; its methods are called per batch. */
export class TaskMetrics {
  readonly errors: ErrorCounters = noErrors()
  /** That came in since the start, from the connector or from Kafka. */
  records = 0
  protected readonly clock: Clock
  readonly #phases: Shares<Phase>
  readonly #batchSize: Series
  readonly #commitTime: Series
  #commits = 0
  #commitFailures = 0

  constructor(clock: Clock = systemClock) {
    this.clock = clock
    const now = clock.monotonic()
    this.#phases = new Shares<Phase>('other', now)
    this.#batchSize = new Series(now)
    this.#commitTime = new Series(now)
  }

  phase(phase: Phase): void {
    this.#phases.enter(phase, this.clock.monotonic())
  }

  batch(records: number): void {
    this.records += records
    this.#batchSize.add(records)
  }

  committed(ms: number): void {
    this.#commits++
    this.#commitTime.add(ms)
  }

  commitFailed(): void {
    this.#commits++
    this.#commitFailures++
  }

  values(): MetricValues {
    const now = this.clock.monotonic()
    const size = this.#batchSize.read(now)
    const commit = this.#commitTime.read(now)
    const { errors } = this
    return {
      'connector-task-metrics': {
        'running-ratio': this.#phases.share('running', now),
        'pause-ratio': this.#phases.share('paused', now),
        'offset-commit-max-time-ms': commit.max,
        'offset-commit-avg-time-ms': commit.avg,
        'batch-size-max': size.max,
        'batch-size-avg': size.avg,
        'offset-commit-failure-percentage': percent(this.#commitFailures, this.#commits),
        'offset-commit-success-percentage': percent(this.#commits - this.#commitFailures, this.#commits),
      },
      'task-error-metrics': {
        'total-record-failures': errors.recordFailures,
        'total-record-errors': errors.recordErrors,
        'total-records-skipped': errors.recordsSkipped,
        'total-retries': errors.retries,
        'total-errors-logged': errors.errorsLogged,
        'deadletterqueue-produce-requests': errors.deadLetterRequests,
        'deadletterqueue-produce-failures': errors.deadLetterFailures,
        'last-error-timestamp': errors.lastErrorTimestamp,
      },
    }
  }
}

export class SourceTaskMetrics extends TaskMetrics {
  readonly #polled: Total
  readonly #written: Total
  /** undefined: no transaction has ended yet. */
  #transactionSize: Series | undefined
  readonly #pollTime: Series
  readonly #active: Series
  #activeNow = 0

  constructor(clock: Clock = systemClock) {
    super(clock)
    const now = clock.monotonic()
    this.#polled = new Total(now)
    this.#written = new Total(now)
    this.#pollTime = new Series(now)
    this.#active = new Series(now)
  }

  /** A batch of the connector, and how long it was waited for. */
  polled(records: number, ms: number): void {
    this.#polled.total += records
    this.#pollTime.add(ms)
    this.batch(records)
  }

  /** A transaction was committed with so many records. */
  transaction(records: number): void {
    this.#transactionSize ??= new Series(this.clock.monotonic())
    this.#transactionSize.add(records)
  }

  /** Totals since the start: `written` acknowledged by Kafka, `active` on their way. */
  progress(written: number, active: number): void {
    this.#written.total = written
    this.#activeNow = active
    this.#active.add(active)
  }

  override values(): MetricValues {
    const now = this.clock.monotonic()
    const poll = this.#pollTime.read(now)
    const active = this.#active.read(now)
    const size = this.#transactionSize?.read(now)
    return {
      ...super.values(),
      'source-task-metrics': {
        'source-record-poll-rate': this.#polled.rate(now),
        'source-record-poll-total': this.#polled.total,
        'source-record-write-rate': this.#written.rate(now),
        'source-record-write-total': this.#written.total,
        'poll-batch-max-time-ms': poll.max,
        'poll-batch-avg-time-ms': poll.avg,
        'source-record-active-count': this.#activeNow,
        'source-record-active-count-max': active.max,
        'source-record-active-count-avg': active.avg,
        ...(size !== undefined && {
          'transaction-size-min': size.min,
          'transaction-size-max': size.max,
          'transaction-size-avg': size.avg,
        }),
      },
    }
  }
}

export class SinkTaskMetrics extends TaskMetrics {
  partitions = 0
  commitNumber = 0
  readonly #read: Total
  readonly #sent: Total
  readonly #completed: Total
  readonly #skipped: Total
  readonly #writeTime: Series
  readonly #active: Series
  #activeNow = 0

  constructor(clock: Clock = systemClock) {
    super(clock)
    const now = clock.monotonic()
    this.#read = new Total(now)
    this.#sent = new Total(now)
    this.#completed = new Total(now)
    this.#skipped = new Total(now)
    this.#writeTime = new Series(now)
    this.#active = new Series(now)
  }

  /** A batch as it came from Kafka, before transformations. */
  fetched(records: number): void {
    this.#read.total += records
    this.batch(records)
  }

  /** A batch that the connector took, and how long it needed. */
  written(records: number, ms: number): void {
    this.#sent.total += records
    this.#writeTime.add(ms)
  }

  /** Records read and not yet committed. */
  active(records: number): void {
    this.#activeNow = records
    this.#active.add(records)
  }

  commitCompleted(): void {
    this.#completed.total++
  }

  commitSkipped(): void {
    this.#skipped.total++
  }

  override values(): MetricValues {
    const now = this.clock.monotonic()
    const write = this.#writeTime.read(now)
    const active = this.#active.read(now)
    return {
      ...super.values(),
      'sink-task-metrics': {
        'sink-record-read-rate': this.#read.rate(now),
        'sink-record-read-total': this.#read.total,
        'sink-record-send-rate': this.#sent.rate(now),
        'sink-record-send-total': this.#sent.total,
        'partition-count': this.partitions,
        'offset-commit-seq-no': this.commitNumber,
        'offset-commit-completion-rate': this.#completed.rate(now),
        'offset-commit-completion-total': this.#completed.total,
        'offset-commit-skip-rate': this.#skipped.rate(now),
        'offset-commit-skip-total': this.#skipped.total,
        'put-batch-max-time-ms': write.max,
        'put-batch-avg-time-ms': write.avg,
        'sink-record-active-count': this.#activeNow,
        'sink-record-active-count-max': active.max,
        'sink-record-active-count-avg': active.avg,
      },
    }
  }
}
