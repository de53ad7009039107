import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { nextRestart, Restarts } from '../../../runtime/herder/restarts.ts'

const settings = { max: 3, windowMs: 10_000, delayMs: 100, maxDelayMs: 250 }
const middle = () => 0.5

test.each([
  { before: [], now: 0, inMs: 100, text: 'Restarted by itself in 100 ms (restart 1 of 3 within 10 s)' },
  { before: [0], now: 1, inMs: 200, text: 'Restarted by itself in 200 ms (restart 2 of 3 within 10 s)' },
  { before: [0, 1], now: 2, inMs: 250, text: 'Restarted by itself in 250 ms (restart 3 of 3 within 10 s)' },
  {
    before: [0, 1, 2],
    now: 9999,
    inMs: undefined,
    text: 'Not restarted any more: it was 3 times within 10 s (errors.restart.max). Mend the cause and restart it',
  },
  { before: [0, 1, 2], now: 10_000, inMs: 250, text: 'Restarted by itself in 250 ms (restart 3 of 3 within 10 s)' },
])('after $before at $now: $inMs', ({ before, now, inMs, text }) => {
  expect(nextRestart(settings, before, now, middle)).toEqual({ inMs, text })
})

test('without end it says no budget', () => {
  const endless = { ...settings, max: Number.POSITIVE_INFINITY, delayMs: 5000, maxDelayMs: 5000 }
  expect(nextRestart(endless, [0, 1, 2, 3], 4, middle)).toEqual({
    inMs: 5000,
    text: 'Restarted by itself in 5 s (restart 5)',
  })
})

let restarts: Restarts
beforeEach(() => {
  vi.useFakeTimers()
  restarts = new Restarts()
})
afterEach(() => {
  restarts.close()
  vi.useRealTimers()
})

test('restarts are counted when they happen, and not those that were cancelled', () => {
  let runs = 0
  const fail = () => restarts.failed('c/0', settings, () => runs++)
  expect(fail()).toContain('restart 1 of 3')
  restarts.cancel('c/0')
  vi.advanceTimersByTime(1000)
  expect(runs).toBe(0)
  for (const number of [1, 2, 3]) {
    expect(fail()).toContain(`restart ${number} of 3`)
    vi.advanceTimersByTime(300)
    expect(runs).toBe(number)
  }
  expect(fail()).toContain('Not restarted any more')
  vi.advanceTimersByTime(5000)
  expect(runs).toBe(3)
  vi.advanceTimersByTime(10_000)
  expect(fail()).toContain('restart 1 of 3')
})
