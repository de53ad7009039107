import { Decimal } from './decimal.ts'
import type { SchemaAndValue } from './define.ts'
import { DataError } from './errors.ts'
import { headerText } from './header-text.ts'
import { DATE, DECIMAL, TIME, TIMESTAMP } from './logical.ts'
import { parseText } from './parse-text.ts'
import { type Schema, s } from './schema.ts'
import { asDecimal, asInstant, asLong, asNumber, schemaText, unconvertible } from './value-conversions.ts'

// Source of the rules: Kafka Connect's Values (golden: test/golden/converters/Values.convert.json).

/** A text stands for what it looks like. */
const read = (value: unknown, schema: Schema | null): SchemaAndValue =>
  typeof value === 'string' ? parseText(value) : { schema, value }

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Map) &&
  !(value instanceof Uint8Array) &&
  !(value instanceof Date) &&
  !(value instanceof Decimal)

const asBoolean = (value: unknown, schema: Schema | null): boolean => {
  const { value: found } = read(value, schema)
  return typeof found === 'boolean' ? found : asLong(value, schema) !== 0n
}

const asBytesDecimal = (target: Schema, value: unknown, schema: Schema | null): Decimal => {
  if (value instanceof Uint8Array) {
    if (value.length === 0) throw new DataError('Zero length bytes are no Decimal')
    return Decimal.fromBytes(value, Number(target.parameters?.['scale'] ?? 0))
  }
  const decimal = asDecimal(value)
  if (decimal === undefined) throw unconvertible(value, schema, schemaText(target))
  return decimal
}

const asBytes = (target: Schema, value: unknown, schema: Schema | null): Uint8Array => {
  if (value instanceof Uint8Array) return value
  if (value instanceof Decimal) return value.toBytes()
  throw unconvertible(value, schema, schemaText(target))
}

/** Collections are taken as they are, elements included. */
const asCollection = (target: Schema, given: unknown, from: Schema | null): unknown => {
  const { value, schema } = target.type === 'STRUCT' ? { value: given, schema: from } : read(given, from)
  const fits =
    target.type === 'ARRAY'
      ? Array.isArray(value)
      : target.type === 'MAP'
        ? value instanceof Map || (schema?.type !== 'STRUCT' && isPlain(value))
        : schema?.type === 'STRUCT' && isPlain(value)
  if (!fits) throw unconvertible(value, schema, schemaText(target))
  return value
}

/**
 * A value as one of a target type, as Kafka Connect's Values converts it: text is read as what it looks like, numbers are cut and wrapped
 * to the target's width, instants change their kind. Without a schema (`from` null) an instant may be any of the three and a number has
 * no width. Elements of collections stay as they are. Null stays null for plain types. Throws DataError.
 */
export const convertValue = (target: Schema, value: unknown, from: Schema | null = null): unknown => {
  const plain = target.name !== DECIMAL && target.name !== DATE && target.name !== TIME && target.name !== TIMESTAMP
  if (value === null || value === undefined) {
    if (plain && target.type !== 'ARRAY' && target.type !== 'MAP' && target.type !== 'STRUCT') return null
    throw new DataError('Unable to convert a null value to a schema that requires a value')
  }
  if (target.name === DECIMAL) return asBytesDecimal(target, value, from)
  if (target.name === DATE || target.name === TIME || target.name === TIMESTAMP) {
    const found = read(value, from)
    // What a text looks like carries no schema on.
    return asInstant(target.name, found.value, typeof value === 'string' ? null : from)
  }
  switch (target.type) {
    case 'BOOLEAN':
      return asBoolean(value, from)
    case 'STRING':
      return headerText(from, value)
    case 'BYTES':
      return asBytes(target, value, from)
    case 'ARRAY':
    case 'MAP':
    case 'STRUCT':
      return asCollection(target, value, from)
    default:
      return asNumber(target.type, value, from)
  }
}

/** The type that all elements share: nulls make it optional. undefined: they share none. */
const sharedSchema = (items: readonly unknown[]): Schema | undefined => {
  const schemas = items.filter(item => item !== null && item !== undefined).map(item => inferSchema(item))
  const type = schemas[0]?.type
  if (type === undefined || schemas.some(schema => schema?.type !== type)) return undefined
  const optional = schemas.length < items.length
  // Kafka Connect keeps the type only: a list of lists says nothing of the inner elements.
  if (type === 'ARRAY') return s.array(null, { optional })
  return type === 'MAP' ? s.map(null, null, { optional }) : schemas[0]!.with({ optional })
}

/**
 * The schema that a schemaless value would have, as Kafka Connect's Values infers it: null for decimals, instants, empty or mixed
 * collections. Numbers are as JSON gives them: integers INT64, others FLOAT64; an object is a map. `known` is the schema beside the value
 * when it has one of its own, as a struct does.
 */
export const inferSchema = (value: unknown, known: Schema | null = null): Schema | null => {
  if (known !== null) return known
  if (typeof value === 'string') return s.string()
  if (typeof value === 'boolean') return s.boolean()
  if (typeof value === 'bigint' || Number.isInteger(value)) return s.int64()
  if (typeof value === 'number') return s.float64()
  if (value instanceof Uint8Array) return s.bytes()
  if (Array.isArray(value)) {
    const item = sharedSchema(value)
    return item === undefined ? null : s.array(item)
  }
  if (!(value instanceof Map) && !isPlain(value)) return null
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  const key = sharedSchema(entries.map(([name]) => name))
  const member = sharedSchema(entries.map(([, item]) => item))
  return key === undefined || member === undefined ? null : s.map(key, member)
}
