import { s } from '../api/schema.ts'
import { fixedWidthConverter, isInteger } from './fixed-width.ts'

const two32 = 2 ** 32

/** Numbers of 64 bits; beyond 2^53 a bigint. */
export default fixedWidthConverter({
  name: 'Long',
  schema: s.int64({ optional: true }),
  bytes: 8,
  reader: 'LongDeserializer',
  fits: value => isInteger(value, 64),
  write(target, value: number | bigint, at) {
    if (typeof value === 'bigint') target.writeBigInt64BE(value, at)
    else {
      target.writeInt32BE(Math.floor(value / two32), at)
      target.writeUInt32BE(value >>> 0, at + 4)
    }
  },
  read(bytes) {
    const value = bytes.readInt32BE(0) * two32 + bytes.readUInt32BE(4)
    return Number.isSafeInteger(value) ? value : bytes.readBigInt64BE()
  },
})
