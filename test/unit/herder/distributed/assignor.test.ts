import { describe, expect, test } from 'vitest'
import {
  type AssignorState,
  assign,
  assignEagerly,
  newLeader,
  type Round,
} from '../../../../runtime/herder/distributed/assignor.ts'
import type { Work } from '../../../../runtime/herder/distributed/work.ts'

const connectors = (...names: readonly string[]): Work[] => names.map(name => `c ${name}`)
const tasks = (connector: string, count: number): Work[] =>
  Array.from({ length: count }, (_, task) => `t ${connector}-${task}`)

/** A group whose members do at once what they are told, as in `after`. */
const group = (configured: readonly Work[], maxDelayMs = 1000) => {
  let state: AssignorState = newLeader
  let generation = 0
  const members = new Map<string, Work[]>()
  const wanted = new Set(configured)
  return {
    wanted,
    members,
    get state() {
      return state
    },
    counts: (kind: string) =>
      [...members.values()].map(works => works.filter(work => work.startsWith(kind)).length).sort(),
    round(nowMs = 0, more: Partial<Round> = {}) {
      const result = assign(state, {
        nowMs,
        maxDelayMs,
        generation: generation + 1,
        completedGeneration: generation,
        configured: wanted,
        members,
        ...more,
      })
      generation++
      state = result.state
      for (const [member, { assigned, revoked }] of result.shares)
        members.set(member, [...members.get(member)!.filter(work => !revoked.includes(work)), ...assigned])
      return result
    },
  }
}

describe('cooperative assignment', () => {
  test('shares connectors and tasks out evenly, each kind on its own', () => {
    const it = group([...connectors('a', 'b', 'c'), ...tasks('a', 4), ...tasks('b', 3)])
    it.members.set('w1', []).set('w2', []).set('w3', [])
    expect(it.round().delayMs).toBe(0)
    expect(it.counts('c')).toEqual([1, 1, 1])
    expect(it.counts('t')).toEqual([2, 2, 3])
  })

  test('a new worker is given work in two rounds; what stays is not touched', () => {
    const it = group([...connectors('a', 'b'), ...tasks('a', 4)])
    it.members.set('w1', [])
    it.round()
    it.members.set('w2', [])
    const first = it.round()
    expect(first.shares.get('w1')).toEqual({ assigned: [], revoked: ['c a', 't a-0', 't a-1'] })
    expect(first.shares.get('w2')).toEqual({ assigned: [], revoked: [] })
    const second = it.round()
    expect(second.shares.get('w1')).toEqual({ assigned: [], revoked: [] })
    expect(second.shares.get('w2')?.assigned).toEqual(['c a', 't a-0', 't a-1'])
  })

  test('work of a worker that died waits for it, then goes to the others', () => {
    const it = group(tasks('a', 4))
    it.members.set('w1', []).set('w2', [])
    it.round(0)
    it.members.delete('w2')
    expect(it.round(100)).toMatchObject({ delayMs: 1000 })
    expect(it.round(600)).toMatchObject({ delayMs: 500 })
    expect(it.members.get('w1')).toHaveLength(2)
    expect(it.round(1100)).toMatchObject({ delayMs: 0 })
    expect(it.members.get('w1')).toHaveLength(4)
  })

  test('a worker that comes back in time has its work again', () => {
    const it = group(tasks('a', 4))
    it.members.set('w1', []).set('w2', [])
    it.round(0)
    const had = it.members.get('w2')!
    it.members.delete('w2')
    it.round(100)
    it.members.set('w2-again', [])
    it.round(500)
    expect(it.members.get('w2-again')).toEqual([])
    it.round(1100)
    expect(it.members.get('w2-again')).toEqual(had)
  })

  test('what was released in order is given out at once', () => {
    const it = group(tasks('a', 4))
    it.members.set('w1', []).set('w2', [])
    it.round(0)
    const released = new Set(it.members.get('w2'))
    it.members.delete('w2')
    expect(it.round(1, { released })).toMatchObject({ delayMs: 0 })
    expect(it.members.get('w1')).toHaveLength(4)
  })

  test('without a delay what was lost is given out at once', () => {
    const it = group(tasks('a', 4), 0)
    it.members.set('w1', []).set('w2', [])
    it.round()
    it.members.delete('w2')
    expect(it.round()).toMatchObject({ delayMs: 0 })
    expect(it.members.get('w1')).toHaveLength(4)
  })

  test('work that a worker missed, all still there, is given out at once', () => {
    const it = group(tasks('a', 4))
    it.members.set('w1', []).set('w2', [])
    it.round()
    it.members.set('w2', [])
    expect(it.round()).toMatchObject({ delayMs: 0 })
    expect([...it.members.values()].flat()).toHaveLength(4)
  })

  test('a round that was not completed gave nothing out: nobody waits for who was to have it', () => {
    const it = group(tasks('a', 2))
    it.members.set('w1', [])
    it.round()
    it.members.delete('w1')
    it.members.set('w2', [])
    expect(it.round(0, { completedGeneration: 0 })).toMatchObject({ delayMs: 0 })
    expect(it.members.get('w2')).toHaveLength(2)
  })

  test('when a revocation was not heard, what the members say counts, not what was given out', () => {
    const it = group(tasks('a', 6))
    it.members.set('w1', []).set('w3', [])
    it.round()
    const had = it.members.get('w1')!
    it.members.set('w2', [])
    expect(it.round().shares.get('w1')?.revoked).toHaveLength(1)
    it.members.set('w1', had)
    it.members.delete('w3')
    it.round()
    expect([...it.members.values()].flat()).toHaveLength(6)
  })

  test('what is deleted is revoked; what two run is taken from both and given to one in the next round', () => {
    const it = group(tasks('a', 2))
    it.members.set('w1', ['t a-0', 't old-0']).set('w2', ['t a-0'])
    const first = it.round()
    expect(first.shares.get('w1')?.revoked).toEqual(['t a-0', 't old-0'])
    expect(first.shares.get('w2')?.revoked).toEqual(['t a-0'])
    it.round()
    expect([...it.members.values()].flat().sort()).toEqual(['t a-0', 't a-1'])
  })

  test('balancing again and again backs off: 40 ms, 1600 ms, at most the delay', () => {
    const it = group(tasks('a', 8), 1000)
    it.members.set('w1', [])
    it.round(0)
    const delays: number[] = []
    let now = 0
    for (const name of ['w2', 'w3', 'w4']) {
      it.members.set(name, [])
      const { delayMs } = it.round(now)
      delays.push(delayMs)
      now += delayMs
    }
    expect(delays[0]).toBe(0)
    expect(delays[1]).toBe(40)
  })
})

test('eager assignment goes round the members: connectors first, then tasks', () => {
  const shares = assignEagerly(new Set([...tasks('b', 2), ...tasks('a', 1), ...connectors('b', 'a')]), ['w2', 'w1'])
  expect([...shares]).toEqual([
    ['w1', ['c a', 't a-0', 't b-1']],
    ['w2', ['c b', 't b-0']],
  ])
})
