import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DataError, RetriableError } from '../../../runtime/api/errors.ts'
import { AbortedError } from '../../../runtime/base/abort.ts'
import { systemClock } from '../../../runtime/base/clock.ts'
import type { FailedRecord } from '../../../runtime/pipeline/stage.ts'
import { Tolerance, type ToleranceSettings } from '../../../runtime/pipeline/tolerance.ts'
import { noErrors } from '../../../runtime/telemetry/metrics-task.ts'
import { recordingLog } from '../../support/fakes/log.ts'

const defaults: ToleranceSettings = {
  tolerateAll: false,
  retryTimeoutMs: 0,
  retryDelayMaxMs: 60_000,
  logErrors: false,
  logRecords: false,
}

const setup = (settings: Partial<ToleranceSettings> = {}, random = () => 0.5) => {
  const log = recordingLog()
  const counters = noErrors()
  const reported: unknown[][] = []
  const tolerance = new Tolerance({
    settings: { ...defaults, ...settings },
    taskName: 'orders-0',
    log,
    clock: systemClock,
    counters,
    deadLetters: { report: (...letter) => void reported.push(letter) },
    random,
  })
  return { log, counters, reported, tolerance }
}

const record: FailedRecord = {
  describe: () => ', where consumed record is {...}',
  consumed: {
    topic: 't',
    partition: 1,
    offset: 7,
    timestamp: 0,
    timestampType: 'CREATE_TIME',
    key: null,
    value: null,
    headers: [],
  },
}

const busy = new RetriableError('busy')

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Fails `failures` times, then gives 'done'; keeps the times of its calls, in ms since the start. */
const operation = (failures: number, error: unknown = busy) => {
  const start = Date.now()
  const calls: number[] = []
  return {
    calls,
    run: () => {
      calls.push(Date.now() - start)
      if (calls.length <= failures) throw error
      return 'done'
    },
  }
}

describe('retrying', () => {
  test('waits 300 ms, then twice as long each time', async () => {
    const { tolerance, counters } = setup({ retryTimeoutMs: 60_000 })
    const { run, calls } = operation(3)
    const result = tolerance.retry(run, busy)
    await vi.runAllTimersAsync()
    expect(await result).toBe('done')
    expect(calls).toEqual([300, 900, 2100, 4500])
    expect(counters.retries).toBe(4)
    expect(counters.recordsSkipped).toBe(0)
  })

  test('waits as long as the error asks for, within errors.retry.timeout', async () => {
    const { tolerance } = setup({ retryTimeoutMs: 12_000, retryDelayMaxMs: 600 })
    const later = new RetriableError('rate limit', { retryAfterMs: 5000 })
    const { run, calls } = operation(9, later)
    const result = expect(tolerance.retry(run, later)).rejects.toBe(later)
    await vi.runAllTimersAsync()
    await result
    expect(calls).toEqual([5000, 10_000, 12_000])
  })

  test('a delay beyond errors.retry.delay.max.ms becomes a random one below it', async () => {
    const { tolerance } = setup({ retryTimeoutMs: 60_000, retryDelayMaxMs: 600 }, () => 0.25)
    const { run, calls } = operation(3)
    const result = tolerance.retry(run, busy)
    await vi.runAllTimersAsync()
    await result
    expect(calls).toEqual([300, 900, 1050, 1200])
  })

  test('the last delay ends at the deadline; then the last error is thrown', async () => {
    const { tolerance } = setup({ retryTimeoutMs: 1000 })
    const { run, calls } = operation(9, new RetriableError('still busy'))
    const result = expect(tolerance.retry(run, busy)).rejects.toThrow('still busy')
    await vi.runAllTimersAsync()
    await result
    expect(calls).toEqual([300, 900, 1000])
  })

  test('a timeout of -1 never gives up', async () => {
    const { tolerance } = setup({ retryTimeoutMs: -1, retryDelayMaxMs: 10_000 })
    const { run } = operation(500)
    const result = tolerance.retry(run, busy)
    await vi.runAllTimersAsync()
    expect(await result).toBe('done')
  })

  test('an error of another kind ends it at once', async () => {
    const { tolerance } = setup({ retryTimeoutMs: -1 })
    const { run, calls } = operation(9, new DataError('bad'))
    const result = expect(tolerance.retry(run, busy)).rejects.toThrow('bad')
    await vi.runAllTimersAsync()
    await result
    expect(calls).toEqual([300])
  })

  test('stops waiting when the task does', async () => {
    const { tolerance } = setup({ retryTimeoutMs: -1 })
    const abort = new AbortController()
    const { run, calls } = operation(9)
    const result = expect(tolerance.retry(run, busy, abort.signal)).rejects.toThrow(AbortedError)
    await vi.advanceTimersByTimeAsync(350)
    abort.abort()
    await result
    expect(calls).toEqual([300])
    expect(vi.getTimerCount()).toBe(0)
  })

  test.each([
    [0, busy, false],
    [1, busy, true],
    [-1, busy, true],
    [-1, new DataError('bad'), false],
    [-1, 'text', false],
  ])('with a timeout of %s, %s is retried: %s', (retryTimeoutMs, error, expected) => {
    expect(setup({ retryTimeoutMs }).tolerance.retries(error)).toBe(expected)
  })
})

