import { type Header, LazyValue, type OffsetMap, type Schema, type SourceRecord } from 'millrace'
import { writeNumber } from '../types/temporal-codecs.ts'
import type { CapturedTable } from './captured-table.ts'
import type { Moment } from './moment.ts'
import { type Position, type StreamTransaction, streamOffset } from './position.ts'
import { longRow, splitTuple } from './row-layout.ts'

export type Operation = 'c' | 'u' | 'd' | 't'

const messageTypes = { c: 'INSERT', u: 'UPDATE', d: 'DELETE', t: 'TRUNCATE' } as const

const before = Buffer.from('{"before":')
const insertStart = Buffer.from('{"before":null,"after":')
const after = Buffer.from(',"after":')
const nothing = Buffer.from('null')
const operations = {
  c: Buffer.from('c",'),
  u: Buffer.from('u",'),
  d: Buffer.from('d",'),
  t: Buffer.from('t",'),
} as const
/** All numbers and fixed pieces of the source block, generously. */
const fixedBytes = 512

const put = (piece: Buffer, target: Buffer, pos: number): number => {
  target.set(piece, pos)
  return pos + piece.length
}

/** The envelope of one change. Tuples are where the message has them: `oldAt` and `newAt` in `buf`, -1 for none. */
export class Change extends LazyValue implements Position {
  readonly table: CapturedTable
  readonly buf: Buffer
  readonly oldAt: number
  readonly newAt: number
  /** End of the message. */
  readonly end: number
  readonly op: Operation
  readonly transaction: StreamTransaction
  readonly lsn: number
  /** How many events with this LSN there were, this one included. */
  readonly count: number
  readonly #moment: Moment
  #object: unknown

  constructor(
    table: CapturedTable,
    buf: Buffer,
    oldAt: number,
    newAt: number,
    end: number,
    op: Operation,
    transaction: StreamTransaction,
    lsn: number,
    count: number,
    moment: Moment,
  ) {
    super()
    this.table = table
    this.buf = buf
    this.oldAt = oldAt
    this.newAt = newAt
    this.end = end
    this.op = op
    this.transaction = transaction
    this.lsn = lsn
    this.count = count
    this.#moment = moment
  }

  storable(): OffsetMap {
    return streamOffset(this.transaction, this.lsn, messageTypes[this.op], this.count)
  }

  override get(): unknown {
    this.#object ??= this.#build()
    return this.#object
  }

  #build(): unknown {
    this.#moment.check()
    const { table, buf, transaction, lsn } = this
    const { ms, micros, nanos } = this.#moment
    const row = (at: number, oldAt: number) => {
      if (at < 0) return null
      splitTuple(buf, at, oldAt, table.row.fields)
      return table.row.toObject(buf)
    }
    return {
      before: row(this.oldAt, -1),
      after: row(this.newAt, this.oldAt),
      source: table.source.toObject({
        tsMicros: transaction.tsMicros,
        snapshot: undefined,
        sequence: `${transaction.sequenceStart}${lsn}"]`,
        txId: transaction.xid,
        lsn,
        origin: transaction.origin,
        originLsn: transaction.originLsn,
      }),
      transaction: null,
      op: this.op,
      ts_ms: ms,
      ts_us: micros,
      ts_ns: nanos,
    }
  }

  override get maxJsonBytes(): number {
    const { factor, extra } = this.table.row
    const { transaction } = this
    const from = this.oldAt < 0 ? this.newAt : this.oldAt
    const text = from < 0 ? 0 : this.end - from
    const block = transaction.beforeLsn.length + this.table.source.place.length + transaction.rest.length + fixedBytes
    // A value that the new tuple left out and the old one has is written twice.
    if (text <= longRow) return text * 2 * factor + extra * 2 + block
    return this.#rowBound(this.oldAt, -1) + this.#rowBound(this.newAt, this.oldAt) + block
  }

  #rowBound(at: number, oldAt: number): number {
    if (at < 0) return 0
    splitTuple(this.buf, at, oldAt, this.table.row.fields)
    return this.table.row.bound(this.buf)
  }

  override writeJson(target: Buffer, at: number): number {
    this.#moment.check()
    const { table, transaction } = this
    let pos = at
    if (this.oldAt < 0) pos = put(insertStart, target, pos)
    else {
      pos = this.#writeRow(this.oldAt, -1, target, put(before, target, pos))
      pos = put(after, target, pos)
    }
    pos = this.#writeRow(this.newAt, this.oldAt, target, pos)
    pos = put(transaction.beforeLsn, target, pos)
    pos = writeNumber(this.lsn, target, pos)
    pos = put(transaction.afterSequence, target, pos)
    pos = put(table.source.place, target, pos)
    pos = put(transaction.beforeSecondLsn, target, pos)
    pos = writeNumber(this.lsn, target, pos)
    pos = put(transaction.rest, target, pos)
    pos = put(operations[this.op], target, pos)
    return put(this.#moment.json, target, pos)
  }

  #writeRow(at: number, oldAt: number, target: Buffer, pos: number): number {
    if (at < 0) return put(nothing, target, pos)
    splitTuple(this.buf, at, oldAt, this.table.row.fields)
    return this.table.row.write(this.buf, target, pos)
  }
}

/** One record of the stream: an event, the tombstone behind it, or a part of a change of key. */
export class ChangeRecord implements SourceRecord {
  readonly topic: string
  readonly keySchema: Schema | null
  readonly key: LazyValue | null
  readonly valueSchema: Schema | null
  readonly value: LazyValue | null
  readonly headers: readonly Header[]
  readonly sourcePartition: OffsetMap
  readonly #position: Position

  /** `change` null: a tombstone. */
  constructor(
    table: CapturedTable,
    key: LazyValue | null,
    change: Change | null,
    headers: readonly Header[],
    partition: OffsetMap,
    position: Position,
  ) {
    this.topic = table.topic
    this.keySchema = key === null ? null : table.keySchema
    this.key = key
    this.valueSchema = change === null ? null : table.envelopeSchema
    this.value = change
    this.headers = headers
    this.sourcePartition = partition
    this.#position = position
  }

  get sourceOffset(): OffsetMap {
    return this.#position.storable()
  }
}
