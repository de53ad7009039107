import { expect, test } from 'vitest'
import { alternate, type Failure, type Run, type Side, schedule } from '../../bench/harness.ts'
import type { Subject } from '../../bench/subjects.ts'

const subject = (): Subject => ({
  kind: 'millrace',
  tree: '/nowhere',
  start: () => Promise.reject(new Error('no worker here')),
})
const sides = (...names: string[]): Side[] => names.map(name => ({ name, subject: subject() }))
const order = (runs: readonly { readonly name: string }[]): string => runs.map(({ name }) => name).join('')

test('sides take turns in going first', () => {
  expect(order(schedule(sides('A', 'B'), 3))).toBe('ABBAAB')
  expect(order(schedule(sides('A', 'B', 'C'), 3))).toBe('ABCBCACAB')
})

test('a side with fewer rounds is left out of the later ones', () => {
  const [a, b] = sides('A', 'B') as [Side, Side]
  expect(order(schedule([a, { ...b, mostRounds: 1 }], 3))).toBe('ABAA')
})

test('a run that throws is kept as a failure, and the others go on', async () => {
  const [a, b] = sides('A', 'B') as [Side, Side]
  const told: (Run | Failure)[] = []
  let calls = 0
  const { runs, failures } = await alternate(
    [a, b],
    2,
    0,
    async given => {
      calls++
      if (given === b.subject) throw new Error('broken on purpose')
      return { '': { cpuSeconds: calls } }
    },
    result => told.push(result),
  )
  expect(runs.map(({ side, round, sample }) => [side, round, sample])).toEqual([
    ['A', 1, { '': { cpuSeconds: 1 } }],
    ['A', 2, { '': { cpuSeconds: 4 } }],
  ])
  expect(failures.map(({ side, round }) => [side, round])).toEqual([
    ['B', 1],
    ['B', 2],
  ])
  expect(failures[0]!.error).toContain('broken on purpose')
  expect(told).toHaveLength(4)
})
