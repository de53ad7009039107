import { setImmediate as turn } from 'node:timers/promises'
import type { Log, SinkContext } from '../api/context.ts'
import type { SinkTask } from '../api/define.ts'
import { ConnectError, isRetriable } from '../api/errors.ts'
import type { SinkRecord, TopicPartition, TopicPartitionOffset } from '../api/record.ts'
import { AbortedError, race } from '../base/abort.ts'
import { backoffDelay } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { Consumer, ConsumerOptions, Fetched, FetchedBatch } from '../kafka/ports.ts'
import type { SinkTaskMetrics } from '../telemetry/metrics-task.ts'
import { type Activity, briefly } from './activity.ts'
import { SinkCommitter } from './sink-committer.ts'
import { SinkPartitions } from './sink-partitions.ts'
import { SinkQueue, type Slice, without } from './sink-queue.ts'

/** Converts, transforms, and deals with records that fail. */
export interface SinkConverter {
  /** The records of these batches, in order; those left out on purpose are missing. Throws when one must fail the task. */
  convert(batches: readonly FetchedBatch[]): Promise<readonly SinkRecord[]>
  /** The connector gave this record up: dead letter, skip, or throw. */
  reject(record: SinkRecord, error: unknown): void
  /** Every dead letter so far is in its topic; throws when one is lost. */
  flush(): Promise<void>
}

export type SinkHooks = Required<Pick<ConsumerOptions, 'assigned' | 'revoked' | 'lost'>>

export interface SinkLoopParts {
  readonly connect: (hooks: SinkHooks) => Consumer
  readonly converter: SinkConverter
  /** Of the sink's definition: memory under a batch may be reused after `write`. */
  readonly keepsNothing: boolean
  /** Hears of every topic that records came from, once between two commits. */
  readonly topicUsed: (topic: string) => void
  readonly activity: Activity
  readonly metrics: SinkTaskMetrics
  readonly log: Log
  readonly clock: Clock
  /** `offset.flush.interval.ms` */
  readonly flushIntervalMs: number
  /** `offset.flush.timeout.ms` */
  readonly flushTimeoutMs: number
}

const RETRY = { initialMs: 300, maxMs: 60_000 }
const COMMIT_RETRY_MS = 1000
const TURN_MS = 15

/** Drives one sink task: poll, convert, write; commit what the connector says is delivered; follow the group's rebalances. */
export class SinkLoop {
  readonly #parts: SinkLoopParts
  readonly #partitions = new SinkPartitions()
  readonly #queue: SinkQueue
  readonly #committer: SinkCommitter
  readonly #halt = new AbortController()
  readonly #cancelled = new AbortController()
  readonly #topics = new Set<string>()
  #task: SinkTask = { write() {} }
  #consumer: Consumer | undefined
  #polling = false
  #paused = false
  #commitAt: number
  #wakeAt = Number.POSITIVE_INFINITY
  #seeks: TopicPartitionOffset[] = []
  /** Written, refused with a RetriableError, to be written again as it is. */
  #held: Slice | undefined
  #retryAt = 0
  #attempt = 0
  #failure: { readonly error: unknown } | undefined

