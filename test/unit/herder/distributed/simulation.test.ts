import { expect, test } from 'vitest'
import { type AssignorState, assign, newLeader } from '../../../../runtime/herder/distributed/assignor.ts'
import type { Work } from '../../../../runtime/herder/distributed/work.ts'

const schedules = 10_000
const maxDelayMs = 1000

/** mulberry32: the same numbers for the same seed, everywhere. */
const randomOf = (seed: number) => {
  let state = seed >>> 0
  return (below: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** One worker of the simulation: what it really runs, and what it will hear of when it is no longer slow. */
interface Worker {
  readonly running: Set<Work>
}

/**
 * A group over virtual time: workers come, die, leave in order, miss the end of a round; the leader changes; connectors come
 * and go. A worker that is cut off stops what it runs before its session ends (invariant 7), so its work may be given out then.
 */
class Cluster {
  readonly #random: (below: number) => number
  readonly workers = new Map<string, Worker>()
  readonly wanted = new Set<Work>()
  readonly #released = new Set<Work>()
  #state: AssignorState = newLeader
  #generation = 0
  #completed = 0
  #now = 1
  #names = 0
  delayMs = 0
  #leader = ''

  constructor(random: (below: number) => number) {
    this.#random = random
    this.#join()
  }

  step(): void {
    const event = this.#random(9)
    if (event <= 1 && this.workers.size < 5) this.#join()
    else if (event === 2 && this.workers.size > 1) this.workers.delete(this.#anyWorker())
    else if (event === 3 && this.workers.size > 1) {
      const name = this.#anyWorker()
      for (const work of this.workers.get(name)!.running) this.#released.add(work)
      this.workers.delete(name)
    } else if (event === 4) this.#addConnector()
    else if (event === 5) this.#removeConnector()
    else if (event === 6) this.#now += this.#random(maxDelayMs)
    this.round(this.#random(8) === 0)
  }

  /** `missed`: someone does not hear the assignment, and the group begins again. */
  round(missed: boolean): boolean {
    const members = new Map(Array.from(this.workers, ([name, { running }]) => [name, [...running]]))
    const leader = [...members.keys()][0]!
    if (leader !== this.#leader) {
      this.#state = newLeader
      this.#completed = -1
    }
    this.#leader = leader
    const generation = ++this.#generation
    const result = assign(this.#state, {
      nowMs: this.#now,
      maxDelayMs,
      generation,
      completedGeneration: this.#completed,
      configured: this.wanted,
      members,
      released: this.#released,
    })
    this.#state = result.state
    this.delayMs = result.delayMs
    const unheard = missed ? this.#anyWorker() : undefined
    let moved = false
    for (const [name, { assigned, revoked }] of result.shares) {
      if (name === unheard) continue
      moved ||= assigned.length > 0 || revoked.length > 0
      const { running } = this.workers.get(name)!
      for (const work of revoked) running.delete(work)
      for (const work of assigned) {
        for (const [other, { running: theirs }] of this.workers)
          if (theirs.has(work) && !(result.shares.get(other)?.revoked.includes(work) === true && other !== unheard))
            throw new Error(`${work} is given to ${name} while ${other} runs it`)
        running.add(work)
        this.#released.delete(work)
      }
    }
    if (leader !== unheard) this.#completed = generation
    return moved
  }

  /** Nothing happens any more: rounds go on until nothing moves and nothing is waited for. */
  settle(): number {
    for (let rounds = 1; rounds <= 20; rounds++) {
      this.#now += this.delayMs
      if (!this.round(false) && this.delayMs === 0) return rounds
    }
    throw new Error('no end after 20 rounds')
  }

  #join(): void {
    this.workers.set(`w${this.#names++}`, { running: new Set() })
  }

  #anyWorker(): string {
    return [...this.workers.keys()][this.#random(this.workers.size)]!
  }

  #addConnector(): void {
    const name = `x${this.#names++}`
    this.wanted.add(`c ${name}`)
    const count = this.#random(5)
    for (let task = 0; task < count; task++) this.wanted.add(`t ${name}-${task}`)
  }

  #removeConnector(): void {
    const one = [...this.wanted].find(work => work.startsWith('c '))
    if (one === undefined) return
    for (const work of this.wanted) if (work === one || work.startsWith(`t ${one.slice(2)}-`)) this.wanted.delete(work)
  }
}

const spread = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts)

const play = (seed: number): void => {
  const random = randomOf(seed)
  const cluster = new Cluster(random)
  for (let steps = 5 + random(20); steps > 0; steps--) cluster.step()
  cluster.settle()
  const workers = [...cluster.workers.values()].map(({ running }) => [...running])
  expect(workers.flat().sort()).toEqual([...cluster.wanted].sort())
  for (const kind of ['c', 't'])
    expect(spread(workers.map(works => works.filter(work => work.startsWith(kind)).length))).toBeLessThanOrEqual(1)
}

test(`${schedules} schedules: nothing runs twice, nothing is left out, and all is even in the end`, {
  timeout: 60_000,
}, () => {
  const first = Number(process.env['MILLRACE_SEED'] ?? Date.now() % 1_000_000_000)
  const count = process.env['MILLRACE_SEED'] === undefined ? schedules : 1
  for (let seed = first; seed < first + count; seed++) {
    try {
      play(seed)
    } catch (error) {
      throw new Error(`MILLRACE_SEED=${seed} repeats it: ${(error as Error).message}`, { cause: error })
    }
  }
})
