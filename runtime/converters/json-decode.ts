import { Decimal } from '../api/decimal.ts'
import { DataError } from '../api/errors.ts'
import { DATE, DECIMAL, TIME, TIMESTAMP } from '../api/logical.ts'
import type { Schema } from '../api/schema.ts'

const dayMs = 86_400_000
// What a Date can hold.
const maxDays = 100_000_000

const expected = (schema: Schema, value: unknown): DataError =>
  new DataError(
    `Invalid type for ${schema.name ?? schema.type}: the JSON ${Array.isArray(value) ? 'array' : typeof value} ${shown(value)} does not fit`,
  )

const shown = (value: unknown): string => {
  const text =
    typeof value === 'bigint' || value instanceof Decimal ? String(value) : (JSON.stringify(value) ?? String(value))
  return text.length > 60 ? `${text.slice(0, 60)}...` : text
}

const integer = (schema: Schema, value: unknown, min: number, max: number): number => {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) throw expected(schema, value)
  return value
}

const bytesOf = (value: unknown): Buffer => {
  // Nothing may be lost by decoding leniently, as Buffer does.
  if (typeof value !== 'string' || value.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value))
    throw new DataError('Invalid bytes field', { cause: new TypeError(`Not base64 with padding: ${shown(value)}`) })
  return Buffer.from(value, 'base64')
}

/** How messages name the JSON type of a value. */
const nodeType = (value: unknown): string => {
  if (Array.isArray(value)) return 'ARRAY'
  if (typeof value === 'bigint' || value instanceof Decimal) return 'NUMBER'
  return value === null ? 'NULL' : (typeof value).toUpperCase()
}

const logicalInteger = (name: string, kind: string, value: unknown, min: number, max: number): number => {
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new DataError(
      `Invalid type for ${name}, underlying representation should be ${kind} but was ${nodeType(value)}`,
    )
  if (value < min || value > max) throw new DataError(`Invalid value for ${name}: ${value} is out of range`)
  return value
}

const decimalOf = (schema: Schema, value: unknown): Decimal => {
  if (typeof value !== 'string' && nodeType(value) !== 'NUMBER')
    throw new DataError(
      `Invalid type for Decimal, underlying representation should be numeric or bytes but was ${nodeType(value)}`,
    )
  try {
    const scale = Number(schema.parameters?.['scale'] ?? Number.NaN)
    if (!Number.isInteger(scale)) throw new DataError('Invalid Decimal schema: scale parameter not found.')
    if (typeof value === 'string') return Decimal.fromBytes(bytesOf(value), scale)
    return (value instanceof Decimal ? value : Decimal.parse(String(value))).withScale(scale)
  } catch (cause) {
    throw new DataError('Invalid bytes for Decimal field', { cause })
  }
}

const set = (target: Record<string, unknown>, name: string, value: unknown): void => {
  // A field of this name must not become the prototype.
  if (name === '__proto__')
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
  else target[name] = value
}

const structOf = (schema: Schema, value: unknown, replaceNull: boolean): Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Decimal)
    throw new DataError(`Structs should be encoded as JSON objects, but found ${nodeType(value)}`)
  const struct: Record<string, unknown> = {}
  for (const { name, schema: field } of schema.fields) {
    const member = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : null
    set(struct, name, decodeJson(field, member, replaceNull))
  }
  return struct
}

const mapOf = (schema: Schema, value: unknown, replaceNull: boolean): Map<unknown, unknown> => {
  const { keySchema, valueSchema } = schema
  if (keySchema!.type === 'STRING') {
    if (nodeType(value) !== 'OBJECT')
      throw new DataError(`Maps with string fields should be encoded as JSON objects, but found ${nodeType(value)}`)
    return new Map(
      Object.entries(value as object).map(([key, member]) => [key, decodeJson(valueSchema!, member, replaceNull)]),
    )
  }
  if (!Array.isArray(value))
    throw new DataError(
      `Maps with non-string fields should be encoded as JSON array of tuples, but found ${nodeType(value)}`,
    )
  return new Map(
    value.map((pair: unknown) => {
      if (!Array.isArray(pair)) throw new DataError(`Found invalid map entry instead of array tuple: ${nodeType(pair)}`)
      if (pair.length !== 2) throw new DataError(`Found invalid map entry, expected length 2 but found :${pair.length}`)
      return [decodeJson(keySchema!, pair[0], replaceNull), decodeJson(valueSchema!, pair[1], replaceNull)]
    }),
  )
}

const float = (schema: Schema, value: unknown): number => {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint' || value instanceof Decimal) return Number(String(value))
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value)
  throw expected(schema, value)
}

const logicalOf = (schema: Schema, value: unknown): unknown => {
  switch (schema.name) {
    case DECIMAL:
      return decimalOf(schema, value)
    case DATE:
      return new Date(logicalInteger('Date', 'integer', value, -maxDays, maxDays) * dayMs)
    case TIME:
      return new Date(logicalInteger('Time', 'integer', value, 0, dayMs))
    case TIMESTAMP:
      return new Date(logicalInteger('Timestamp', 'integral', value, -maxDays * dayMs, maxDays * dayMs))
    default:
      return undefined
  }
}

/** Parsed JSON as a value of the schema. Throws DataError (invariant 9: nothing is coerced). */
export const decodeJson = (schema: Schema, value: unknown, replaceNull: boolean): unknown => {
  if (value === null || value === undefined) {
    if (schema.default !== undefined && schema.default !== null && replaceNull) return schema.default
    if (schema.optional) return null
    throw new DataError(`Invalid null value for required ${schema.type} field`)
  }
  if (schema.name !== undefined) {
    const logical = logicalOf(schema, value)
    if (logical !== undefined) return logical
  }
  switch (schema.type) {
    case 'INT8':
      return integer(schema, value, -128, 127)
    case 'INT16':
      return integer(schema, value, -32768, 32767)
    case 'INT32':
      return integer(schema, value, -2147483648, 2147483647)
    case 'INT64':
      if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value
      return integer(schema, value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    case 'FLOAT32':
      return Math.fround(float(schema, value))
    case 'FLOAT64':
      return float(schema, value)
    case 'BOOLEAN':
      if (typeof value !== 'boolean') throw expected(schema, value)
      return value
    case 'STRING':
      if (typeof value !== 'string') throw expected(schema, value)
      return value
    case 'BYTES':
      return bytesOf(value)
    case 'ARRAY':
      if (!Array.isArray(value)) throw expected(schema, value)
      return value.map((item: unknown) => decodeJson(schema.valueSchema!, item, replaceNull))
    case 'MAP':
      return mapOf(schema, value, replaceNull)
    case 'STRUCT':
      return structOf(schema, value, replaceNull)
  }
}
