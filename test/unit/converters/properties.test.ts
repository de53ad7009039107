import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ByteWriter,
  type Converter,
  type ConverterDefinition,
  Decimal,
  dateSchema,
  decimalSchema,
  type HeaderConverter,
  isDataError,
  resolveLazy,
  type Schema,
  s,
  timeSchema,
  timestampSchema,
} from '../../../runtime/api/index.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import boolean from '../../../runtime/converters/boolean-converter.ts'
import bytes from '../../../runtime/converters/byte-array-converter.ts'
import double from '../../../runtime/converters/double-converter.ts'
import float from '../../../runtime/converters/float-converter.ts'
import integer from '../../../runtime/converters/integer-converter.ts'
import json from '../../../runtime/converters/json-converter.ts'
import long from '../../../runtime/converters/long-converter.ts'
import short from '../../../runtime/converters/short-converter.ts'
import simple from '../../../runtime/converters/simple-header-converter.ts'
import string from '../../../runtime/converters/string-converter.ts'

const made = (definition: ConverterDefinition, config: Readonly<Record<string, string>> = {}) =>
  definition.create(
    parseOrThrow(definition.config, { ...config, 'converter.type': 'value' }) as never,
    'value',
  ) as Converter & Partial<HeaderConverter>

const converters: Readonly<Record<string, Converter & Partial<HeaderConverter>>> = {
  'JSON with schemas': made(json),
  'JSON without schemas': made(json, { 'schemas.enable': 'false' }),
  'JSON with decimals as numbers': made(json, { 'decimal.format': 'NUMERIC' }),
  string: made(string),
  bytes: made(bytes),
  boolean: made(boolean),
  short: made(short),
  integer: made(integer),
  long: made(long),
  float: made(float),
  double: made(double),
  'simple headers': made(simple),
}

const int64 = fc
  .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  .map(value => (Number.isSafeInteger(Number(value)) ? Number(value) : value))
const decimal = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(unscaled => new Decimal(unscaled, 3))

interface Typed {
  readonly schema: Schema
  readonly value: unknown
}

const typed = (schema: Schema, values: fc.Arbitrary<unknown>): fc.Arbitrary<Typed> =>
  values.map(value => ({ schema, value }))

/** Values with the schema that they fit. */
const { tree } = fc.letrec<{ tree: Typed; leaf: Typed }>(tie => ({
  leaf: fc.oneof(
    typed(s.int8(), fc.integer({ min: -128, max: 127 })),
    typed(s.int32(), fc.integer()),
    typed(s.int64(), int64),
    typed(s.float32(), fc.float()),
    typed(s.float64(), fc.double()),
    typed(s.boolean(), fc.boolean()),
    typed(s.string({ optional: true }), fc.option(fc.string({ unit: 'grapheme' }))),
    typed(s.bytes(), fc.uint8Array().map(Buffer.from)),
    typed(decimalSchema(3), decimal),
    typed(
      dateSchema(),
      fc.integer({ min: -99_999, max: 99_999 }).map(days => new Date(days * 86_400_000)),
    ),
    typed(
      timeSchema(),
      fc.integer({ min: 0, max: 86_399_999 }).map(ms => new Date(ms)),
    ),
    typed(
      timestampSchema(),
      fc.integer({ min: -4e12, max: 4e12 }).map(ms => new Date(ms)),
    ),
  ),
  tree: fc.oneof(
    { maxDepth: 3 },
    tie('leaf'),
    fc.tuple(tie('tree'), fc.nat(3)).map(([{ schema, value }, length]) => ({
      schema: s.array(schema),
      value: Array.from({ length }, () => value),
    })),
    fc.tuple(tie('tree'), fc.string()).map(([{ schema, value }, key]) => ({
      schema: s.map(s.string(), schema),
      value: new Map([[key, value]]),
    })),
    fc
      .uniqueArray(fc.tuple(fc.string({ minLength: 1 }), tie('tree')), { selector: ([name]) => name, maxLength: 4 })
      .map(fields => ({
        schema: s.struct(fields.map(([name, { schema }]) => [name, schema] as const)),
        value: Object.fromEntries(fields.map(([name, { value }]) => [name, value])),
      })),
  ),
}))

/** Runs it; anything thrown must be a DataError. */
const guarded = (run: () => unknown): void => {
  try {
    run()
  } catch (error) {
    if (!isDataError(error)) throw error
  }
}

const jsonText = fc.oneof(
  fc.json(),
  fc.record({ schema: fc.jsonValue(), payload: fc.jsonValue() }).map(value => JSON.stringify(value)),
  tree.map(({ schema, value }) => String(converters['JSON with schemas']!.encode('t', schema, value))),
)

describe.each(Object.keys(converters))('%s', name => {
  const converter = converters[name]!

  test('reads any bytes, or says that the record is wrong', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          jsonText.map(text => Buffer.from(text)),
        ),
        data => {
          guarded(() => resolveLazy(converter.decode('t', data).value))
          if (converter.decodeHeader !== undefined) guarded(() => converter.decodeHeader!('t', 'h', data))
        },
      ),
      { numRuns: 400 },
    )
  })

  test('reads envelopes that were damaged, or says that the record is wrong', () => {
    fc.assert(
      fc.property(tree, fc.nat(), fc.constantFrom(...'{}[]":,0-x\\'), ({ schema, value }, at, char) => {
        const text = String(converters['JSON with schemas']!.encode('t', schema, value))
        const index = at % text.length
        const damaged = Buffer.from(text.slice(0, index) + char + text.slice(index + 1))
        guarded(() => resolveLazy(converter.decode('t', damaged).value))
      }),
      { numRuns: 400 },
    )
  })

  test('writes any value under any schema, or says that the record is wrong', () => {
    fc.assert(
      fc.property(
        tree,
        fc.oneof(
          tree.map(({ value }) => value),
          fc.anything(),
        ),
        ({ schema, value }, other) => {
          for (const one of [value, other]) {
            for (const of of [schema, null]) {
              guarded(() => converter.encode('t', of, one, []))
              guarded(() => converter.encodeInto?.(new ByteWriter(8), 't', of, one))
              guarded(() => converter.encodeHeader?.('t', 'h', of, one))
            }
          }
        },
      ),
      { numRuns: 400 },
    )
  })
})

describe('exactly', () => {
  test('JSON without schemas keeps integers beyond 2^53', () => {
    fc.assert(
      fc.property(int64, value => {
        const converter = converters['JSON without schemas']!
        expect(resolveLazy(converter.decode('t', converter.encode('t', null, { id: value }, [])).value)).toEqual({
          id: value,
        })
      }),
    )
  })

  test('long keeps every one of its 64 bits', () => {
    fc.assert(
      fc.property(int64, value => {
        const converter = converters['long']!
        expect(converter.decode('t', converter.encode('t', s.int64(), value, [])).value).toBe(value)
      }),
    )
  })
})
