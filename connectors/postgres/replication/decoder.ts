import { type Header, type OffsetMap, type Schema, type SourceRecord, s } from 'millrace'
import type { CapturedTable } from '../records/captured-table.ts'
import { Change, ChangeRecord, collectionOf, type Operation } from '../records/change-record.ts'
import { LogicalMessageRecord } from '../records/message-record.ts'
import type { Moment } from '../records/moment.ts'
import { type Position, StreamTransaction, streamOffset } from '../records/position.ts'
import { RowKey } from '../records/row-key.ts'
import { sameFields, splitTuple } from '../records/row-layout.ts'
import { messageSchema } from '../records/schemas.ts'
import type { StreamPlace } from '../records/snapshot-record.ts'
import { SourceBlock, type SourceHead } from '../records/source-block.ts'
import { orderOffset, TransactionCounts, TransactionRecord } from '../records/transaction-record.ts'
import type { Settings } from '../settings/settings.ts'
import { jsonText } from '../types/json-text.ts'
import { readLsn } from './lsn.ts'
import {
  type RelationMessage,
  readLogicalMessage,
  readOrigin,
  readRelation,
  readTruncated,
  tupleEnd,
} from './messages.ts'
import type { StartPosition } from './start-position.ts'
import type { StreamWatch } from './stream-watch.ts'

const epoch2000Micros = 946_684_800_000_000
const tag = (letter: string): number => letter.charCodeAt(0)
const BEGIN = tag('B')
const COMMIT = tag('C')
const RELATION = tag('R')
const INSERT = tag('I')
const UPDATE = tag('U')
const DELETE = tag('D')
const TRUNCATE = tag('T')
const MESSAGE = tag('M')
const ORIGIN = tag('O')
const NEW = tag('N')

/** Nothing may be decoded before the watch has acted and `release` was called. */
export const ACT = Symbol('act')

/**
 * Turns pgoutput messages (protocol version 1) into records. Keeps what must be known between messages: the tables, the
 * transaction that is open, and which events were already delivered before a restart.
 */
export class Decoder {
  readonly #settings: Settings
  readonly #head: SourceHead
  readonly #partition: OffsetMap
  readonly #headers: readonly Header[]
  readonly #start: StartPosition
  /** null: a table that is not captured. */
  readonly #tables = new Map<number, CapturedTable | null>()
  readonly #messageSource: SourceBlock
  #transaction: StreamTransaction | undefined
  #commitBefore: number | undefined
  #processed: number
  #skipping: boolean
  #lsn = 0
  #count = 0
  #last: Position
  /** Events of the transaction that is open, where transactions are told of. */
  #counted: TransactionCounts | undefined
  /** The transaction that ended last, for heartbeats. */
  #ended: StreamTransaction | undefined
  readonly #watch: StreamWatch | undefined
  /** What the slot last showed; undefined: it is not asked for. */
  xmin: number | undefined
  /** The event that is decoded now was not delivered before the restart. */
  #fresh = true
  #held: ((into: SourceRecord[]) => void) | undefined

  constructor(
    settings: Settings,
    head: SourceHead,
    partition: OffsetMap,
    headers: readonly Header[],
    start: StartPosition,
    watch?: StreamWatch,
  ) {
    this.#watch = watch
    this.#settings = settings
    this.#head = head
    this.#partition = partition
    this.#headers = headers
    this.#start = start
    this.#processed = start.processed
    this.#commitBefore = start.commit
    this.#skipping = start.event !== undefined
    this.#last = { storable: () => start.offset }
    this.#messageSource = new SourceBlock(head, '', '')
  }

  /** Whether a transaction is open: its end has not been seen. */
  get inTransaction(): boolean {
    return this.#transaction !== undefined
  }

  /** A table as it is from now on; null: it is not captured. */
  setTable(oid: number, table: CapturedTable | null): void {
    this.#tables.set(oid, table)
  }

