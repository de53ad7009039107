import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Decimal } from '../../../../runtime/api/decimal.ts'
import { isDataError } from '../../../../runtime/api/errors.ts'
import { dateSchema, decimalSchema, timeSchema, timestampSchema } from '../../../../runtime/api/logical.ts'
import { type Schema, s } from '../../../../runtime/api/schema.ts'
import { formatOf, payloadOf, proto3, registered, roundTrip } from './protobuf-samples.ts'

/** A schema, and values that fit it. */
interface Sample {
  readonly schema: Schema
  readonly value: fc.Arbitrary<unknown>
}

const sample = (schema: Schema, value: fc.Arbitrary<unknown>): fc.Arbitrary<Sample> => fc.constant({ schema, value })
const type = (name: string) => ({ parameters: { 'io.confluent.connect.protobuf.Type': name } })
const int32 = fc.integer({ min: -2147483648, max: 2147483647 })
const int64 = fc
  .bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })
  .map(value => (Number.isSafeInteger(Number(value)) ? Number(value) : value))
const text = fc.string({ unit: 'grapheme', maxLength: 60 })
const instant = (min: string, max: string) => fc.date({ min: new Date(min), max: new Date(max), noInvalidDate: true })
const day = instant('0001-01-01', '9999-12-31').map(
  date => new Date(Math.floor(date.getTime() / 86_400_000) * 86_400_000),
)

const key = fc.oneof(
  sample(s.string(), text),
  sample(s.int32(), int32),
  sample(s.int64(), int64),
  sample(s.boolean(), fc.boolean()),
)

const leaf = fc.oneof(
  key,
  sample(s.int8(), fc.integer({ min: -128, max: 127 })),
  sample(s.int16(), fc.integer({ min: -32768, max: 32767 })),
  sample(s.int32(type('sint32')), int32),
  sample(s.int32(type('sfixed32')), int32),
  sample(s.int64(type('sint64')), int64),
  sample(s.int64(type('sfixed64')), int64),
  sample(s.int64(type('uint32')), fc.integer({ min: 0, max: 4294967295 })),
  sample(s.int64(type('fixed64')), fc.maxSafeNat()),
  sample(s.float32(), fc.float()),
  sample(s.float64(), fc.double()),
  sample(
    s.bytes(),
    fc.uint8Array({ maxLength: 200 }).map(bytes => new Uint8Array(bytes)),
  ),
  sample(
    decimalSchema(4),
    fc.bigInt({ min: -(1n << 130n), max: 1n << 130n }).map(unscaled => new Decimal(unscaled, 4)),
  ),
  sample(dateSchema(), day),
  sample(
    timeSchema(),
    fc.integer({ min: 0, max: 86_399_999 }).map(ms => new Date(ms)),
  ),
  sample(timestampSchema(), instant('0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z')),
)

const structOf = (members: readonly Sample[]): Sample => {
  const fields = members.map(({ schema, value }, index) => {
    const optional = index % 2 === 0 && schema.type !== 'ARRAY' && schema.type !== 'MAP'
    return [`f${index}`, schema.with({ optional }), optional ? fc.option(value) : value] as const
  })
  return {
    schema: s.struct(fields.map(([name, schema]) => [name, schema] as const)),
    value: fc.record(Object.fromEntries(fields.map(([name, , value]) => [name, value])), { noNullPrototype: true }),
  }
}

const { node } = fc.letrec<{ node: Sample; struct: Sample }>(tie => ({
  struct: fc.array(tie('node'), { minLength: 1, maxLength: 5 }).map(structOf),
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc
      .oneof(leaf, tie('struct'))
      .map(({ schema, value }) => ({ schema: s.array(schema), value: fc.array(value, { maxLength: 5 }) })),
    fc.tuple(key, fc.oneof(leaf, tie('struct'))).map(([from, to]) => ({
      schema: s.map(from.schema, to.schema),
      value: fc.array(fc.tuple(from.value, to.value), { maxLength: 5 }).map(pairs => new Map(pairs)),
    })),
    tie('struct'),
  ),
}))
const record = fc
  .array(node, { minLength: 1, maxLength: 8 })
  .map(structOf)
  .chain(({ schema, value }) => value.map(made => [schema, made] as const))

test.each([{ optionalNullables: true }, { wrapperNullables: true }])('any record comes back under %o', settings => {
  fc.assert(
    fc.property(record, ([schema, value]) => {
      expect(roundTrip(schema, value, settings).value).toStrictEqual(value)
    }),
    { numRuns: 150 },
  )
})

test('what was read can be written, and gives the same bytes again', () => {
  fc.assert(
    fc.property(record, ([schema, value]) => {
      const format = formatOf({ optionalNullables: true })
      const writer = format.writer(schema)
      const bytes = payloadOf(writer, value)
      const read = format.reader(registered(writer.schema.text), undefined).decode(bytes)
      expect(payloadOf(format.writer(read.schema!), read.value)).toEqual(bytes)
      expect(payloadOf(format.writerAs(registered(writer.schema.text), read.schema), read.value)).toEqual(bytes)
    }),
    { numRuns: 100 },
  )
})

test('any bytes give a value or a DataError', () => {
  const { schema } = formatOf()
    .reader(
      proto3(`import "google/type/date.proto"; import "google/protobuf/timestamp.proto"; import "google/type/timeofday.proto";
import "confluent/type/decimal.proto"; import "google/protobuf/wrappers.proto";
message M { int32 a = 1; string b = 2; repeated sint64 c = 3; map<string, N> d = 4; N e = 5; google.type.Date f = 6;
oneof o { fixed64 g = 7; N h = 8; } google.protobuf.Timestamp i = 9; confluent.type.Decimal j = 10; double k = 11; E l = 12;
google.type.TimeOfDay m = 13; google.protobuf.Int64Value n = 14; repeated bytes p = 15;
message N { bytes x = 1; bool y = 2; } enum E { NONE = 0; } }`),
      undefined,
    )
    .decode(new Uint8Array())
  const writer = formatOf().writer(schema)
  const reader = formatOf().reader(registered(writer.schema.text), undefined)
  // Bytes that look like fields go deeper than noise does.
  const fields = fc
    .array(
      fc.tuple(fc.integer({ min: 0, max: 127 }), fc.uint8Array({ maxLength: 12 })).map(([tag, rest]) => [tag, ...rest]),
    )
    .map(parts => Uint8Array.from(parts.flat()))
  fc.assert(
    fc.property(fc.oneof(fields, fc.uint8Array({ maxLength: 64 })), bytes => {
      try {
        reader.decode(bytes)
      } catch (error) {
        expect(isDataError(error)).toBe(true)
      }
    }),
    { numRuns: 3000 },
  )
})
