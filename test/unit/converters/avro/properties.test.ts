import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteWriter } from '../../../../runtime/api/byte-writer.ts'
import { Decimal } from '../../../../runtime/api/decimal.ts'
import { DataError } from '../../../../runtime/api/errors.ts'
import { decimalSchema, timestampSchema } from '../../../../runtime/api/logical.ts'
import { type Schema, s } from '../../../../runtime/api/schema.ts'
import { avroFormat } from '../../../../runtime/converters/avro/avro-format.ts'
import { avroDefaults } from '../../../../runtime/converters/avro/settings.ts'

interface Sample {
  readonly schema: Schema
  readonly value: unknown
}

const int64 = fc
  .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  .map(value => (Number.isSafeInteger(Number(value)) ? Number(value) : value))
const leaf: fc.Arbitrary<Sample> = fc.oneof(
  fc.integer({ min: -128, max: 127 }).map(value => ({ schema: s.int8(), value })),
  fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }).map(value => ({ schema: s.int16(), value })),
  fc.integer().map(value => ({ schema: s.int32(), value })),
  int64.map(value => ({ schema: s.int64(), value })),
  fc.float({ noNaN: true }).map(value => ({ schema: s.float32(), value })),
  fc.double({ noNaN: true }).map(value => ({ schema: s.float64(), value })),
  fc.boolean().map(value => ({ schema: s.boolean(), value })),
  fc.string({ unit: 'binary', maxLength: 40 }).map(text => ({ schema: s.string(), value: text.toWellFormed() })),
  fc.uint8Array({ maxLength: 20 }).map(bytes => ({ schema: s.bytes(), value: Buffer.from(bytes) })),
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(n => ({ schema: decimalSchema(3), value: new Decimal(n, 3) })),
  fc.date({ noInvalidDate: true }).map(value => ({ schema: timestampSchema(), value })),
)
const optional = (sample: fc.Arbitrary<Sample>): fc.Arbitrary<Sample> =>
  fc.tuple(sample, fc.boolean(), fc.boolean()).map(([{ schema, value }, optional, none]) => ({
    schema: optional ? schema.with({ optional: true }) : schema,
    value: optional && none ? null : value,
  }))
const { tree } = fc.letrec<{ tree: Sample }>(tie => ({
  tree: optional(
    fc.oneof(
      { maxDepth: 3 },
      leaf,
      leaf.chain(({ schema, value }) =>
        fc
          .integer({ min: 0, max: 4 })
          .map(n => ({ schema: s.array(schema), value: Array.from({ length: n }, () => value) })),
      ),
      fc.tuple(leaf, fc.string({ maxLength: 5 })).map(([{ schema, value }, key]) => ({
        schema: s.map(s.string(), schema),
        value: new Map([[key.toWellFormed(), value]]),
      })),
      fc.array(tie('tree') as fc.Arbitrary<Sample>, { minLength: 1, maxLength: 4 }).map(samples => ({
        schema: s.struct(samples.map(({ schema }, index) => [`f${index}`, schema] as const)),
        value: Object.fromEntries(samples.map(({ value }, index) => [`f${index}`, value])),
      })),
    ),
  ),
}))

const format = avroFormat(avroDefaults)
const write = (schema: Schema, value: unknown) => {
  const writer = format.writer(schema)
  const out = new ByteWriter(16)
  writer.encodeInto(out, value)
  return { text: writer.schema.text, bytes: Buffer.from(out.buf.subarray(0, out.pos)) }
}
const readerOf = (text: string) => format.reader({ type: 'AVRO', text, references: [], resolved: new Map() }, undefined)

test('what is written comes back, value and schema', () => {
  fc.assert(
    fc.property(tree, ({ schema, value }) => {
      const { text, bytes } = write(schema, value)
      const again = readerOf(text).decode(bytes)
      expect(again.value).toEqual(value)
      expect(again.schema).toBe(schema)
    }),
    { numRuns: 500 },
  )
})

test('whatever the bytes, nothing is thrown but DataError', () => {
  fc.assert(
    fc.property(tree, fc.uint8Array({ maxLength: 60 }), ({ schema, value }, noise) => {
      const { text, bytes } = write(schema, value)
      const reader = readerOf(text)
      for (const one of [noise, bytes.subarray(0, bytes.length - 1), Buffer.concat([bytes, noise])]) {
        try {
          reader.decode(one)
        } catch (error) {
          expect(error).toBeInstanceOf(DataError)
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('whatever the text of a schema, nothing is thrown but DataError', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), text => {
      try {
        readerOf(text)
      } catch (error) {
        expect(error).toBeInstanceOf(DataError)
      }
    }),
    { numRuns: 500 },
  )
})
