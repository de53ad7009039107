import { s } from '../api/schema.ts'
import { fixedWidthConverter, isInteger } from './fixed-width.ts'

/** Numbers of 64 bits; beyond 2^53 a bigint. */
export default fixedWidthConverter({
  name: 'Long',
  schema: s.int64({ optional: true }),
  bytes: 8,
  reader: 'LongDeserializer',
  fits: value => isInteger(value, 64),
  write: (target, value: number | bigint) => target.writeBigInt64BE(BigInt(value)),
  read(bytes) {
    const value = bytes.readBigInt64BE()
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  },
})
