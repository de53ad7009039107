import { describe, expect, it } from 'vitest'
import type { SinkTask } from '../../../runtime/api/define.ts'
import { RetriableError } from '../../../runtime/api/errors.ts'
import { SinkRecord } from '../../../runtime/api/record.ts'
import { systemClock } from '../../../runtime/base/clock.ts'
import { deferred } from '../../../runtime/base/deferred.ts'
import { Activity } from '../../../runtime/task/activity.ts'
import { type SinkConverter, SinkLoop, type SinkLoopParts } from '../../../runtime/task/sink-loop.ts'
import { SinkTaskMetrics } from '../../../runtime/telemetry/metrics-task.ts'
import { FakeConsumer } from '../../support/fakes/consumer.ts'
import { recordingLog } from '../../support/fakes/log.ts'
import { until } from '../../support/fakes/wait.ts'

const t0 = { topic: 't', partition: 0 }
const t1 = { topic: 't', partition: 1 }

/** Values as text; `bad...` cannot be converted, `skip...` is filtered. */
const converter = (overrides: Partial<SinkConverter> = {}): SinkConverter => ({
  async convert(batches) {
    const records: SinkRecord[] = []
    for (const { topic, partition, reader, from } of batches) {
      for (let i = from; i < reader.count; i++) {
        const value = String(reader.value(i))
        if (value.startsWith('bad')) throw new Error(`cannot convert ${value}`)
        if (!value.startsWith('skip'))
          records.push(new SinkRecord({ topic, partition, offset: reader.offset(i), value }))
      }
    }
    return records
  },
  reject(_record, error) {
    throw error
  },
  flush: async () => {},
  ...overrides,
})

const setup = (task: Partial<SinkTask>, overrides: Partial<SinkLoopParts> = {}, consumer = new FakeConsumer()) => {
  const log = recordingLog()
  const activity = new Activity()
  const metrics = new SinkTaskMetrics()
  const loop = new SinkLoop({
    connect: hooks => consumer.connect(hooks),
    converter: converter(),
    keepsNothing: false,
    topicUsed() {},
    activity,
    metrics,
    log,
    clock: systemClock,
    flushIntervalMs: 60_000,
    flushTimeoutMs: 1000,
    ...overrides,
  })
  const written: string[] = []
  const stop = new AbortController()
  const whole: SinkTask = {
    write(batch) {
      written.push(...batch.map(({ value }) => String(value)))
    },
    ...task,
  }
  const start = () => loop.run(whole, stop.signal)
  return { loop, consumer, log, activity, metrics, written, stop, start }
}

const texts = (from: number, end: number) => Array.from({ length: end - from }, (_, i) => `v${from + i}`)

