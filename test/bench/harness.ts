import type { Sample } from './metrics.ts'
import { quiet } from './processes.ts'
import type { Subject } from './subjects.ts'

/** One of the things that are compared; the first two are the same tree, so that the noise is seen. */
export interface Side {
  readonly name: string
  readonly subject: Subject
  /** The JVM takes minutes for what takes us seconds. */
  readonly mostRounds?: number
}

export interface Run {
  readonly side: string
  readonly round: number
  readonly sample: Sample
  /** Share of the machine that was in use just before, 0 to 1. */
  readonly busyBefore: number
}

export interface Failure {
  readonly side: string
  readonly round: number
  readonly error: string
}

/**
 * The order of sides by round: A B, B A, A B ... with two; rotated with more. What changes slowly on a machine (heat,
 * caches, other tenants) then falls on all alike.
 */
export function schedule<T extends { readonly mostRounds?: number }>(sides: readonly T[], rounds: number): T[] {
  return Array.from({ length: rounds }, (_, round) =>
    sides
      .map((_, index) => sides[(index + round) % sides.length]!)
      .filter(side => round < (side.mostRounds ?? Number.POSITIVE_INFINITY)),
  ).flat()
}

/** Runs the sides in turn. A run that throws is kept as a failure and the others go on. */
export async function alternate(
  sides: readonly Side[],
  rounds: number,
  quietSeconds: number,
  run: (subject: Subject) => Promise<Sample>,
  done: (result: Run | Failure) => void,
): Promise<{ readonly runs: readonly Run[]; readonly failures: readonly Failure[] }> {
  const runs: Run[] = []
  const failures: Failure[] = []
  const counts = new Map<Side, number>()
  for (const side of schedule(sides, rounds)) {
    const round = (counts.get(side) ?? 0) + 1
    counts.set(side, round)
    try {
      const busyBefore = await quiet(quietSeconds)
      const result = { side: side.name, round, sample: await run(side.subject), busyBefore }
      runs.push(result)
      done(result)
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      const failure = { side: side.name, round, error: text }
      failures.push(failure)
      done(failure)
    }
  }
  return { runs, failures }
}
