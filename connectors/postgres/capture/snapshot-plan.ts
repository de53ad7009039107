import type { OffsetMap } from 'millrace'
import type { SnapshotTable } from '../records/snapshot-record.ts'
import { type BegunTable, namesText, progressMembers } from './snapshot-progress.ts'
import { blockStart, placeBehind, type RowPlace, type RowRange, rangeOf, type TableChunk } from './table-chunks.ts'

/** A table of the snapshot. */
export interface PlannedTable {
  /** `schema.table` */
  readonly name: string
  /** pg_relation_filenode; undefined: its rows have no places that one could go on from. */
  readonly file: string | undefined
  readonly chunks: readonly TableChunk[]
  /** The COPY for the rows of a range, each behind its place where the table has a `file`. */
  statement(range: RowRange): string
  /** What its rows share; made when it begins, for there may be thousands of tables. */
  from(): SnapshotTable
}

/** A table that is being read. */
export interface OpenTable {
  readonly plan: PlannedTable
  /** Its place among all tables. */
  readonly index: number
  readonly from: SnapshotTable
  /** Rows read so far. */
  rows: number
}

/** A chunk that a reader took. */
export interface Stretch {
  readonly table: OpenTable
  readonly chunk: TableChunk
  /** All of its rows are read. */
  isRead: boolean
  /** From here on nothing of it was handed over. */
  from: RowPlace
}

interface Entry {
  readonly table: OpenTable
  /** Chunks before this one were taken. */
  next: number
  /** Taken, and not wholly handed over. */
  readonly open: Set<Stretch>
}

/**
 * What is to be read, by chunks in the order of tables, and what of it is not handed over yet. Readers take chunks and end with them
 * in any order: what is left is one range for each open chunk, and one for those that nobody took (ADR 13).
 */
export class SnapshotPlan {
  readonly #tables: readonly PlannedTable[]
  readonly #xmin: string | undefined
  /** How many tables are begun. */
  #begun = 0
  /** The table to take chunks of. */
  #current: Entry | undefined
  /** Begun, and not wholly handed over; by place. */
  readonly #open = new Map<number, Entry>()
  /** Names of those that are not begun; undefined: to be made. */
  #rest: string | undefined
  #isUntouched = true

  /** `xmin`: of the snapshot; undefined: nobody will go on with it. */
  constructor(tables: readonly PlannedTable[], xmin?: string) {
    this.#tables = tables
    this.#xmin = xmin
  }

  get names(): readonly string[] {
    return this.#tables.map(({ name }) => name)
  }

  /** How many readers can be at work at once. */
  get chunks(): number {
    return this.#tables.reduce((sum, { chunks }) => sum + chunks.length, 0)
  }

  /** The next chunk; undefined: all are taken. */
  take(): Stretch | undefined {
    const entry = this.#current ?? this.#begin()
    const chunk = entry?.table.plan.chunks[entry.next++]
    if (entry === undefined || chunk === undefined) return undefined
    if (entry.next === entry.table.plan.chunks.length) this.#current = undefined
    const stretch = { table: entry.table, chunk, isRead: false, from: rangeOf(chunk)[0] }
    entry.open.add(stretch)
    return stretch
  }

  #begin(): Entry | undefined {
    const plan = this.#tables[this.#begun]
    if (plan === undefined) return undefined
    const table = { plan, index: this.#begun++, from: plan.from(), rows: 0 }
    this.#current = { table, next: 0, open: new Set() }
    this.#open.set(table.index, this.#current)
    this.#rest = undefined
    return this.#current
  }

  /** Rows of a stretch up to that at `place` were handed over; all of them, when it is read. */
  handedOver(stretch: Stretch, place: RowPlace): void {
    if (stretch.isRead) this.done(stretch)
    else this.leftFrom(stretch, placeBehind(place))
  }

  /** Rows of a stretch before that at `place` were handed over. */
  leftFrom(stretch: Stretch, place: RowPlace): void {
    if (stretch.table.plan.file !== undefined) stretch.from = place
    this.#isUntouched = false
  }

  /** All rows of a stretch were handed over. */
  done(stretch: Stretch): void {
    const { index, plan } = stretch.table
    const entry = this.#open.get(index)
    entry?.open.delete(stretch)
    if (entry?.open.size === 0 && entry.next === plan.chunks.length) this.#open.delete(index)
    this.#isUntouched = false
  }

  /** Whether a table is read to its end; what was read last of it may not be handed over yet. */
  isRead({ index, plan }: OpenTable): boolean {
    const entry = this.#open.get(index)
    return entry === undefined || (entry.next === plan.chunks.length && [...entry.open].every(({ isRead }) => isRead))
  }

  /** What is left, for the stored position; nothing while all is, and at the end. */
  members(): OffsetMap {
    this.#rest ??= namesText(this.#tables.slice(this.#begun).map(({ name }) => name))
    if (this.#isUntouched || (this.#open.size === 0 && this.#rest === '')) return {}
    const left: string[] = []
    const begun: BegunTable[] = []
    for (const { table, open, next } of this.#open.values()) {
      const { name, file, chunks } = table.plan
      left.push(name)
      if (file === undefined) continue
      const ranges = [...open].map(({ from, chunk }): RowRange => [from, rangeOf(chunk)[1]])
      const rest = chunks[next]
      begun.push({
        table: name,
        file,
        ranges: rest === undefined ? ranges : [...ranges, [blockStart(rest.from), undefined]],
      })
    }
    return progressMembers({ left, begun, xmin: this.#xmin }, this.#rest)
  }
}
