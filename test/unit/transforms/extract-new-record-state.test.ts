import { describe, expect, test } from 'vitest'
import { type ConnectRecord, s } from '../../../runtime/api/index.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import definition from '../../../transforms/extract-new-record-state.ts'

const row = s.struct(
  { id: s.int32(), name: s.string(), qty: s.int32({ optional: true, default: 7 }) },
  { name: 'shop.public.item.Value', optional: true },
)
const source = s.struct(
  {
    ts_ms: s.int64(),
    snapshot: s.string({ optional: true, name: 'io.debezium.data.Enum', version: 1, default: 'false' }),
    db: s.string(),
    table: s.string(),
    lsn: s.int64({ optional: true }),
  },
  { name: 'io.debezium.connector.postgresql.Source', version: 1 },
)
const transaction = s.struct({ id: s.string(), total_order: s.int64() }, { optional: true, name: 'event.block' })
const envelope = s.struct(
  { before: row, after: row, source, transaction, op: s.string(), ts_ms: s.int64({ optional: true }) },
  { name: 'shop.public.item.Envelope', version: 2 },
)
const keySchema = s.struct({ id: s.int32() }, { name: 'shop.public.item.Key' })

const one = { id: 1, name: 'one', qty: null }
const event = (op: string, before: object | null, after: object | null, more: object = {}): ConnectRecord => ({
  topic: 'shop.public.item',
  partition: null,
  keySchema,
  key: { id: 1 },
  valueSchema: envelope,
  value: {
    before,
    after,
    source: { ts_ms: 5, snapshot: null, db: 'shop', table: 'item', lsn: 9007199254740993n },
    transaction: { id: '7:8', total_order: 1 },
    op,
    ts_ms: 6,
    ...more,
  },
  timestamp: null,
  headers: [{ key: 'own', schema: null, value: 1 }],
})
const insert = event('c', null, one)
const remove = event('d', one, null)
const tombstone: ConnectRecord = { ...remove, valueSchema: null, value: null }
const truncate = event('t', null, null)

const unwrap = (config: Record<string, string>, record: ConnectRecord): ConnectRecord | null =>
  definition.create(parseOrThrow(definition.config, config) as never, 'Value', { originals: config }).apply(record)

const rowOut = row.with({ optional: false })

describe.each<[string, Record<string, string>, { delete: unknown; tombstone: boolean; marks: boolean }]>([
  ['the default', {}, { delete: row, tombstone: false, marks: false }],
  ['tombstone', mode('tombstone'), { delete: row, tombstone: false, marks: false }],
  ['drop', mode('drop'), { delete: 'dropped', tombstone: false, marks: false }],
  ['rewrite', mode('rewrite'), { delete: 'row', tombstone: false, marks: true }],
  ['rewrite-with-tombstone', mode('Rewrite-With-Tombstone'), { delete: 'row', tombstone: true, marks: true }],
  ['delete-to-tombstone', mode('delete-to-tombstone'), { delete: null, tombstone: false, marks: false }],
  ['older rewrite', older('rewrite', 'true'), { delete: 'row', tombstone: false, marks: true }],
  ['older rewrite, tombstones kept', older('rewrite', 'false'), { delete: 'row', tombstone: true, marks: true }],
  ['older drop', older('drop', 'true'), { delete: 'dropped', tombstone: false, marks: false }],
  ['older drop, tombstones kept', older('drop', 'false'), { delete: null, tombstone: false, marks: false }],
  ['older none', older('none', 'true'), { delete: row, tombstone: false, marks: false }],
])('%s', (_, config, expected) => {
  const marked = (deleted: string) => (expected.marks ? { __deleted: deleted } : {})

  test('an insert is its row', () => {
    const record = unwrap(config, insert)!
    expect(record.value).toEqual({ ...one, qty: 7, ...marked('false') })
    expect(record.valueSchema!.name).toBe('shop.public.item.Value')
    if (!expected.marks) expect(record.valueSchema).toBe(rowOut)
  })

  test('a delete is what the mode says', () => {
    const record = unwrap(config, remove)
    if (expected.delete === 'dropped') expect(record).toBeNull()
    else if (expected.delete === 'row') expect(record!.value).toEqual({ ...one, qty: 7, ...marked('true') })
    else {
      expect(record!.value).toBeNull()
      expect(record!.valueSchema).toBe(expected.delete)
    }
  })

  test('a tombstone passes or not, a truncate never', () => {
    expect(unwrap(config, tombstone)).toEqual(expected.tombstone ? tombstone : null)
    expect(unwrap(config, truncate)).toBeNull()
  })
})

function mode(value: string): Record<string, string> {
  return { 'delete.tombstone.handling.mode': value }
}

function older(handling: string, drop: string): Record<string, string> {
  return { 'delete.handling.mode': handling, 'drop.tombstones': drop }
}

test('the older pair and the newer setting exclude each other', () => {
  expect(() => unwrap({ ...mode('drop'), 'drop.tombstones': 'true' }, insert)).toThrow('give one or the other')
})

