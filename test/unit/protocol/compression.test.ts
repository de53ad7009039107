import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { compress, compressionTypes, decompress } from '../../../runtime/protocol/compression.ts'
import { ProtocolError } from '../../../runtime/protocol/protocol-error.ts'

const real = compressionTypes.filter(type => type !== 'none')
const samples: readonly [string, Buffer][] = [
  ['one byte', Buffer.from('x')],
  ['text', Buffer.from('the quick brown fox '.repeat(50))],
  ['noise', randomBytes(200_000)],
  ['a megabyte of zeros', Buffer.alloc(1 << 20)],
  ['32 KiB to the byte', Buffer.alloc(32 * 1024, 'ab')],
]

describe.each(real)('%s', type => {
  it.each(samples)('gives back %s', (_name, bytes) => {
    expect(decompress(type, compress(type, bytes)).equals(bytes)).toBe(true)
  })

  it('stops at the bound', () => {
    const bomb = compress(type, Buffer.alloc(5_000_000))
    expect(bomb.length).toBeLessThan(300_000)
    expect(() => decompress(type, bomb, 4_999_999)).toThrow(ProtocolError)
    expect(decompress(type, bomb, 5_000_000)).toHaveLength(5_000_000)
  })

  it('refuses noise, and data cut off', () => {
    expect(() => decompress(type, randomBytes(100))).toThrow(ProtocolError)
    const whole = compress(type, randomBytes(100_000))
    for (const length of [0, 1, 7, 20, 50_000, whole.length - 1]) {
      expect(() => decompress(type, whole.subarray(0, length)), `${length} bytes`).toThrow(ProtocolError)
    }
  })
})

describe('snappy', () => {
  it('is read without a frame, too', () => {
    // "Wikipedia..." as in the format description's style: one raw block with a literal only.
    const raw = Buffer.concat([Buffer.from([5, 4 << 2]), Buffer.from('hello')])
    expect(decompress('snappy', raw).toString()).toBe('hello')
  })
})

describe('levels', () => {
  it.each(['gzip', 'zstd'] as const)('%s compresses harder when told to', type => {
    const bytes = Buffer.from(
      Array.from({ length: 20_000 }, (_, i) => `{"id":${i},"sum":${Math.imul(i, 0x9e37_79b1) >>> 12}}`).join(''),
    )
    expect(compress(type, bytes, 9).length).toBeLessThan(compress(type, bytes, 1).length)
    expect(decompress(type, compress(type, bytes, 9)).equals(bytes)).toBe(true)
  })
})
