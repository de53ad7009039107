import { Decimal } from '../api/decimal.ts'
import { DataError } from '../api/errors.ts'
import { DATE, DECIMAL, TIME, TIMESTAMP } from '../api/logical.ts'
import type { Schema } from '../api/schema.ts'

const dayMs = 86_400_000
// What a Date can hold.
const maxDays = 100_000_000

const shown = (value: unknown): string => {
  const text =
    typeof value === 'bigint' || value instanceof Decimal ? String(value) : (JSON.stringify(value) ?? String(value))
  return text.length > 60 ? `${text.slice(0, 60)}...` : text
}

const wholeOf = (value: unknown): bigint => {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n
  if (!(value instanceof Decimal)) return 0n
  const { unscaled, scale } = value
  // Of a power of ten that large no bit is left below 2^64.
  if (scale <= -64 || scale > 5000) return 0n
  return scale > 0 ? unscaled / 10n ** BigInt(scale) : unscaled * 10n ** BigInt(-scale)
}

/** As Jackson's intValue and longValue: a fraction is cut, bits beyond the width are dropped, what is no number is 0. */
const integer = (value: unknown, width: number): number | bigint => {
  const limit = 2 ** (width - 1)
  if (Number.isSafeInteger(value) && (value as number) >= -limit && (value as number) < limit) return value as number
  const cut = BigInt.asIntN(width, wholeOf(value))
  return Number.isSafeInteger(Number(cut)) ? Number(cut) : cut
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
    // A number keeps its own scale.
    return value instanceof Decimal ? value : Decimal.parse(String(value))
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

const float = (value: unknown): number => {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint' || value instanceof Decimal) return Number(String(value))
  // As they are written; to Kafka Connect they are text like other text, and 0.
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : 0
}

/** The items of an array; of an object its members, of anything else none. */
const itemsOf = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value
  return nodeType(value) === 'OBJECT' ? Object.values(value as object) : []
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

/**
 * Parsed JSON as a value of the schema. Throws DataError. What does not fit is coerced exactly as Kafka Connect's JsonConverter coerces
 * it (ADR 7): a pipeline that moves over must not fail where it ran.
 */
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
      return integer(value, 8)
    case 'INT16':
      return integer(value, 16)
    case 'INT32':
      return integer(value, 32)
    case 'INT64':
      return integer(value, 64)
    case 'FLOAT32':
      return Math.fround(float(value))
    case 'FLOAT64':
      return float(value)
    case 'BOOLEAN':
      return value === true
    case 'STRING':
      return typeof value === 'string' ? value : null
    case 'BYTES':
      return typeof value === 'string' ? bytesOf(value) : null
    case 'ARRAY':
      return itemsOf(value).map(item => decodeJson(schema.valueSchema!, item, replaceNull))
    case 'MAP':
      return mapOf(schema, value, replaceNull)
    case 'STRUCT':
      return structOf(schema, value, replaceNull)
  }
}
