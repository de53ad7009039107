import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toBytes } from '../../../runtime/converters/json-bytes.ts'
import { maxDepth, parseJson } from '../../../runtime/converters/json-parse.ts'
import { isCanonicalJson } from '../../../runtime/converters/json-scan.ts'
import { writeSchemaless } from '../../../runtime/converters/json-schemaless.ts'

const schemalessJson = (value: unknown): string => toBytes(writeSchemaless, value).toString()

const isCanonical = (text: string): boolean => {
  const bytes = Buffer.from(text)
  // Bytes around it must not matter.
  const embedded = Buffer.concat([Buffer.from('x"{'), bytes, Buffer.from('1]}"')])
  const inside = isCanonicalJson(embedded, 3, 3 + bytes.length)
  expect(isCanonicalJson(bytes, 0, bytes.length)).toBe(inside)
  return inside
}

/** What holds whatever the bytes are: accepted bytes are JSON, and the object path writes the same ones. */
const holds = (bytes: Buffer): void => {
  if (!isCanonicalJson(bytes, 0, bytes.length)) return
  const text = bytes.toString()
  expect(JSON.stringify(JSON.parse(text))).toBeDefined()
  if (!reordered(JSON.parse(text), text)) expect(schemalessJson(parseJson(bytes))).toBe(text)
}

/** Objects lose names given twice, and put names that look like numbers first: bytes keep both. */
const reordered = (value: unknown, text: string): boolean => {
  const named = (at: unknown): number => {
    if (typeof at !== 'object' || at === null) return 0
    const names = Array.isArray(at) ? [] : Object.keys(at)
    if (names.some(name => /^\d+$/.test(name))) return Number.NaN
    return names.length + Object.values(at).reduce<number>((sum, member) => sum + named(member), 0)
  }
  const colons = text.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1
  return named(value) !== colons
}

const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }))
const values = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 5 },
    text.filter(one => one.isWellFormed()),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      text.filter(name => name.isWellFormed() && !/^\d+$/.test(name)),
      tie('value'),
      { maxKeys: 5 },
    ),
  ),
})).value

test('accepts what our writer writes, but for rare spellings of numbers and characters beyond U+FFFF', () => {
  fc.assert(
    fc.property(values, value => {
      const written = schemalessJson(value)
      const rare = /\\u[dD][89abAB]/.test(written) || /\d[eE.]/.test(written.replace(/"(?:[^"\\]|\\.)*"/g, ''))
      if (!rare) expect(isCanonical(written), written).toBe(true)
      holds(Buffer.from(written))
    }),
    { numRuns: 1000 },
  )
})

test('whatever it accepts is JSON, and comes back from the object path as it was', () => {
  const alphabet = fc.constantFrom(
    ...'{}[]:,"\\',
    ...'0123456789-+.eE',
    '"a":',
    '"\\u001f"',
    'true',
    'false',
    'null',
    ' ',
    'u',
    'é',
    '😀',
    '\n',
    '\u0000',
  )
  fc.assert(
    fc.property(fc.array(alphabet, { maxLength: 24 }), parts => holds(Buffer.from(parts.join('')))),
    { numRuns: 20_000 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), bytes => holds(Buffer.from(bytes))),
    { numRuns: 5000 },
  )
})

test('a change of any byte of an accepted text is noticed or harmless', () => {
  fc.assert(
    fc.property(
      values,
      fc.nat(),
      fc.nat({ max: 255 }),
      fc.constantFrom('change', 'drop', 'add'),
      (value, at, byte, how) => {
        const bytes = Buffer.from(schemalessJson(value))
        const place = at % bytes.length
        const tail = how === 'add' ? bytes.subarray(place) : bytes.subarray(place + 1)
        holds(Buffer.concat([bytes.subarray(0, place), how === 'drop' ? Buffer.alloc(0) : Buffer.of(byte), tail]))
      },
    ),
    { numRuns: 5000 },
  )
})

test.each([
  ['0', true],
  ['-0', false],
  ['01', false],
  ['-', false],
  ['1.', false],
  ['1.5', true],
  ['1.50', false],
  ['1e5', false],
  ['0.000001', true],
  ['0.0000001', false],
  ['123456789012345.6', false],
  ['99999999999999999999', true],
  ['"\\u001F"', true],
  ['"\\u001f"', false],
  ['"\\u000A"', false],
  ['"\\n\\t\\b\\f\\r\\\\\\""', true],
  ['"\\/"', false],
  ['"\\u0041"', false],
  ['"é\u2028\u007f"', true],
  ['"😀"', false],
  ['"a\nb"', false],
  ['{"a":1,"b":[{},[]]}', true],
  ['{"a":1,}', false],
  ['[1,]', false],
  ['{"a" :1}', false],
  ['{a:1}', false],
  ['[1}', false],
  ['1 ', false],
  ['', false],
  ['tru', false],
])('%s: %s', (source, expected) => expect(isCanonical(source)).toBe(expected))

test('refuses bytes that are no UTF-8', () => {
  for (const hex of ['22ff22', '22c322', '22eda08022', '22c08022']) {
    const bytes = Buffer.from(hex, 'hex')
    expect(isCanonicalJson(bytes, 0, bytes.length), hex).toBe(false)
  }
})

test('goes as deep as the object path does', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
  expect(isCanonical(nested(maxDepth))).toBe(true)
  expect(isCanonical(nested(maxDepth + 1))).toBe(false)
  expect(() => parseJson(Buffer.from(nested(maxDepth + 1)))).toThrow('serialization error')
})
