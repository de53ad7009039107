import type { SentColumn } from '../capture/table-builder.ts'
import type { CapturedTable } from '../records/captured-table.ts'
import type { Operation } from '../records/change-record.ts'
import type { RelationColumn, RelationMessage } from '../replication/messages.ts'
import type { TablePlace } from '../settings/signal-settings.ts'
import { leavesOut, tupleIdentity } from './row-identity.ts'

/** Tables of the stream: what their tuples hold. */
export class Relations {
  readonly #columns = new Map<number, readonly RelationColumn[]>()

  learn({ oid, columns }: RelationMessage): void {
    this.#columns.set(oid, columns)
  }

  /**
   * Where the columns with these names stand in tuples; undefined where one of them is not sent. `areOld`: a tuple of the row as it was is
   * sent with all of them when one of them changed, or the row is gone.
   */
  places(
    oid: number,
    names: readonly string[],
  ): { readonly places: readonly number[]; readonly areOld: boolean } | undefined {
    const columns = this.#columns.get(oid) ?? []
    const places = names.map(name => columns.findIndex(column => column.name === name))
    if (places.includes(-1)) return undefined
    return { places, areOld: places.every(place => columns[place]!.inReplicaIdentity) }
  }
}

/** Stands before an old tuple that has all columns. */
const wholeRow = 0x4f

/** So many changed keys are kept while it is not known which of them matter. */
const mostKeys = 200_000

/**
 * The rows of one table that the stream tells of while a chunk of it is read: what the chunk has of them may be older, and must not
 * come after what the stream said (invariant 5).
 */
export class Window {
  readonly #place: TablePlace
  readonly #key: readonly string[]
  readonly #relations: Relations
  readonly #changed = new Set<string>()
  /** Of these the stream did not tell all values. */
  readonly #lacking = new Set<string>()
  /** undefined: the chunk is not read yet. */
  #rows: ReadonlySet<string> | undefined
  #form: readonly SentColumn[] = []
  #unsure = false

  constructor(place: TablePlace, key: readonly string[], relations: Relations) {
    this.#place = place
    this.#key = key
    this.#relations = relations
  }

  get key(): readonly string[] {
    return this.#key
  }

  /** A change whose row is not known: the whole chunk may be older than it. */
  get unsure(): boolean {
    return this.#unsure
  }

  has(identity: string): boolean {
    return this.#changed.has(identity)
  }

  /** The stream told of this row without a large value that did not change: nobody else may have told of that value. */
  lacks(identity: string): boolean {
    return this.#lacking.has(identity)
  }

  /** The chunk has these rows: changes of others are no longer kept, however many a transaction has. */
  narrow(identities: readonly string[]): void {
    this.#rows = new Set(identities)
    for (const identity of this.#changed) if (!this.#rows.has(identity)) this.#forget(identity)
  }

  /** Whether the stream told of the table in the window, in a form that is not this one. */
  isOtherForm(columns: readonly SentColumn[]): boolean {
    return !this.#form.every(sent =>
      columns.some(
        ({ name, typeOid, typmod }) => name === sent.name && typeOid === sent.typeOid && typmod === sent.typmod,
      ),
    )
  }

  learned({ schema, name, columns }: RelationMessage): void {
    if (name === this.#place.name && schema === this.#place.schema) this.#form = columns
  }

  changed(op: Operation, table: CapturedTable, buf: Buffer, oldAt: number, newAt: number): void {
    if (this.#unsure || table.name !== this.#place.name || table.schema !== this.#place.schema) return
    const known = op === 't' ? undefined : this.#relations.places(table.oid, this.#key)
    if (known === undefined || (op !== 'c' && !known.areOld)) {
      this.#giveUp()
      return
    }
    const before = oldAt < 0 ? undefined : tupleIdentity(buf, oldAt, known.places)
    // What the new tuple leaves out (a large value) is as in the old one.
    const after = newAt < 0 ? before : (tupleIdentity(buf, newAt, known.places) ?? before)
    if (after === undefined || (before === undefined && oldAt >= 0)) this.#giveUp()
    else {
      this.#add(after)
      const isWhole = newAt < 0 || !leavesOut(buf, newAt) || (oldAt >= 0 && buf[oldAt - 1] === wholeRow)
      if (isWhole) this.#lacking.delete(after)
      else if (this.#changed.has(after)) this.#lacking.add(after)
      if (before !== undefined && before !== after) this.#add(before)
    }
  }

  #add(identity: string): void {
    if (this.#rows !== undefined && !this.#rows.has(identity)) return
    this.#changed.add(identity)
    if (this.#rows === undefined && this.#changed.size > mostKeys) this.#giveUp()
  }

  #forget(identity: string): void {
    this.#changed.delete(identity)
    this.#lacking.delete(identity)
  }

  #giveUp(): void {
    this.#unsure = true
    this.#changed.clear()
    this.#lacking.clear()
  }
}
