import type { ByteWriter } from '../api/byte-writer.ts'
import { Decimal } from '../api/decimal.ts'
import { DataError } from '../api/errors.ts'
import { javaClass } from '../api/java-text.ts'
import { base64Text, decimalText, quoteJson } from '../api/json-text.ts'
import { resolveLazy } from '../api/lazy.ts'
import { DATE, DECIMAL, TIME, TIMESTAMP } from '../api/logical.ts'
import type { Schema } from '../api/schema.ts'
import {
  jsonFalse,
  jsonNull,
  jsonTrue,
  toBytes,
  writeDouble,
  writeFew,
  writeFloat,
  writeInteger,
  writeString,
} from './json-bytes.ts'
import { writeSchemaless } from './json-schemaless.ts'

export interface JsonSettings {
  /** `decimal.format` */
  readonly decimals: 'BASE64' | 'NUMERIC'
  /** `replace.null.with.default` */
  readonly replaceNull: boolean
}

/** Writes a value as JSON. Throws DataError; what was written before is for the caller to roll back. */
export type WriteJson = (out: ByteWriter, value: unknown) => void

const dayMs = 86_400_000
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const wrongType = (type: string, value: unknown): DataError =>
  new DataError(`Invalid type for ${type}: class ${javaClass(value)}`)

const integerOf =
  (type: string, min: number, max: number): WriteJson =>
  (out, value) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(type, value)
    if (value < min || value > max) throw new DataError(`Conversion error: ${value} is out of the range of ${type}`)
    writeInteger(out, value)
  }

const int64: WriteJson = (out, value) => {
  if (typeof value === 'bigint') {
    if (BigInt.asIntN(64, value) !== value)
      throw new DataError(`Conversion error: ${value} is out of the range of INT64`)
    out.writeText(`${value}`)
    return
  }
  if (!Number.isSafeInteger(value)) throw wrongType('INT64', value)
  writeInteger(out, value as number)
}

const float =
  (type: string, write: (out: ByteWriter, value: number) => void): WriteJson =>
  (out, value) => {
    if (typeof value !== 'number') throw wrongType(type, value)
    write(out, value)
  }

const text: WriteJson = (out, value) => {
  if (typeof value !== 'string') throw wrongType('STRING', value)
  writeString(out, value)
}

const boolean: WriteJson = (out, value) => {
  if (typeof value !== 'boolean') throw wrongType('BOOLEAN', value)
  writeFew(out, value ? jsonTrue : jsonFalse)
}

const bytes: WriteJson = (out, value) => {
  if (!(value instanceof Uint8Array)) throw wrongType('BYTES', value)
  out.writeText(base64Text(value))
}

const instant = (name: string, schema: Schema, value: unknown): number => {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime()
  throw new DataError(`Invalid type for ${name}, expected Date but was class ${javaClass(value, schema)}`)
}

const logicals: Readonly<Record<string, (schema: Schema, settings: JsonSettings) => WriteJson>> = {
  [DECIMAL]: (schema, { decimals }) => {
    const scale = Number(schema.parameters?.['scale'] ?? Number.NaN)
    return (out, value) => {
      if (!(value instanceof Decimal))
        throw new DataError(`Invalid type for Decimal, expected BigDecimal but was class ${javaClass(value)}`)
      if (decimals === 'NUMERIC') {
        out.writeText(decimalText(value))
        return
      }
      if (value.scale !== scale)
        throw new DataError(
          `Decimal value has mismatching scale for given Decimal schema. Schema has scale ${scale}, value has scale ${value.scale}.`,
        )
      out.writeText(base64Text(value.toBytes()))
    }
  },
  [DATE]: schema => (out, value) => {
    const ms = instant('Date', schema, value)
    if (ms % dayMs !== 0)
      throw new DataError('Kafka Connect Date type should not have any time fields set to non-zero values.')
    writeInteger(out, ms / dayMs)
  },
  [TIME]: schema => (out, value) => {
    const ms = instant('Time', schema, value)
    if (ms < 0 || ms > dayMs)
      throw new DataError('Kafka Connect Time type should not have any date fields set to non-zero values.')
    writeInteger(out, ms)
  },
  [TIMESTAMP]: schema => (out, value) => writeInteger(out, instant('Timestamp', schema, value)),
}

