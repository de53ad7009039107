import { expect, test } from 'vitest'
import { parseProperties } from '../../../runtime/config/properties.ts'

// What Java 17's Properties.load makes of the same texts.
test.each([
  ['a=1', { a: '1' }],
  ['a:1\nb 2\nc\t=\t3', { a: '1', b: '2', c: '3' }],
  ['# comment\n! comment\n   # comment\na=#no comment', { a: '#no comment' }],
  ['a=one \\\n   two\\\n\tthree', { a: 'one twothree' }],
  ['a=x\\\\\nb=1', { a: 'x\\', b: '1' }],
  ['a=trailing  ', { a: 'trailing  ' }],
  ['a\\=b\\:c\\ d=1', { 'a=b:c d': '1' }],
  ['a=\\u00fc\\t\\q', { a: 'ü\tq' }],
  ['a==b', { a: '=b' }],
  ['a', { a: '' }],
  ['=x', { '': 'x' }],
  ['a=1\r\nb=2\rc=3', { a: '1', b: '2', c: '3' }],
  ['a=1\na=2', { a: '2' }],
  ['a=\\', { a: '' }],
  ['a=1\\\n\nb=2', { a: '1', b: '2' }],
  ['  \f a = x', { a: 'x' }],
  ['a=x\\\n# part of it', { a: 'x# part of it' }],
  ['', {}],
  ['__proto__=x', Object.fromEntries([['__proto__', 'x']])],
])('%j', (text, expected) => {
  expect(parseProperties(text)).toEqual(expected)
})

test('a cut unicode escape is an error, as in Java', () => {
  expect(() => parseProperties('a=\\u12')).toThrow('Malformed \\uxxxx encoding.')
})
