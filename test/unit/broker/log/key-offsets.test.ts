import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KeyOffsets } from '../../../../runtime/broker/log/key-offsets.ts'

test('the last offset of each key, like a map', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3 }), { maxLength: 3000 }), keys => {
      const offsets = new KeyOffsets(1_000_000)
      const model = new Map<string, number>()
      for (const [offset, key] of keys.entries()) {
        offsets.set(Buffer.from(key), offset)
        model.set(Buffer.from(key).toString('hex'), offset)
      }
      expect(offsets.count).toBe(model.size)
      for (const [key, offset] of model) expect(offsets.get(Buffer.from(key, 'hex'))).toBe(offset)
      expect(offsets.get(Buffer.from('not there'))).toBe(-1)
    }),
    { numRuns: 20 },
  )
})

test('says when its memory is used up, but takes what it is given', () => {
  const offsets = new KeyOffsets(24 * 100)
  expect(offsets.hasRoomFor(75)).toBe(true)
  expect(offsets.hasRoomFor(76)).toBe(false)
  for (let i = 0; i < 5000; i++) offsets.set(Buffer.from(`key${i}`), i)
  expect(offsets.hasRoomFor(1)).toBe(false)
  expect(offsets.get(Buffer.from('key4999'))).toBe(4999)
})
