import fc from 'fast-check'
import { expect, test } from 'vitest'
import { beyondFloor, evenly, floor, median, percentile, summarize } from '../../bench/statistics.ts'

test('the median of an odd and of an even number of values', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([10, 1, 4, 2])).toBe(3)
  expect(median([7])).toBe(7)
})

test('no values have no median', () => {
  expect(() => median([])).toThrow(RangeError)
})

test('a percentile is one of the values', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index)
  expect([1, 50, 99, 99.9, 100].map(percent => percentile(values, percent))).toEqual([2, 100, 198, 200, 200])
  expect(percentile([7], 0)).toBe(7)
  expect(() => percentile([], 50)).toThrow(RangeError)
})

test('a summary keeps the extremes and the number of runs', () => {
  expect(summarize([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, runs: 3 })
})

test('the floor is a factor of at least 1, whichever of the two was larger', () => {
  const [small, large] = [summarize([10]), summarize([12])]
  expect(floor(small, large)).toBeCloseTo(1.2)
  expect(floor(large, small)).toBeCloseTo(1.2)
  expect(floor(small, small)).toBe(1)
  expect(floor(small, summarize([0]))).toBeNaN()
})

test('a ratio counts only beyond the floor, to either side', () => {
  expect(beyondFloor(1.1, 1.2)).toBe(false)
  expect(beyondFloor(0.9, 1.2)).toBe(false)
  expect(beyondFloor(1.3, 1.2)).toBe(true)
  expect(beyondFloor(0.7, 1.2)).toBe(true)
  // Without a floor (one side failed) nothing is claimed.
  expect(beyondFloor(5, Number.NaN)).toBe(false)
})

test('records fill whole objects in whole partitions', () => {
  expect(evenly(1_000_000, 1, 50_000)).toEqual({ records: 1_000_000, perObject: 50_000, objects: 20 })
  expect(evenly(1_000_000, 4, 50_000)).toEqual({ records: 1_000_000, perObject: 50_000, objects: 20 })
  expect(evenly(20_000, 4, 50_000)).toEqual({ records: 20_000, perObject: 5000, objects: 4 })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2_000_000 }),
      fc.integer({ min: 1, max: 16 }),
      fc.integer({ min: 1000, max: 100_000 }),
      (wanted, partitions, most) => {
        const { records, perObject, objects } = evenly(wanted, partitions, most)
        expect(perObject).toBeLessThanOrEqual(most)
        expect(perObject * objects).toBe(records)
        expect(objects % partitions).toBe(0)
        expect(records).toBeGreaterThanOrEqual(wanted)
        // At most one record more per object.
        expect(records - wanted).toBeLessThan(objects + partitions)
      },
    ),
  )
})
