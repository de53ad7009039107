import { type Header, LazyValue, type OffsetMap, type Schema, type SourceRecord } from 'millrace'
import type { CapturedTable } from './captured-table.ts'
import type { Moment } from './moment.ts'
import { RowKey } from './row-key.ts'
import { longRow, splitLine } from './row-layout.ts'

/** Where a row stands in the snapshot, as `source.snapshot` tells. */
export type Marker = 'true' | 'first' | 'first_in_data_collection' | 'last_in_data_collection' | 'last' | 'incremental'

const markers: readonly Marker[] = [
  'true',
  'first',
  'first_in_data_collection',
  'last_in_data_collection',
  'last',
  'incremental',
]

/** The instant that a snapshot shows. */
export interface SnapshotPoint {
  readonly lsn: number
  readonly txId: number
  readonly tsMicros: number
}

/** The position that is stored in an initial snapshot, and at its end. */
export const pointOffset = ({ lsn, txId, tsMicros }: SnapshotPoint, isComplete: boolean): OffsetMap => ({
  last_snapshot_record: isComplete,
  lsn,
  txId,
  ts_usec: tsMicros,
  snapshot: 'INITIAL',
  snapshot_completed: isComplete,
})

/** What the rows of a snapshot beside the stream say of their place in it. */
export interface StreamPlace {
  /** `source.sequence` */
  readonly sequence: string
  /** Of the transaction that is open there, else of the one before; undefined: none was seen. */
  readonly txId: number | undefined
  /** The position that is stored with each row. */
  readonly offset: OffsetMap
}

const opening = Buffer.from('{"before":null,"after":')

/** One table in one snapshot: what its rows share. */
export class SnapshotTable {
  readonly table: CapturedTable
  readonly point: SnapshotPoint
  readonly partition: OffsetMap
  readonly headers: readonly Header[]
  /** undefined: the initial snapshot, before the stream. */
  readonly place: StreamPlace | undefined
  readonly sequence: string
  /** The position of a row that nobody gave another one. */
  readonly offset: OffsetMap
  /** What follows the row in the JSON, by marker, up to the time of processing. */
  readonly tails: Readonly<Record<Marker, Buffer>>
  #endMoment: Moment | undefined
  #endMarker: Marker = 'true'
  #end: Buffer = opening

  constructor(
    table: CapturedTable,
    point: SnapshotPoint,
    partition: OffsetMap,
    headers: readonly Header[],
    streamPlace?: StreamPlace,
  ) {
    this.table = table
    this.point = point
    this.partition = partition
    this.headers = headers
    this.place = streamPlace
    this.offset = streamPlace?.offset ?? Object.freeze(pointOffset(point, false))
    this.sequence = streamPlace?.sequence ?? `[null,"${point.lsn}"]`
    const { head, place } = table.source
    const { tsMicros } = point
    const tail = (marker: Marker): Buffer => {
      // Rows of an incremental snapshot belong to no transaction.
      const { txId, lsn } = marker === 'incremental' ? { txId: null, lsn: null } : point
      return Buffer.from(
        `${head.start(tsMicros, marker, this.sequence)}","ts_us":${tsMicros},"ts_ns":${tsMicros}000${place}${txId},"lsn":${lsn},"xmin":null,"origin":null,"origin_lsn":null},"transaction":null,"op":"r",`,
      )
    }
    this.tails = Object.fromEntries(markers.map(marker => [marker, tail(marker)])) as Record<Marker, Buffer>
  }

  /** What follows the row in the JSON. Almost all rows of a batch have the same: one copy is cheaper than two. */
  end(marker: Marker, moment: Moment): Buffer {
    if (this.#endMoment !== moment || this.#endMarker !== marker) {
      this.#end = Buffer.concat([this.tails[marker], moment.json])
      this.#endMoment = moment
      this.#endMarker = marker
    }
    return this.#end
  }
}

/** The longest marker's tail is as long as the others plus this. */
const slack = 64

