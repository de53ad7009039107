import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ConnectRecord, Decimal, decimalSchema, s, timestampSchema } from '../../../../runtime/api/index.ts'
import { parseOrThrow } from '../../../../runtime/config/parse.ts'
import fieldMatches from '../../../../transforms/predicates/field-matches.ts'

const customer = s.struct({ name: s.string(), vip: s.boolean() }, { optional: true })
const valueSchema = s.struct({
  id: s.int64(),
  customer,
  none: customer,
  price: decimalSchema(2),
  tags: s.array(s.string()),
  counts: s.map(s.int32(), s.int32()),
  at: timestampSchema(),
  'a.b': s.string(),
})
const record: ConnectRecord = {
  topic: 'orders',
  keySchema: s.struct({ id: s.int32() }),
  key: { id: 7 },
  valueSchema,
  value: {
    id: 9007199254740993n,
    customer: { name: 'Ann', vip: true },
    none: null,
    price: Decimal.parse('10.50'),
    tags: ['a', 'b'],
    counts: new Map([[7, 70]]),
    at: new Date(0),
    'a.b': 'dotted',
  },
  headers: [
    { key: 'tenant', schema: s.string(), value: 'acme' },
    { key: 'meta', schema: null, value: { depth: 2 } },
  ],
}

const holds = (props: Record<string, string>, of: ConnectRecord = record) =>
  fieldMatches.create(parseOrThrow(fieldMatches.config, props) as never).test(of)

test.each<[Record<string, string>, boolean]>([
  [{ path: 'customer.name', equals: 'Ann' }, true],
  [{ path: 'customer.name', equals: 'Bob' }, false],
  [{ path: 'customer.vip', equals: 'true' }, true],
  [{ path: 'id', equals: '9007199254740993' }, true],
  [{ path: 'id', equals: '9007199254740992' }, false],
  [{ path: 'id', 'greater.than': '9007199254740992' }, true],
  [{ path: 'id', 'greater.than': '9007199254740993' }, false],
  [{ path: 'price', equals: '10.5' }, true],
  [{ path: 'price', 'at.least': '10.50', 'less.than': '10.51' }, true],
  [{ path: 'price', 'at.most': '10.49' }, false],
  [{ path: 'customer.name', 'greater.than': '1' }, false],
  [{ path: 'tags.0', equals: 'a' }, true],
  [{ path: 'tags.-1', equals: 'b' }, true],
  [{ path: 'tags.2', exists: 'true' }, false],
  [{ path: 'counts.7', equals: '70' }, true],
  [{ path: 'counts.8', exists: 'false' }, true],
  [{ path: 'none', exists: 'true' }, true],
  [{ path: 'none', equals: 'null' }, true],
  [{ path: 'none.name', exists: 'true' }, false],
  [{ path: 'nosuch', exists: 'false' }, true],
  [{ path: 'a\\.b', equals: 'dotted' }, true],
  [{ path: 'at', equals: '1970-01-01T00:00:00.000Z' }, true],
  [{ path: 'customer.name', regex: 'A.*' }, true],
  [{ path: 'customer.name', regex: 'n' }, false],
  [{ path: 'customer.name', in: 'Bob,Ann' }, true],
  [{ path: 'id', in: '1,2' }, false],
  [{ path: 'customer', regex: '.*' }, false],
  [{ path: 'id', side: 'key', equals: '7' }, true],
  [{ path: 'tenant', side: 'header', equals: 'acme' }, true],
  [{ path: 'meta.depth', side: 'header', 'at.least': '2' }, true],
  [{ path: 'nosuch', side: 'header', exists: 'false' }, true],
  [{ path: 'constructor', exists: 'true' }, false],
])('%j: %s', (props, expected) => {
  expect(holds(props)).toBe(expected)
})

test('a schemaless value has the same paths', () => {
  const of: ConnectRecord = { topic: 't', value: { customer: { name: 'Ann' }, list: [{ n: 5 }], constructorless: 1 } }
  expect(holds({ path: 'customer.name', equals: 'Ann' }, of)).toBe(true)
  expect(holds({ path: 'list.0.n', 'greater.than': '4.5' }, of)).toBe(true)
  expect(holds({ path: 'toString', exists: 'true' }, of)).toBe(false)
  expect(holds({ path: 'a', exists: 'false' }, { topic: 't', value: null })).toBe(true)
})

test('refuses settings that say nothing, or no number', () => {
  expect(() => holds({ path: 'a' })).toThrow('Set what the value must be')
  expect(() => holds({ path: 'a', exists: 'false', equals: '1' })).toThrow('exists=false')
  expect(() => holds({ path: 'a', 'less.than': 'ten' })).toThrow('less.than')
})

test('compares whole numbers exactly', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.bigInt({ min: -2n, max: 2n }),
      (value, by) => {
        const of: ConnectRecord = { topic: 't', value: { n: value } }
        const limit = String(value + by)
        expect(holds({ path: 'n', 'less.than': limit }, of)).toBe(by > 0n)
        expect(holds({ path: 'n', 'at.most': limit }, of)).toBe(by >= 0n)
        expect(holds({ path: 'n', equals: limit }, of)).toBe(by === 0n)
      },
    ),
  )
})
