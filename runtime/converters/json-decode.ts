import { Decimal } from '../api/decimal.ts'
import { DataError } from '../api/errors.ts'
import { DATE, DECIMAL, TIME, TIMESTAMP } from '../api/logical.ts'
import { objectMaker } from '../api/object-maker.ts'
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

/** Parsed JSON as a value of one schema. Throws DataError. */
export type DecodeJson = (value: unknown) => unknown

const structOf = (schema: Schema, replaceNull: boolean): DecodeJson => {
  const names = schema.fields.map(({ name }) => name)
  // Of an object without such a member these are still there.
  const inherited = names.map(name => name in Object.prototype)
  const decoders = schema.fields.map(field => jsonDecoder(field.schema, replaceNull))
  const make = objectMaker(names)
  return value => {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Decimal)
      throw new DataError(`Structs should be encoded as JSON objects, but found ${nodeType(value)}`)
    const json = value as Readonly<Record<string, unknown>>
    const members = new Array<unknown>(names.length)
    for (let index = 0; index < names.length; index++) {
      const name = names[index]!
      members[index] = decoders[index]!(inherited[index] && !Object.hasOwn(json, name) ? null : json[name])
    }
    return make(members, 0)
  }
}

const mapOf = (schema: Schema, replaceNull: boolean): DecodeJson => {
  const decodeKey = jsonDecoder(schema.keySchema!, replaceNull)
  const decode = jsonDecoder(schema.valueSchema!, replaceNull)
  if (schema.keySchema!.type === 'STRING')
    return value => {
      if (nodeType(value) !== 'OBJECT')
        throw new DataError(`Maps with string fields should be encoded as JSON objects, but found ${nodeType(value)}`)
      return new Map(Object.entries(value as object).map(([key, member]) => [key, decode(member)]))
    }
  return value => {
    if (!Array.isArray(value))
      throw new DataError(
        `Maps with non-string fields should be encoded as JSON array of tuples, but found ${nodeType(value)}`,
      )
    return new Map(
      value.map((pair: unknown) => {
        if (!Array.isArray(pair))
          throw new DataError(`Found invalid map entry instead of array tuple: ${nodeType(pair)}`)
        if (pair.length !== 2)
          throw new DataError(`Found invalid map entry, expected length 2 but found :${pair.length}`)
        return [decodeKey(pair[0]), decode(pair[1])]
      }),
    )
  }
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

const logicalOf = (schema: Schema): DecodeJson | undefined => {
  switch (schema.name) {
    case DECIMAL:
      return value => decimalOf(schema, value)
    case DATE:
      return value => new Date(logicalInteger('Date', 'integer', value, -maxDays, maxDays) * dayMs)
    case TIME:
      return value => new Date(logicalInteger('Time', 'integer', value, 0, dayMs))
    case TIMESTAMP:
      return value => new Date(logicalInteger('Timestamp', 'integral', value, -maxDays * dayMs, maxDays * dayMs))
    default:
      return undefined
  }
}

const compileType = (schema: Schema, replaceNull: boolean): DecodeJson => {
  const logical = logicalOf(schema)
  if (logical !== undefined) return logical
  switch (schema.type) {
    case 'INT8':
      return value => integer(value, 8)
    case 'INT16':
      return value => integer(value, 16)
    case 'INT32':
      return value => integer(value, 32)
    case 'INT64':
      return value => integer(value, 64)
    case 'FLOAT32':
      return value => Math.fround(float(value))
    case 'FLOAT64':
      return float
    case 'BOOLEAN':
      return value => value === true
    case 'STRING':
      return value => (typeof value === 'string' ? value : null)
    case 'BYTES':
      return value => (typeof value === 'string' ? bytesOf(value) : null)
    case 'ARRAY': {
      const decode = jsonDecoder(schema.valueSchema!, replaceNull)
      return value => itemsOf(value).map(item => decode(item))
    }
    case 'MAP':
      return mapOf(schema, replaceNull)
    case 'STRUCT':
      return structOf(schema, replaceNull)
  }
}

const compile = (schema: Schema, replaceNull: boolean): DecodeJson => {
  const decode = compileType(schema, replaceNull)
  return value => {
    if (value !== null && value !== undefined) return decode(value)
    if (schema.default !== undefined && schema.default !== null && replaceNull) return schema.default
    if (schema.optional) return null
    throw new DataError(`Invalid null value for required ${schema.type} field`)
  }
}

const replacing = new WeakMap<Schema, DecodeJson>()
const keeping = new WeakMap<Schema, DecodeJson>()

/**
 * The decoder of a schema, made once. What does not fit is coerced exactly as Kafka Connect's JsonConverter coerces it (ADR 7): a pipeline
 * that moves over must not fail where it ran. `replaceNull`: null stands for the schema's default.
 */
export const jsonDecoder = (schema: Schema, replaceNull: boolean): DecodeJson => {
  const known = replaceNull ? replacing : keeping
  let decode = known.get(schema)
  if (decode === undefined) known.set(schema, (decode = compile(schema, replaceNull)))
  return decode
}
