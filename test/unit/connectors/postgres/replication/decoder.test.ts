import { describe, expect, test } from 'vitest'
import { TableBuilder, topicOf } from '../../../../../connectors/postgres/capture/table-builder.ts'
import { ChangeRecord } from '../../../../../connectors/postgres/records/change-record.ts'
import { heartbeatRecord } from '../../../../../connectors/postgres/records/message-record.ts'
import { Moment } from '../../../../../connectors/postgres/records/moment.ts'
import { streamOffset } from '../../../../../connectors/postgres/records/position.ts'
import { RowKey } from '../../../../../connectors/postgres/records/row-key.ts'
import { RowLayout } from '../../../../../connectors/postgres/records/row-layout.ts'
import { heartbeatSchema } from '../../../../../connectors/postgres/records/schemas.ts'
import { SnapshotRecord, SnapshotTable } from '../../../../../connectors/postgres/records/snapshot-record.ts'
import { SourceHead } from '../../../../../connectors/postgres/records/source-block.ts'
import { Decoder, walLsn, walMessageHeader } from '../../../../../connectors/postgres/replication/decoder.ts'
import { lsnOf, lsnText, readLsn } from '../../../../../connectors/postgres/replication/lsn.ts'
import { readRelation, tupleEnd } from '../../../../../connectors/postgres/replication/messages.ts'
import { isUnfinishedSnapshot, startPosition } from '../../../../../connectors/postgres/replication/start-position.ts'
import type { StreamWatch } from '../../../../../connectors/postgres/replication/stream-watch.ts'
import { type Config, config, readSettings } from '../../../../../connectors/postgres/settings/settings.ts'
import { TypeRegistry, typeRow } from '../../../../../connectors/postgres/types/type-registry.ts'
import { ByteWriter } from '../../../../../runtime/api/byte-writer.ts'
import { type LazyValue, resolveLazy } from '../../../../../runtime/api/lazy.ts'
import type { OffsetMap, SourceRecord } from '../../../../../runtime/api/record.ts'
import type { Schema } from '../../../../../runtime/api/schema.ts'
import { parseConfig } from '../../../../../runtime/config/parse.ts'
import jsonConverter from '../../../../../runtime/converters/json-converter.ts'

const int16 = (value: number) => Buffer.from([value >> 8, value & 255])
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value | 0)
  return bytes
}
const int64 = (value: bigint | number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}
const z = (text: string) => Buffer.from(`${text}\0`)
const message = (tag: string, ...parts: readonly Buffer[]) => Buffer.concat([Buffer.from(tag), ...parts])
/** null: SQL null; undefined: a large value that did not change. */
type Field = string | null | undefined
const tuple = (...fields: readonly Field[]) =>
  Buffer.concat([
    int16(fields.length),
    ...fields.map(field =>
      typeof field === 'string'
        ? Buffer.concat([Buffer.from('t'), int32(Buffer.byteLength(field)), Buffer.from(field)])
        : Buffer.from(field === null ? 'n' : 'u'),
    ),
  ])
const old = (...fields: readonly Field[]) => Buffer.concat([Buffer.from('O'), tuple(...fields)])
const key = (...fields: readonly Field[]) => Buffer.concat([Buffer.from('K'), tuple(...fields)])
const fresh = (...fields: readonly Field[]) => Buffer.concat([Buffer.from('N'), tuple(...fields)])
const begin = (xid: number) => message('B', int64(999), int64(1000), int32(xid))
const commit = message('C', Buffer.from([0]), int64(1), int64(2), int64(3))
const insert = (...fields: readonly Field[]) => message('I', int32(7), fresh(...fields))
const update = (before: Buffer | undefined, ...fields: readonly Field[]) =>
  message('U', int32(7), ...(before === undefined ? [] : [before]), fresh(...fields))
const remove = (before: Buffer) => message('D', int32(7), before)

