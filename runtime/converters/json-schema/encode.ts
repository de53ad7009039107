import type { ByteWriter } from '../../api/byte-writer.ts'
import { DataError, isDataError } from '../../api/errors.ts'
import { javaClass } from '../../api/java-text.ts'
import { quoteJson } from '../../api/json-text.ts'
import { resolveLazy } from '../../api/lazy.ts'
import type { Schema } from '../../api/schema.ts'
import { jsonNull, writeFew } from '../json-bytes.ts'
import { compileJson, isStruct, type WriteJson } from '../json-encode.ts'
import { writeSchemaless } from '../json-schemaless.ts'
import type { JsonSchemaSettings } from './settings.ts'
import { isUnion } from './unions.ts'

const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const misfit = (place: string, type: string, value: unknown): DataError =>
  new DataError(`${place}: a value of class ${javaClass(value)} does not fit schema type ${type}`)

/** Compiles the writer of a schema's values. `place` names the root in errors. Throws DataError. */
export const compileWriter = (schema: Schema, settings: JsonSchemaSettings, place: string): WriteJson => {
  const write = plainWriter(schema, settings, place)
  const { default: standIn } = schema
  const hasDefault = standIn !== undefined && standIn !== null && !(settings.ignoreDefaults && schema.optional)
  return (out, value) => {
    if (value !== null && value !== undefined) write(out, resolveLazy(value))
    else if (hasDefault) write(out, standIn)
    else if (schema.optional) writeFew(out, jsonNull)
    else throw new DataError(`${place}: null for a required ${schema.type}`)
  }
}

const plainWriter = (schema: Schema, settings: JsonSchemaSettings, place: string): WriteJson => {
  switch (schema.type) {
    case 'ARRAY':
      return arrayWriter(schema, settings, place)
    case 'MAP':
      return mapWriter(schema, settings, place)
    case 'STRUCT':
      return isUnion(schema) ? unionWriter(schema, settings, place) : structWriter(schema, settings, place)
    default:
      return scalarWriter(schema, settings, place)
  }
}

const scalarWriter = (schema: Schema, settings: JsonSchemaSettings, place: string): WriteJson => {
  const write = compileJson(schema, { decimals: settings.decimals, replaceNull: !settings.ignoreDefaults })
  return (out, value) => {
    try {
      write(out, value)
    } catch (error) {
      if (!isDataError(error)) throw error
      throw new DataError(`${place}: ${error.message}`, { cause: error })
    }
  }
}

const itemWriter = ({ valueSchema }: Schema, settings: JsonSchemaSettings, place: string): WriteJson =>
  valueSchema === undefined ? writeSchemaless : compileWriter(valueSchema, settings, `${place}[]`)

const arrayWriter = (schema: Schema, settings: JsonSchemaSettings, place: string): WriteJson => {
  const item = itemWriter(schema, settings, place)
  return (out, value) => {
    if (!Array.isArray(value)) throw misfit(place, 'ARRAY', value)
    out.writeByte(OPEN_ARRAY)
    for (let index = 0; index < value.length; index++) {
      if (index > 0) out.writeByte(COMMA)
      item(out, value[index])
    }
    out.writeByte(CLOSE_ARRAY)
  }
}

const keyPrefix = Buffer.from('{"key":')
const valuePrefix = Buffer.from(',"value":')

const mapWriter = (schema: Schema, settings: JsonSchemaSettings, place: string): WriteJson => {
  const { keySchema } = schema
  const item = itemWriter(schema, settings, place)
  const key = keySchema === undefined ? writeSchemaless : compileWriter(keySchema, settings, `${place}.key`)
  const isObject = keySchema?.type === 'STRING' && !keySchema.optional
  const writeEntry = (out: ByteWriter, name: unknown, member: unknown): void => {
    if (!isObject) writeFew(out, keyPrefix)
    key(out, name)
    if (isObject) out.writeByte(COLON)
    else writeFew(out, valuePrefix)
    item(out, member)
    if (!isObject) out.writeByte(CLOSE_OBJECT)
  }
  return (out, value) => {
    if (!(value instanceof Map)) throw misfit(place, 'MAP', value)
    out.writeByte(isObject ? OPEN_OBJECT : OPEN_ARRAY)
    let first = true
    for (const [name, member] of value) {
      if (first) first = false
      else out.writeByte(COMMA)
      writeEntry(out, name, member)
    }
    out.writeByte(isObject ? CLOSE_OBJECT : CLOSE_ARRAY)
  }
}

/** Only the field that has a value is written, as that value. */
const unionWriter = (schema: Schema, settings: JsonSchemaSettings, place: string): WriteJson => {
  const branches = schema.fields.map(({ name, schema: field }) => ({
    name,
    write: compileWriter(field, settings, `${place}.${name}`),
  }))
  return (out, value) => {
    if (!isStruct(value)) throw misfit(place, 'STRUCT', value)
    for (const { name, write } of branches) {
      const member = Object.hasOwn(value, name) ? value[name] : undefined
      if (member === null || member === undefined) continue
      write(out, member)
      return
    }
    if (!schema.optional) throw new DataError(`${place}: no field of the union has a value`)
    writeFew(out, jsonNull)
  }
}

const structWriter = (schema: Schema, settings: JsonSchemaSettings, place: string): WriteJson => {
  const members = schema.fields.map(({ name, schema: field }) => ({
    name,
    inherited: name in Object.prototype,
    prefix: Buffer.from(`${quoteJson(name)}:`),
    write: compileWriter(field, settings, `${place}.${name}`),
  }))
  return (out, value) => {
    if (!isStruct(value)) throw misfit(place, 'STRUCT', value)
    out.writeByte(OPEN_OBJECT)
    for (let index = 0; index < members.length; index++) {
      const { name, prefix, write, inherited } = members[index]!
      const member = inherited && !Object.hasOwn(value, name) ? null : value[name]
      if (index > 0) out.writeByte(COMMA)
      writeFew(out, prefix)
      write(out, member)
    }
    out.writeByte(CLOSE_OBJECT)
  }
}
