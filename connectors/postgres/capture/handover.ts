import type { OffsetMap } from 'millrace'
import { Moment } from '../records/moment.ts'
import { pointOffset, type SnapshotPoint, type SnapshotRecord, type StreamPlace } from '../records/snapshot-record.ts'
import type { OpenTable, SnapshotPlan, Stretch } from './snapshot-plan.ts'
import type { Read } from './stretch-reader.ts'
import type { RowPlace } from './table-chunks.ts'

/** A row that was read, and waits for what it is called. */
interface Held {
  readonly stretch: Stretch
  readonly record: SnapshotRecord
  readonly place: RowPlace
}

/** Gives the rows of a snapshot, as readers come with them, their markers and positions. */
export class Handover {
  readonly #plan: SnapshotPlan
  readonly #point: SnapshotPoint
  readonly #inStream: StreamPlace | undefined
  /** The last row so far of each table that is being read. */
  readonly #held = new Map<OpenTable, Held>()
  /** The last row of the table that ended last: the last one of all, when none comes after it. */
  #final: Held | undefined
  #any = false
  #offset: OffsetMap

  /** `inStream`: the rows stand in the stream; undefined: before it. */
  constructor(plan: SnapshotPlan, point: SnapshotPoint, inStream: StreamPlace | undefined) {
    this.#plan = plan
    this.#point = point
    this.#inStream = inStream
    this.#offset = inStream?.offset ?? Object.freeze(pointOffset(point, false))
  }

  /** The position behind what was handed over. */
  get offset(): OffsetMap {
    return this.#offset
  }

  /** What may be handed over now that these rows are read: they but the last one, behind those that waited. */
  rows({ stretch, records, place }: Read): readonly SnapshotRecord[] {
    const { table } = stretch
    const held = this.#held.get(table)
    if (held === undefined) records[0]!.marker = 'first_in_data_collection'
    const last = records.pop()!
    // The rows stand in memory that is read into again.
    this.#held.set(table, { stretch, record: last.moved(new Moment()), place })
    if (held !== undefined) {
      records.unshift(held.record)
      this.#plan.handedOver(held.stretch, held.place)
    }
    const final = this.#released()
    if (final !== undefined) records.unshift(final)
    this.#plan.leftFrom(stretch, place)
    return this.#told(records)
  }

  /** A stretch is read to its end. Returns what may be handed over now. */
  ended(stretch: Stretch): readonly SnapshotRecord[] {
    const { table } = stretch
    stretch.isRead = true
    const held = this.#held.get(table)
    if (held?.stretch !== stretch) this.#plan.done(stretch)
    if (!this.#plan.isRead(table) || held === undefined) return this.#told([])
    this.#held.delete(table)
    const final = this.#released()
    this.#final = held
    return this.#told(final === undefined ? [] : [final])
  }

  /** The last row of all; undefined: there is none. */
  last(): SnapshotRecord | undefined {
    const record = this.#final?.record
    if (record === undefined) return undefined
    record.marker = 'last'
    record.sourceOffset = this.#inStream?.offset ?? pointOffset(this.#point, true)
    return record
  }

  /** The last row of a table, when another table's come after it. */
  #released(): SnapshotRecord | undefined {
    const final = this.#final
    if (final === undefined) return undefined
    this.#final = undefined
    final.record.marker = 'last_in_data_collection'
    this.#plan.handedOver(final.stretch, final.place)
    return final.record
  }

  /** What is done is done with the last one of a batch, not before (invariant 4). */
  #told(records: readonly SnapshotRecord[]): readonly SnapshotRecord[] {
    const [first] = records
    if (first !== undefined && !this.#any) {
      first.marker = 'first'
      this.#any = true
    }
    if (this.#inStream !== undefined) return records
    for (const record of records) record.sourceOffset = this.#offset
    this.#offset = Object.freeze({ ...pointOffset(this.#point, false), ...this.#plan.members() })
    const last = records.at(-1)
    if (last !== undefined) last.sourceOffset = this.#offset
    return records
  }
}
