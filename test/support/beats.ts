/** One beat of a task: in which run of it, and when (ms since the epoch). */
export interface Beat {
  readonly task: string
  readonly run: string
  readonly at: number
}

export const parseBeats = (text: string): Beat[] =>
  text
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const [task, run, at] = line.split(' ') as [string, string, string]
      return { task, run, at: Number(at) }
    })

export interface BeatReport {
  /** Longest time that two runs of a task went on at once, in ms: from the first beat of the next to the last of the one before. */
  readonly overlapMs: number
  /** Pauses between the beats of a run. */
  readonly stayedMs: readonly number[]
  /** Pauses between the last beat of one run and the first of the next. */
  readonly movedMs: readonly number[]
}

/** What the beats of all tasks say of moves and pauses. Beats come in the order of the file. */
export const reportBeats = (beats: readonly Beat[]): BeatReport => {
  const tasks = Map.groupBy(beats, beat => beat.task)
  const stayedMs: number[] = []
  const movedMs: number[] = []
  let overlapMs = 0
  for (const own of tasks.values()) {
    const spans = new Map<string, { first: number; last: number }>()
    for (const { run, at } of own) {
      const span = spans.get(run)
      if (span === undefined) spans.set(run, { first: at, last: at })
      else {
        stayedMs.push(at - span.last)
        span.last = at
      }
    }
    const inTurn = [...spans.values()].sort((a, b) => a.first - b.first)
    for (const [index, span] of inTurn.entries()) {
      const before = inTurn[index - 1]
      if (before === undefined) continue
      overlapMs = Math.max(overlapMs, before.last - span.first)
      movedMs.push(Math.max(0, span.first - before.last))
    }
  }
  return { overlapMs, stayedMs, movedMs }
}

/** `p` between 0 and 1 of values in any order; NaN for none. */
export const quantile = (values: readonly number[], p: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * p))] ?? Number.NaN
