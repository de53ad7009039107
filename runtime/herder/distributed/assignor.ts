import { planByLoad, weightsOf } from './load-plan.ts'
import { isConnectorWork, sortedWork, type Work } from './work.ts'

/** What the leader remembers from round to round; a new leader begins with `newLeader`. Times in ms. */
export interface AssignorState {
  /** Given out, as of the last round; what was lost and not yet given out again stays in. */
  readonly previous: ReadonlySet<Work>
  readonly revoked: ReadonlySet<Work>
  readonly members: ReadonlySet<string>
  /** Of the last round; -1: none. */
  readonly generation: number
  /** When what was lost is given out; 0: nothing is waited for. */
  readonly dueMs: number
  /** Members that came while something was waited for: perhaps the lost one, come back. */
  readonly candidates: ReadonlySet<string>
  readonly balanced: { readonly inLastRound: boolean; readonly roundsInARow: number }
  /** By load: where tasks go that were taken away in the last round. */
  readonly wanted: ReadonlyMap<Work, string>
}

export const newLeader: AssignorState = {
  previous: new Set(),
  revoked: new Set(),
  members: new Set(),
  generation: -1,
  dueMs: 0,
  candidates: new Set(),
  balanced: { inLastRound: false, roundsInARow: 0 },
  wanted: new Map(),
}

export interface Round {
  readonly nowMs: number
  /** `scheduled.rebalance.max.delay.ms` */
  readonly maxDelayMs: number
  /** The generation that this round makes, and the last one that this worker saw completed. */
  readonly generation: number
  readonly completedGeneration: number
  /** All that there is to run. */
  readonly configured: ReadonlySet<Work>
  /** What each member runs. */
  readonly members: ReadonlyMap<string, readonly Work[]>
  /** What its last worker has given up in order: nobody waits for that one to come back. */
  readonly released?: ReadonlySet<Work>
  /** What tasks cost, in cores, as far as it was measured. undefined: tasks are shared out by number, as connectors are. */
  readonly loads?: ReadonlyMap<Work, number> | undefined
}

export interface Share {
  readonly assigned: readonly Work[]
  readonly revoked: readonly Work[]
}

export interface RoundResult {
  readonly state: AssignorState
  readonly shares: ReadonlyMap<string, Share>
  /** All join again after this time; 0: nothing is delayed. */
  readonly delayMs: number
}

type Loads = Map<string, Set<Work>>

const minus = (set: ReadonlySet<Work>, ...others: readonly ReadonlySet<Work>[]): Set<Work> =>
  new Set([...set].filter(work => others.every(other => !other.has(work))))

type Kind = (work: Work) => boolean
const isTaskWork: Kind = work => !isConnectorWork(work)
const kinds: readonly Kind[] = [isConnectorWork, isTaskWork]

