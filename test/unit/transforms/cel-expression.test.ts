import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ConnectRecord, Decimal, decimalSchema, s, timestampSchema } from '../../../runtime/api/index.ts'
import { parseConfig, parseOrThrow } from '../../../runtime/config/parse.ts'
import router from '../../../transforms/content-based-router.ts'
import filter from '../../../transforms/expression-filter.ts'

const row = s.struct(
  { id: s.int64(), price: decimalSchema(2), score: s.float64(), tags: s.array(s.string()), at: timestampSchema() },
  { optional: true },
)
const valueSchema = s.struct({ before: row, after: row, op: s.string() }, { name: 'shop.Envelope', version: 2 })
const record: ConnectRecord = {
  topic: 'shop.orders',
  keySchema: s.struct({ id: s.int32() }),
  key: { id: 7 },
  valueSchema,
  value: {
    before: null,
    after: { id: 9007199254740993n, price: Decimal.parse('10.50'), score: 5, tags: ['a', 'b'], at: new Date(1000) },
    op: 'u',
  },
  headers: [
    { key: 'tenant', schema: s.string(), value: 'first' },
    { key: 'tenant', schema: s.string(), value: 'last' },
  ],
}

const filtered = (props: Record<string, string>, of: ConnectRecord = record) =>
  filter.create(parseOrThrow(filter.config, props) as never, 'Value', { originals: props }).apply(of)

test.each([
  ['value.after.id == 9007199254740993', true],
  ['value.after.id == 9007199254740992', false],
  ['value.before == null', true],
  ['value.before != null && value.before.id == 1', false],
  ['has(value.after.nosuch)', false],
  ['double(value.after.price) > 10.25', true],
  ["value.after.price == '10.50'", true],
  ['value.after.score == 5', true],
  ["'b' in value.after.tags", true],
  ["value.after.tags.exists(tag, tag.startsWith('b'))", true],
  ["value.after.at == timestamp('1970-01-01T00:00:01Z')", true],
  ['key.id == 7', true],
  ["header.tenant.value == 'last' && headers.tenant.schema.type == 'STRING'", true],
  ["valueSchema.name == 'shop.Envelope' && valueSchema.version == 2", true],
  ['keySchema.optional', false],
  ['size(value) == 3', true],
])('%s is %s', (condition, keeps) => {
  expect(filtered({ condition })).toBe(keeps ? record : null)
})

test('tells who writes Groovy or JavaScript what to write', () => {
  for (const language of ['jsr223.groovy', 'jsr223.graal.js', 'groovy', 'wasm.chicory']) {
    const { problems } = parseConfig(filter.config, { language, condition: 'true' })
    expect(problems.map(({ key }) => key)).toEqual(['language'])
    expect(problems[0]!.message).toContain("value.op == 'u'")
  }
  for (const condition of [
    'value?.op == "u"',
    'def x = 1; x == 1',
    'value.op === "u"',
    "value.op ==~ 'x'",
    "value.get('op')",
  ]) {
    const { problems } = parseConfig(filter.config, { condition })
    expect(
      problems.map(({ key }) => key),
      condition,
    ).toEqual(['condition'])
    expect(problems[0]!.message).toContain('CEL')
  }
})

test('an expression sees nothing but the record', () => {
  for (const condition of [
    'process == null',
    'globalThis == null',
    'value.constructor == null',
    'value.__proto__ == null',
  ])
    expect(() => filtered({ condition }), condition).toThrow(/condition/)
})

test('refuses an expression without end', () => {
  const condition = Array.from({ length: 3000 }, () => 'true').join(' && ')
  expect(parseConfig(filter.config, { condition }).problems).toHaveLength(1)
})

test('null.handling.mode and topic.regex decide before the expression', () => {
  const tombstone: ConnectRecord = { topic: 'shop.orders', value: null }
  expect(filtered({ condition: 'value.op == 1' }, tombstone)).toBe(tombstone)
  expect(filtered({ condition: 'true', 'null.handling.mode': 'drop' }, tombstone)).toBeNull()
  expect(filtered({ condition: 'value == null', 'null.handling.mode': 'evaluate' }, tombstone)).toBe(tombstone)
  expect(filtered({ condition: 'false', 'topic.regex': 'other' })).toBe(record)
  expect(filtered({ condition: 'false', 'topic.regex': 'shop\\..*' })).toBeNull()
})

test('a condition that is no yes or no fails the record', () => {
  expect(() => filtered({ condition: 'value.op' })).toThrow('neither true nor false')
  const props = { 'topic.expression': "''" }
  const routed = router.create(parseOrThrow(router.config, props) as never, 'Value', { originals: props })
  expect(() => routed.apply(record)).toThrow('gives no topic')
})

test('every int64 is itself, with a schema and without', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }), id => {
      const number = Number(id)
      const value = { id: Number.isSafeInteger(number) ? number : id }
      const condition = `value.id == ${id} && value.id != ${id === 0n ? 1n : id - (id > 0n ? 1n : -1n)}`
      for (const schema of [s.struct({ id: s.int64() }), null])
        expect(filtered({ condition }, { topic: 't', valueSchema: schema, value })).not.toBeNull()
    }),
  )
})
