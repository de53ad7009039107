import { base64Text, Decimal, decimalText, doubleText, floatText, quoteJson } from 'millrace'
import { describe, expect, it } from 'vitest'

describe('quoted text', () => {
  it('parses back', () => {
    for (const text of ['', 'plain', '"\\\u001b\u0000\n', 'é日😀', '\ud83d'])
      expect(JSON.parse(quoteJson(text))).toBe(text)
    expect(quoteJson('\u001b')).toBe('"\\u001B"')
  })

  it('has characters beyond U+FFFF as escapes, or as they are', () => {
    expect(quoteJson('😀\u001b')).toBe('"\\uD83D\\uDE00\\u001B"')
    expect(quoteJson('😀\u001b', true)).toBe('"😀\\u001B"')
  })
})

describe('numbers as Java prints them', () => {
  it.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [1e7, '1.0E7'],
    [1234567.5, '1234567.5'],
    [0.001, '0.001'],
    [0.0009, '9.0E-4'],
    [5e-324, '4.9E-324'],
    [Number.NaN, '"NaN"'],
    [-Infinity, '"-Infinity"'],
  ])('%s', (value, text) => {
    expect(doubleText(value)).toBe(text)
  })

  it('a float has the digits of its 32 bits', () => {
    expect([Math.fround(0.1), Math.fround(16777216), 1.5].map(floatText)).toEqual(['0.1', '1.6777216E7', '1.5'])
  })

  it('a decimal shows its scale', () => {
    expect([new Decimal(100n, 2), new Decimal(-12n, -2), new Decimal(1n, 7)].map(decimalText)).toEqual([
      '1.00',
      '-1.2E+3',
      '1E-7',
    ])
  })
})

it('bytes are base64 in quotes, of their own slice only', () => {
  expect(base64Text(Buffer.from('xhix').subarray(1, 3))).toBe('"aGk="')
})