/** Incremental cooperative assignment, as Kafka Connect's leader does it (KIP-415, KIP-980's backoff). Pure. */
export const assign = (before: AssignorState, round: Round): RoundResult => {
  const { nowMs, maxDelayMs, configured, members } = round
  const byNumber = round.loads === undefined ? kinds : [isConnectorWork]
  const active = new Set([...members.values()].flat())
  // A round that came to no end gave nothing out.
  let previous = before.generation === round.completedGeneration ? before.previous : new Set<Work>()
  // Who was told to give up something did not: what they say counts.
  if ([...before.revoked].some(work => active.has(work))) previous = active

  const deleted = minus(new Set([...previous, ...active]), configured)
  const duplicated = duplicates(members)
  const gone = minus(previous, active, deleted)
  const released = new Set([...gone].filter(work => round.released?.has(work)))
  const lost = minus(gone, released)
  const created = new Set([...minus(configured, previous, active), ...released])

  const next: Loads = new Map()
  const revoked: Loads = new Map()
  for (const [member, running] of members) {
    next.set(member, new Set(running.filter(work => !deleted.has(work) && !duplicated.has(work))))
    revoked.set(member, new Set(running.filter(work => deleted.has(work) || duplicated.has(work))))
  }

  const waiting = whatWasLost(before, round, lost, next)
  const { again, toCandidates } = waiting
  let { delayMs, dueMs } = waiting
  const toAssign = sortedWork([...created, ...again])
  const plan = round.loads && planTasks(next, toCandidates, toAssign, before.wanted, round.loads)
  let wanted: ReadonlyMap<Work, string> = new Map()
  let balanced = before.balanced
  // A whole delay was waited: that was the pause between two rounds of balancing.
  if (before.dueMs > 0 && nowMs >= before.dueMs) balanced = { ...balanced, inLastRound: false }
  if (delayMs > 0) balanced = { ...balanced, inLastRound: false }
  else {
    const surplus = surplusOf(configured, next, byNumber)
    for (const [member, works] of surplus)
      works.push(...[...next.get(member)!].filter(work => plan?.moves.has(work) === true))
    const some = [...surplus.values()].some(works => works.length > 0)
    const successive = some && balanced.inLastRound
    const rounds = some ? balanced.roundsInARow + (successive ? 1 : 0) : 0
    const backoff = successive && maxDelayMs > 0 ? Math.min(maxDelayMs, 40 ** rounds) : 0
    balanced = { inLastRound: some, roundsInARow: rounds }
    if (backoff > 0) {
      delayMs = backoff
      dueMs = nowMs + backoff
    } else {
      if (plan !== undefined) wanted = plan.moves
      for (const [member, works] of surplus)
        for (const work of works) {
          next.get(member)!.delete(work)
          revoked.get(member)!.add(work)
        }
    }
  }

  for (const [member, works] of toCandidates) for (const work of works) next.get(member)!.add(work)
  for (const kind of byNumber) fill(next, toAssign.filter(kind), kind)
  for (const [work, member] of plan?.placed ?? []) next.get(member)!.add(work)

  const shares = new Map<string, Share>()
  const given = new Set<Work>(lost)
  const taken = new Set<Work>()
  for (const [member, running] of members) {
    const had = new Set(running)
    const own = next.get(member)!
    const away = revoked.get(member)!
    for (const work of own) given.add(work)
    for (const work of away) taken.add(work)
    shares.set(member, { assigned: [...own].filter(work => !had.has(work)), revoked: [...away] })
  }
  return {
    shares,
    delayMs,
    state: {
      previous: given,
      revoked: taken,
      members: new Set(members.keys()),
      generation: round.generation,
      dueMs,
      candidates: waiting.candidates,
      balanced,
      wanted,
    },
  }
}

/** Where tasks go by load, given what stays where and what those get that came back. */
const planTasks = (
  stays: Loads,
  toCandidates: ReadonlyMap<string, readonly Work[]>,
  toAssign: readonly Work[],
  wanted: ReadonlyMap<Work, string>,
  loads: ReadonlyMap<Work, number>,
) => {
  const running = Array.from(stays, ([member, works]) => {
    const own = [...works, ...(toCandidates.get(member) ?? [])]
    return [member, new Set(own.filter(isTaskWork))] as const
  })
  return planByLoad(new Map(running), toAssign.filter(isTaskWork), wanted, weightsOf(loads))
}

const duplicates = (members: ReadonlyMap<string, readonly Work[]>): Set<Work> => {
  const seen = new Set<Work>()
  const twice = new Set<Work>()
  for (const running of members.values())
    for (const work of new Set(running)) {
      if (seen.has(work)) twice.add(work)
      seen.add(work)
    }
  return twice
}

interface Waiting {
  readonly delayMs: number
  readonly dueMs: number
  readonly candidates: ReadonlySet<string>
  /** To be given out with what is new. */
  readonly again: ReadonlySet<Work>
  readonly toCandidates: ReadonlyMap<string, readonly Work[]>
}

