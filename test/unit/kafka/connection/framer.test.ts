import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BufferPool } from '../../../../runtime/kafka/connection/buffer-pool.ts'
import { Framer } from '../../../../runtime/kafka/connection/framer.ts'

const framed = (payload: Uint8Array): Buffer => {
  const size = Buffer.alloc(4)
  size.writeInt32BE(payload.length)
  return Buffer.concat([size, payload])
}

describe('framer', () => {
  it('finds the same frames however the bytes arrive', () => {
    const frames = fc.array(fc.uint8Array({ minLength: 4, maxLength: 60 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (payloads, steps) => {
        const bytes = Buffer.concat(payloads.map(framed))
        const found: Buffer[] = []
        const framer = new Framer(
          size => Buffer.alloc(size + 3),
          frame => found.push(Buffer.from(frame)),
        )
        const slab = Buffer.alloc(20)
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const length = Math.min(steps[i % steps.length]!, bytes.length - at)
          bytes.copy(slab, 0, at, at + length)
          framer.push(slab, length)
          at += length
        }
        expect(found).toEqual(payloads.map(payload => Buffer.from(payload)))
      }),
    )
  })

  it.each([
    ['HTTP/1.1 400 Bad Request\r\n', /no Kafka broker/],
    ['\x15\x03\x03\x00\x02\x02\x50', /security.protocol/],
    ['\xff\xff\xff\xff', /-1 bytes/],
  ])('refuses what is no frame: %j', (text, message) => {
    const framer = new Framer(
      size => Buffer.alloc(size),
      () => {},
    )
    const bytes = Buffer.from(text, 'latin1')
    expect(() => framer.push(bytes, bytes.length)).toThrow(message)
  })
})

describe('buffer pool', () => {
  it('gives the same memory again, up to its bound', () => {
    const pool = new BufferPool(20_000)
    const [a, b] = [pool.take(9000), pool.take(9000)]
    expect([a.length, b.length]).toEqual([16_384, 16_384])
    pool.give(a)
    pool.give(b)
    expect(pool.take(16_000)).toBe(a)
    expect(pool.take(16_000)).not.toBe(b)
    expect(pool.take(1).length).toBe(4096)
  })
})
