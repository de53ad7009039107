import { DataError } from '../api/errors.ts'
import { doubleText } from '../api/json-text.ts'

/** The Java class that a value of ours stands for, for messages that name it. */
export const javaClass = (value: unknown): string => {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return 'java.lang.String'
  if (typeof value === 'boolean') return 'java.lang.Boolean'
  if (typeof value === 'bigint') return 'java.lang.Long'
  if (typeof value === 'number') return Number.isInteger(value) ? 'java.lang.Long' : 'java.lang.Double'
  if (value instanceof Uint8Array) return '[B'
  if (value instanceof Date) return 'java.util.Date'
  if (Array.isArray(value)) return 'java.util.ArrayList'
  return value.constructor?.name === 'Decimal' ? 'java.math.BigDecimal' : 'java.util.HashMap'
}

/** A number of JSON: integers as digits, anything else as a double. */
export const numberText = (value: number | bigint): string => {
  if (typeof value === 'bigint' || Number.isInteger(value))
    return Object.is(value, -0) ? '0' : String(typeof value === 'number' ? BigInt(value) : value)
  return Number.isFinite(value) ? String(value) : doubleText(value)
}

export const mismatch = (type: string, value: unknown): DataError =>
  new DataError(`Conversion error: the value of type ${javaClass(value)} does not fit schema type ${type}`)
