import { inspect } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toBytes } from '../../../runtime/converters/json-bytes.ts'
import { parseJson } from '../../../runtime/converters/json-parse.ts'
import { readJson, unread } from '../../../runtime/converters/json-read.ts'
import { writeSchemaless } from '../../../runtime/converters/json-schemaless.ts'

/** With the order of members, the kind of numbers and the sign of zero. */
const shown = (value: unknown): string =>
  inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null, breakLength: Number.POSITIVE_INFINITY })

/** What is read is what the parser gives, with fractions exact or not; whether it was read. */
const holds = (bytes: Buffer): boolean => {
  const value = readJson(bytes)
  if (value === unread) return false
  const text = shown(value)
  if (text !== shown(parseJson(bytes)) || text !== shown(parseJson(bytes, true)))
    throw new Error(`${bytes} was read as ${text}`)
  const embedded = Buffer.concat([Buffer.from('1"{'), bytes, Buffer.from('1]}"')])
  if (shown(readJson(embedded, 3, 3 + bytes.length)) !== text) throw new Error(`${bytes} is another among others`)
  return true
}

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'ab', '0', '7', 'ø', '"', '\n', '__proto__', 'constructor', ''),
  fc.string({ unit: 'binary' }),
)
const values = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      null,
      true,
      false,
      0,
      -1,
      12.5,
      0.001,
      1234567.25,
      2 ** 53 - 1,
      10n ** 15n,
      2n ** 53n,
      -(2n ** 64n),
    ),
    fc.integer(),
    fc.string({ unit: 'binary' }).filter(text => text.isWellFormed()),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 6 }),
  ),
})).value

test('what the writer writes is read, the second time by names that are known', () => {
  fc.assert(
    fc.property(values, value => {
      const bytes = toBytes(writeSchemaless, value)
      return holds(bytes) && holds(bytes)
    }),
    { numRuns: 1000 },
  )
})

test('integers on both sides of the largest safe one keep every digit', () => {
  for (let offset = -200; offset <= 200; offset++)
    for (const sign of [1n, -1n]) expect(holds(Buffer.from(String(sign * (2n ** 53n + BigInt(offset)))))).toBe(true)
})

test('one byte more, less or changed is read as the parser reads it, or not', () => {
  let read = 0
  fc.assert(
    fc.property(
      values,
      fc.nat(),
      fc.oneof(fc.constantFrom(...Buffer.from('"\\{}[],:.0919-eEu /')), fc.nat({ max: 255 })),
      fc.constantFrom('change', 'drop', 'add'),
      (value, at, byte, how) => {
        const bytes = toBytes(writeSchemaless, value)
        const place = at % bytes.length
        const tail = how === 'add' ? bytes.subarray(place) : bytes.subarray(place + 1)
        if (holds(Buffer.concat([bytes.subarray(0, place), how === 'drop' ? Buffer.alloc(0) : Buffer.of(byte), tail])))
          read++
      },
    ),
    { numRuns: 3000 },
  )
  expect(read).toBeGreaterThan(50)
})

test('any text is read as the parser reads it, or not', () => {
  const tokens = fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '\\',
      '"a":',
      '"\\u00e9"',
      '"\\/"',
      '"\\ud800"',
      'true',
      'nul',
      ' ',
      'é',
      '😀',
    ],
    ...[
      '0',
      '-0',
      '01',
      '-',
      '7',
      '123456789012345',
      '1234567890123456',
      '9007199254740993',
      '0.5',
      '1.50',
      '1e5',
      '.5',
    ],
    ...['0.000001', '0.0000001', '1.', '-0.0', '12345678.12345678', '\u0000'],
  )
  fc.assert(
    fc.property(fc.array(tokens, { maxLength: 12 }), parts => {
      holds(Buffer.from(parts.join('')))
    }),
    { numRuns: 10_000 },
  )
  fc.assert(
    fc.property(tokens, token => {
      holds(Buffer.from(token))
      holds(Buffer.from(`[${token},${token}]`))
      holds(Buffer.from(`{"a":${token},"a":{"b":${token}}}`))
    }),
  )
})

test('bytes that are no UTF-8 are left to the parser, also in names and when they come again', () => {
  for (const text of ['{"\xff":1}', '["\xff"]', '"\xed\xa0\x80"'])
    for (let time = 0; time < 3; time++) expect(readJson(Buffer.from(text, 'latin1'))).toBe(unread)
})

test('objects whose names are data, long texts and deep ones', () => {
  for (let round = 0; round < 3; round++)
    for (let number = 0; number < 8000; number++) {
      const bytes = Buffer.from(`{"id":${number},"n${number * 3 + round}":{"m${number}":[{"x":1}]}}`)
      const { id, [`n${number * 3 + round}`]: member } = readJson(bytes) as Record<string, unknown>
      if (id !== number || shown(member) !== `{ m${number}: [ { x: 1 } ] }`) throw new Error(`${bytes} was misread`)
    }
  expect(holds(Buffer.from(JSON.stringify({ a: 'x'.repeat(10_000), b: 'y'.repeat(20) })))).toBe(true)
  expect(holds(Buffer.from(JSON.stringify(Array.from({ length: 3000 }, (_, at) => ({ at })))))).toBe(true)
  expect(holds(Buffer.from('['.repeat(1000) + ']'.repeat(1000)))).toBe(true)
  expect(readJson(Buffer.from('['.repeat(1001) + ']'.repeat(1001)))).toBe(unread)
})
