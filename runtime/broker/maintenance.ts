import type { Log } from '../api/context.ts'
import { sleep } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import type { Coordinator } from './groups/coordinator.ts'
import { cleanable, cleanLog } from './log/cleaner.ts'
import type { PartitionLog } from './log/partition-log.ts'
import { deleteExpired } from './log/retention.ts'
import type { BrokerSettings } from './settings/broker-settings.ts'
import type { Topics } from './topics/topics.ts'
import type { TransactionCoordinator } from './transactions/transaction-coordinator.ts'

export interface MaintenanceParts {
  readonly clock: Clock
  readonly log: Log
  readonly settings: BrokerSettings
  readonly topics: Topics
  readonly groups: Coordinator
  readonly transactions: TransactionCoordinator
}

/** How long a segment may go unread before its descriptor is closed. */
const IDLE_MS = 60_000
const FLUSH_TICK_MS = 500

/** What goes on beside requests: retention, compaction, checkpoints, expiry. Each job on its own clock, one log at a time. */
export function startMaintenance(parts: MaintenanceParts): { stop(): Promise<void> } {
  const stop = new AbortController()
  const { settings, topics, clock, log } = parts
  const reported = new Map<string, string>()

  /** A log that fails is reported once per reason, and tried again next time. */
  const forEachLog = async (job: string, work: (partition: PartitionLog) => Promise<void>): Promise<void> => {
    for (const topic of topics.all()) {
      for (const partition of topic.partitions) {
        if (stop.signal.aborted) return
        const key = `${job} ${partition.name}`
        try {
          await work(partition)
          reported.delete(key)
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error)
          if (partition.isClosed || reported.get(key) === reason) continue
          reported.set(key, reason)
          log.error(`${job} of a log failed`, { log: partition.name, error: reason })
        }
      }
    }
  }

  const every = async (ms: number, work: () => Promise<void>): Promise<void> => {
    for (;;) {
      try {
        await sleep(Math.max(1, ms), stop.signal)
      } catch {
        // The only thing a sleep throws is that it was ended.
        return
      }
      try {
        await work()
      } catch (error) {
        log.error('A maintenance job of the broker failed', { error: String(error) })
      }
    }
  }

  const retain = () =>
    forEachLog('Retention', async partition => {
      await partition.exclusive(() => deleteExpired(partition, clock.now()))
      partition.producers.expire(clock.now() - settings.number('producer.id.expiration.ms'))
      await partition.closeIdle(clock.monotonic() - IDLE_MS)
    })

  const clean = () =>
    forEachLog('Compaction', async partition => {
      if (!partition.config.compact || !cleanable(partition, clock.now()).isDue) return
      await partition.exclusive(() =>
        cleanLog(partition, {
          now: clock.now(),
          monotonic: clock.monotonic(),
          maxKeyBytes: settings.number('log.cleaner.dedupe.buffer.size'),
        }),
      )
    })

  const jobs = [
    every(settings.number('log.retention.check.interval.ms'), retain),
    every(settings.number('log.flush.offset.checkpoint.interval.ms'), () =>
      forEachLog('Checkpoint', partition => partition.exclusive(() => partition.save())),
    ),
    every(FLUSH_TICK_MS, () => forEachLog('Flush', partition => partition.flushIfDue())),
    every(settings.number('offsets.retention.check.interval.ms'), () => parts.groups.expire()),
    every(settings.number('transaction.abort.timed.out.transaction.cleanup.interval.ms'), () =>
      parts.transactions.tick(),
    ),
  ]
  if (settings.boolean('log.cleaner.enable')) jobs.push(every(settings.number('log.cleaner.backoff.ms'), clean))

  return {
    async stop() {
      stop.abort()
      await Promise.all(jobs)
    },
  }
}
