import { describe, expect, it } from 'vitest'
import type { SourceTask } from '../../../runtime/api/define.ts'
import { RetriableError } from '../../../runtime/api/errors.ts'
import type { SourceRecord } from '../../../runtime/api/record.ts'
import { race } from '../../../runtime/base/abort.ts'
import { systemClock } from '../../../runtime/base/clock.ts'
import { deferred } from '../../../runtime/base/deferred.ts'
import type { Delivery } from '../../../runtime/kafka/ports.ts'
import type { SourceOffset } from '../../../runtime/stores/ports.ts'
import { Activity } from '../../../runtime/task/activity.ts'
import { SourceLoop, type SourceLoopParts } from '../../../runtime/task/source-loop.ts'
import { SourceTaskMetrics } from '../../../runtime/telemetry/metrics-task.ts'
import { recordingLog } from '../../support/fakes/log.ts'
import { until } from '../../support/fakes/wait.ts'

const record = (position: number): SourceRecord => ({
  topic: 't',
  value: position,
  sourcePartition: { p: 'a' },
  sourceOffset: { position },
})

/** A source fed by the test: batches or errors to throw. */
const fedSource = () => {
  const fed: (readonly SourceRecord[] | Error)[] = []
  let wake = deferred()
  const calls: string[] = []
  const committed: (number | string)[][] = []
  const task: SourceTask = {
    async *read() {
      calls.push('read')
      try {
        for (;;) {
          while (fed.length === 0) {
            await wake.promise
            wake = deferred()
          }
          const next = fed.shift()!
          if (next instanceof Error) throw next
          yield next
        }
      } finally {
        calls.push('read ended')
      }
    },
    committed(offsets) {
      committed.push(offsets.map(({ offset }) => Number(offset['position'])))
    },
  }
  const feed = (...items: (readonly SourceRecord[] | Error)[]) => {
    fed.push(...items)
    wake.resolve()
  }
  return { task, feed, calls, committed }
}

const setup = (task: SourceTask, overrides: Partial<SourceLoopParts> = {}) => {
  const appended: { record: SourceRecord; delivery: Delivery }[] = []
  const stored: (readonly SourceOffset[])[] = []
  const log = recordingLog()
  const activity = new Activity()
  const metrics = new SourceTaskMetrics()
  const loop = new SourceLoop({
    task,
    pipeline: {
      async append(batch, ledger) {
        for (const each of batch) appended.push({ record: each, delivery: ledger.submit(each) })
      },
    },
    producer: { ready: async () => {}, send() {}, flush: async () => {} },
    store: async offsets => void stored.push(offsets),
    produceFailed: () => 'fail',
    topicUsed() {},
    activity,
    metrics,
    log,
    clock: systemClock,
    flushIntervalMs: 60_000,
    flushTimeoutMs: 1000,
    ...overrides,
  })
  const stop = new AbortController()
  const acknowledge = (count = appended.length) => {
    for (const { delivery } of appended.splice(0, count)) delivery.acknowledged(1, 't', 0)
  }
  const positions = () => stored.map(offsets => offsets.map(({ offset }) => offset?.['position']))
  return { loop, stop, appended, acknowledge, positions, stored, log, activity, metrics, ended: loop.run(stop.signal) }
}

