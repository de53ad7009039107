import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteWriter } from '../../../../runtime/api/byte-writer.ts'
import { Decimal } from '../../../../runtime/api/decimal.ts'
import { isDataError } from '../../../../runtime/api/errors.ts'
import { dateSchema, decimalSchema, timestampSchema } from '../../../../runtime/api/logical.ts'
import { type Schema, s } from '../../../../runtime/api/schema.ts'
import { jsonSchemaFormat } from '../../../../runtime/converters/json-schema/json-schema-format.ts'
import { jsonSchemaDefaults } from '../../../../runtime/converters/json-schema/settings.ts'

/** A schema, and values that fit it. */
interface Sample {
  readonly schema: Schema
  readonly value: fc.Arbitrary<unknown>
}

const format = jsonSchemaFormat(jsonSchemaDefaults)
const sample = (schema: Schema, value: fc.Arbitrary<unknown>): fc.Arbitrary<Sample> => fc.constant({ schema, value })
const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const int64 = fc
  .bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })
  .map(value => (Number.isSafeInteger(Number(value)) ? Number(value) : value))
const day = fc.integer({ min: -100_000, max: 100_000 }).map(days => new Date(days * 86_400_000))

const leaf = fc.oneof(
  sample(s.int8(), fc.integer({ min: -128, max: 127 })),
  sample(s.int32(), fc.integer({ min: -2147483648, max: 2147483647 })),
  sample(s.int64(), int64),
  // JSON has one zero where it is an integer: Java writes -0.0 with its sign.
  sample(s.float64(), fc.double({ noNaN: true })),
  sample(s.boolean(), fc.boolean()),
  sample(s.string(), text),
  sample(
    s.bytes(),
    fc.uint8Array({ maxLength: 30 }).map(bytes => Buffer.from(bytes)),
  ),
  sample(
    decimalSchema(3),
    fc.bigInt({ min: -(1n << 90n), max: 1n << 90n }).map(unscaled => new Decimal(unscaled, 3)),
  ),
  sample(dateSchema(), day),
  sample(timestampSchema(), fc.date({ noInvalidDate: true })),
)

const nullable = ({ schema, value }: Sample): Sample => ({
  schema: schema.with({ optional: true }),
  value: fc.option(value, { nil: null }),
})

const pairs = (value: fc.Arbitrary<unknown>, key: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 4 }).map(entries => new Map(entries))

const { root } = fc.letrec<{ root: Sample; struct: Sample }>(tie => ({
  root: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    leaf.map(nullable),
    tie('struct'),
    tie('struct').map(nullable),
    tie('root').map(({ schema, value }) => ({ schema: s.array(schema), value: fc.array(value, { maxLength: 4 }) })),
    tie('root').map(({ schema, value }) => ({ schema: s.map(s.string(), schema), value: pairs(value, text) })),
    tie('root').map(({ schema, value }) => ({
      schema: s.map(s.int32(), schema),
      value: pairs(value, fc.integer({ min: -9, max: 9 })),
    })),
  ),
  struct: fc
    .uniqueArray(fc.tuple(fc.oneof(text, fc.constantFrom('__proto__', 'toString', '1', '0', '$ref')), tie('root')), {
      selector: ([name]) => name,
      maxLength: 5,
    })
    .map(fields => ({
      schema: s.struct(fields.map(([name, { schema }]) => [name, schema] as const)),
      value: fc
        .tuple(...fields.map(([, { value }]) => value))
        .map(values => Object.fromEntries(fields.map(([name], index) => [name, values[index]]))),
    })),
}))

const valued = root.chain(({ schema, value }) => value.map(each => ({ schema, value: each })))

test('what is written is read back, schema and value', () => {
  fc.assert(
    fc.property(valued, ({ schema, value }) => {
      const writer = format.writer(schema)
      const out = new ByteWriter(16)
      writer.encodeInto(out, value)
      const back = format
        .reader({ ...writer.schema, resolved: new Map() }, undefined)
        .decode(out.buf.subarray(0, out.pos))
      expect(back.schema).toBe(schema)
      expect(back.value).toEqual(value)
    }),
    { numRuns: 300 },
  )
})

const onlyDataErrors = (act: () => unknown): void => {
  try {
    act()
  } catch (error) {
    if (!isDataError(error)) throw error
  }
}

test('any payload gives a value or a DataError', () => {
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.json().map(json => Buffer.from(json)),
  )
  fc.assert(
    fc.property(root, payload, ({ schema }, bytes) => {
      const reader = format.reader({ ...format.writer(schema).schema, resolved: new Map() }, undefined)
      onlyDataErrors(() => reader.decode(bytes))
    }),
  )
})

test('any text gives a schema or a DataError', () => {
  const keyword = fc.constantFrom(
    'type',
    'properties',
    'items',
    'oneOf',
    'allOf',
    'anyOf',
    'enum',
    '$ref',
    'default',
    'title',
    'required',
    'connect.type',
    'connect.parameters',
    'connect.version',
  )
  const word = fc.constantFrom(
    'object',
    'array',
    'integer',
    'number',
    'string',
    'null',
    'map',
    'bytes',
    'int8',
    '#',
    '#/properties/a',
  )
  const { json } = fc.letrec<{ json: unknown }>(tie => ({
    json: fc.oneof(
      { maxDepth: 4 },
      word,
      fc.constantFrom(null, true, 1, 1.5, 1e20),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(keyword, fc.constant('a')), tie('json'), { maxKeys: 4 }),
    ),
  }))
  fc.assert(
    fc.property(json, given => {
      const registered = {
        type: 'JSON',
        text: JSON.stringify(given).replaceAll('1.5', '12345678901234567890.50'),
        references: [],
        resolved: new Map(),
      } as const
      onlyDataErrors(() => format.reader(registered, undefined))
      onlyDataErrors(() => format.recordName(registered))
      onlyDataErrors(() => format.incompatibility(registered, registered))
    }),
    { numRuns: 1000 },
  )
})