describe('what concerns a whole batch', () => {
  test('is tried again, and fails the task even if errors are tolerated', async () => {
    const { tolerance, reported } = setup({ retryTimeoutMs: 1000, tolerateAll: true })
    const { run, calls } = operation(9)
    const attempt = tolerance.attempt(async () => void run(), 'TRANSFORMATION', 'com.example.Lookup')
    const result = expect(attempt).rejects.toThrow(
      'A whole batch failed: stage TRANSFORMATION, class com.example.Lookup',
    )
    await vi.runAllTimersAsync()
    await result
    expect(calls).toEqual([0, 300, 900, 1000])
    expect(reported).toEqual([])
  })
})

describe('giving a record up', () => {
  const give = ({ tolerance }: ReturnType<typeof setup>, error: unknown) =>
    tolerance.giveUp(record, 'VALUE_CONVERTER', 'com.example.Json', error)

  // The JVM leaves a record out whose retries are exhausted, even without tolerance; see the ADR (invariant 4).
  test.each([new DataError('bad'), new TypeError('x is not a function'), busy, 'no error object'])(
    'without tolerance it is reported and then fails the task: %s',
    error => {
      const parts = setup()
      let thrown: unknown
      try {
        give(parts, error)
      } catch (caught) {
        thrown = caught
      }
      expect(thrown).toMatchObject({
        name: 'ConnectError',
        message:
          'Tolerance exceeded in error handler\n  in stage VALUE_CONVERTER, class com.example.Json, record t-1@7',
        cause: error,
      })
      expect(parts.reported).toEqual([[record, 'VALUE_CONVERTER', 'com.example.Json', error]])
      expect(parts.counters).toMatchObject({ recordFailures: 1, recordsSkipped: 0, lastErrorTimestamp: 1_000_000 })
    },
  )

  test.each([new DataError('bad'), new TypeError('x is not a function'), busy])(
    'with errors.tolerance=all it is reported and left out: %s',
    error => {
      const parts = setup({ tolerateAll: true })
      give(parts, error)
      give(parts, error)
      expect(parts.reported).toHaveLength(2)
      expect(parts.counters).toMatchObject({ recordFailures: 2, recordsSkipped: 2 })
    },
  )

  test.each([
    [{}, []],
    [{ logRecords: true }, []],
    [
      { logErrors: true },
      ["Error encountered in task orders-0. Executing stage 'VALUE_CONVERTER' with class 'com.example.Json'."],
    ],
    [
      { logErrors: true, logRecords: true },
      [
        "Error encountered in task orders-0. Executing stage 'VALUE_CONVERTER' with class 'com.example.Json', where consumed record is {...}.",
      ],
    ],
  ])('logs as %j asks', (settings, lines) => {
    const parts = setup({ ...settings, tolerateAll: true })
    const error = new DataError('bad')
    give(parts, error)
    expect(parts.log.lines).toEqual(lines.map(message => ({ level: 'error', message, details: { error } })))
    expect(parts.counters.errorsLogged).toBe(lines.length)
  })

  test('logs before it fails the task', () => {
    const parts = setup({ logErrors: true })
    expect(() => give(parts, new DataError('bad'))).toThrow('Tolerance exceeded')
    expect(parts.log.lines).toHaveLength(1)
  })
})
