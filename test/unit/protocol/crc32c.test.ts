import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc32c, crc32cInJavaScript } from '../../../runtime/protocol/crc32c.ts'

// The test vectors of RFC 3720, appendix B.4.
const vectors: readonly [string, Buffer, number][] = [
  ['32 bytes of 0', Buffer.alloc(32), 0x8a91_36aa],
  ['32 bytes of ff', Buffer.alloc(32, 255), 0x62a8_ab43],
  ['0 to 31', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd_794e],
  ['31 to 0', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113f_db5c],
  ['nothing', Buffer.alloc(0), 0],
  ['the usual digits', Buffer.from('123456789'), 0xe306_9283],
]

describe('CRC-32C', () => {
  it.each(vectors)('of %s', (_name, bytes, sum) => {
    expect(crc32c(bytes)).toBe(sum)
    expect(crc32cInJavaScript(bytes)).toBe(sum)
  })

  it('of a part', () => {
    expect(crc32c(Buffer.from('xx123456789yyy'), 2, 11)).toBe(0xe306_9283)
  })

  it('is the same without the addon', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        expect(crc32cInJavaScript(bytes)).toBe(crc32c(bytes))
      }),
    )
  })
})
