import { Decimal } from '../api/decimal.ts'
import { DataError } from '../api/errors.ts'
import { base64Text, decimalText, doubleText, floatText, quoteJson } from '../api/json-text.ts'
import { resolveLazy } from '../api/lazy.ts'
import { DATE, DECIMAL, TIME, TIMESTAMP } from '../api/logical.ts'
import type { Schema } from '../api/schema.ts'
import { javaClass, mismatch, numberText } from './json-values.ts'

export interface JsonSettings {
  /** `decimal.format` */
  readonly decimals: 'BASE64' | 'NUMERIC'
  /** `replace.null.with.default` */
  readonly replaceNull: boolean
}

/** A value under one schema as JSON text. Throws DataError. */
export type Encode = (value: unknown) => string

const dayMs = 86_400_000

const integerOf =
  (type: string, min: number, max: number): Encode =>
  value => {
    if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(type, value)
    if (value < min || value > max) throw new DataError(`Conversion error: ${value} is out of the range of ${type}`)
    return Object.is(value, -0) ? '0' : `${value}`
  }

const wrongType = (type: string, value: unknown): DataError =>
  new DataError(`Invalid type for ${type}: class ${javaClass(value)}`)

const int64: Encode = value => {
  if (typeof value === 'bigint') {
    if (BigInt.asIntN(64, value) !== value)
      throw new DataError(`Conversion error: ${value} is out of the range of INT64`)
    return `${value}`
  }
  if (!Number.isSafeInteger(value)) throw wrongType('INT64', value)
  return Object.is(value, -0) ? '0' : `${value as number}`
}

const float =
  (type: string, print: (value: number) => string): Encode =>
  value => {
    if (typeof value === 'number') return print(value)
    throw wrongType(type, value)
  }

const text: Encode = value => {
  if (typeof value === 'string') return quoteJson(value)
  throw wrongType('STRING', value)
}

const boolean: Encode = value => {
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  throw wrongType('BOOLEAN', value)
}

const bytes: Encode = value => {
  if (value instanceof Uint8Array) return base64Text(value)
  throw wrongType('BYTES', value)
}

const instant = (name: string, value: unknown): number => {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime()
  throw new DataError(`Invalid type for ${name}, expected Date but was class ${javaClass(value)}`)
}

const logicals: Readonly<Record<string, (schema: Schema, settings: JsonSettings) => Encode>> = {
  [DECIMAL]: (schema, { decimals }) => {
    const scale = Number(schema.parameters?.['scale'] ?? Number.NaN)
    return value => {
      if (!(value instanceof Decimal))
        throw new DataError(`Invalid type for Decimal, expected BigDecimal but was class ${javaClass(value)}`)
      if (decimals === 'NUMERIC') return decimalText(value)
      if (value.scale !== scale)
        throw new DataError(
          `Decimal value has mismatching scale for given Decimal schema. Schema has scale ${scale}, value has scale ${value.scale}.`,
        )
      return base64Text(value.toBytes())
    }
  },
  [DATE]: () => value => {
    const ms = instant('Date', value)
    if (ms % dayMs !== 0)
      throw new DataError('Kafka Connect Date type should not have any time fields set to non-zero values.')
    return `${ms / dayMs}`
  },
  [TIME]: () => value => {
    const ms = instant('Time', value)
    if (ms < 0 || ms > dayMs)
      throw new DataError('Kafka Connect Time type should not have any date fields set to non-zero values.')
    return `${ms}`
  },
  [TIMESTAMP]: () => value => `${instant('Timestamp', value)}`,
}

const compileType = (schema: Schema, settings: JsonSettings): Encode => {
  const logical = schema.name === undefined ? undefined : logicals[schema.name]
  if (logical !== undefined) return logical(schema, settings)
  switch (schema.type) {
    case 'INT8':
      return integerOf('INT8', -128, 127)
    case 'INT16':
      return integerOf('INT16', -32768, 32767)
    case 'INT32':
      return integerOf('INT32', -2147483648, 2147483647)
    case 'INT64':
      return int64
    case 'FLOAT32':
      return float('FLOAT32', floatText)
    case 'FLOAT64':
      return float('FLOAT64', doubleText)
    case 'BOOLEAN':
      return boolean
    case 'STRING':
      return text
    case 'BYTES':
      return bytes
    case 'ARRAY': {
      const item = compileJson(schema.valueSchema!, settings)
      return value => {
        if (Array.isArray(value)) return `[${value.map(item).join()}]`
        throw wrongType('ARRAY', value)
      }
    }
    case 'MAP':
      return mapEncoder(schema, settings)
    case 'STRUCT':
      return structEncoder(schema, settings)
  }
}

