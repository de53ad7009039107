import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parseOptions } from '../../bench/options.ts'

const names = ['snapshot', 'start']
const parse = (...args: string[]) => parseOptions(args, false, names)

test('what is measured when nothing is said', () => {
  expect(parse()).toMatchObject({
    only: undefined,
    rounds: 3,
    records: 1_000_000,
    kafka: 'embedded',
    peer: false,
    against: undefined,
    quick: false,
  })
})

test('both brokers when the jars are there or the peer needs them', () => {
  expect(parseOptions([], true, names).kafka).toBe('both')
  expect(parse('--peer').kafka).toBe('both')
  expect(parseOptions(['--kafka', 'embedded'], true, names).kafka).toBe('embedded')
})

test('--quick is few records, one round and no waiting, each of which can still be said', () => {
  expect(parse('--quick')).toMatchObject({ rounds: 1, records: 20_000, quietSeconds: 0, quick: true })
  expect(parse('--quick', '--records', '50_000', '--rounds', '2')).toMatchObject({ rounds: 2, records: 50_000 })
})

test('names and folders', () => {
  expect(parse('--only', 'start, snapshot').only).toEqual(['start', 'snapshot'])
  expect(parse('--against', '../other').against).toBe(resolve('../other'))
})

test.each([
  [['--only', 'nothing'], 'There is no benchmark nothing: choose from snapshot, start'],
  [['--rounds', '0'], '--rounds 0 is no count: give a whole number of at least 1'],
  [['--records', 'many'], '--records many is no count: give a whole number of at least 1000'],
  [['--quick', '--publish'], '--publish with --quick: the figures of --quick mean nothing'],
  [['--kafka', 'real'], '--kafka real is not known: give embedded, apache or both'],
])('%j is refused', (args, message) => {
  expect(() => parse(...args)).toThrow(message)
})