  /**
   * The position now, when no transaction is open: all before `reached` is done. Undefined while there is nothing that could
   * be stored.
   */
  idlePosition(reached: number): OffsetMap {
    this.#processed = Math.max(this.#processed, reached)
    this.#commitBefore = Math.max(this.#commitBefore ?? 0, reached)
    const { xid = null, tsMicros = Date.now() * 1000 } = this.#ended ?? {}
    const members = this.#watch?.members
    const { xmin } = this
    const state = { xid, tsMicros, commitBefore: this.#commitBefore, processed: this.#processed, xmin, members }
    const offset = streamOffset(state, Math.max(this.#lsn, this.#start.lsn), 'COMMIT', 1)
    // What is put in here next must not fall behind it: the slot is there then.
    this.#last = { storable: () => offset }
    return offset
  }

  /** Where records would stand that are put in here. */
  get place(): StreamPlace {
    const lsn = Math.max(this.#lsn, this.#start.lsn)
    return {
      sequence: `[${this.#commitBefore === undefined ? 'null' : `"${this.#commitBefore}"`},"${lsn}"]`,
      txId: (this.#transaction ?? this.#ended)?.xid ?? undefined,
      offset: this.#last.storable(),
    }
  }

  /** The record that waited for the watch. */
  release(into: SourceRecord[]): void {
    const held = this.#held
    this.#held = undefined
    if (this.#transaction !== undefined) this.#transaction.members = this.#watch?.members
    held?.(into)
  }

  /**
   * Takes the message `buf[at..end)` that the server wrote at `lsn`, adds its records. A RELATION is returned: nothing may be
   * decoded before `setTable` was told of it. ACT: nothing may be decoded before `release`.
   */
  decode(
    buf: Buffer,
    at: number,
    end: number,
    lsn: number,
    moment: Moment,
    into: SourceRecord[],
  ): RelationMessage | typeof ACT | undefined {
    switch (buf[at]) {
      case INSERT:
      case UPDATE:
      case DELETE:
      case TRUNCATE:
        this.#fresh = this.#counts(lsn)
        if (this.#fresh) this.#event(buf, at, end, moment, into)
        else if (this.#tracks) this.#event(buf, at, end, moment, [])
        return this.#held === undefined ? undefined : ACT
      case BEGIN:
        this.#begin(buf, at + 1, lsn, into)
        return undefined
      case COMMIT:
        this.#commit(lsn, into)
        return this.#watch?.due(lsn) === 'now' ? ACT : undefined
      case RELATION: {
        const relation = readRelation(buf, at + 1)
        this.#watch?.relation(relation)
        return relation
      }
      case MESSAGE:
        this.#message(buf, at + 1, lsn, moment, into)
        return undefined
      case ORIGIN: {
        const origin = readOrigin(buf, at + 1)
        this.#transaction?.setOrigin(origin.name, origin.lsn)
        return undefined
      }
      default:
        // TYPE, and what later servers may add for options that are not asked for.
        return undefined
    }
  }

  #event(buf: Buffer, at: number, end: number, moment: Moment, into: SourceRecord[]): void {
    if (buf[at] === INSERT) this.#insert(buf, at + 1, end, moment, into)
    else if (buf[at] === UPDATE) this.#update(buf, at + 1, end, moment, into)
    else if (buf[at] === DELETE) this.#delete(buf, at + 1, end, moment, into)
    else this.#truncate(buf, at + 1, end, moment, into)
  }

  /** Tells the watch; true: the record must wait for it. */
  #watched(op: Operation, table: CapturedTable, buf: Buffer, oldAt: number, newAt: number): boolean {
    return this.#fresh && this.#watch?.changed(op, table, buf, oldAt, newAt) === true
  }

  /** provide.transaction.metadata: what was delivered before a restart is decoded all the same, to be counted. */
  get #tracks(): boolean {
    return this.#settings.config.provideTransactionMetadata
  }

  #begin(buf: Buffer, at: number, lsn: number, into: SourceRecord[]): void {
    this.#count = 0
    this.#transaction = new StreamTransaction(
      {
        xid: buf.readUInt32BE(at + 16),
        tsMicros: Number(buf.readBigInt64BE(at + 8)) + epoch2000Micros,
        commitBefore: this.#commitBefore,
        processed: this.#processed,
        xmin: this.xmin,
        members: this.#watch?.members,
      },
      this.#head,
    )
    this.#watch?.began(this.#transaction.xid!)
    if (!this.#tracks) return
    this.#counted = new TransactionCounts()
    // One of which events were delivered has begun already.
    if (this.#skipping && this.#transaction.xid === this.#start.event?.xid) return
    into.push(this.#boundary(this.#transaction, lsn, undefined, this.#last))
  }

  #boundary(
    transaction: StreamTransaction,
    lsn: number,
    counts: TransactionCounts | undefined,
    position: Position,
  ): TransactionRecord {
    const { prefix, config } = this.#settings
    const topic = `${prefix}${config.topicDelimiter}${config.topicTransaction}`
    return new TransactionRecord({ topic, transaction, lsn, counts, partition: this.#partition, position })
  }

  #commit(lsn: number, into: SourceRecord[]): void {
    if (this.#counted !== undefined && this.#transaction !== undefined) {
      const { xid, tsMicros, xmin, members } = this.#transaction
      const offset = {
        ...streamOffset({ xid, tsMicros, commitBefore: lsn, processed: lsn, xmin, members }, lsn, 'COMMIT', 1),
        ...orderOffset(xid, this.#counted.collections),
      }
      this.#last = { storable: () => offset }
      into.push(this.#boundary(this.#transaction, lsn, this.#counted, this.#last))
      this.#counted = undefined
    }
    this.#ended = this.#transaction
    this.#transaction = undefined
    this.#commitBefore = lsn
    this.#processed = lsn
    // Only the first transaction can be one that was delivered in part.
    this.#skipping = false
  }

  /** Counts an event, and tells whether it is a new one: not delivered before the restart. */
  #counts(lsn: number): boolean {
    this.#count = lsn === this.#lsn ? this.#count + 1 : 1
    this.#lsn = lsn
    const { event } = this.#start
    if (!this.#skipping || event === undefined || this.#transaction?.xid !== event.xid) return true
    return lsn > event.lsn || (lsn === event.lsn && this.#count > event.count)
  }

  #table(oid: number): CapturedTable | null {
    const table = this.#tables.get(oid)
    if (table === undefined) throw new Error(`The server sent rows of table ${oid} before it told what that is`)
    return table
  }

  #change(
    table: CapturedTable,
    buf: Buffer,
    oldAt: number,
    newAt: number,
    end: number,
    op: Operation,
    moment: Moment,
  ): Change {
    const order = this.#counted?.next(collectionOf(table))
    return new Change(table, buf, oldAt, newAt, end, op, this.#transaction!, this.#lsn, this.#count, moment, order)
  }

  #key(table: CapturedTable, buf: Buffer, at: number, oldAt: number, end: number, moment: Moment): RowKey | null {
    return table.key === undefined ? null : new RowKey(table.key, 'stream', buf, at, oldAt, end, moment)
  }

  #emit(table: CapturedTable, key: RowKey | null, change: Change, into: SourceRecord[]): void {
    into.push(new ChangeRecord(table, key, change, this.#headers, this.#partition, change))
    this.#last = change
  }

  #insert(buf: Buffer, at: number, end: number, moment: Moment, into: SourceRecord[]): void {
    const table = this.#table(buf.readUInt32BE(at))
    if (table === null) return
    const newAt = at + 5
    if (this.#watched('c', table, buf, -1, newAt))
      this.#held = later => this.#created(table, buf, newAt, end, moment, later)
    else this.#created(table, buf, newAt, end, moment, into)
  }

  #created(table: CapturedTable, buf: Buffer, newAt: number, end: number, moment: Moment, into: SourceRecord[]): void {
    if (this.#settings.skipped.has('c')) return
    this.#emit(
      table,
      this.#key(table, buf, newAt, -1, end, moment),
      this.#change(table, buf, -1, newAt, end, 'c', moment),
      into,
    )
  }

  #update(buf: Buffer, at: number, end: number, moment: Moment, into: SourceRecord[]): void {
    const table = this.#table(buf.readUInt32BE(at))
    if (table === null) return
    const hasOld = buf[at + 4] !== NEW
    const oldAt = hasOld ? at + 5 : -1
    const newAt = hasOld ? tupleEnd(buf, oldAt) + 1 : at + 5
    if (hasOld && this.#keyChanged(table, buf, newAt, oldAt)) {
      const [gone, come] = [this.#watched('d', table, buf, oldAt, -1), this.#watched('c', table, buf, -1, newAt)]
      if (gone || come) this.#held = later => this.#moveKey(table, buf, oldAt, newAt, end, moment, later)
      else this.#moveKey(table, buf, oldAt, newAt, end, moment, into)
      return
    }
    if (this.#settings.skipped.has('u')) return
    if (hasOld && this.#settings.config.skipMessagesWithoutChange) {
      splitTuple(buf, newAt, oldAt, table.row.fields)
      if (sameFields(buf, table.row.columns)) return
    }
    this.#watched('u', table, buf, oldAt, newAt)
    const change = this.#change(table, buf, oldAt, newAt, end, 'u', moment)
    this.#emit(table, this.#key(table, buf, newAt, oldAt, end, moment), change, into)
  }

  #keyChanged(table: CapturedTable, buf: Buffer, newAt: number, oldAt: number): boolean {
    if (table.key === undefined || table.keySchema === null) return false
    splitTuple(buf, newAt, oldAt, table.key.fields)
    if (sameFields(buf, table.key.columns)) return false
    const text = (at: number, old: number) => {
      splitTuple(buf, at, old, table.key!.fields)
      return jsonText(table.keySchema!, table.key!.toObject(buf))
    }
    return text(newAt, oldAt) !== text(oldAt, -1)
  }

  /** Another key is another record: the old one is deleted, the new one created, each telling of the other. */
  #moveKey(
    table: CapturedTable,
    buf: Buffer,
    oldAt: number,
    newAt: number,
    end: number,
    moment: Moment,
    into: SourceRecord[],
  ): void {
    const { skipped } = this.#settings
    const oldKey = this.#key(table, buf, oldAt, -1, end, moment)
    const newKey = this.#key(table, buf, newAt, oldAt, end, moment)
    const told = (key: string, value: RowKey | null): readonly Header[] => [
      { key, schema: table.keySchema, value },
      ...this.#headers,
    ]
    if (!skipped.has('d')) {
      const remove = this.#change(table, buf, oldAt, -1, end, 'd', moment)
      const headers = told('__debezium.newkey', newKey)
      // The event is done only with its last record: stored before, its rest would be lost (invariant 4).
      const position = skipped.has('c') ? remove : this.#last
      into.push(new ChangeRecord(table, oldKey, remove, headers, this.#partition, position))
      if (this.#settings.config.tombstonesOnDelete)
        into.push(new ChangeRecord(table, oldKey, null, headers, this.#partition, position))
      this.#last = position
    }
    if (skipped.has('c')) return
    const create = this.#change(table, buf, -1, newAt, end, 'c', moment)
    const { transaction, lsn, count } = create
    const position = { storable: () => streamOffset(transaction, lsn, 'UPDATE', count) }
    into.push(new ChangeRecord(table, newKey, create, told('__debezium.oldkey', oldKey), this.#partition, position))
    this.#last = position
  }

  #delete(buf: Buffer, at: number, end: number, moment: Moment, into: SourceRecord[]): void {
    const table = this.#table(buf.readUInt32BE(at))
    if (table === null) return
    const oldAt = at + 5
    if (this.#watched('d', table, buf, oldAt, -1))
      this.#held = later => this.#deleted(table, buf, oldAt, end, moment, later)
    else this.#deleted(table, buf, oldAt, end, moment, into)
  }

  #deleted(table: CapturedTable, buf: Buffer, oldAt: number, end: number, moment: Moment, into: SourceRecord[]): void {
    if (this.#settings.skipped.has('d')) return
    const key = this.#key(table, buf, oldAt, -1, end, moment)
    const change = this.#change(table, buf, oldAt, -1, end, 'd', moment)
    const tombstone = key !== null && this.#settings.config.tombstonesOnDelete
    // The event is done with the tombstone, not before.
    const position = tombstone ? this.#last : change
    into.push(new ChangeRecord(table, key, change, this.#headers, this.#partition, position))
    if (tombstone) into.push(new ChangeRecord(table, key, null, this.#headers, this.#partition, change))
    this.#last = change
  }

  #truncate(buf: Buffer, at: number, end: number, moment: Moment, into: SourceRecord[]): void {
    if (this.#settings.skipped.has('t')) return
    const tables = readTruncated(buf, at)
      .map(oid => this.#table(oid))
      .filter(table => table !== null)
    for (const [index, table] of tables.entries()) {
      this.#watched('t', table, buf, -1, -1)
      const change = this.#change(table, buf, -1, -1, end, 't', moment)
      const position = index === tables.length - 1 ? change : this.#last
      into.push(new ChangeRecord(table, null, change, this.#headers, this.#partition, position))
      if (position === change) this.#last = change
    }
  }

  #message(buf: Buffer, at: number, lsn: number, moment: Moment, into: SourceRecord[]): void {
    const message = readLogicalMessage(buf, at)
    const fresh = message.transactional ? this.#counts(lsn) : lsn > this.#start.messagesDone
    if (!message.transactional) this.#lsn = lsn
    const transaction = message.transactional
      ? this.#transaction!
      : new StreamTransaction(
          {
            xid: null,
            tsMicros: moment.micros,
            commitBefore: this.#commitBefore ?? this.#processed,
            processed: this.#processed,
            xmin: this.xmin,
          },
          this.#head,
        )
    if ((fresh || this.#tracks) && this.#settings.filters.messagePrefix(message.prefix)) {
      const record = new LogicalMessageRecord({
        message,
        transaction,
        lsn,
        count: message.transactional ? this.#count : 1,
        moment,
        source: this.#messageSource,
        schema: this.#messageSchema(),
        binary: this.#settings.modes.binary,
        prefix: this.#settings.prefix,
        delimiter: this.#settings.config.topicDelimiter,
        partition: this.#partition,
        order: message.transactional ? this.#counted?.next('message') : undefined,
      })
      if (fresh) {
        into.push(record)
        this.#last = record
      }
    }
    if (message.transactional) return
    this.#processed = lsn
    this.#commitBefore = lsn
  }

  #schemaOfMessages: Schema | undefined

  #messageSchema(): Schema {
    this.#schemaOfMessages ??= messageSchema(this.#settings.modes.binary === 'bytes' ? s.bytes() : s.string())
    return this.#schemaOfMessages
  }
}

/** Positions of XLogData: start of the message's text behind the header, and the LSN. */
export const walMessageHeader = 25
export const walLsn = (buf: Buffer, at: number): number => readLsn(buf, at + 1)
