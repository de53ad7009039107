import { s } from '../api/schema.ts'
import { fixedWidthConverter } from './fixed-width.ts'

/** Floating point numbers of 64 bits. */
export default fixedWidthConverter({
  name: 'Double',
  schema: s.float64({ optional: true }),
  bytes: 8,
  reader: 'Deserializer',
  fits: value => typeof value === 'number',
  write: (target, value: number, at) => target.writeDoubleBE(value, at),
  read: bytes => bytes.readDoubleBE(),
})
