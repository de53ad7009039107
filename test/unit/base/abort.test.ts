import { expect, test, vi } from 'vitest'
import { pause } from '../../../runtime/api/poll.ts'
import { AbortedError, deadline, race, settledWithin, sleep, throwIfAborted } from '../../../runtime/base/abort.ts'

test('sleep resolves after its time and rejects as soon as the signal aborts', async () => {
  vi.useFakeTimers()
  try {
    const slept = sleep(1000)
    await vi.advanceTimersByTimeAsync(1000)
    await slept
    const abort = new AbortController()
    const interrupted = sleep(1000, abort.signal)
    abort.abort()
    await expect(interrupted).rejects.toBeInstanceOf(AbortedError)
    expect(vi.getTimerCount()).toBe(0)
    await expect(sleep(1000, abort.signal)).rejects.toBeInstanceOf(AbortedError)
  } finally {
    vi.useRealTimers()
  }
})

test('"no limit" is waited for, not left out', async () => {
  const noLimit = 2 ** 63
  const abort = new AbortController()
  const done: string[] = []
  const waiting = [
    sleep(noLimit, abort.signal).catch(() => {}),
    deadline(race(new Promise(() => {}), abort.signal), noLimit, () => new Error('late')).catch(() => {}),
    settledWithin(race(new Promise(() => {}), abort.signal), noLimit),
    pause(noLimit, abort.signal),
  ]
  for (const [at, one] of waiting.entries()) void one.then(() => done.push(String(at)))
  await sleep(20)
  expect(done).toEqual([])
  abort.abort()
  await Promise.all(waiting)
})

test('race gives the promise, or AbortedError first, and leaves no listener', async () => {
  const abort = new AbortController()
  const added = vi.spyOn(abort.signal, 'addEventListener')
  const removed = vi.spyOn(abort.signal, 'removeEventListener')
  expect(await race(Promise.resolve(7), abort.signal)).toBe(7)
  await expect(race(Promise.reject(new Error('own')), abort.signal)).rejects.toThrow('own')
  expect(removed).toHaveBeenCalledTimes(added.mock.calls.length)
  const never = race(new Promise(() => {}), abort.signal)
  abort.abort('why')
  await expect(never).rejects.toMatchObject({ name: 'AbortedError', cause: 'why' })
  await expect(race(Promise.reject(new Error('unheard')), abort.signal)).rejects.toBeInstanceOf(AbortedError)
})

test('deadline rejects with the given error when it is late', async () => {
  vi.useFakeTimers()
  try {
    const late = deadline(new Promise(() => {}), 50, () => new Error('late'))
    const failed = expect(late).rejects.toThrow('late')
    await vi.advanceTimersByTimeAsync(50)
    await failed
    expect(await deadline(Promise.resolve('in time'), 50, () => new Error('late'))).toBe('in time')
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('settledWithin waits no longer than it must, and leaves no timer', async () => {
  vi.useFakeTimers()
  try {
    await settledWithin(Promise.resolve(), 5000)
    await settledWithin(Promise.reject(new Error('no matter')), 5000)
    expect(vi.getTimerCount()).toBe(0)
    const never = settledWithin(new Promise(() => {}), 5000)
    await vi.advanceTimersByTimeAsync(5000)
    await never
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('throwIfAborted throws only after the abort', () => {
  const abort = new AbortController()
  expect(() => throwIfAborted(abort.signal)).not.toThrow()
  abort.abort()
  expect(() => throwIfAborted(abort.signal)).toThrow(AbortedError)
})