const types = new TypeRegistry(
  [
    ['23', 'int4', 'b', '0', '-1', '0', '0', '0', null],
    ['25', 'text', 'b', '0', '-1', '0', '0', '0', null],
  ].map(typeRow),
)
const columns = [
  { name: 'id', typeOid: 23, typmod: -1, notNull: true, default: undefined },
  { name: 'a', typeOid: 25, typmod: -1, notNull: false, default: "'x'::text" },
  { name: 'b', typeOid: 25, typmod: -1, notNull: true, default: undefined },
]
const partition = Object.freeze({ server: 'p' })

const setup = (props: Readonly<Record<string, string>> = {}, offset: OffsetMap = { lsn: 50 }, watch?: StreamWatch) => {
  const given = {
    'topic.prefix': 'p',
    'database.hostname': 'h',
    'database.user': 'u',
    'database.dbname': 'd',
    'extended.headers.enabled': 'false',
    ...props,
  }
  const { settings } = readSettings(parseConfig(config, given).config as Config, given)
  const head = new SourceHead('p', 'd')
  const builder = new TableBuilder(settings!, head)
  const description = { oid: 7, schema: 's', name: 't', columns, keyColumns: ['id'] }
  const table = builder.build(description, columns, types, 'stream')
  const decoder = new Decoder(settings!, head, partition, [], startPosition(offset), watch)
  decoder.setTable(7, table)
  const play = (...messages: readonly (readonly [lsn: number, bytes: Buffer])[]): SourceRecord[] => {
    const records: SourceRecord[] = []
    for (const [lsn, bytes] of messages) {
      const buf = Buffer.concat([Buffer.from('###'), bytes, Buffer.from('###')])
      decoder.decode(buf, 3, buf.length - 3, lsn, new Moment(1_700_000_000_123.456), records)
    }
    return records
  }
  return { settings: settings!, head, builder, description, table, decoder, play }
}

const { config: plain } = parseConfig(jsonConverter.config, { 'schemas.enable': 'false' })
const converter = jsonConverter.create(plain as never, 'value')
/** JSON by the fast path; checked against the object path. */
const json = (schema: Schema | null | undefined, value: unknown): unknown => {
  const out = new ByteWriter(16)
  const some = converter.encodeInto!(out, 't', schema ?? null, value)
  const fast = some ? out.buf.toString('utf8', 0, out.pos) : null
  const slow = converter.encode('t', schema ?? null, resolveLazy(value))
  expect(fast).toBe(slow === null ? null : Buffer.from(slow).toString())
  return fast === null ? null : JSON.parse(fast)
}
const shown = (record: SourceRecord) => {
  const value = json(record.valueSchema, record.value) as { op: string; before: unknown; after: unknown } | null
  return [json(record.keySchema, record.key), value && [value.op, value.before, value.after]]
}

