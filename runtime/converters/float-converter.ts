import { s } from '../api/schema.ts'
import { fixedWidthConverter } from './fixed-width.ts'

/** Floating point numbers of 32 bits. */
export default fixedWidthConverter({
  name: 'Float',
  schema: s.float32({ optional: true }),
  bytes: 4,
  reader: 'Deserializer',
  fits: value => typeof value === 'number',
  write: (target, value: number, at) => target.writeFloatBE(value, at),
  read: bytes => bytes.readFloatBE(),
})
