import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffDelay } from '../../../runtime/base/backoff.ts'

test('grows by the factor up to the maximum', () => {
  const options = { initialMs: 100, maxMs: 1000, jitter: 0 }
  expect([0, 1, 2, 3, 4, 50].map(attempt => backoffDelay(options, attempt))).toEqual([100, 200, 400, 800, 1000, 1000])
})

test('stays within the jitter and the maximum, whatever the numbers', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 100_000 }),
      fc.nat(100),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (initialMs, maxMs, attempt, random) => {
        const delay = backoffDelay({ initialMs, maxMs, jitter: 0.5 }, attempt, () => random)
        expect(delay).toBeGreaterThanOrEqual(Math.min(maxMs, initialMs) * 0.5)
        expect(delay).toBeLessThanOrEqual(maxMs)
      },
    ),
  )
})