describe('SinkLoop', () => {
  it('writes in order and commits what was written when it stops', async () => {
    const run = setup({})
    run.consumer.assign({ ...t0, offset: 0 }, { ...t1, offset: 3 })
    run.consumer.append('t', 0, texts(0, 25))
    run.consumer.append('t', 1, texts(0, 5))
    const ended = run.start()
    await until(() => run.written.length === 27)
    run.stop.abort()
    await ended
    expect(run.written.slice(0, 12)).toEqual([...texts(0, 10), 'v3', 'v4'])
    expect(run.consumer.commits).toEqual([
      [
        { ...t0, offset: 25 },
        { ...t1, offset: 5 },
      ],
    ])
    expect(run.consumer.closed).toBe(true)
  })

  it('counts filtered records as delivered', async () => {
    const run = setup({})
    run.consumer.assign({ ...t0, offset: 0 })
    run.consumer.append('t', 0, ['a', 'skip', 'skip'])
    const ended = run.start()
    await until(() => run.written.length === 1)
    run.stop.abort()
    await ended
    expect(run.consumer.commits).toEqual([[{ ...t0, offset: 3 }]])
  })

  it('commits only what flush allows, and never beyond what was written', async () => {
    const asked: number[] = []
    const run = setup({
      flush: upTo => {
        asked.push(...upTo.map(({ offset }) => offset))
        return [
          { ...t0, offset: 2 },
          { ...t1, offset: 99 },
          { topic: 'other', partition: 0, offset: 1 },
        ]
      },
    })
    run.consumer.assign({ ...t0, offset: 0 }, { ...t1, offset: 0 })
    run.consumer.append('t', 0, texts(0, 5))
    const ended = run.start()
    await until(() => run.written.length === 5)
    run.stop.abort()
    await ended
    expect(asked).toEqual([5, 0])
    expect(run.consumer.commits).toEqual([[{ ...t0, offset: 2 }]])
    expect(run.log.lines.some(({ message }) => message.includes('never given'))).toBe(true)
  })

  it('gives the same converted batch again after a RetriableError, with everything paused meanwhile', async () => {
    let failures = 2
    const attempts: (readonly SinkRecord[])[] = []
    const run = setup({
      write(batch) {
        if (batch.length === 0) return
        attempts.push(batch)
        if (failures-- > 0) throw new RetriableError('503 slow down', { retryAfterMs: 5 })
      },
    })
    run.consumer.assign({ ...t0, offset: 0 })
    run.consumer.append('t', 0, texts(0, 3))
    const ended = run.start()
    await until(() => attempts.length === 1)
    await until(() => run.activity.describe()?.startsWith('writing failed 1 times (503 slow down)') === true)
    expect(run.consumer.isPaused(t0)).toBe(true)
    await until(() => attempts.length === 3)
    await until(() => !run.consumer.isPaused(t0))
    expect(attempts[1]).toBe(attempts[0])
    expect(attempts[2]).toBe(attempts[0])
    expect(run.activity.describe()).toBeUndefined()
    run.consumer.append('t', 0, ['v3'])
    await until(() => attempts.length === 4)
    run.stop.abort()
    await ended
    expect(run.consumer.commits).toEqual([[{ ...t0, offset: 4 }]])
  })

  it('commits nothing of a batch that is held when it stops', async () => {
    const run = setup({
      write(batch) {
        if (batch.some(({ value }) => value === 'v10')) throw new RetriableError('no', { retryAfterMs: 60_000 })
      },
    })
    run.consumer.assign({ ...t0, offset: 0 })
    run.consumer.append('t', 0, texts(0, 15))
    const ended = run.start()
    await until(() => run.activity.describe() !== undefined)
    run.stop.abort()
    await ended
    expect(run.consumer.commits).toEqual([[{ ...t0, offset: 10 }]])
  })

  it('fails with the records named, and commits what was written before', async () => {
    const run = setup({
      write(batch) {
        if (batch.some(({ value }) => value === 'v10')) throw new Error('no such table')
      },
    })
    run.consumer.assign({ ...t0, offset: 0 })
    run.consumer.append('t', 0, texts(0, 15))
    const error = await run.start().catch((error: unknown) => error)
    expect(String(error)).toContain('Exiting WorkerSinkTask due to unrecoverable exception.')
    expect(String(error)).toContain('from t-0@10 to t-0@14')
    expect(String((error as Error).cause)).toContain('no such table')
    expect(run.consumer.commits).toEqual([[{ ...t0, offset: 10 }]])
    expect(run.consumer.closed).toBe(true)
  })

  it('fails on a record that cannot be converted, before it', async () => {
    const run = setup({})
    run.consumer.assign({ ...t0, offset: 0 })
    run.consumer.append('t', 0, [...texts(0, 10), 'bad'])
    await expect(run.start()).rejects.toThrow('cannot convert bad')
    expect(run.written).toEqual(texts(0, 10))
    expect(run.consumer.commits).toEqual([[{ ...t0, offset: 10 }]])
  })

  it('fails although the connector swallows what reject threw', async () => {
    const run: ReturnType<typeof setup> = setup({
      write(batch) {
        for (const record of batch) {
          try {
            run.loop.context.reject(record, new Error('bad row'))
          } catch {}
        }
      },
    })
    run.consumer.assign({ ...t0, offset: 0 })
    run.consumer.append('t', 0, ['a'])
    await expect(run.start()).rejects.toThrow('bad row')
    expect(run.consumer.commits).toEqual([])
  })

  it('commits nothing after a dead letter was lost, not even at the end', async () => {
    const run = setup(
      {},
      { converter: converter({ flush: () => Promise.reject(new Error('DLQ gone')) }), flushIntervalMs: 5 },
    )
    run.consumer.assign({ ...t0, offset: 0 })
    run.consumer.append('t', 0, ['a'])
    await expect(run.start()).rejects.toThrow('DLQ gone')
    expect(run.consumer.commits).toEqual([])
  })

  it('goes back to the last commit when flush fails, and delivers again', async () => {
    let fail = true
    const run: ReturnType<typeof setup> = setup(
      {
        flush() {
          if (fail) throw new Error('disk full')
        },
      },
      { flushIntervalMs: 20 },
    )
    run.consumer.assign({ ...t0, offset: 1 })
    run.consumer.append('t', 0, texts(0, 3))
    const ended = run.start()
    await until(() => run.written.length >= 4)
    expect(run.written.slice(0, 4)).toEqual(['v1', 'v2', 'v1', 'v2'])
    expect(run.activity.describe()).toContain('flush failed')
    expect(run.consumer.commits).toEqual([])
    fail = false
    await until(() => run.consumer.commits.length === 1)
    expect(run.consumer.commits).toEqual([[{ ...t0, offset: 3 }]])
    run.stop.abort()
    await ended
  })

  it('tries a failed commit again', async () => {
    const run = setup({}, { flushIntervalMs: 5 })
    run.consumer.commitError = new Error('COORDINATOR_NOT_AVAILABLE')
    run.consumer.assign({ ...t0, offset: 0 })
    run.consumer.append('t', 0, ['a'])
    const ended = run.start()
    await until(() => run.log.lines.some(({ message }) => message.includes('could not be committed')))
    run.consumer.commitError = undefined
    await until(() => run.consumer.commits.length > 0)
    expect(run.written).toEqual(['a'])
    run.stop.abort()
    await ended
    expect(run.consumer.commits).toEqual([[{ ...t0, offset: 1 }]])
  })

  it('flushes and commits what was written before partitions leave, drops what waits of them', async () => {
    const events: string[] = []
    const gate = deferred()
    const run: ReturnType<typeof setup> = setup({
      async write(batch) {
        if (batch.length === 0) return
        events.push(`write ${batch.map(({ original, value }) => `${original.partition}:${value}`)}`)
        if (events.length === 2) {
          gate.resolve()
          throw new RetriableError('later', { retryAfterMs: 20 })
        }
      },
      flush: upTo => void events.push(`flush ${upTo.map(({ partition, offset }) => `${partition}@${offset}`)}`),
      revoked: gone => void events.push(`revoked ${gone.map(({ partition }) => partition)}`),
    })
    run.consumer.assign({ ...t0, offset: 0 }, { ...t1, offset: 0 })
    run.consumer.append('t', 0, ['a'])
    const ended = run.start()
    await until(() => events.length === 1)
    run.loop.context.pause([t0, t1])
    run.consumer.append('t', 0, ['b'])
    run.consumer.append('t', 1, ['c'])
    run.loop.context.resume([t0, t1])
    await gate.promise
    run.consumer.revoke(t0)
    await until(() => events.includes('write 1:c'))
    run.stop.abort()
    await ended
    expect(events).toEqual([
      'write 0:a',
      'write 0:b,1:c',
      'flush 0@1',
      'revoked 0',
      'write 1:c',
      'flush 1@1',
      'revoked 1',
    ])
    expect(run.consumer.commits).toEqual([[{ ...t0, offset: 1 }], [{ ...t1, offset: 1 }]])
  })

  it('commits nothing of partitions that were lost', async () => {
    const revoked: number[] = []
    const run = setup({ revoked: gone => void revoked.push(...gone.map(({ partition }) => partition)) })
    run.consumer.assign({ ...t0, offset: 0 })
    run.consumer.append('t', 0, ['a'])
    const ended = run.start()
    await until(() => run.written.length === 1)
    run.consumer.lose(t0)
    await until(() => revoked.length === 1)
    run.stop.abort()
    await ended
    expect(run.consumer.commits).toEqual([])
  })

  it('seeks where assigned asked for, before the first record', async () => {
    const run: ReturnType<typeof setup> = setup({
      assigned: () => run.loop.context.seek([{ ...t0, offset: 2 }]),
    })
    run.consumer.assign({ ...t0, offset: 0 })
    run.consumer.append('t', 0, texts(0, 4))
    const ended = run.start()
    await until(() => run.written.length === 2)
    run.stop.abort()
    await ended
    expect(run.written).toEqual(['v2', 'v3'])
    expect(run.consumer.commits).toEqual([[{ ...t0, offset: 4 }]])
  })

  it('drops what waits when the connector seeks, and fetches again what waits when it pauses', async () => {
    // So large that every record is a slice of its own, and the others wait.
    const large = (name: string) => name.padEnd(3 * 1024 * 1024, '.')
    const seen: string[] = []
    const consumer = new FakeConsumer(1)
    consumer.batchesPerPoll = 50
    const run: ReturnType<typeof setup> = setup(
      {
        write(batch) {
          seen.push(...batch.map(({ value }) => String(value).slice(0, 2)))
          if (batch.length > 0 && seen.length === 1) run.loop.context.seek([{ ...t0, offset: 2 }])
          if (batch.length > 0 && seen.length === 2) run.loop.context.pause([t0])
        },
      },
      {},
      consumer,
    )
    consumer.assign({ ...t0, offset: 0 })
    consumer.append('t', 0, texts(0, 5).map(large))
    const ended = run.start()
    await until(() => seen.length === 2)
    await until(() => consumer.calls.length === 2)
    expect(consumer.calls).toEqual(['seek t-0@2', 'seek t-0@3'])
    expect(seen).toEqual(['v0', 'v2'])
    run.loop.context.resume([t0])
    await until(() => seen.length === 4)
    run.stop.abort()
    await ended
    expect(seen).toEqual(['v0', 'v2', 'v3', 'v4'])
    expect(consumer.commits).toEqual([[{ ...t0, offset: 5 }]])
  })

  it('delivers nothing while paused, commits once, and goes on without what the connector paused', async () => {
    const run = setup({})
    run.consumer.assign({ ...t0, offset: 0 }, { ...t1, offset: 0 })
    run.consumer.append('t', 0, ['a'])
    run.consumer.append('t', 1, ['x'])
    const ended = run.start()
    await until(() => run.written.length === 2)
    run.loop.context.pause([t1])
    run.loop.pause()
    await until(() => run.consumer.commits.length === 1)
    run.consumer.append('t', 0, ['b'])
    run.consumer.append('t', 1, ['y'])
    expect(run.consumer.isPaused(t0)).toBe(true)
    run.loop.resume()
    await until(() => run.written.length === 3)
    expect(run.written[2]).toBe('b')
    expect(run.consumer.isPaused(t1)).toBe(true)
    run.stop.abort()
    await ended
  })

  it('wakes the connector with an empty batch when it asked for it', async () => {
    let empties = 0
    const run: ReturnType<typeof setup> = setup({
      write(batch) {
        if (batch.length === 0) empties++
        else run.loop.context.wakeAfter(5)
      },
    })
    run.consumer.assign({ ...t0, offset: 0 })
    run.consumer.append('t', 0, ['a'])
    const ended = run.start()
    await until(() => empties === 1)
    run.stop.abort()
    await ended
  })

  it('does not spin when the connector asks to be woken at every write', async () => {
    let writes = 0
    const run: ReturnType<typeof setup> = setup({
      write() {
        writes++
        run.loop.context.wakeAfter(20)
      },
    })
    run.consumer.assign({ ...t0, offset: 0 })
    run.consumer.append('t', 0, ['a'])
    const ended = run.start()
    const started = performance.now()
    await until(() => writes === 4)
    expect(performance.now() - started).toBeGreaterThan(40)
    run.stop.abort()
    await ended
  })

  it.each([true, false])('gives memory back only when the connector keeps nothing (%s)', async keepsNothing => {
    const consumer = new FakeConsumer(2)
    consumer.batchesPerPoll = 3
    const run = setup({}, { keepsNothing }, consumer)
    consumer.assign({ ...t0, offset: 0 })
    consumer.append('t', 0, texts(0, 6))
    const ended = run.start()
    await until(() => run.written.length === 6)
    run.stop.abort()
    await ended
    expect(consumer.released).toBe(keepsNothing ? 1 : 0)
  })

  it('commits nothing once it was given up', async () => {
    const run = setup({})
    run.consumer.assign({ ...t0, offset: 0 })
    run.consumer.append('t', 0, ['a'])
    const ended = run.start()
    await until(() => run.written.length === 1)
    run.loop.cancel()
    await ended
    expect(run.consumer.commits).toEqual([])
  })

  it('leaves the group when it is given up, though write hangs', async () => {
    const hang = deferred()
    const run = setup({ write: batch => (batch.length > 0 ? hang.promise : undefined) })
    run.consumer.assign({ ...t0, offset: 0 })
    run.consumer.append('t', 0, ['a'])
    const ended = run.start()
    await until(() => run.activity.busyMs() > 0 && run.consumer.polls === 1)
    run.loop.cancel()
    await until(() => run.consumer.closed)
    hang.resolve()
    await ended
    expect(run.consumer.commits).toEqual([])
  })

  it.each(['flush', 'revoked'])('leaves the group when it is given up, though its last %s hangs', async method => {
    const hang = deferred()
    let hanging = false
    const run = setup({
      [method]: () => {
        if (!run.stop.signal.aborted) return
        hanging = true
        return hang.promise
      },
    })
    run.consumer.assign({ ...t0, offset: 0 })
    run.consumer.append('t', 0, ['a'])
    const ended = run.start()
    await until(() => run.written.length === 1)
    run.stop.abort()
    await until(() => hanging)
    const commits = run.consumer.commits.length
    run.loop.cancel()
    await ended
    expect(run.consumer.closed).toBe(true)
    hang.resolve()
    await hang.promise
    expect(run.consumer.commits).toHaveLength(commits)
  })

  it('refuses to pause what is not assigned', async () => {
    const run = setup({})
    expect(() => run.loop.context.pause([t0])).toThrow('t-0 is not assigned to this task')
  })

  it('counts for the metrics', async () => {
    const run = setup({})
    run.consumer.assign({ ...t0, offset: 0 })
    run.consumer.append('t', 0, ['a', 'skip', 'b'])
    const ended = run.start()
    await until(() => run.written.length === 2)
    await until(() => run.metrics.values()['sink-task-metrics']?.['sink-record-active-count'] === 3)
    expect(run.metrics.values()['sink-task-metrics']).toMatchObject({
      'sink-record-read-total': 3,
      'sink-record-send-total': 2,
      'partition-count': 1,
    })
    run.stop.abort()
    await ended
  })
})
