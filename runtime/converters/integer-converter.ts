import { s } from '../api/schema.ts'
import { fixedWidthConverter, isInteger } from './fixed-width.ts'

/** Numbers of 32 bits. */
export default fixedWidthConverter({
  name: 'Integer',
  schema: s.int32({ optional: true }),
  bytes: 4,
  reader: 'IntegerDeserializer',
  fits: value => isInteger(value, 32),
  write: (target, value: number | bigint, at) => target.writeInt32BE(Number(value), at),
  read: bytes => bytes.readInt32BE(),
})
