import { setImmediate as turn } from 'node:timers/promises'
import type { Log } from '../api/context.ts'
import type { SourceTask } from '../api/define.ts'
import { ConnectError, isRetriable } from '../api/errors.ts'
import type { SourceRecord } from '../api/record.ts'
import { AbortedError, deadline, race, settledWithin, sleep } from '../base/abort.ts'
import { backoffDelay } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { type Deferred, deferred } from '../base/deferred.ts'
import type { Producer } from '../kafka/ports.ts'
import type { SourceOffset } from '../stores/ports.ts'
import type { SourceTaskMetrics } from '../telemetry/metrics-task.ts'
import { type Activity, briefly } from './activity.ts'
import { SourceCommitter } from './source-committer.ts'
import { SourceTransactions, type TransactionParts } from './source-transactions.ts'
import { type ProduceFailure, SubmittedRecords } from './submitted-records.ts'

/** Transforms, converts and appends a batch to the producer; tells the ledger of every record, in order. */
export interface SourceAppender {
  append(batch: readonly SourceRecord[], ledger: SubmittedRecords): Promise<unknown>
}

export interface SourceLoopParts {
  readonly task: SourceTask
  readonly pipeline: SourceAppender
  readonly producer: Pick<Producer, 'ready' | 'send' | 'flush'>
  /** Exactly once: offsets are committed with their records, and `store` is not used. */
  readonly transactions?: TransactionParts
  /** Resolves when the offsets are durable. */
  readonly store: (offsets: readonly SourceOffset[]) => Promise<void>
  /** Whether records that the producer gave up fail the task. */
  readonly produceFailed: ProduceFailure
  /** Hears of every topic in which a record was stored, once between two commits. */
  readonly topicUsed: (topic: string) => void
  readonly activity: Activity
  readonly metrics: SourceTaskMetrics
  readonly log: Log
  readonly clock: Clock
  /** `offset.flush.interval.ms` */
  readonly flushIntervalMs: number
  /** `offset.flush.timeout.ms` */
  readonly flushTimeoutMs: number
}

const RETRY = { initialMs: 300, maxMs: 60_000 }
/** A source that always has a batch at hand must not starve timers: heartbeats, commits, the answer to a ping. */
const TURN_MS = 15

/**
 * Drives one source task: a batch is pulled only when the producer has room (backpressure), appended, and its offsets are
 * stored at intervals, once acknowledged.
 */
export class SourceLoop {
  readonly #parts: SourceLoopParts
  readonly #ledger: SubmittedRecords
  readonly #halt = new AbortController()
  readonly #cancelled = new AbortController()
  readonly #committer: SourceCommitter
  readonly #transactions: SourceTransactions | undefined
  #failure: { readonly error: unknown } | undefined
  #resumed: Deferred<void> | undefined
  #iterator: AsyncIterator<readonly SourceRecord[]> | undefined
  #attempt = 0
  #ended = false