describe('events', () => {
  test('insert, update, delete', () => {
    const records = setup().play(
      [100, begin(5)],
      [100, insert('1', 'one', '"b"')],
      [110, update(undefined, '1', null, 'c')],
      [120, update(old('1', null, 'c'), '1', 'two', 'c')],
      [130, remove(key('1', null, null))],
      [140, commit],
    )
    expect(records.map(shown)).toEqual([
      [{ id: 1 }, ['c', null, { id: 1, a: 'one', b: '"b"' }]],
      // The converter shows a null where there is a default as that.
      [{ id: 1 }, ['u', null, { id: 1, a: 'x', b: 'c' }]],
      [{ id: 1 }, ['u', { id: 1, a: 'x', b: 'c' }, { id: 1, a: 'two', b: 'c' }]],
      [{ id: 1 }, ['d', { id: 1, a: 'x', b: '' }, null]],
      [{ id: 1 }, null],
    ])
    expect(records.every(record => record.topic === 'p.s.t' && record.sourcePartition === partition)).toBe(true)
    expect(json(records[0]!.valueSchema, records[0]!.value)).toEqual({
      before: null,
      after: { id: 1, a: 'one', b: '"b"' },
      source: {
        version: '3.6.1.Final',
        connector: 'postgresql',
        name: 'p',
        ts_ms: 946684800001,
        snapshot: 'false',
        db: 'd',
        sequence: '[null,"100"]',
        ts_us: 946684800001000,
        ts_ns: 946684800001000000,
        schema: 's',
        table: 't',
        txId: 5,
        lsn: 100,
        xmin: null,
        origin: null,
        origin_lsn: null,
      },
      transaction: null,
      op: 'c',
      ts_ms: 1700000000123,
      ts_us: 1700000000123456,
      ts_ns: 1700000000123456000,
    })
  })

  test('a change of key is a delete and a create that tell of each other', () => {
    const records = setup().play(
      [100, begin(5)],
      [100, update(key('1', null, null), '2', undefined, 'b')],
      [110, commit],
    )
    expect(records.map(shown)).toEqual([
      [{ id: 1 }, ['d', { id: 1, a: 'x', b: '' }, null]],
      [{ id: 1 }, null],
      [{ id: 2 }, ['c', null, { id: 2, a: '__debezium_unavailable_value', b: 'b' }]],
    ])
    expect(
      records.map(({ headers }) => headers!.map(header => [header.key, json(header.schema, header.value)])),
    ).toEqual([
      [['__debezium.newkey', { id: 2 }]],
      [['__debezium.newkey', { id: 2 }]],
      [['__debezium.oldkey', { id: 1 }]],
    ])
    // Stored before the last of them, the rest would be lost.
    expect(records.map(record => record.sourceOffset['lsn'])).toEqual([50, 50, 100])
  })

  test('a change of key waits for the watch where that has to act first', () => {
    const seen: string[] = []
    const watch = {
      members: undefined,
      onAttention() {},
      began() {},
      relation() {},
      changed: (op: string) => seen.push(op) > 0 && op === 'c',
      due: () => undefined,
      async *act() {},
      close() {},
    }
    const { play, decoder } = setup({}, { lsn: 50 }, watch)
    expect(play([100, begin(5)], [100, update(key('1', null, null), '2', 'a', 'b')])).toEqual([])
    expect(seen).toEqual(['d', 'c'])
    const released: SourceRecord[] = []
    decoder.release(released)
    expect(released.map(record => (resolveLazy(record.value) as { op: string } | null)?.op)).toEqual([
      'd',
      undefined,
      'c',
    ])
  })

  test('a tombstone belongs to its delete', () => {
    const records = setup().play(
      [100, begin(5)],
      [100, insert('1', 'a', 'b')],
      [110, remove(key('1', null, null))],
      [120, commit],
    )
    expect(records.map(record => [record.value === null, record.sourceOffset['lsn']])).toEqual([
      [false, 100],
      [false, 100],
      [true, 110],
    ])
  })

  test('a large value that did not change comes from the old row where that has it', () => {
    const records = setup().play([100, begin(5)], [100, update(old('1', 'large', 'b'), '1', undefined, 'c')])
    expect(shown(records[0]!)).toEqual([{ id: 1 }, ['u', { id: 1, a: 'large', b: 'b' }, { id: 1, a: 'large', b: 'c' }]])
  })

  test('long rows take no more memory than they need', () => {
    const long = '"\u0001é😀'.repeat(20_000)
    const { play } = setup()
    const [record] = play([100, begin(5)], [100, update(old('1', long, 'b'), '1', undefined, 'b')])
    const value = record!.value as LazyValue
    const written = Buffer.byteLength(JSON.stringify(json(record!.valueSchema, value)))
    expect((value.get() as { after: { a: string } }).after.a).toBe(long)
    expect(value.maxJsonBytes).toBeLessThan(written * 6)
  })

  test('operations and updates that the user does not want', () => {
    const skipping = setup({
      'skipped.operations': 'c,d',
      'skip.messages.without.change': 'true',
      'column.exclude.list': 's.t.a',
    })
    const records = skipping.play(
      [100, begin(5)],
      [100, insert('1', 'a', 'b')],
      [110, update(old('1', 'a', 'b'), '1', 'other', 'b')],
      [120, update(old('1', 'a', 'b'), '1', 'a', 'other')],
      [130, update(key('1', null, null), '2', 'a', 'b')],
      [140, remove(key('1', null, null))],
      [150, message('T', int32(1), Buffer.from([0]), int32(7))],
    )
    expect(records.map(record => (shown(record)[1] as string[])[0])).toEqual(['u', 't'])
    expect(records[1]!.key).toBeNull()
  })

  test('of tables that are not captured, or not known', () => {
    const { decoder, play } = setup()
    decoder.setTable(7, null)
    expect(play([100, begin(5)], [100, insert('1', 'a', 'b')])).toEqual([])
    expect(() => play([110, message('I', int32(8), fresh('1'))])).toThrow(/table 8/)
  })

  test('origin and logical messages', () => {
    const { play } = setup({ 'message.prefix.include.list': 'keep.*', 'binary.handling.mode': 'hex' })
    const logical = (flags: number, prefix: string) =>
      message('M', Buffer.from([flags]), int64(70), z(prefix), int32(2), Buffer.from([1, 255]))
    const records = play(
      [70, logical(0, 'keep1')],
      [100, begin(5)],
      [100, message('O', int64(42), z('elsewhere'))],
      [100, insert('1', 'a', 'b')],
      [110, logical(1, 'drop')],
      [120, logical(1, 'keep2')],
    )
    const values = records.map(
      record =>
        json(record.valueSchema, record.value) as { source: object; message?: { prefix: string; content: string } },
    )
    expect(records.map(({ topic }) => topic)).toEqual(['p.message', 'p.s.t', 'p.message'])
    expect(values[1]!.source).toMatchObject({ origin: 'elsewhere', origin_lsn: 42, sequence: '["70","100"]' })
    expect(values[2]!.message).toEqual({ prefix: 'keep2', content: '01ff' })
    expect(records[0]!.sourceOffset).toEqual({
      lsn_proc: 50,
      messageType: 'MESSAGE',
      lsn_commit: 50,
      lsn: 70,
      ts_usec: expect.any(Number),
    })
  })
})

