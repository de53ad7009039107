import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteWriter } from '../../../runtime/api/index.ts'

test('what is written stays, however often the buffer grows', () => {
  const part = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
  )
  fc.assert(
    fc.property(fc.array(part), parts => {
      const writer = new ByteWriter(1)
      for (const one of parts) {
        if (typeof one === 'string') writer.writeText(one)
        else writer.writeBytes(one)
      }
      const expected = Buffer.concat(parts.map(one => (typeof one === 'string' ? Buffer.from(one) : one)))
      expect(writer.buf.subarray(0, writer.pos)).toEqual(expected)
    }),
  )
})
