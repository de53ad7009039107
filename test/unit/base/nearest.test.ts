import { expect, test } from 'vitest'
import { distance, nearest } from '../../../runtime/base/nearest.ts'

test.each([
  ['', 'abc', 3],
  ['flush.size', 'flush.siz', 1],
  ['kitten', 'sitting', 3],
  ['initail', 'initial', 1],
  ['ab', 'ba', 1],
  ['abcd', 'badc', 2],
  ['same', 'same', 0],
])('from %j to %j it is %i', (a, b, letters) => {
  expect(distance(a, b)).toBe(letters)
})

test.each([
  ['intervalms', 'interval.ms'],
  ['offset.flush.intervall.ms', 'offset.flush.interval.ms'],
  ['fil', undefined],
  ['something.else', undefined],
])('by %s was meant %s', (name, meant) => {
  expect(nearest(name, ['file', 'topic', 'interval.ms', 'offset.flush.interval.ms'])).toBe(meant)
})