const mapEncoder = (schema: Schema, settings: JsonSettings): Encode => {
  const key = compileJson(schema.keySchema!, settings)
  const item = compileJson(schema.valueSchema!, settings)
  const object = schema.keySchema!.type === 'STRING'
  return value => {
    if (!(value instanceof Map)) throw wrongType('MAP', value)
    let out = ''
    for (const [name, member] of value) {
      // As the JVM has it: a null key of an optional string schema becomes the text "null".
      const shown = object && name === null ? '"null"' : key(name)
      out += `${out === '' ? '' : ','}${object ? `${shown}:${item(member)}` : `[${shown},${item(member)}]`}`
    }
    return object ? `{${out}}` : `[${out}]`
  }
}

const structEncoder = (schema: Schema, settings: JsonSettings): Encode => {
  const members = schema.fields.map(({ name, index, schema: field }) => ({
    name,
    prefix: `${index === 0 ? '{' : ','}${quoteJson(name)}:`,
    encode: compileJson(field, settings),
  }))
  if (members.length === 0) return value => (isStruct(value) ? '{}' : fail('STRUCT', value))
  return value => {
    if (!isStruct(value)) throw wrongType('STRUCT', value)
    let out = ''
    for (const { name, prefix, encode } of members) out += prefix + encode(value[name])
    return `${out}}`
  }
}

const fail = (type: string, value: unknown): never => {
  throw wrongType(type, value)
}

const isStruct = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Map) &&
  !(value instanceof Uint8Array) &&
  !(value instanceof Date) &&
  !(value instanceof Decimal)

/** Compiles the encoder of a schema: closures made once, run per value. */
export const compileJson = (schema: Schema, settings: JsonSettings): Encode => {
  const encode = compileType(schema, settings)
  let standIn: string | undefined
  return value => {
    if (value !== null && value !== undefined) return encode(resolveLazy(value))
    if (schema.default !== undefined && schema.default !== null && settings.replaceNull)
      return (standIn ??= encode(schema.default))
    if (schema.optional) return 'null'
    throw new DataError('Conversion error: null value for field that is required and has no default value')
  }
}

/** A value without a schema as JSON text. Throws DataError for what JSON has no form for. */
export const schemalessJson = (value: unknown): string => {
  if (value === null || value === undefined) return 'null'
  switch (typeof value) {
    case 'string':
      return quoteJson(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'number':
    case 'bigint':
      // Also beyond 64 bits, as JSON that was read may have them (invariant 9).
      return numberText(value)
    case 'object':
      break
    default:
      throw mismatch('any', value)
  }
  if (Array.isArray(value)) return `[${value.map(schemalessJson).join()}]`
  if (value instanceof Uint8Array) return base64Text(value)
  if (value instanceof Map) {
    const entries = [...value]
    const object = entries.every(([key]) => typeof key === 'string')
    const shown = entries
      .map(([key, member]) =>
        object ? `${quoteJson(key)}:${schemalessJson(member)}` : `[${schemalessJson(key)},${schemalessJson(member)}]`,
      )
      .join()
    return object ? `{${shown}}` : `[${shown}]`
  }
  if (value instanceof Date || value instanceof Decimal)
    throw new DataError(`Java class class ${javaClass(value)} does not have corresponding schema type.`)
  const members = value as Readonly<Record<string, unknown>>
  let out = ''
  for (const key of Object.keys(members))
    out += `${out === '' ? '' : ','}${nameText(key)}${schemalessJson(resolveLazy(members[key]))}`
  return `{${out}}`
}

const names = new Map<string, string>()
const mostNames = 4096

/** A member's name in quotes with its colon. Records are alike, so names come again; the bound is for those that are data. */
const nameText = (name: string): string => {
  let shown = names.get(name)
  if (shown !== undefined) return shown
  shown = `${quoteJson(name)}:`
  if (names.size < mostNames && name.length <= 64) names.set(name, shown)
  return shown
}