const nothing: ReadonlySet<Work> = new Set()

/** What becomes of work whose worker is gone: waited for a while, in case it comes back (a restart must not move everything). */
const whatWasLost = (before: AssignorState, round: Round, lost: ReadonlySet<Work>, loads: Loads): Waiting => {
  const { nowMs, maxDelayMs, members } = round
  const done = { delayMs: 0, dueMs: 0, candidates: new Set<string>(), again: nothing, toCandidates: new Map() }
  if (lost.size === 0 && !before.balanced.inLastRound) return done
  // Nobody has gone: they missed the end of the last round only.
  if (before.dueMs === 0 && [...before.members].every(member => members.has(member))) return { ...done, again: lost }
  if (maxDelayMs === 0) return { ...done, again: lost }
  if (before.dueMs > 0 && nowMs >= before.dueMs) {
    const back = [...before.candidates].filter(member => members.has(member))
    if (back.length === 0) return { ...done, again: lost }
    const toCandidates = new Map<string, Work[]>(back.map(member => [member, []]))
    for (const [at, work] of sortedWork(lost).entries()) toCandidates.get(back[at % back.length]!)!.push(work)
    return { ...done, toCandidates }
  }
  const empty = [...loads].flatMap(([member, works]) => (works.size === 0 ? [member] : []))
  const delayMs = before.dueMs > 0 ? before.dueMs - nowMs : maxDelayMs
  return {
    delayMs,
    dueMs: nowMs + delayMs,
    candidates: new Set([...before.candidates, ...empty]),
    again: nothing,
    toCandidates: new Map(),
  }
}

/** What members run beyond their even share, by kind; nothing while all is even or nobody runs anything. */
const surplusOf = (
  configured: ReadonlySet<Work>,
  loads: Loads,
  byNumber: readonly Kind[],
): ReadonlyMap<string, Work[]> => {
  const surplus = new Map<string, Work[]>([...loads.keys()].map(member => [member, []]))
  if (configured.size === 0 || [...loads.values()].every(works => works.size === 0)) return surplus
  for (const kind of byNumber) {
    const total = [...configured].filter(kind).length
    const least = Math.floor(total / loads.size)
    let extra = total % loads.size
    const own = Array.from(loads, ([member, works]) => ({ member, works: sortedWork(works).filter(kind) }))
    const more = own.filter(({ works }) => works.length === least + 1).length
    const even = own.filter(({ works }) => works.length === least).length
    if (more === extra && more + even === own.length) continue
    for (const { member, works } of own) {
      if (works.length <= least) continue
      const keep = extra > 0 ? least + 1 : least
      extra = Math.max(0, extra - 1)
      surplus.get(member)!.push(...works.slice(0, works.length - keep))
    }
  }
  return surplus
}

/** Each piece to whoever has the fewest of its kind; the same question has the same answer. */
const fill = (loads: Loads, works: readonly Work[], kind: Kind): void => {
  const counts = Array.from(loads, ([member, own]) => ({ member, count: [...own].filter(kind).length }))
  for (const work of works) {
    let least = counts[0]
    for (const one of counts) {
      if (least === undefined || one.count < least.count || (one.count === least.count && one.member < least.member))
        least = one
    }
    if (least === undefined) return
    least.count++
    loads.get(least.member)!.add(work)
  }
}

/** Eager assignment: everything, in turn, to members in the order of their ids. */
export const assignEagerly = (
  configured: ReadonlySet<Work>,
  memberIds: readonly string[],
): ReadonlyMap<string, readonly Work[]> => {
  const members = [...memberIds].sort()
  const shares = new Map<string, Work[]>(members.map(member => [member, []]))
  const all = sortedWork(configured)
  const inTurn = kinds.flatMap(kind => all.filter(kind))
  for (const [at, work] of inTurn.entries()) shares.get(members[at % members.length]!)!.push(work)
  return shares
}
