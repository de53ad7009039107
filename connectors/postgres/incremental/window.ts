import type { CapturedTable } from '../records/captured-table.ts'
import type { Operation } from '../records/change-record.ts'
import type { RelationMessage } from '../replication/messages.ts'
import type { TablePlace } from '../settings/signal-settings.ts'
import { tupleIdentity } from './row-identity.ts'

/** Tables of the stream: where the columns with these names stand in their tuples. */
export class Relations {
  readonly #columns = new Map<number, readonly string[]>()

  learn({ oid, columns }: RelationMessage): void {
    this.#columns.set(
      oid,
      columns.map(({ name }) => name),
    )
  }

  /** undefined where one of the columns is not sent. */
  places(oid: number, names: readonly string[]): readonly number[] | undefined {
    const columns = this.#columns.get(oid) ?? []
    const places = names.map(name => columns.indexOf(name))
    return places.includes(-1) ? undefined : places
  }
}

/**
 * The rows of one table that the stream tells of while a chunk of it is read: what the chunk has of them may be older, and must not
 * come after what the stream said (invariant 5).
 */
export class Window {
  readonly #place: TablePlace
  readonly #key: readonly string[]
  readonly #relations: Relations
  readonly #changed = new Set<string>()
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

  changed(op: Operation, table: CapturedTable, buf: Buffer, oldAt: number, newAt: number): void {
    if (table.name !== this.#place.name || table.schema !== this.#place.schema) return
    const places = op === 't' ? undefined : this.#relations.places(table.oid, this.#key)
    if (places === undefined) {
      this.#unsure = true
      return
    }
    for (const at of [oldAt, newAt]) {
      if (at < 0) continue
      const identity = tupleIdentity(buf, at, places, at === oldAt)
      if (identity === undefined) this.#unsure = true
      else this.#changed.add(identity)
    }
  }
}