describe('SourceLoop', () => {
  it('commits only what is acknowledged, then tells the source, also at the end', async () => {
    const source = fedSource()
    const run = setup(source.task)
    source.feed([record(1), record(2)], [record(3)])
    await until(() => run.appended.length === 3)
    run.acknowledge(2)
    run.stop.abort()
    source.feed([])
    await run.ended
    expect(run.positions()).toEqual([[2]])
    expect(source.committed).toEqual([[2]])
    expect(source.calls).toEqual(['read', 'read ended'])
  })

  it('fails although the source never answers what was committed', async () => {
    const source = fedSource()
    const run = setup(
      { ...source.task, committed: () => new Promise<void>(() => {}) },
      { flushIntervalMs: 5, flushTimeoutMs: 20 },
    )
    source.feed([record(1)])
    await until(() => run.appended.length === 1)
    run.acknowledge()
    await until(() => run.stored.length === 1)
    source.feed(new Error('gone'))
    await expect(run.ended).rejects.toThrow('gone')
  })

  it('tells the source of an offset only after it is durable', async () => {
    const source = fedSource()
    const durable = deferred()
    const order: string[] = []
    const run = setup(
      { ...source.task, committed: () => void order.push('committed') },
      {
        store: async () => {
          order.push('storing')
          await durable.promise
          order.push('stored')
        },
      },
    )
    source.feed([record(1)])
    await until(() => run.appended.length === 1)
    run.acknowledge()
    run.stop.abort()
    source.feed([])
    await until(() => order.length > 0)
    durable.resolve()
    await run.ended
    expect(order).toEqual(['storing', 'stored', 'committed'])
  })

  it('commits at intervals, with an empty list when there is nothing new', async () => {
    const source = fedSource()
    const run = setup(source.task, { flushIntervalMs: 2 })
    source.feed([record(1)])
    await until(() => run.appended.length === 1)
    run.acknowledge()
    await until(() => run.positions().length === 1 && source.committed.some(offsets => offsets.length === 0))
    expect(run.positions()).toEqual([[1]])
    run.stop.abort()
    source.feed([])
    await run.ended
  })

  it('keeps what could not be stored for the next commit', async () => {
    const source = fedSource()
    let fail = true
    const stored: (readonly SourceOffset[])[] = []
    const run = setup(source.task, {
      flushIntervalMs: 2,
      store: async offsets => {
        if (fail) throw new Error('disk full')
        stored.push(offsets)
      },
    })
    source.feed([record(1)])
    await until(() => run.appended.length === 1)
    run.acknowledge()
    await until(() => run.activity.describe()?.includes('disk full') === true)
    expect(source.committed.filter(offsets => offsets.length > 0)).toEqual([])
    fail = false
    await until(() => stored.length === 1)
    await until(() => run.activity.describe() === undefined)
    expect(run.metrics.values()['connector-task-metrics']?.['offset-commit-failure-percentage']).toBeGreaterThan(0)
    run.stop.abort()
    source.feed([])
    await run.ended
  })

  it('reads again after a RetriableError, and says so', async () => {
    const source = fedSource()
    const run = setup(source.task)
    source.feed(new RetriableError('connection reset', { retryAfterMs: 20 }))
    await until(() => run.activity.describe()?.includes('reading failed 1 times (connection reset)') === true)
    source.feed([record(1)])
    await until(() => run.appended.length === 1)
    expect(source.calls).toEqual(['read', 'read ended', 'read'])
    expect(run.activity.describe()).toBeUndefined()
    run.stop.abort()
    source.feed([])
    await run.ended
  })

  it('fails with what read threw, after committing what was acknowledged', async () => {
    const source = fedSource()
    const run = setup(source.task)
    source.feed([record(1)])
    await until(() => run.appended.length === 1)
    run.acknowledge()
    source.feed(new Error('the table is gone'))
    await expect(run.ended).rejects.toThrow('the table is gone')
    expect(run.positions()).toEqual([[1]])
  })

  it('does not take a RetriableError of the pipeline for one of read: the batch would be lost', async () => {
    const source = fedSource()
    const run = setup(source.task, {
      pipeline: {
        append: async () => {
          throw new RetriableError('no leader')
        },
      },
    })
    source.feed([record(1)], [record(2)])
    await expect(run.ended).rejects.toThrow('no leader')
    expect(run.positions()).toEqual([])
  })

  it('fails with topic and partition named when the producer gave records up, and never passes them', async () => {
    const source = fedSource()
    const run = setup(source.task)
    source.feed([record(1)], [record(2)])
    await until(() => run.appended.length === 2)
    run.appended[0]!.delivery.failed(1, 'orders', 3, new Error('MESSAGE_TOO_LARGE'))
    run.appended[1]!.delivery.acknowledged(1, 'orders', 3)
    source.feed([])
    await expect(run.ended).rejects.toThrow('1 record(s) for orders-3 could not be written')
    expect(run.positions()).toEqual([])
  })

  it('moves past records that the producer gave up when failures are tolerated', async () => {
    const source = fedSource()
    const run = setup(source.task, { produceFailed: () => 'skip' })
    source.feed([record(1)])
    await until(() => run.appended.length === 1)
    run.appended[0]!.delivery.failed(1, 't', 0, new Error('MESSAGE_TOO_LARGE'))
    run.stop.abort()
    source.feed([])
    await run.ended
    expect(run.positions()).toEqual([[1]])
  })

  it('pulls only when the producer has room', async () => {
    const source = fedSource()
    const room = deferred()
    const run = setup(source.task, {
      producer: {
        ready: signal => (signal === undefined ? room.promise : race(room.promise, signal)),
        send() {},
        flush: async () => {},
      },
    })
    source.feed([record(1)])
    await until(() => run.activity.busyMs() > 20)
    expect(source.calls).toEqual([])
    room.resolve()
    await until(() => run.appended.length === 1)
    run.stop.abort()
    source.feed([])
    await run.ended
  })

  it('writes nothing while paused, goes on where it was, and stops while paused', async () => {
    const source = fedSource()
    const run = setup(source.task)
    source.feed([record(1)])
    await until(() => run.appended.length === 1)
    run.loop.pause()
    source.feed([record(2)], [record(3)])
    await until(() => run.metrics.values()['source-task-metrics']?.['source-record-poll-total'] === 2)
    expect(run.appended.map(({ record }) => record.value)).toEqual([1])
    run.loop.resume()
    await until(() => run.appended.length === 3)
    run.loop.pause()
    run.acknowledge()
    run.stop.abort()
    source.feed([])
    await run.ended
    expect(run.positions()).toEqual([[3]])
  })

  it('stays up when the source has nothing more', async () => {
    const run = setup({
      async *read() {
        yield [record(1)]
      },
    })
    await until(() => run.activity.describe() === 'the source has nothing more to read')
    run.acknowledge()
    run.stop.abort()
    await run.ended
    expect(run.positions()).toEqual([[1]])
  })

  it('ends although read ignores the signal', async () => {
    const run = setup(
      {
        async *read() {
          yield [record(1)]
          await new Promise(() => {})
        },
      },
      { flushTimeoutMs: 30 },
    )
    await until(() => run.appended.length === 1)
    run.acknowledge()
    run.stop.abort()
    await run.ended
    expect(run.positions()).toEqual([[1]])
    expect(run.log.lines.some(line => line.message === 'read did not end well')).toBe(true)
  })

  it('stores nothing once it was given up', async () => {
    const source = fedSource()
    const run = setup(source.task)
    source.feed([record(1)])
    await until(() => run.appended.length === 1)
    run.acknowledge()
    run.loop.cancel()
    source.feed([])
    await run.ended
    expect(run.positions()).toEqual([])
    expect(source.committed).toEqual([])
  })

  it('lets timers run while batches are plenty', async () => {
    let batches = 0
    const run = setup({
      async *read() {
        for (;;) yield [record(++batches)]
      },
    })
    await new Promise(resolve => setTimeout(resolve, 30))
    run.stop.abort()
    run.acknowledge()
    await run.ended
    expect(batches).toBeGreaterThan(10)
  })
})
