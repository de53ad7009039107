import { Decimal } from '../../api/decimal.ts'
import { DATE, DECIMAL, TIME, TIMESTAMP } from '../../api/logical.ts'
import type { Schema } from '../../api/schema.ts'
import { isObject } from './document.ts'
import { generalUnion, oneOfName } from './settings.ts'

/** A struct of which one field at a time has a value: `oneOf`. */
export const isUnion = (schema: Schema): boolean =>
  schema.type === 'STRUCT' && (schema.name === oneOfName || schema.parameters?.[generalUnion] !== undefined)

const isInteger = (value: unknown, bits: number): boolean => {
  // As it is written, 1.0 is one, too.
  if (value instanceof Decimal)
    return (
      value.scale > 0 &&
      value.scale < 1000 &&
      value.unscaled % 10n ** BigInt(value.scale) === 0n &&
      isInteger(value.unscaled / 10n ** BigInt(value.scale), bits)
    )
  if (typeof value === 'bigint') return BigInt.asIntN(bits, value) === value
  if (typeof value !== 'number' || !Number.isInteger(value)) return false
  const limit = 2 ** (bits - 1)
  return value >= -limit && value < limit
}

const isNumber = (value: unknown): boolean =>
  typeof value === 'number' || typeof value === 'bigint' || value instanceof Decimal

const infinities = new Set<unknown>(['NaN', 'Infinity', '-Infinity'])

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Whether parsed JSON, not null, is of a schema's type; of arrays, maps and structs only the outermost is looked at. */
export const fits = (schema: Schema, value: unknown): boolean => {
  switch (schema.name) {
    case DECIMAL:
      return isNumber(value) || typeof value === 'string'
    case DATE:
    case TIME:
    case TIMESTAMP:
      return isInteger(value, 64)
  }
  switch (schema.type) {
    case 'INT8':
      return isInteger(value, 8)
    case 'INT16':
      return isInteger(value, 16)
    case 'INT32':
      return isInteger(value, 32)
    case 'INT64':
      return isInteger(value, 64)
    case 'FLOAT32':
    case 'FLOAT64':
      return isNumber(value) || infinities.has(value)
    case 'BOOLEAN':
      return typeof value === 'boolean'
    case 'STRING':
      return typeof value === 'string'
    case 'BYTES':
      return typeof value === 'string' && base64.test(value)
    case 'ARRAY':
      return Array.isArray(value)
    case 'MAP':
      return schema.keySchema?.type === 'STRING' && !schema.keySchema.optional ? isObject(value) : Array.isArray(value)
    case 'STRUCT':
      return isUnion(schema) ? branchOf(schema, value) >= 0 : isObject(value)
  }
}

/** The index of the field that a union's value is for: the first that fits, among structs the one that shares most; -1: none. */
export const branchOf = ({ fields }: Schema, value: unknown): number => {
  let best = -1
  let most = -1
  for (const { index, schema } of fields) {
    if (!fits(schema, value)) continue
    const shared = schema.type === 'STRUCT' && isObject(value) && !isUnion(schema) ? sharedWith(schema, value) : 0
    if (shared > most) {
      best = index
      most = shared
    }
  }
  return best
}

/** How much of a struct is in an object: 0 where a field's value does not fit, or a required one is not there. */
const sharedWith = (schema: Schema, value: Readonly<Record<string, unknown>>): number => {
  let shared = 1
  for (const { name, schema: field } of schema.fields) {
    const member = Object.hasOwn(value, name) ? (value[name] ?? null) : null
    if (member === null) {
      if (!field.optional && (field.default ?? null) === null) return 0
    } else if (!fits(field, member)) return 0
    else shared++
  }
  return shared
}

/** Whether a schema has a Decimal anywhere in it: then fractions must be read as they are written. */
export const hasDecimal = ({ name, fields, keySchema, valueSchema }: Schema): boolean =>
  name === DECIMAL ||
  fields.some(({ schema }) => hasDecimal(schema)) ||
  (keySchema !== undefined && hasDecimal(keySchema)) ||
  (valueSchema !== undefined && hasDecimal(valueSchema))
