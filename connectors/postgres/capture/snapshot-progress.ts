import type { OffsetMap } from 'millrace'
import { isRowPlace, type RowRange } from './table-chunks.ts'

/** A table of which some rows were handed over. */
export interface BegunTable {
  /** `schema.table` */
  readonly table: string
  /** pg_relation_filenode; another one: the table was written anew, and its rows stand elsewhere. */
  readonly file: string
  /** The rows that were not. */
  readonly ranges: readonly RowRange[]
}

/** What of an initial snapshot was not handed over, as of a stored position. */
export interface SnapshotProgress {
  /** `schema.table` of all tables with rows to read, in their order. Never empty. */
  readonly left: readonly string[]
  /** Those of them whose rows are not all left. */
  readonly begun: readonly BegunTable[]
  /** Transactions before this one are seen by the snapshot or never happened: newer rows have a later xmin. undefined: not known. */
  readonly xmin?: string | undefined
}

const member = 'snapshot_progress'

/** Names in the form that `progressMembers` takes as its last ones: there may be thousands, the same in batch after batch. */
export const namesText = (names: readonly string[]): string => JSON.stringify(names).slice(1, -1)

/** A member of the stored offset that Debezium has not and leaves alone. `rest`: tables of `left` behind those in `progress`. */
export const progressMembers = ({ left, begun, xmin }: SnapshotProgress, rest = ''): OffsetMap => {
  const names = [namesText(left), rest].filter(text => text !== '').join()
  const since = xmin === undefined ? '' : `,"xmin":"${xmin}"`
  return { [member]: `{"left":[${names}],"begun":${JSON.stringify(begun)}${since}}` }
}

const isRange = (range: unknown): range is readonly [string, string | null] =>
  Array.isArray(range) && range.length === 2 && isRowPlace(range[0]) && (range[1] === null || isRowPlace(range[1]))

const isBegun = (item: unknown): item is { table: string; file: string; ranges: [string, string | null][] } => {
  const { table, file, ranges } = (item ?? {}) as Record<string, unknown>
  return typeof table === 'string' && typeof file === 'string' && Array.isArray(ranges) && ranges.every(isRange)
}

/** undefined: nothing is known of it, as of a snapshot that Debezium began. */
export const readProgress = (offset: OffsetMap): SnapshotProgress | undefined => {
  const stored = offset[member]
  if (typeof stored !== 'string') return undefined
  try {
    const { left, begun = [], xmin } = JSON.parse(stored) as Record<string, unknown>
    if (!Array.isArray(left) || left.length === 0 || !left.every(name => typeof name === 'string')) return undefined
    if (!Array.isArray(begun) || !begun.every(isBegun)) return undefined
    // What is stored goes into SQL.
    if (xmin !== undefined && !(typeof xmin === 'string' && /^\d+$/.test(xmin))) return undefined
    return {
      left,
      ...(xmin === undefined ? {} : { xmin }),
      begun: begun.map(({ table, file, ranges }) => ({
        table,
        file,
        ranges: ranges.map(([from, to]): RowRange => [from, to ?? undefined]),
      })),
    }
  } catch {
    // Somebody set it by hand: the snapshot begins anew.
    return undefined
  }
}