describe('positions', () => {
  test('are those of Debezium', () => {
    const records = setup().play(
      [100, begin(5)],
      [100, insert('1', 'a', 'b')],
      [100, insert('2', 'a', 'b')],
      [110, commit],
      [120, begin(6)],
      [120, insert('3', 'a', 'b')],
    )
    expect(records.map(record => record.sourceOffset)).toEqual([
      { lsn_proc: 50, messageType: 'INSERT', lsn: 100, txId: 5, ts_usec: 946684800001000 },
      { lsn_proc: 50, messageType: 'INSERT', lsn: 100, txId: 5, ts_usec: 946684800001000, lsn_events_processed: 2 },
      { lsn_proc: 110, messageType: 'INSERT', lsn_commit: 110, lsn: 120, txId: 6, ts_usec: 946684800001000 },
    ])
  })

  test('events of the transaction that was under way are not delivered twice', () => {
    const events = [
      [100, begin(5)],
      [100, insert('1', 'a', 'b')],
      [100, insert('2', 'a', 'b')],
      [110, insert('3', 'a', 'b')],
      [115, commit],
      [120, begin(6)],
      [120, insert('4', 'a', 'b')],
    ] as const
    const rest = (offset: OffsetMap) =>
      setup({}, offset)
        .play(...events)
        .map(record => (resolveLazy(record.key) as { id: number }).id)
    const at = { lsn_proc: 90, messageType: 'INSERT', txId: 5 }
    expect(rest({ ...at, lsn: 100 })).toEqual([2, 3, 4])
    expect(rest({ ...at, lsn: 100, lsn_events_processed: 2 })).toEqual([3, 4])
    expect(rest({ ...at, lsn: 110 })).toEqual([4])
    // Another transaction: all of it is new.
    expect(rest({ ...at, lsn: 100, txId: 4 })).toEqual([1, 2, 3, 4])
    // A snapshot saw no event.
    expect(rest({ lsn: 100, txId: 5, snapshot: 'INITIAL', snapshot_completed: true })).toEqual([1, 2, 3, 4])
  })

  test('transactions are told of, and places in one are the same after a restart in the middle of it', () => {
    const provided = { 'provide.transaction.metadata': 'true' }
    const stream = [
      [100, begin(5)],
      [100, insert('1', 'x', 'y')],
      [110, remove(key('1', null, null))],
      [120, insert('2', 'x', 'y')],
      [130, commit],
    ] as const
    const told = (record: SourceRecord) => {
      const value = json(record.valueSchema, record.value) as Record<string, unknown> | null
      return value === null ? null : (value['transaction'] ?? value)
    }
    const place = (lsn: number, place: number) => ({ id: `5:${lsn}`, total_order: place, data_collection_order: place })
    const start = { status: 'BEGIN', id: '5:100', event_count: null, data_collections: null, ts_ms: 946_684_800_001 }
    const end = {
      ...{ status: 'END', id: '5:130', event_count: 3, ts_ms: 946_684_800_001 },
      data_collections: [{ data_collection: 's.t', event_count: 3 }],
    }
    const whole = setup(provided).play(...stream)
    expect(whole.map(told)).toEqual([start, place(100, 1), place(110, 2), null, place(120, 3), end])
    expect([whole[0]!.topic, json(whole[0]!.keySchema, whole[0]!.key)]).toEqual(['p.transaction', { id: '5:100' }])
    expect(whole[5]!.sourceOffset).toEqual({
      ...{ lsn_proc: 130, lsn_commit: 130, lsn: 130, messageType: 'COMMIT', txId: 5, ts_usec: 946_684_800_001_000 },
      ...{ transaction_id: '5', 'transaction_data_collection_order_s.t': 3 },
    })
    // Nothing of it is done with its beginning.
    expect(whole[0]!.sourceOffset).toEqual({ lsn: 50 })
    const resumed = setup(provided, { ...whole[1]!.sourceOffset }).play(...stream)
    expect(resumed.map(told)).toEqual([place(110, 2), null, place(120, 3), end])
  })

  test('messages outside of transactions are not delivered twice', () => {
    const logical = message('M', Buffer.from([0]), int64(70), z('x'), int32(0))
    const offset = { lsn_proc: 60, lsn: 70, messageType: 'MESSAGE' }
    expect(setup({}, offset).play([70, logical]).length).toBe(0)
    expect(setup({}, offset).play([71, logical]).length).toBe(1)
  })

  test('between transactions the position is what the server has sent', () => {
    const { decoder, play } = setup()
    play([100, begin(5)])
    expect(decoder.inTransaction).toBe(true)
    play([100, insert('1', 'a', 'b')], [110, commit])
    expect(decoder.inTransaction).toBe(false)
    expect(decoder.idlePosition(500)).toEqual({
      lsn_proc: 500,
      messageType: 'COMMIT',
      lsn_commit: 500,
      lsn: 100,
      txId: 5,
      ts_usec: 946684800001000,
    })
    const record = heartbeatRecord('h', 'p', partition, decoder.idlePosition(1), 5)
    expect(record).toMatchObject({ topic: 'h', partition: 0, value: { ts_ms: 5 }, valueSchema: heartbeatSchema })
    expect(record.sourceOffset['lsn_proc']).toBe(500)
    // What a snapshot puts in after it does not fall behind it.
    expect(decoder.place.offset['lsn_proc']).toBe(500)
  })

  test('stored ones are checked', () => {
    expect(startPosition({ lsn: 5 })).toMatchObject({ processed: 5, lsn: 5, commit: undefined, event: undefined })
    expect(startPosition({ lsn: 7, lsn_proc: 5, messageType: 'INSERT', txId: 3 })).toMatchObject({
      processed: 5,
      commit: 5,
      event: { xid: 3, lsn: 7, count: 1 },
    })
    expect(() => startPosition({})).toThrow(/neither lsn nor lsn_proc/)
    expect(() => startPosition({ lsn: 'abc' })).toThrow(/lsn=abc/)
    expect(isUnfinishedSnapshot({ snapshot: 'INITIAL', snapshot_completed: false })).toBe(true)
    expect(isUnfinishedSnapshot({ snapshot: true })).toBe(true)
    // Rows of a snapshot beside the stream, as Debezium stores them.
    expect(isUnfinishedSnapshot({ snapshot: 'INCREMENTAL', snapshot_completed: false })).toBe(false)
    expect(isUnfinishedSnapshot({ snapshot: 'BLOCKING', snapshot_completed: false })).toBe(false)
    expect(isUnfinishedSnapshot({ snapshot: 'INITIAL', snapshot_completed: true })).toBe(false)
    expect(isUnfinishedSnapshot({ lsn: 1 })).toBe(false)
  })

  test('streamOffset leaves out what is not known', () => {
    const start = { xid: null, tsMicros: 1, commitBefore: undefined, processed: 2 }
    expect(streamOffset(start, 3, 'MESSAGE', 1)).toEqual({ lsn_proc: 2, messageType: 'MESSAGE', lsn: 3, ts_usec: 1 })
  })
})

