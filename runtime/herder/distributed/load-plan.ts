import { connectorOf, sortedWork, type Work } from './work.ts'

/** What a task costs although it does nothing: a hundredth of a core or two. Idle tasks are shared out by number so. */
const IDLE_CORES = 0.02
/** A move must relieve the busiest worker by this part of the mean, or it is not worth the pause of the task that moves. */
const LEAST_GAIN = 0.1

export type WeightOf = (task: Work) => number

/**
 * Weights of tasks by what was measured (cores, by task). A task that nobody has measured is taken for one like the others of its
 * connector, or else like all others.
 */
export const weightsOf = (measured: ReadonlyMap<Work, number>): WeightOf => {
  const byConnector = new Map<string, number[]>()
  for (const [work, load] of measured) {
    const connector = connectorOf(work)
    byConnector.set(connector, [...(byConnector.get(connector) ?? []), load])
  }
  const mean = (loads: readonly number[]): number => loads.reduce((sum, load) => sum + load, 0) / loads.length
  const means = new Map(Array.from(byConnector, ([connector, loads]) => [connector, mean(loads)]))
  const usual = measured.size === 0 ? 0 : mean([...measured.values()])
  return task => IDLE_CORES + (measured.get(task) ?? means.get(connectorOf(task)) ?? usual)
}

export interface LoadPlan {
  /** Where each piece that nobody runs goes. */
  readonly placed: ReadonlyMap<Work, string>
  /** Where each piece goes that its worker shall give up. */
  readonly moves: ReadonlyMap<Work, string>
}

interface Member {
  readonly member: string
  readonly running: Set<Work>
  sum: number
}

const least = (members: readonly Member[]): Member =>
  members.reduce((best, one) => (one.sum < best.sum || (one.sum === best.sum && one.member < best.member) ? one : best))

const most = (members: readonly Member[]): Member => members.reduce((best, one) => (one.sum > best.sum ? one : best))

/**
 * Shares tasks out by weight. `free` goes where an earlier round wanted it, if that worker is still there, or else, the heaviest first,
 * to whoever has least. Then running tasks move from the busiest to the least busy, one by one, each time the one that evens them out
 * best, while that is worth it: the sum of squares falls with every move, so rounds come to an end. Pure.
 */
export const planByLoad = (
  running: ReadonlyMap<string, ReadonlySet<Work>>,
  free: readonly Work[],
  wanted: ReadonlyMap<Work, string>,
  weightOf: WeightOf,
): LoadPlan => {
  const sumOf = (works: Iterable<Work>): number => [...works].reduce((sum, work) => sum + weightOf(work), 0)
  const members = Array.from(running, ([member, works]): Member => {
    return { member, running: new Set(works), sum: sumOf(works) }
  })
  const placed = new Map<Work, string>()
  const moves = new Map<Work, string>()
  if (members.length === 0) return { placed, moves }
  const heaviestFirst = sortedWork(free).sort((a, b) => weightOf(b) - weightOf(a))
  const byName = new Map(members.map(one => [one.member, one]))
  const place = (work: Work, to: Member): void => {
    to.sum += weightOf(work)
    placed.set(work, to.member)
  }
  const homeless = heaviestFirst.filter(work => {
    const to = byName.get(wanted.get(work) ?? '')
    if (to !== undefined) place(work, to)
    return to === undefined
  })
  for (const work of homeless) place(work, least(members))

  const worthIt = (LEAST_GAIN * members.reduce((sum, one) => sum + one.sum, 0)) / members.length
  for (;;) {
    const from = most(members)
    const to = least(members)
    const gap = from.sum - to.sum
    const gain = (work: Work): number => Math.min(weightOf(work), gap - weightOf(work))
    const [best] = sortedWork(from.running).sort((a, b) => gain(b) - gain(a))
    if (best === undefined || gain(best) < worthIt) break
    from.running.delete(best)
    from.sum -= weightOf(best)
    to.running.add(best)
    to.sum += weightOf(best)
    // Back where it runs: it stays.
    if (running.get(to.member)!.has(best)) moves.delete(best)
    else moves.set(best, to.member)
  }
  return { placed, moves }
}
