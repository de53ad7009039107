import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { headerText } from '../../../runtime/api/header-text.ts'
import { Decimal, s } from '../../../runtime/api/index.ts'
import { parseText } from '../../../runtime/api/parse-text.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import simple from '../../../runtime/converters/simple-header-converter.ts'

const converter = simple.create(parseOrThrow(simple.config, {}) as never, 'header')

describe('reading', () => {
  test('any text is some value, and never an error', () => {
    const parts = fc.constantFrom(...'[]{}":,\\+-.eET: 0123456789', 'null', 'true', '2024-01-02', '12:34:56.789Z', 'é')
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(parts, { maxLength: 16 }).map(all => all.join('')),
        ),
        text => {
          const { schema, value } = parseText(text)
          // As in Kafka Connect, only the blanks are left of blanks before a bracket without end.
          if (schema?.type === 'STRING' && value !== /^[\0- ]*/.exec(text)![0]) expect(value).toBe(text)
        },
      ),
      { numRuns: 5000 },
    )
  })

  test('any bytes are some value, and never an error', () => {
    fc.assert(
      fc.property(fc.uint8Array(), bytes => {
        converter.decodeHeader!('t', 'h', bytes)
      }),
    )
    expect(converter.decodeHeader!('t', 'h', Buffer.from('ff41', 'hex'))).toEqual({
      schema: s.bytes(),
      value: Buffer.from('ff41', 'hex'),
    })
  })

  test.each(['1e999999999', '-1E999999999', '[1e999999999]', '9'.repeat(100_000)])(
    'a number of absurd size is a decimal at once: %.20s',
    text => {
      const { value } = parseText(text)
      const number = Array.isArray(value) ? value[0] : value
      expect(number).toBeInstanceOf(Decimal)
    },
  )

  test('brackets without end are text', () => {
    for (const text of ['['.repeat(100_000), '{"a":'.repeat(100_000), `${'['.repeat(500)}1${']'.repeat(500)}`])
      expect(parseText(text)).toEqual({ schema: s.string(), value: text })
  })

  test('an integer keeps its digits, in the narrowest type', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), value => {
        const { schema, value: read } = parseText(String(value))
        const bits = [8, 16, 32, 64].find(width => BigInt.asIntN(width, value) === value)
        expect(schema?.type).toBe(`INT${bits}`)
        expect(BigInt(read as number)).toBe(value)
      }),
    )
  })
})

describe('writing', () => {
  const number = s.float64()
  test('what is written is read back', () => {
    const list = fc.array(fc.integer(), { minLength: 1 })
    fc.assert(
      fc.property(list, items => {
        expect(parseText(headerText(s.array(s.int32()), items)).value).toEqual(items)
      }),
    )
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }).map(Math.fround), value => {
        fc.pre(Number.isFinite(value) && value !== 0)
        expect(Number(String(parseText(headerText(number, value)).value))).toBe(value)
      }),
    )
  })

  test('null is no text', () => {
    expect(converter.encodeHeader!('t', 'h', s.string({ optional: true }), null)).toBeNull()
    expect(converter.decodeHeader!('t', 'h', null)).toEqual({ schema: null, value: null })
  })
})
