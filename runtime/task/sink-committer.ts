import type { Log } from '../api/context.ts'
import type { SinkTask } from '../api/define.ts'
import { ConnectError } from '../api/errors.ts'
import type { TopicPartition, TopicPartitionOffset } from '../api/record.ts'
import { deadline, sleep } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import type { Consumer } from '../kafka/ports.ts'
import type { SinkTaskMetrics } from '../telemetry/metrics-task.ts'
import { type Activity, briefly } from './activity.ts'
import type { SinkPartitions } from './sink-partitions.ts'

export interface SinkCommitterParts {
  readonly partitions: SinkPartitions
  /** Resolves when every dead letter so far is in its topic; throws when one is lost. */
  readonly deadLetters: () => Promise<void>
  readonly activity: Activity
  readonly metrics: SinkTaskMetrics
  readonly log: Log
  readonly clock: Clock
  /** `offset.flush.timeout.ms` */
  readonly flushTimeoutMs: number
  /** Aborted when the task was given up: from then on nothing is committed. */
  readonly cancelled: AbortSignal
}

const CLOSING_ATTEMPTS = 4

/** Asks the connector what may be committed, and commits no more than that (invariant 3). */
export class SinkCommitter {
  readonly #parts: SinkCommitterParts
  #pending: Promise<void> | undefined
  #flushFailures = 0
  #lost: { readonly error: unknown } | undefined

  constructor(parts: SinkCommitterParts) {
    this.#parts = parts
  }

  /**
   * One commit of these partitions. `rewind`: the connector's `flush` failed, what was written since the last commit must be
   * delivered again. `failed`: Kafka did not take the commit, it is due again. Throws when a dead letter was lost.
   */
  async commit(
    task: SinkTask,
    consumer: Consumer,
    partitions: readonly TopicPartition[],
  ): Promise<'done' | 'rewind' | 'failed'> {
    const { metrics, log, clock } = this.#parts
    if (this.#pending !== undefined) {
      metrics.commitFailed()
      log.warn('The offset commit before this one is still under way; this one is left out')
      return 'failed'
    }
    const started = clock.monotonic()
    const offsets = await this.#flush(task, partitions)
    if (offsets === undefined) return 'rewind'
    try {
      if (offsets.length > 0) await this.#send(consumer, offsets)
      metrics.committed(clock.monotonic() - started)
      return 'done'
    } catch (error) {
      metrics.commitFailed()
      log.warn('Offsets could not be committed; tried again soon', { error })
      return 'failed'
    }
  }

  /** The last commit of partitions that leave: tried a few times; what fails is read again by whoever gets them. */
  async close(task: SinkTask, consumer: Consumer, partitions: readonly TopicPartition[]): Promise<void> {
    const { log, metrics } = this.#parts
    await this.#pending?.catch(() => {})
    const offsets = await this.#flush(task, partitions)
    if (offsets === undefined || offsets.length === 0) return
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#send(consumer, offsets)
      } catch (error) {
        metrics.commitFailed()
        if (attempt === CLOSING_ATTEMPTS) {
          log.error('The last offsets could not be committed; the records behind them are delivered again', { error })
          return
        }
        await sleep(50 * 2 ** attempt)
      }
    }
  }

  /** What may be committed; undefined when `flush` failed. */
  async #flush(
    task: SinkTask,
    partitions: readonly TopicPartition[],
  ): Promise<readonly TopicPartitionOffset[] | undefined> {
    const { activity, log, metrics, deadLetters } = this.#parts
    const upTo = this.#parts.partitions.upTo(partitions)
    if (upTo.length === 0) return []
    // Invariant 4: once one is lost, no offset is committed any more, not even the last time.
    if (this.#lost !== undefined) throw this.#lost.error
    let answer: readonly TopicPartitionOffset[]
    try {
      activity.begin('flush')
      answer = (await task.flush?.(upTo)) ?? upTo
    } catch (error) {
      this.#flushFailures++
      metrics.commitFailed()
      activity.note = `flush failed ${this.#flushFailures} times (${briefly(error)}); records since the last commit are delivered again`
      log.error('flush failed; the records since the last commit are delivered again', { error })
      return undefined
    } finally {
      activity.end()
    }
    if (this.#flushFailures > 0) activity.note = undefined
    this.#flushFailures = 0
    activity.begin('waiting for dead letters to be stored')
    try {
      // Invariant 3: those of records that the connector rejected during `flush` among them.
      await deadLetters()
    } catch (error) {
      this.#lost = { error }
      throw error
    } finally {
      activity.end()
    }
    // Invariant 7: somebody else may write these partitions by now.
    if (this.#parts.cancelled.aborted) return []
    const { commit, refused } = this.#parts.partitions.allowed(answer)
    if (refused.length > 0)
      log.warn('flush answered with offsets that it was never given; they are ignored', { refused })
    return commit
  }

  async #send(consumer: Consumer, offsets: readonly TopicPartitionOffset[]): Promise<void> {
    const { metrics, flushTimeoutMs, partitions, activity } = this.#parts
    metrics.commitNumber++
    let late = false
    const sent = consumer
      .commit(offsets)
      .then(() => {
        // A late answer is true all the same: no other commit was begun meanwhile.
        partitions.committed(offsets)
        if (late) metrics.commitSkipped()
        else metrics.commitCompleted()
      })
      .finally(() => {
        this.#pending = undefined
      })
    this.#pending = sent
    activity.begin('the offset commit')
    try {
      await deadline(sent, flushTimeoutMs, () => {
        late = true
        return new ConnectError(
          `Kafka did not answer an offset commit within offset.flush.timeout.ms (${flushTimeoutMs} ms)`,
        )
      })
    } finally {
      activity.end()
      sent.catch(() => {})
    }
  }
}
