import { s } from '../api/schema.ts'
import { fixedWidthConverter, isInteger } from './fixed-width.ts'

/** Numbers of 16 bits. */
export default fixedWidthConverter({
  name: 'Short',
  schema: s.int16({ optional: true }),
  bytes: 2,
  reader: 'ShortDeserializer',
  fits: value => isInteger(value, 16),
  write: (target, value: number | bigint, at) => target.writeInt16BE(Number(value), at),
  read: bytes => bytes.readInt16BE(),
})
