import { describe, expect, it } from 'vitest'
import type { SinkTask } from '../../../runtime/api/define.ts'
import { systemClock } from '../../../runtime/base/clock.ts'
import { deferred } from '../../../runtime/base/deferred.ts'
import { Activity } from '../../../runtime/task/activity.ts'
import { SinkCommitter, type SinkCommitterParts } from '../../../runtime/task/sink-committer.ts'
import { SinkPartitions } from '../../../runtime/task/sink-partitions.ts'
import { SinkTaskMetrics } from '../../../runtime/telemetry/metrics-task.ts'
import { FakeConsumer } from '../../support/fakes/consumer.ts'
import { recordingLog } from '../../support/fakes/log.ts'
import { until } from '../../support/fakes/wait.ts'

const t0 = { topic: 't', partition: 0 }
const task: SinkTask = { write() {} }

const setup = (overrides: Partial<SinkCommitterParts> = {}) => {
  const partitions = new SinkPartitions()
  partitions.assign([{ ...t0, offset: 0 }])
  partitions.wrote({ ...t0, offset: 5 })
  const metrics = new SinkTaskMetrics()
  const log = recordingLog()
  const committer = new SinkCommitter({
    partitions,
    deadLetters: async () => {},
    activity: new Activity(),
    metrics,
    log,
    clock: systemClock,
    flushTimeoutMs: 20,
    cancelled: new AbortController().signal,
    ...overrides,
  })
  return { committer, partitions, metrics, log, consumer: new FakeConsumer() }
}

describe('SinkCommitter', () => {
  it('sends nothing when nothing has changed', async () => {
    const { committer, consumer } = setup()
    expect(await committer.commit(task, consumer, [t0])).toBe('done')
    expect(await committer.commit(task, consumer, [t0])).toBe('done')
    expect(consumer.commits).toHaveLength(1)
  })

  it('commits nothing when the task was given up during flush', async () => {
    const cancelled = new AbortController()
    const { committer, consumer } = setup({ cancelled: cancelled.signal })
    const flush = () => cancelled.abort()
    await committer.commit({ ...task, flush }, consumer, [t0])
    await committer.close({ ...task, flush }, consumer, [t0])
    expect(consumer.commits).toEqual([])
  })

  it('commits only after the dead letters are stored, those of records rejected during flush among them', async () => {
    const order: string[] = []
    const stored = deferred()
    const { committer, consumer } = setup({
      deadLetters: async () => {
        order.push('letters')
        await stored.promise
      },
    })
    const committing = committer.commit({ ...task, flush: () => void order.push('flush') }, consumer, [t0])
    await until(() => order.length === 2)
    expect(order).toEqual(['flush', 'letters'])
    expect(consumer.commits).toEqual([])
    stored.resolve()
    await committing
    expect(consumer.commits).toHaveLength(1)
  })

  it('commits nothing any more once a dead letter is lost, whatever flush says', async () => {
    const lost = new Error('lost')
    let letters: () => Promise<void> = () => Promise.reject(lost)
    const { committer, consumer } = setup({ deadLetters: () => letters() })
    await expect(committer.commit(task, consumer, [t0])).rejects.toBe(lost)
    letters = async () => {}
    await expect(committer.close(task, consumer, [t0])).rejects.toBe(lost)
    expect(consumer.commits).toEqual([])
  })

  it('does not overtake a commit that is late, and believes it when it comes', async () => {
    const { committer, consumer, partitions, metrics } = setup()
    const gate = deferred()
    consumer.commitGate = gate.promise
    expect(await committer.commit(task, consumer, [t0])).toBe('failed')
    expect(await committer.commit(task, consumer, [t0])).toBe('failed')
    gate.resolve()
    consumer.commitGate = undefined
    await committer.close(task, consumer, [t0])
    expect(consumer.commits).toEqual([[{ ...t0, offset: 5 }]])
    expect(partitions.uncommitted()).toBe(0)
    expect(metrics.values()['sink-task-metrics']?.['offset-commit-skip-total']).toBe(1)
  })

  it('tries the last commit again, then lets it be', async () => {
    const { committer, consumer, log } = setup()
    consumer.commitError = new Error('NOT_COORDINATOR')
    await committer.close(task, consumer, [t0])
    expect(consumer.commits).toEqual([])
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', message: expect.stringContaining('delivered again') })
  })
})
