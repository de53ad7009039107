import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AssignorState, assign, newLeader } from '../../../../runtime/herder/distributed/assignor.ts'
import { planByLoad, weightsOf } from '../../../../runtime/herder/distributed/load-plan.ts'
import type { Work } from '../../../../runtime/herder/distributed/work.ts'

const none = new Map<Work, string>()
const running = (shares: Readonly<Record<string, readonly Work[]>>) =>
  new Map(Object.entries(shares).map(([member, works]) => [member, new Set(works)]))
const weightIn = (weights: Readonly<Record<Work, number>>) => (work: Work) => weights[work]!

describe('weights', () => {
  test('who is idle costs a little, who was not measured is like the others', () => {
    const weightOf = weightsOf(
      new Map([
        ['t a-0', 0.5],
        ['t a-1', 0.3],
        ['t b-0', 0],
      ]),
    )
    expect(weightOf('t a-0')).toBeCloseTo(0.52)
    expect(weightOf('t b-0')).toBeCloseTo(0.02)
    expect(weightOf('t a-7')).toBeCloseTo(0.42)
    expect(weightOf('t new-0')).toBeCloseTo(0.8 / 3 + 0.02)
    expect(weightsOf(new Map())('t new-0')).toBeCloseTo(0.02)
  })
})

describe('a plan by load', () => {
  test('gives what is free to whoever has least, the heaviest first', () => {
    const weightOf = weightIn({ 't a-0': 1, 't a-1': 5, 't a-2': 3, 't b-0': 2 })
    const plan = planByLoad(running({ w1: ['t b-0'], w2: [] }), ['t a-0', 't a-1', 't a-2'], none, weightOf)
    expect(plan.placed).toEqual(
      new Map([
        ['t a-1', 'w2'],
        ['t a-2', 'w1'],
        ['t a-0', 'w1'],
      ]),
    )
    expect(plan.moves).toEqual(none)
  })

  test('moves the one task that evens workers out best, and nothing else', () => {
    const weightOf = weightIn({ 't a-0': 5, 't a-1': 4, 't a-2': 1, 't b-0': 2 })
    const plan = planByLoad(running({ w1: ['t a-0', 't a-1', 't a-2'], w2: ['t b-0'] }), [], none, weightOf)
    expect(plan.moves).toEqual(new Map([['t a-1', 'w2']]))
  })

  test('moves nothing for a gain that is small beside the whole, or that is none', () => {
    const small = weightIn({ 't a-0': 10, 't a-1': 0.5, 't b-0': 9 })
    expect(planByLoad(running({ w1: ['t a-0', 't a-1'], w2: ['t b-0'] }), [], none, small).moves).toEqual(none)
    const one = weightIn({ 't a-0': 10, 't b-0': 1 })
    expect(planByLoad(running({ w1: ['t a-0'], w2: ['t b-0'] }), [], none, one).moves).toEqual(none)
  })

  test('goes on where the round before wanted a task, if that worker is still there', () => {
    const weightOf = weightIn({ 't a-0': 3, 't a-1': 3, 't b-0': 1 })
    const wanted = new Map([
      ['t a-0', 'w1'],
      ['t a-1', 'gone'],
    ])
    const plan = planByLoad(running({ w1: ['t b-0'], w2: [] }), ['t a-0', 't a-1'], wanted, weightOf)
    expect(plan.placed).toEqual(
      new Map([
        ['t a-0', 'w1'],
        ['t a-1', 'w2'],
      ]),
    )
  })
})

/** Rounds of a group whose members do what they are told, until nothing changes. */
const settle = (
  members: Map<string, readonly Work[]>,
  configured: ReadonlySet<Work>,
  loads: ReadonlyMap<Work, number>,
) => {
  let state: AssignorState = newLeader
  for (let generation = 1; generation < 60; generation++) {
    const round = { nowMs: generation, maxDelayMs: 0, generation, completedGeneration: generation - 1 }
    const result = assign(state, { ...round, configured, members, loads })
    state = result.state
    let changed = false
    for (const [member, { assigned, revoked }] of result.shares) {
      changed ||= assigned.length + revoked.length > 0
      members.set(member, [...members.get(member)!.filter(work => !revoked.includes(work)), ...assigned])
    }
    if (!changed) return generation
  }
  return Number.POSITIVE_INFINITY
}

describe('rounds by load', () => {
  test('a busy task has a worker nearly for itself', () => {
    const tasks = Array.from({ length: 9 }, (_, task) => `t a-${task}`)
    const loads = new Map(tasks.map((task, at) => [task, at === 0 ? 0.8 : 0.1]))
    const members = new Map<string, readonly Work[]>([
      ['w1', tasks.slice(0, 5)],
      ['w2', tasks.slice(5)],
    ])
    settle(members, new Set(tasks), loads)
    expect(members.get('w1')).toEqual(['t a-0', 't a-4'])
  })

  test('come to an end, with everything run once and no move left that is worth it', () => {
    const group = fc.record({
      cores: fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 1, maxLength: 40 }),
      places: fc.array(fc.nat(4), { minLength: 40, maxLength: 40 }),
      size: fc.integer({ min: 1, max: 5 }),
    })
    fc.assert(
      fc.property(group, ({ cores, places, size }) => {
        const tasks = cores.map((_, at) => `t c${at % 3}-${at}`)
        const loads = new Map(tasks.map((task, at) => [task, cores[at]!]))
        const members = new Map<string, readonly Work[]>()
        for (let at = 0; at < size; at++)
          members.set(
            `w${at}`,
            tasks.filter((_, task) => places[task] === at),
          )
        expect(settle(members, new Set(tasks), loads)).toBeLessThan(10)
        expect([...members.values()].flat().sort()).toEqual([...tasks].sort())
        const weightOf = weightsOf(loads)
        const sums = [...members.values()].map(works => works.reduce((sum, work) => sum + weightOf(work), 0))
        const gap = Math.max(...sums) - Math.min(...sums)
        const busiest = [...members.values()][sums.indexOf(Math.max(...sums))]!
        const worthIt = (0.1 * sums.reduce((sum, one) => sum + one, 0)) / size
        for (const work of busiest) expect(Math.min(weightOf(work), gap - weightOf(work))).toBeLessThan(worthIt + 1e-9)
      }),
      { numRuns: 500 },
    )
  })
})
