import { expect, test } from 'vitest'
import { type ConnectRecord, Decimal, decimalSchema, s } from '../../../runtime/api/index.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import definition from '../../../transforms/extract-changed-record-state.ts'

const row = s.struct(
  { qty: s.int32({ optional: true, default: 7 }), raw: s.bytes(), price: decimalSchema(2), tags: s.array(s.string()) },
  { name: 'shop.public.item.Value', optional: true },
)
const valueSchema = s.struct({ before: row, after: row, op: s.string() }, { name: 'shop.public.item.Envelope' })
const apply = (config: Readonly<Record<string, string>>, value: unknown): ConnectRecord =>
  definition
    .create(parseOrThrow(definition.config, config) as never, undefined as never, { originals: {} } as never)
    .apply({ topic: 't', valueSchema, value }) as ConnectRecord
const both = { 'header.changed.name': 'c', 'header.unchanged.name': 'u' }
const listed = (record: ConnectRecord) =>
  Object.fromEntries((record.headers ?? []).map(({ key, value }) => [key, value]))
const state = (qty: number | null, more: object = {}) => ({
  qty,
  raw: Uint8Array.of(1, 2),
  price: new Decimal(150n, 2),
  tags: ['a'],
  ...more,
})

test('values count, not objects; a null is no default', () => {
  const same = apply(both, { before: state(7), after: state(7), op: 'u' })
  expect(listed(same)).toEqual({ c: [], u: ['qty', 'raw', 'price', 'tags'] })
  const other = { raw: Uint8Array.of(1, 3), price: new Decimal(1500n, 3), tags: ['a', 'b'] }
  expect(listed(apply(both, { before: state(7), after: state(null, other), op: 'u' }))).toEqual({
    c: ['qty', 'raw', 'price', 'tags'],
    u: [],
  })
})

test('one state is no change; only what is named is told', () => {
  expect(listed(apply(both, { before: null, after: state(1), op: 'c' }))).toEqual({ c: [], u: [] })
  expect(listed(apply({ 'header.changed.name': 'c' }, { before: state(1), after: state(2), op: 'u' }))).toEqual({
    c: ['qty'],
  })
  expect(apply(both, null).headers).toBeUndefined()
})

test('a tombstone has the headers of its delete: Debezium keeps one list for both', () => {
  const transform = definition.create(
    parseOrThrow(definition.config, both) as never,
    undefined as never,
    { originals: {} } as never,
  )
  const headers = [{ key: 'own', schema: s.string(), value: 'x' }]
  const removed = { topic: 't', valueSchema, value: { before: state(1), after: null, op: 'd' }, headers }
  const tombstone = { topic: 't', valueSchema: null, value: null, headers }
  transform.apply(removed)
  expect(listed(transform.apply(tombstone) as ConnectRecord)).toEqual({ own: 'x', c: [], u: [] })
  const other = { ...tombstone, headers: [...headers] }
  expect(transform.apply(other)).toBe(other)
})
