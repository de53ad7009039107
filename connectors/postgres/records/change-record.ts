import { type Header, LazyValue, type OffsetMap, type Schema, type SourceRecord } from 'millrace'
import { writeNumber } from '../types/temporal-codecs.ts'
import type { CapturedTable } from './captured-table.ts'
import type { Moment } from './moment.ts'
import { type Position, type StreamTransaction, streamOffset } from './position.ts'
import { longRow, splitTuple } from './row-layout.ts'
import { type EventOrder, orderOffset, transactionId } from './transaction-record.ts'

export type Operation = 'c' | 'u' | 'd' | 't'

const messageTypes = { c: 'INSERT', u: 'UPDATE', d: 'DELETE', t: 'TRUNCATE' } as const

const before = Buffer.from('{"before":')
const insertStart = Buffer.from('{"before":null,"after":')
const after = Buffer.from(',"after":')
const nothing = Buffer.from('null')
/** Without and with `"transaction"`. */
const operations = {
  c: Buffer.from('null,"op":"c",'),
  u: Buffer.from('null,"op":"u",'),
  d: Buffer.from('null,"op":"d",'),
  t: Buffer.from('null,"op":"t",'),
} as const
/** All numbers and fixed pieces of the source block, generously. */
const fixedBytes = 512

const put = (piece: Buffer, target: Buffer, pos: number): number => {
  target.set(piece, pos)
  return pos + piece.length
}

/** How transactions name a table. */
export const collectionOf = ({ schema, name }: CapturedTable): string => `${schema}.${name}`

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
  /** undefined: transactions are not told of. */
  readonly order: EventOrder | undefined
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
    order: EventOrder | undefined,
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
    this.order = order
  }

  /** The same change with its tuples elsewhere. */
  moved(buf: Buffer, oldAt: number, newAt: number): Change {
    const { table, op, transaction, lsn, count, order } = this
    return new Change(table, buf, oldAt, newAt, buf.length, op, transaction, lsn, count, this.#moment, order)
  }

  storable(): OffsetMap {
    const offset = streamOffset(this.transaction, this.lsn, messageTypes[this.op], this.count)
    if (this.order === undefined) return offset
    const { table, transaction, order } = this
    return { ...offset, ...orderOffset(transaction.xid, [[collectionOf(table), order.inCollection]]) }
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
        xmin: transaction.xmin,
      }),
      transaction:
        this.order === undefined
          ? null
          : {
              id: transactionId(transaction.xid, lsn),
              total_order: this.order.total,
              data_collection_order: this.order.inCollection,
            },
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
    if (this.order === undefined) pos = put(operations[this.op], target, pos)
    else pos += target.write(this.#orderJson(this.order), pos, 'latin1')
    return put(this.#moment.json, target, pos)
  }

  #orderJson({ total, inCollection }: EventOrder): string {
    const id = transactionId(this.transaction.xid, this.lsn)
    return `{"id":"${id}","total_order":${total},"data_collection_order":${inCollection}},"op":"${this.op}",`
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

  /** The same record with another change in it; key and position stay. */
  with(change: Change): ChangeRecord {
    return new ChangeRecord(change.table, this.key, change, this.headers, this.sourcePartition, this.#position)
  }

  get sourceOffset(): OffsetMap {
    return this.#position.storable()
  }
}