/** The envelope of a row that COPY sent: `buf[at..end)` without its line end. */
class SnapshotValue extends LazyValue {
  readonly #from: SnapshotTable
  readonly #buf: Buffer
  readonly #at: number
  readonly #end: number
  readonly #moment: Moment
  readonly #marker: Marker
  #object: unknown

  constructor(from: SnapshotTable, buf: Buffer, at: number, end: number, marker: Marker, moment: Moment) {
    super()
    this.#from = from
    this.#buf = buf
    this.#at = at
    this.#end = end
    this.#marker = marker
    this.#moment = moment
  }

  override get(): unknown {
    this.#object ??= this.#build()
    return this.#object
  }

  #build(): unknown {
    this.#moment.check()
    const { table, point } = this.#from
    splitLine(this.#buf, this.#at, this.#end, table.row.fields)
    const { ms, micros, nanos } = this.#moment
    return {
      before: null,
      after: table.row.toObject(this.#buf),
      source: table.source.toObject({
        tsMicros: point.tsMicros,
        snapshot: this.#marker,
        sequence: this.#from.sequence,
        txId: this.#marker === 'incremental' ? null : point.txId,
        lsn: this.#marker === 'incremental' ? null : point.lsn,
        origin: null,
        originLsn: null,
      }),
      transaction: null,
      op: 'r',
      ts_ms: ms,
      ts_us: micros,
      ts_ns: nanos,
    }
  }

  override get maxJsonBytes(): number {
    const { table, tails } = this.#from
    const around = opening.length + tails.true.length + this.#moment.json.length + slack
    const text = this.#end - this.#at
    if (text <= longRow) return text * table.row.factor + table.row.extra + around
    splitLine(this.#buf, this.#at, this.#end, table.row.fields)
    return table.row.bound(this.#buf) + around
  }

  override writeJson(target: Buffer, at: number): number {
    this.#moment.check()
    const { row } = this.#from.table
    splitLine(this.#buf, this.#at, this.#end, row.fields)
    target.set(opening, at)
    const pos = row.write(this.#buf, target, at + opening.length)
    const end = this.#from.end(this.#marker, this.#moment)
    target.set(end, pos)
    return pos + end.length
  }
}

/** A row of a snapshot. Members are made when they are asked for. */
export class SnapshotRecord implements SourceRecord {
  /** Set once it is known what follows. */
  marker: Marker = 'true'
  /** Of an initial snapshot: set when it is handed over, for it tells what is done then, not before (invariant 4). */
  sourceOffset: OffsetMap
  readonly #from: SnapshotTable
  readonly #buf: Buffer
  readonly #at: number
  readonly #end: number
  readonly #moment: Moment

  constructor(from: SnapshotTable, buf: Buffer, at: number, end: number, moment: Moment) {
    this.#from = from
    this.sourceOffset = from.offset
    this.#buf = buf
    this.#at = at
    this.#end = end
    this.#moment = moment
  }

  /** The same record in memory of its own and in another batch. */
  moved(moment: Moment): SnapshotRecord {
    const row = Buffer.from(this.#buf.subarray(this.#at, this.#end))
    const record = new SnapshotRecord(this.#from, row, 0, row.length, moment)
    record.marker = this.marker
    return record
  }

  get topic(): string {
    return this.#from.table.topic
  }

  get keySchema(): Schema | null {
    return this.#from.table.keySchema
  }

  get key(): LazyValue | null {
    const { key } = this.#from.table
    return key === undefined ? null : new RowKey(key, 'copy', this.#buf, this.#at, -1, this.#end, this.#moment)
  }

  get valueSchema(): Schema {
    return this.#from.table.envelopeSchema
  }

  get value(): LazyValue {
    return new SnapshotValue(this.#from, this.#buf, this.#at, this.#end, this.marker, this.#moment)
  }

  get headers(): readonly Header[] {
    return this.#from.headers
  }

  get sourcePartition(): OffsetMap {
    return this.#from.partition
  }
}