test('rows of a snapshot', () => {
  const { builder, description, settings } = setup()
  const table = builder.build(description, columns, types, 'copy')
  const from = new SnapshotTable(table, { lsn: 9, txId: 8, tsMicros: 7_000_001 }, partition, [])
  const line = Buffer.from('##5\t\\N\ta\\tb "q"\\\\\n##')
  const record = new SnapshotRecord(from, line, 2, line.length - 3, new Moment(1000))
  expect(record.sourceOffset).toEqual({
    last_snapshot_record: false,
    lsn: 9,
    txId: 8,
    ts_usec: 7000001,
    snapshot: 'INITIAL',
    snapshot_completed: false,
  })
  record.marker = 'last'
  expect(json(record.keySchema, record.key)).toEqual({ id: 5 })
  expect(json(record.valueSchema, record.value)).toMatchObject({
    before: null,
    after: { id: 5, a: 'x', b: 'a\tb "q"\\' },
    source: { snapshot: 'last', sequence: '[null,"9"]', ts_ms: 7000, ts_us: 7000001, txId: 8, lsn: 9 },
    op: 'r',
    ts_ms: 1000,
  })
  expect((resolveLazy(record.value) as { after: object }).after).toEqual({ id: 5, a: null, b: 'a\tb "q"\\' })
  expect(topicOf(settings, 'My Schema', 'a.b')).toBe('p.My_Schema.a.b')
})