test('adds fields of the event as optional ones, without their defaults, where there are such', () => {
  const config = {
    ...mode('rewrite'),
    'add.fields': 'op,table,lsn,source.ts_ms,ts_ms,source.db:DBNAME,transaction.id,source.snapshot,nothing',
  }
  const record = unwrap(config, insert)!
  expect(Object.entries(record.value as object)).toEqual([
    ['id', 1],
    ['name', 'one'],
    ['qty', 7],
    ['__deleted', 'false'],
    ['__op', 'c'],
    ['__table', 'item'],
    ['__lsn', 9007199254740993n],
    ['__source_ts_ms', 5],
    ['__ts_ms', 6],
    ['__DBNAME', 'shop'],
    ['__transaction_id', '7:8'],
    ['__source_snapshot', null],
  ])
  const schemaOf = (name: string) => record.valueSchema!.field(name)?.schema
  expect(schemaOf('__lsn')).toBe(s.int64({ optional: true }))
  expect(schemaOf('__source_snapshot')).toBe(s.string({ optional: true, name: 'io.debezium.data.Enum', version: 1 }))
  expect(record.valueSchema!.fields.map(field => field.name)).toEqual(Object.keys(record.value as object))
  const outside = unwrap(config, event('r', null, one, { transaction: null }))!
  expect((outside.value as { __transaction_id: unknown }).__transaction_id).toBeNull()
  expect(outside.valueSchema).toBe(record.valueSchema)
})

test('adds headers to what there are; to a tombstone only that it is a delete', () => {
  const config = {
    ...mode('rewrite-with-tombstone'),
    'add.headers': 'op,source.table,lsn,db:DB',
    'add.headers.prefix': 'x.',
  }
  const shown = (record: ConnectRecord) => record.headers!.map(({ key, value }) => [key, value])
  expect(shown(unwrap(config, remove)!)).toEqual([
    ['own', 1],
    ['x.op', 'd'],
    ['x.source_table', 'item'],
    ['x.lsn', 9007199254740993n],
    ['x.DB', 'shop'],
  ])
  expect(shown(unwrap(config, tombstone)!)).toEqual([
    ['own', 1],
    ['x.op', 'd'],
  ])
  expect(shown(unwrap({ ...config, 'add.headers': 'lsn' }, tombstone)!)).toEqual([['own', 1]])
})

test('a tombstone that shares the list of its delete has what that was given; one of its own list has not', () => {
  const config = { ...mode('rewrite-with-tombstone'), 'add.headers': 'op,lsn' }
  const keys = (record: ConnectRecord | null) => record!.headers!.map(({ key }) => key)
  const transform = definition.create(parseOrThrow(definition.config, config) as never, 'Value', { originals: config })
  transform.apply(remove)
  expect(keys(transform.apply(tombstone))).toEqual(['own', '__op', '__lsn', '__op'])
  expect(keys(transform.apply({ ...tombstone, headers: [...remove.headers!] }))).toEqual(['own', '__op'])
  transform.apply({ ...insert, headers: remove.headers! })
  expect(keys(transform.apply(tombstone))).toEqual(['own', '__op'])
  const bare = { ...config, 'add.headers': 'lsn' }
  const other = definition.create(parseOrThrow(definition.config, bare) as never, 'Value', { originals: bare })
  other.apply(remove)
  expect(keys(other.apply(tombstone))).toEqual(['own', '__lsn'])
})

describe('fields that a header lists', () => {
  const listed = { ...insert, headers: [{ key: 'Unchanged', schema: null, value: ['id', 'qty'] }] }
  const config = { 'drop.fields.header.name': 'Unchanged' }

  test('are left out where they are optional', () => {
    const { value, valueSchema } = unwrap(config, listed)!
    expect(value).toEqual({ id: 1, name: 'one' })
    expect(valueSchema!.fields.map(({ name }) => name)).toEqual(['id', 'name'])
    expect(unwrap(config, insert)!.valueSchema).toBe(rowOut)
  })

  test('are left out at all events when compatibility does not matter, and of the key when asked for', () => {
    const all = { ...config, 'drop.fields.keep.schema.compatible': 'false' }
    const record = unwrap({ ...all, 'drop.fields.from.key': 'true' }, listed)!
    expect(record.value).toEqual({ name: 'one' })
    expect(record.key).toEqual({})
    expect(record.keySchema!.fields).toEqual([])
    expect(record.keySchema!.name).toBe('shop.public.item.Key')
    expect(unwrap(all, listed)!.key).toEqual({ id: 1 })
  })
})

test('nulls stay nulls when defaults are not asked for', () => {
  expect(unwrap({ 'replace.null.with.default': 'false' }, insert)!.value).toEqual(one)
})

test('what is no change event passes as it is', () => {
  const other = { ...insert, valueSchema: s.struct({ a: s.int32() }, { name: 'shop.Heartbeat' }), value: { a: 1 } }
  expect(unwrap({}, other)).toBe(other)
  const plain = { ...insert, valueSchema: null, value: { op: 'c', after: {} } }
  expect(unwrap({}, plain)).toBe(plain)
})

test('route.by.field takes the row before a delete, and leaves the topic where there is no text', () => {
  const routes = { 'route.by.field': 'name' }
  for (const record of [insert, remove]) expect(unwrap(routes, record)!.topic).toBe('one')
  expect(unwrap({ ...routes, ...mode('rewrite') }, remove)!.topic).toBe('one')
  expect(unwrap({ ...routes, ...mode('delete-to-tombstone') }, remove)!.topic).toBe('one')
  for (const name of [null, ''])
    expect(unwrap(routes, event('c', null, { ...one, name }))!.topic).toBe('shop.public.item')
  for (const field of ['id', 'nosuch']) {
    expect(() => unwrap({ 'route.by.field': field }, insert)).toThrow('route.by.field')
    expect(() => unwrap({ 'route.by.field': field }, remove)).toThrow('route.by.field')
  }
})

test('a header that lists no fields is an error', () => {
  expect(() => unwrap({ 'drop.fields.header.name': 'own' }, insert)).toThrow('drop.fields.header.name')
  expect(unwrap({ 'drop.fields.header.name': 'absent' }, insert)!.valueSchema).toBe(rowOut)
})
