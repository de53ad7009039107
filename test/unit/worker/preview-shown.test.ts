import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { Decimal } from '../../../runtime/api/decimal.ts'
import { shownBytes, shownValue } from '../../../runtime/worker/preview-shown.ts'

test.each([
  [undefined, null],
  [null, null],
  [9007199254740993n, '9007199254740993'],
  [Number.NaN, 'NaN'],
  [Decimal.parse('1.50'), '1.50'],
  [new Date(0), '1970-01-01T00:00:00.000Z'],
  [new Date(Number.NaN), null],
  [Uint8Array.of(255, 0), { base64: '/wA=' }],
  [new Map<unknown, unknown>([[1n, [Uint8Array.of(1)]]]), { 1: [{ base64: 'AQ==' }] }],
  [{ a: { b: true } }, { a: { b: true } }],
])('%s is shown as %j', (value, shown) => expect(shownValue(value)).toEqual(shown))

test('bytes: text, opened gzip, base64, and only the beginning of what is long', () => {
  expect(shownBytes(null)).toBeNull()
  expect(shownBytes(Buffer.from('é'))).toEqual({ bytes: 2, text: 'é' })
  expect(shownBytes(Uint8Array.of(0xff))).toEqual({ bytes: 1, base64: '/w==' })
  const zipped = gzipSync('hello')
  expect(shownBytes(zipped)).toEqual({ bytes: zipped.length, text: 'hello', compressed: 'gzip' })
  const long = shownBytes(Buffer.alloc(100_000, 'x'))!
  expect([long.bytes, long.cut, long.text!.length]).toEqual([100_000, true, 16 * 1024])
  // It begins as gzip does and is none.
  expect(shownBytes(Uint8Array.of(0x1f, 0x8b, 1))).toEqual({ bytes: 3, base64: 'H4sB' })
})