test('a key looks no further than its last column', () => {
  const { table } = setup()
  expect(table.key!.fields).toBe(1)
  expect(new RowLayout([]).fields).toBe(0)
  const line = Buffer.from('5\tcut off')
  expect(json(table.keySchema, new RowKey(table.key!, 'copy', line, 0, -1, line.length, new Moment(1000)))).toEqual({
    id: 5,
  })
  expect(new ChangeRecord(table, null, null, [], partition, { storable: () => ({ lsn: 1 }) }).sourceOffset).toEqual({
    lsn: 1,
  })
})

test('RELATION, and where tuples end', () => {
  const bytes = message(
    'R',
    int32(7),
    z('s'),
    z('t'),
    Buffer.from('d'),
    int16(2),
    Buffer.from([1]),
    z('id'),
    int32(23),
    int32(-1),
    Buffer.from([0]),
    z('ü'),
    int32(1043),
    int32(14),
  )
  expect(readRelation(bytes, 1)).toEqual({
    oid: 7,
    schema: 's',
    name: 't',
    columns: [
      { name: 'id', typeOid: 23, typmod: -1, inReplicaIdentity: true },
      { name: 'ü', typeOid: 1043, typmod: 14, inReplicaIdentity: false },
    ],
    primaryKey: ['id'],
  })
  // With FULL all columns identify the row; which of them are the key is not told.
  const full = Buffer.from(bytes)
  full[full.indexOf('d', 9)] = 'f'.charCodeAt(0)
  expect(readRelation(full, 1).primaryKey).toEqual([])
  const wide = tuple('abc', null, undefined, '')
  expect(tupleEnd(Buffer.concat([Buffer.from('##'), wide, Buffer.from('##')]), 2)).toBe(2 + wide.length)
})

test('LSNs', () => {
  expect([lsnOf('16/B374D848'), lsnText(lsnOf('16/B374D848'))]).toEqual([97500059720, '16/B374D848'])
  expect(readLsn(int64(97500059720), 0)).toBe(97500059720)
  expect(() => lsnOf('nonsense')).toThrow(RangeError)
  expect(walLsn(Buffer.concat([Buffer.from('w'), int64(77), int64(0), int64(0)]), 0)).toBe(77)
  expect(walMessageHeader).toBe(25)
})