  constructor(parts: SourceLoopParts) {
    this.#parts = parts
    this.#ledger = new SubmittedRecords(
      (count, topic, partition, error) => {
        // What the closing producer gives up after the last commit is read again: no failure of the task.
        if (this.#ended) return 'fail'
        const decision = parts.produceFailed(count, topic, partition, error)
        if (decision === 'fail') this.#fail(unwritten(count, topic, partition, error))
        return decision
      },
      topic => parts.topicUsed(topic),
    )
    const cancelled = this.#cancelled.signal
    this.#committer = new SourceCommitter({ ...parts, ledger: this.#ledger, cancelled })
    this.#transactions =
      parts.transactions && new SourceTransactions({ ...parts, ...parts.transactions, cancelled }, this.#ledger)
  }

  /** Nothing is pulled nor sent any more until `resume`; what was sent is still committed. */
  pause(): void {
    this.#resumed ??= deferred()
  }

  resume(): void {
    this.#resumed?.resolve()
    this.#resumed = undefined
  }

  /** The task is given up: nothing is stored from here on (invariant 7). */
  cancel(): void {
    this.#ended = true
    this.#cancelled.abort()
    this.#halt.abort()
  }

  /** Counts for the metrics, brought up to date when they are read. */
  measure(): void {
    this.#parts.metrics.progress(this.#ledger.acknowledged, this.#ledger.inFlight)
  }

  /** Runs until `stop` aborts (then resolves, last commit included) or the task fails (then throws, after the same commit). */
  async run(stop: AbortSignal): Promise<void> {
    const onStop = () => this.#halt.abort(stop.reason)
    if (stop.aborted) onStop()
    stop.addEventListener('abort', onStop, { once: true })
    const commits = this.#commitRegularly()
    try {
      await this.#pump()
    } catch (error) {
      if (!this.#halt.signal.aborted) this.#fail(error)
    } finally {
      stop.removeEventListener('abort', onStop)
      this.#halt.abort()
      await commits
      if (!this.#cancelled.signal.aborted) await this.#finish()
      this.#ended = true
    }
    if (this.#failure !== undefined) throw this.#failure.error
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#halt.abort(error)
  }

  async #commitRegularly(): Promise<void> {
    try {
      for (;;) {
        const { flushIntervalMs, transactions } = this.#parts
        const boundary = transactions?.boundary
        await sleep(boundary?.kind === 'interval' ? Math.max(1, boundary.ms) : flushIntervalMs, this.#halt.signal)
        await (this.#transactions === undefined ? this.#committer.commit() : this.#transactions.tick())
      }
    } catch (error) {
      if (!(error instanceof AbortedError)) this.#fail(error)
    }
  }

  async #pump(): Promise<void> {
    const { producer, pipeline, metrics, activity, clock } = this.#parts
    const { signal } = this.#halt
    let turned = clock.monotonic()
    for (;;) {
      await this.#unpaused()
      activity.begin('waiting for Kafka to take records')
      await producer.ready(signal)
      activity.end()
      const asked = clock.monotonic()
      const batch = await this.#next()
      if (batch === undefined) return
      const now = clock.monotonic()
      if (batch.length > 0) {
        metrics.polled(batch.length, now - asked)
        // A batch that came while the task was being paused waits: PAUSED means that nothing is written.
        await this.#unpaused()
        const append = async (records: readonly SourceRecord[]) => {
          this.#ledger.beginBatch()
          activity.begin(`appending a batch of ${records.length} records`)
          await pipeline.append(records, this.#ledger)
          producer.send()
          activity.end()
        }
        await (this.#transactions === undefined ? append(batch) : this.#transactions.batch(batch, append))
        this.measure()
      }
      if (now - turned >= TURN_MS) {
        await turn()
        turned = clock.monotonic()
      }
    }
  }

  /** The next batch; undefined when the task must end. Only here is a RetriableError a matter of `read`, never one of `append`. */
  async #next(): Promise<readonly SourceRecord[] | undefined> {
    const { task, activity, log } = this.#parts
    const { signal } = this.#halt
    for (;;) {
      try {
        this.#iterator ??= task.read()[Symbol.asyncIterator]()
        const { done, value } = await race(this.#iterator.next(), signal)
        if (this.#attempt > 0) activity.note = undefined
        this.#attempt = 0
        if (done !== true) return value
        this.#iterator = undefined
        activity.note = 'the source has nothing more to read'
        await race(deferred().promise, signal)
      } catch (error) {
        if (signal.aborted) throw error
        this.#iterator = undefined
        if (!isRetriable(error)) throw error
        const delay = error.retryAfterMs ?? backoffDelay(RETRY, this.#attempt)
        this.#attempt++
        activity.note = `reading failed ${this.#attempt} times (${briefly(error)}), tried again in ${Math.ceil(delay / 1000)} s`
        log.warn(`Reading failed and is tried again in ${Math.round(delay)} ms`, { error, attempt: this.#attempt })
        await sleep(delay, signal)
      }
    }
  }

  async #unpaused(): Promise<void> {
    while (this.#resumed !== undefined) await race(this.#resumed.promise, this.#halt.signal)
  }

  /** Waits for what is on its way, commits it, then lets `read` end. */
  async #finish(): Promise<void> {
    const { log, flushTimeoutMs, activity } = this.#parts
    activity.begin('the last commit')
    await (this.#transactions === undefined ? this.#commitLast() : this.#commitLastTransaction(this.#transactions))
    this.measure()
    activity.begin('ending read')
    const ended = this.#iterator?.return?.()
    if (ended === undefined) return
    try {
      await deadline(ended, flushTimeoutMs, () => new ConnectError('read did not return after ctx.signal aborted'))
    } catch (error) {
      log.warn('read did not end well', { error })
    }
    activity.end()
  }

  /** What a failed task wrote since its last commit is aborted with its producer. */
  async #commitLastTransaction(transactions: SourceTransactions): Promise<void> {
    if (this.#failure !== undefined) return
    try {
      await transactions.last()
    } catch (error) {
      this.#fail(error)
    }
  }

  async #commitLast(): Promise<void> {
    const { producer, log, flushTimeoutMs } = this.#parts
    try {
      await producer.flush(AbortSignal.timeout(flushTimeoutMs))
    } catch (error) {
      log.warn(`${this.#ledger.inFlight} records were not acknowledged before the last commit; they are read again`, {
        error,
      })
    }
    // One that hangs must not keep a task that has failed from saying so (invariant 8).
    await settledWithin(this.#committer.settled(), flushTimeoutMs)
    try {
      await this.#committer.commit()
    } catch (error) {
      this.#fail(error)
    }
  }
}

const unwritten = (count: number, topic: string, partition: number, error: Error): ConnectError =>
  new ConnectError(
    `Unrecoverable exception from producer send callback: ${count} record(s) for ${topic}-${partition} could not be written`,
    { cause: error },
  )
