import { expect, test } from 'vitest'
import { offsetJson, offsetKey } from '../../../runtime/stores/offset-key.ts'

test('a key is the bytes that Kafka Connect stores', () => {
  expect(offsetKey('st-src', { filename: '/var/data/st-in.txt' })).toBe('["st-src",{"filename":"/var/data/st-in.txt"}]')
  // Jackson's escapes: upper case, and two of them beyond U+FFFF.
  expect(offsetKey('a\u001f', { '😀': 'é\u2028' })).toBe('["a\\u001F",{"\\uD83D\\uDE00":"é\u2028"}]')
})

test("numbers keep all digits, in Java's spelling", () => {
  expect(offsetJson({ lsn: 9223372036854775807n, n: 5, half: 0.5, big: 1e21 })).toBe(
    '{"lsn":9223372036854775807,"n":5,"half":0.5,"big":1000000000000000000000}',
  )
})

test('what JSON has no form for is refused by the name of its member', () => {
  expect(() => offsetJson({ at: Number.NaN })).toThrow('at is NaN')
  expect(() => offsetJson({ at: [1] } as never)).toThrow('at is a list')
  expect(() => offsetJson({ at: undefined } as never)).toThrow('at')
})
