import type { Failure, Run } from './harness.ts'

/** One benchmark on one kind of broker. */
export interface Result {
  readonly benchmark: string
  readonly title: string
  readonly doc: string
  readonly broker: 'embedded' | 'apache' | undefined
  readonly records: number
  /** Names of the sides; the first two are the same tree, so their difference is noise. */
  readonly sides: readonly string[]
  readonly runs: readonly Run[]
  readonly failures: readonly Failure[]
}

/** What <date>.json holds. */
export interface Report {
  readonly startedAt: string
  readonly arguments: readonly string[]
  /** Only to see that everything works: nothing is judged. */
  readonly quick: boolean
  /** `git describe` of the tree, `-dirty` when files had been changed. */
  readonly commit: string
  /** What the third side is, when another checkout was compared. */
  readonly against: string | undefined
  readonly machine: {
    readonly cpus: number
    readonly model: string
    readonly memoryMb: number
    readonly system: string
    readonly node: string
  }
  readonly parts: Readonly<Record<string, string>>
  readonly results: readonly Result[]
}
