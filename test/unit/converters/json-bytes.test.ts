import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../../runtime/api/byte-writer.ts'
import { doubleText, floatText, quoteJson } from '../../../runtime/api/json-text.ts'
import {
  toBytes,
  writeDouble,
  writeFloat,
  writeInteger,
  writeNumber,
  writeString,
} from '../../../runtime/converters/json-bytes.ts'
import { writeSchemaless } from '../../../runtime/converters/json-schemaless.ts'
import { numberText } from '../../../runtime/converters/json-values.ts'

/** Written behind other bytes into a writer that must grow. */
const written = <T>(write: (out: ByteWriter, value: T) => void, value: T): string => {
  const out = new ByteWriter(8)
  out.writeText('before')
  write(out, value)
  if (out.buf.toString('utf8', 0, 6) !== 'before') throw new Error('What was written before is gone')
  return out.buf.toString('utf8', 6, out.pos)
}

const holds = <T>(arbitrary: fc.Arbitrary<T>, write: (out: ByteWriter, value: T) => void, text: (value: T) => string) =>
  fc.assert(
    fc.property(arbitrary, value => {
      expect(written(write, value)).toBe(text(value))
    }),
    { numRuns: 500 },
  )

describe('bytes are those of the text', () => {
  const units = fc.constantFrom(
    'a',
    '"',
    '\\',
    '/',
    '\u007f',
    '\u0000',
    '\n',
    '\u001f',
    'ø',
    '߿',
    'ࠀ',
    '￿',
    '𝄞',
    '\ud800',
  )
  const long = fc.nat({ max: 1100 }).map(length => 'x'.repeat(length))

  test('strings', () => {
    holds(fc.string({ unit: 'binary' }), writeString, quoteJson)
    holds(fc.string({ unit: units, maxLength: 60 }), writeString, quoteJson)
    holds(
      fc.tuple(long, fc.string({ unit: units, maxLength: 3 }), long).map(parts => parts.join('')),
      writeString,
      quoteJson,
    )
    const different: number[] = []
    for (let code = 0; code < 0x10000; code += code < 0x900 ? 1 : 61) {
      const text = `<${String.fromCharCode(code)}>`
      if (written(writeString, text) !== quoteJson(text)) different.push(code)
    }
    expect(different).toEqual([])
  })

  test('integers', () => {
    holds(fc.maxSafeInteger(), writeInteger, value => `${value}`)
    for (let power = 1; power < Number.MAX_SAFE_INTEGER; power *= 10)
      for (const value of [power - 1, power, -power]) expect(written(writeInteger, value)).toBe(`${value + 0}`)
    expect(written(writeInteger, -0)).toBe('0')
    expect(written(writeInteger, Number.MIN_SAFE_INTEGER)).toBe('-9007199254740991')
  })

  const fractions = fc
    .tuple(fc.integer({ min: -(10 ** 9), max: 10 ** 9 }), fc.integer({ min: 0, max: 12 }))
    .map(([digits, places]) => Number(`${digits}e-${places}`))
  const edges = fc.constantFrom(1e-3, 9.99999e-4, 1e7, 9999999.99, 0.1 + 0.2, 1.005, 123.456789, -0, 5e-324, 1e21)
  const doubles = fc.oneof(fractions, edges, fc.double())

  test('numbers', () => {
    holds(doubles, writeDouble, doubleText)
    holds(doubles, writeNumber, numberText)
    holds(fc.bigInt(), writeNumber, numberText)
    holds(
      fc.oneof(fractions, edges, fc.float()).map(value => Math.fround(value)),
      writeFloat,
      floatText,
    )
  })
})

test('names of members are theirs, whatever stood there before', () => {
  const member = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', '"', 'x'.repeat(70)), fc.constantFrom(1, null, 'v'))
  fc.assert(
    fc.property(fc.array(fc.array(member).map(Object.fromEntries)), values => {
      expect(toBytes(writeSchemaless, values).toString()).toBe(JSON.stringify(values))
    }),
  )
})

test('what is made alone may be made while another is', () => {
  const inner = (out: ByteWriter): void => {
    out.writeText('a')
    out.writeBytes(toBytes(writeSchemaless, 'x'.repeat(10_000)))
    out.writeText('b')
  }
  const made = toBytes(inner, undefined)
  expect(made.toString()).toBe(`a"${'x'.repeat(10_000)}"b`)
  expect(() => toBytes(writeSchemaless, [1, Symbol('no')])).toThrow()
  expect(toBytes(writeSchemaless, 1).toString()).toBe('1')
})