const compileType = (schema: Schema, settings: JsonSettings): WriteJson => {
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
      return float('FLOAT32', writeFloat)
    case 'FLOAT64':
      return float('FLOAT64', writeDouble)
    case 'BOOLEAN':
      return boolean
    case 'STRING':
      return text
    case 'BYTES':
      return bytes
    case 'ARRAY':
      return arrayWriter(schema, settings)
    case 'MAP':
      return mapWriter(schema, settings)
    case 'STRUCT':
      return structWriter(schema, settings)
  }
}

/** Elements without a schema of their own are written as they are. */
const itemWriter = ({ valueSchema }: Schema, settings: JsonSettings): WriteJson =>
  valueSchema === undefined ? writeSchemaless : compileJson(valueSchema, settings)

const arrayWriter = (schema: Schema, settings: JsonSettings): WriteJson => {
  const item = itemWriter(schema, settings)
  return (out, value) => {
    if (!Array.isArray(value)) throw wrongType('ARRAY', value)
    out.writeByte(OPEN_ARRAY)
    for (let index = 0; index < value.length; index++) {
      if (index > 0) out.writeByte(COMMA)
      item(out, value[index])
    }
    out.writeByte(CLOSE_ARRAY)
  }
}

const mapWriter = (schema: Schema, settings: JsonSettings): WriteJson => {
  const { keySchema } = schema
  if (keySchema === undefined) {
    return (out, value) => {
      if (!(value instanceof Map)) throw wrongType('MAP', value)
      writeSchemaless(out, value)
    }
  }
  const key = compileJson(keySchema, settings)
  const item = itemWriter(schema, settings)
  const object = keySchema.type === 'STRING'
  return (out, value) => {
    if (!(value instanceof Map)) throw wrongType('MAP', value)
    out.writeByte(object ? OPEN_OBJECT : OPEN_ARRAY)
    let first = true
    for (const [name, member] of value) {
      if (first) first = false
      else out.writeByte(COMMA)
      if (!object) out.writeByte(OPEN_ARRAY)
      // As the JVM has it: a null key of an optional string schema becomes the text "null".
      if (object && name === null) out.writeText('"null"')
      else key(out, name)
      out.writeByte(object ? COLON : COMMA)
      item(out, member)
      if (!object) out.writeByte(CLOSE_ARRAY)
    }
    out.writeByte(object ? CLOSE_OBJECT : CLOSE_ARRAY)
  }
}

const structWriter = (schema: Schema, settings: JsonSettings): WriteJson => {
  const members = schema.fields.map(({ name, index, schema: field }) => ({
    name,
    prefix: Buffer.from(`${index === 0 ? '{' : ','}${quoteJson(name)}:`),
    write: compileJson(field, settings),
  }))
  return (out, value) => {
    if (!isStruct(value)) throw wrongType('STRUCT', value)
    for (let index = 0; index < members.length; index++) {
      const { name, prefix, write } = members[index]!
      writeFew(out, prefix)
      write(out, value[name])
    }
    if (members.length === 0) out.writeByte(OPEN_OBJECT)
    out.writeByte(CLOSE_OBJECT)
  }
}

/** A plain object, none of the classes that stand for other types. */
export const isStruct = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Map) &&
  !(value instanceof Uint8Array) &&
  !(value instanceof Date) &&
  !(value instanceof Decimal)

/** The default of a schema as JSON. Kafka Connect has none for a struct: its schema, default included, is never that of the default. */
export const defaultJson = (schema: Schema, write: WriteJson): Buffer => {
  if (schema.type === 'STRUCT') throw new DataError('Mismatching schema.')
  return toBytes(write, schema.default)
}

/** Compiles the writer of a schema: closures made once, run per value. */
export const compileJson = (schema: Schema, settings: JsonSettings): WriteJson => {
  const write = compileType(schema, settings)
  let standIn: Buffer | undefined
  return (out, value) => {
    if (value !== null && value !== undefined) write(out, resolveLazy(value))
    else if (schema.default !== undefined && schema.default !== null && settings.replaceNull)
      out.writeBytes((standIn ??= defaultJson(schema, write)))
    else if (schema.optional) writeFew(out, jsonNull)
    else throw new DataError('Conversion error: null value for field that is required and has no default value')
  }
}
