import { Decimal, javaText, s } from 'millrace'
import { describe, expect, it } from 'vitest'

describe('values as Java shows them', () => {
  const struct = s.struct({
    a: s.int32(),
    b: s.string({ optional: true }),
    c: s.array(s.float64()),
    d: s.struct({ x: s.float32() }, { optional: true }),
  })
  it.each([
    ['text as it is', 'a "b"', null, 'a "b"'],
    ['null', null, null, 'null'],
    ['a whole number without schema', 5, null, '5'],
    ['a double', 5, s.float64(), '5.0'],
    ['a large double', 1e7, s.float64(), '1.0E7'],
    ['a small double', 0.0001, s.float64(), '1.0E-4'],
    ['a double below one', 0.00123, s.float64(), '0.00123'],
    ['a float', Math.fround(1.1), s.float32(), '1.1'],
    ['negative zero', -0, s.float64(), '-0.0'],
    ['no number', Number.NaN, s.float64(), 'NaN'],
    ['a large integer', 9007199254740993n, s.int64(), '9007199254740993'],
    ['a boolean', true, null, 'true'],
    ['an object without schema', { a: 1, b: { c: [1, 'x', null] } }, null, '{a=1, b={c=[1, x, null]}}'],
    ['a map', new Map([[1, 'a']]), s.map(s.int32(), s.string()), '{1=a}'],
    ['a struct', { c: [1, 2.5], a: 1, b: null, d: { x: 2 } }, struct, 'Struct{a=1,c=[1.0, 2.5],d=Struct{x=2.0}}'],
    ['bytes as text', Buffer.from('é'), s.bytes(), 'é'],
    ['a decimal', new Decimal(-12345n, 2), null, '-123.45'],
    ['a small decimal', new Decimal(1n, 10), null, '1E-10'],
    ['a decimal of negative scale', new Decimal(12n, -2), null, '1.2E+3'],
    ['a date', new Date('2024-02-03T04:05:06Z'), null, 'Sat Feb 03 04:05:06 UTC 2024'],
  ])('%s', (_, value, schema, expected) => {
    expect(javaText(schema, value, 'utf8')).toBe(expected)
  })

  it('with bytes as digits, at any depth, unless told otherwise', () => {
    const bytes = Buffer.from('é')
    expect(javaText(null, [bytes, new Map([['a', bytes]])])).toBe('[c3a9, {a=c3a9}]')
    expect(javaText(null, { a: [bytes] }, 'utf8')).toBe('{a=[é]}')
  })
})
