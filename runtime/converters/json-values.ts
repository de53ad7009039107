import { DataError } from '../api/errors.ts'
import { javaClass } from '../api/java-text.ts'
import { doubleText } from '../api/json-text.ts'

/** A number of JSON: integers as digits, anything else as a double. */
export const numberText = (value: number | bigint): string => {
  if (typeof value === 'bigint' || Number.isInteger(value))
    return Object.is(value, -0) ? '0' : String(typeof value === 'number' ? BigInt(value) : value)
  return Number.isFinite(value) ? String(value) : doubleText(value)
}

export const mismatch = (type: string, value: unknown): DataError =>
  new DataError(`Conversion error: the value of type ${javaClass(value)} does not fit schema type ${type}`)