  constructor(parts: SinkLoopParts) {
    this.#parts = parts
    this.#queue = new SinkQueue(parts.keepsNothing)
    this.#committer = new SinkCommitter({
      ...parts,
      partitions: this.#partitions,
      deadLetters: () => parts.converter.flush(),
      cancelled: this.#cancelled.signal,
    })
    this.#commitAt = parts.clock.monotonic() + parts.flushIntervalMs
  }

  /** The part of the connector's context that this loop answers. */
  readonly context: Pick<SinkContext, 'reject' | 'pause' | 'resume' | 'seek' | 'requestCommit' | 'wakeAfter'> = {
    reject: (record, error) => {
      try {
        this.#parts.converter.reject(record, error)
      } catch (fatal) {
        // Thrown again after `write`, should the connector swallow it (invariant 4).
        this.#failure ??= { error: fatal }
        throw fatal
      }
    },
    pause: partitions => {
      this.#checkAssigned(partitions)
      for (const at of partitions) this.#partitions.setPaused(at, true)
      this.#consumer?.pause(partitions)
    },
    resume: partitions => {
      this.#checkAssigned(partitions)
      for (const at of partitions) this.#partitions.setPaused(at, false)
      if (!this.#paused && this.#held === undefined) this.#consumer?.resume(partitions)
      this.#wake()
    },
    seek: offsets => {
      this.#checkAssigned(offsets)
      this.#seeks.push(...offsets)
      this.#wake()
    },
    requestCommit: () => {
      this.#commitAt = Number.NEGATIVE_INFINITY
      this.#wake()
    },
    wakeAfter: ms => {
      this.#wakeAt = Math.min(this.#wakeAt, this.#parts.clock.monotonic() + Math.max(0, ms))
      this.#wake()
    },
  }

  /** Nothing is delivered any more until `resume`; what was written is committed, the group membership stays. */
  pause(): void {
    this.#paused = true
    this.#consumer?.pause(this.#partitions.all())
    this.context.requestCommit()
  }

  resume(): void {
    this.#paused = false
    if (this.#held === undefined) this.#consumer?.resume(this.#partitions.flowing())
    this.#wake()
  }

  /** The task is given up: nothing is committed from here on (invariant 7). */
  cancel(): void {
    this.#cancelled.abort()
    this.#halt.abort()
    // A call that hangs must not keep partitions from whoever comes next: the membership ends here.
    this.#consumer
      ?.close()
      .catch((error: unknown) => this.#parts.log.warn('The consumer did not close well', { error }))
  }

  /** Counts for the metrics, brought up to date when they are read. */
  measure(): void {
    this.#parts.metrics.partitions = this.#partitions.size
    this.#parts.metrics.active(this.#partitions.uncommitted())
  }

  /** Runs until `stop` aborts (then resolves, last commit included) or the task fails (then throws, what was written committed). */
  async run(task: SinkTask, stop: AbortSignal): Promise<void> {
    const { log, connect, clock, activity } = this.#parts
    this.#task = task
    const onStop = () => {
      this.#halt.abort(stop.reason)
      this.#wake()
    }
    if (stop.aborted) onStop()
    stop.addEventListener('abort', onStop, { once: true })
    const consumer = connect({
      assigned: partitions => this.#hook(() => this.#assigned(partitions)),
      revoked: partitions => this.#hook(() => this.#revoked(partitions)),
      lost: partitions => this.#hook(() => this.#lost(partitions)),
    })
    this.#consumer = consumer
    let turned = clock.monotonic()
    try {
      while (!this.#halt.signal.aborted) {
        await this.#iterate(consumer)
        if (clock.monotonic() - turned < TURN_MS) continue
        await turn()
        turned = clock.monotonic()
      }
    } catch (error) {
      const stopped = this.#halt.signal.aborted
      if (stopped && !(error instanceof AbortedError)) log.warn('The task threw after it was asked to stop', { error })
      if (!stopped) this.#failure ??= { error }
    } finally {
      stop.removeEventListener('abort', onStop)
      activity.begin('leaving the group')
      // Runs the hook for what is assigned: the last flush and commit.
      await consumer.close().catch((error: unknown) => log.warn('The consumer did not close well', { error }))
      activity.end()
    }
    if (this.#failure !== undefined && !this.#cancelled.signal.aborted) throw this.#failure.error
  }

  async #iterate(consumer: Consumer): Promise<void> {
    const { clock, activity } = this.#parts
    if (clock.monotonic() >= this.#commitAt) await this.#commit(consumer)
    this.#applySeeks(consumer)
    this.#holdBackPaused(consumer)
    if (this.#queue.empty || this.#held !== undefined || this.#paused) {
      const fetched = await this.#poll(consumer)
      // A partition that has just left, or that was fetched before a seek: not ours to deliver.
      this.#queue.add(
        fetched,
        batch => batch.nextOffset > (this.#partitions.written(batch) ?? Number.POSITIVE_INFINITY),
      )
      this.#throwFailure()
      this.#holdBackPaused(consumer)
    }
    if (this.#halt.signal.aborted) return
    if (this.#held !== undefined) {
      if (!this.#paused && clock.monotonic() >= this.#retryAt) await this.#write(consumer, this.#held)
      return
    }
    const next = this.#paused ? undefined : this.#queue.take()
    if (next === undefined) return this.#write(consumer, { entries: [], batches: [], records: [] })
    this.#parts.metrics.fetched(next.count)
    for (const { topic } of next.batches) this.#used(topic)
    activity.begin(`converting ${next.count} records`)
    const records = await this.#parts.converter.convert(next.batches)
    activity.end()
    await this.#write(consumer, { ...next, records })
  }

  async #poll(consumer: Consumer): Promise<Fetched> {
    this.#polling = true
    try {
      return await consumer.poll(this.#pollTimeout(), this.#halt.signal)
    } finally {
      this.#polling = false
    }
  }

  #pollTimeout(): number {
    const retryAt = this.#held === undefined || this.#paused ? Number.POSITIVE_INFINITY : this.#retryAt
    const until = Math.min(this.#commitAt, this.#wakeAt, retryAt)
    return Math.max(0, Math.min(until - this.#parts.clock.monotonic(), this.#parts.flushIntervalMs))
  }

  async #write(consumer: Consumer, slice: Slice): Promise<void> {
    const { activity, metrics, clock } = this.#parts
    const started = clock.monotonic()
    const wakeAt = this.#wakeAt
    if (started >= wakeAt) this.#wakeAt = Number.POSITIVE_INFINITY
    activity.begin(slice.records.length === 0 ? 'write' : `write of ${slice.records.length} records`)
    try {
      await this.#task.write(slice.records)
    } catch (error) {
      this.#throwFailure()
      if (!isRetriable(error))
        throw new ConnectError(
          `Exiting WorkerSinkTask due to unrecoverable exception. ${whichRecords(slice)}`.trimEnd(),
          {
            cause: error,
          },
        )
      return this.#hold(consumer, slice, error, error.retryAfterMs)
    } finally {
      activity.end()
    }
    this.#throwFailure()
    if (slice.records.length > 0) metrics.written(slice.records.length, clock.monotonic() - started)
    // Invariant 3: only now do these records count as written; filtered and dead-lettered ones among them count too.
    for (const batch of slice.batches) this.#partitions.wrote({ ...at(batch), offset: batch.nextOffset })
    this.#queue.done(slice.entries)
    this.#release(consumer)
    this.measure()
  }

  /** The same records again later; nothing else is fetched meanwhile, but the group is kept alive. */
  #hold(consumer: Consumer, slice: Slice, error: unknown, retryAfterMs: number | undefined): void {
    const { clock, activity, log } = this.#parts
    const now = clock.monotonic()
    const asked = Number.isFinite(this.#wakeAt) ? this.#wakeAt - now : undefined
    const delay = retryAfterMs ?? asked ?? backoffDelay(RETRY, this.#attempt)
    this.#wakeAt = Number.POSITIVE_INFINITY
    this.#attempt++
    this.#held = slice
    this.#retryAt = now + delay
    consumer.pause(this.#partitions.all())
    activity.note = `writing failed ${this.#attempt} times (${briefly(error)}), tried again in ${Math.ceil(delay / 1000)} s`
    log.warn(`Writing failed and is tried again in ${Math.round(delay)} ms`, { error, attempt: this.#attempt })
  }

  /** Back to normal after what was held is written, or belongs to others. */
  #release(consumer: Consumer): void {
    if (this.#attempt === 0 && this.#held === undefined) return
    this.#held = undefined
    this.#attempt = 0
    this.#parts.activity.note = undefined
    if (!this.#paused) consumer.resume(this.#partitions.flowing())
  }

  async #commit(consumer: Consumer): Promise<void> {
    const { clock, flushIntervalMs } = this.#parts
    this.#commitAt = clock.monotonic() + flushIntervalMs
    // Topics in use are told again: the list of them may have been reset.
    this.#topics.clear()
    const outcome = await this.#committer.commit(this.#task, consumer, this.#partitions.all())
    if (outcome === 'failed')
      this.#commitAt = Math.min(this.#commitAt, clock.monotonic() + Math.min(COMMIT_RETRY_MS, flushIntervalMs))
    if (outcome === 'rewind') {
      this.#drop(this.#partitions.all())
      consumer.seek(this.#partitions.rewind())
    }
    this.measure()
  }

  #applySeeks(consumer: Consumer): void {
    if (this.#seeks.length === 0) return
    const seeks = this.#seeks.filter(offset => this.#partitions.has(offset))
    this.#seeks = []
    this.#drop(seeks)
    for (const offset of seeks) this.#partitions.seek(offset)
    consumer.seek(seeks)
  }

  /** What was fetched of partitions that the connector paused is fetched again when they go on. */
  #holdBackPaused(consumer: Consumer): void {
    if (this.#queue.empty) return
    const paused = this.#queue.partitions().filter(each => this.#partitions.isPaused(each))
    if (paused.length === 0) return
    this.#queue.drop(paused)
    const unique = this.#partitions
      .all()
      .filter(each => paused.some(other => other.topic === each.topic && other.partition === each.partition))
    consumer.seek(this.#partitions.upTo(unique))
  }

  #drop(partitions: readonly TopicPartition[]): void {
    this.#queue.drop(partitions)
    if (this.#held === undefined) return
    this.#held = without(this.#held, partitions, this.#queue)
    if (this.#held === undefined && this.#consumer !== undefined) this.#release(this.#consumer)
  }

  async #assigned(partitions: readonly TopicPartitionOffset[]): Promise<void> {
    const { activity, metrics } = this.#parts
    this.#partitions.assign(partitions)
    if (this.#paused || this.#held !== undefined) this.#consumer?.pause(partitions.map(at))
    activity.begin('assigned')
    await this.#task.assigned?.(partitions)
    activity.end()
    if (this.#consumer !== undefined) this.#applySeeks(this.#consumer)
    metrics.partitions = this.#partitions.size
  }

  /** Invariants 3 and 7: what was written is flushed and committed before somebody else may read on. */
  async #revoked(partitions: readonly TopicPartition[]): Promise<void> {
    this.#drop(partitions)
    try {
      if (!this.#cancelled.signal.aborted && this.#consumer !== undefined)
        await this.#committer.close(this.#task, this.#consumer, partitions)
    } finally {
      await this.#leave(partitions)
    }
  }

  async #lost(partitions: readonly TopicPartition[]): Promise<void> {
    this.#drop(partitions)
    await this.#leave(partitions)
  }

  async #leave(partitions: readonly TopicPartition[]): Promise<void> {
    const { activity, metrics } = this.#parts
    this.#partitions.remove(partitions)
    activity.begin('revoked')
    if (!this.#cancelled.signal.aborted) await this.#task.revoked?.(partitions)
    activity.end()
    metrics.partitions = this.#partitions.size
  }

  /** A rebalance must go on whatever a hook does: its failure fails the task afterwards. A task that is given up is not waited for. */
  async #hook(run: () => Promise<void>): Promise<void> {
    try {
      await race(run(), this.#cancelled.signal)
    } catch (error) {
      if (this.#cancelled.signal.aborted) return
      this.#failure ??= { error }
      this.#parts.log.error('The connector failed during a rebalance', { error })
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Only a poll that waits: a wake-up left over would make the next one return at once, for nothing. */
  #wake(): void {
    if (this.#polling) this.#consumer?.wakeup()
  }

  #checkAssigned(partitions: readonly TopicPartition[]): void {
    for (const each of partitions) {
      if (!this.#partitions.has(each))
        throw new ConnectError(`Topic partition ${each.topic}-${each.partition} is not assigned to this task`)
    }
  }

  #used(topic: string): void {
    if (this.#topics.has(topic)) return
    this.#topics.add(topic)
    this.#parts.topicUsed(topic)
  }
}

const at = ({ topic, partition }: TopicPartition): TopicPartition => ({ topic, partition })

/** Where the records of a failed write stand, for the error. */
const whichRecords = ({ records }: Slice): string => {
  const first = records[0]?.original
  const last = records.at(-1)?.original
  if (first === undefined || last === undefined) return ''
  return `The batch holds ${records.length} records, from ${first.topic}-${first.partition}@${first.offset} to ${last.topic}-${last.partition}@${last.offset}.`
}
