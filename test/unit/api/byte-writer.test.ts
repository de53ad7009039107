import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteWriter } from '../../../runtime/api/index.ts'

test('whatever is written stands there in order, however small the buffer was', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 50 }), fc.string({ unit: 'binary', maxLength: 50 })), {
        maxLength: 20,
      }),
      (capacity, parts) => {
        const writer = new ByteWriter(capacity)
        for (const part of parts) {
          if (typeof part === 'string') writer.writeText(part)
          else writer.writeBytes(part)
        }
        const expected = Buffer.concat(parts.map(part => Buffer.from(part as string)))
        expect(writer.buf.subarray(0, writer.pos).equals(expected)).toBe(true)
      },
    ),
  )
})

test('making room keeps what is there and moves nothing when there is enough', () => {
  const writer = new ByteWriter(4)
  writer.writeBytes(Buffer.from('abcd'))
  const { buf } = writer
  writer.reserve(0)
  expect(writer.buf).toBe(buf)
  writer.reserve(1000)
  expect(writer.buf.length).toBeGreaterThanOrEqual(1004)
  expect(writer.buf.toString('latin1', 0, writer.pos)).toBe('abcd')
})
