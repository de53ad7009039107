import { Decimal } from '../../api/decimal.ts'
import { DataError, isDataError } from '../../api/errors.ts'
import { DATE, DECIMAL, TIME, TIMESTAMP } from '../../api/logical.ts'
import { objectMaker } from '../../api/object-maker.ts'
import type { Schema } from '../../api/schema.ts'
import { type DecodeJson, jsonDecoder } from '../json-decode.ts'
import { isObject } from './document.ts'
import type { JsonSchemaSettings } from './settings.ts'
import { branchOf, fits, isUnion } from './unions.ts'

const nameOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (value instanceof Decimal || typeof value === 'bigint') return 'number'
  return typeof value
}

const misfit = (place: string, schema: Schema, value: unknown): DataError =>
  new DataError(`${place}: JSON of type ${nameOf(value)} does not fit schema type ${schema.type}`)

/** Compiles the reader of parsed JSON as values of a schema. `place` names the root in errors. Throws DataError. */
export const compileReader = (schema: Schema, settings: JsonSchemaSettings, place: string): DecodeJson => {
  const read = plainReader(schema, settings, place)
  const hasDefault =
    schema.default !== undefined && schema.default !== null && !(settings.ignoreDefaults && schema.optional)
  return value => {
    if (value !== null && value !== undefined) return read(value)
    if (hasDefault) return schema.default
    if (schema.optional) return null
    // Undefined only as a property of an object.
    const remedy = value === undefined && !settings.optionalNonRequired
    throw new DataError(
      `${place}: ${value === undefined ? 'nothing' : 'null'} for a required ${schema.type}${remedy ? ': set use.optional.for.nonrequired=true where properties may be missing' : ''}`,
    )
  }
}

const plainReader = (schema: Schema, settings: JsonSchemaSettings, place: string): DecodeJson => {
  switch (schema.type) {
    case 'ARRAY':
      return arrayReader(schema, settings, place)
    case 'MAP':
      return mapReader(schema, settings, place)
    case 'STRUCT':
      return isUnion(schema) ? unionReader(schema, settings, place) : structReader(schema, settings, place)
    default:
      return scalarReader(schema, place)
  }
}

const logical = new Set([DECIMAL, DATE, TIME, TIMESTAMP])

/** What fits is read as JsonConverter reads it; what does not is an error here (invariant 9). */
const scalarReader = (schema: Schema, place: string): DecodeJson => {
  const read = jsonDecoder(schema, false)
  const isLogical = schema.name !== undefined && logical.has(schema.name)
  return value => {
    if (!isLogical && !fits(schema, value)) throw misfit(place, schema, value)
    try {
      return read(value)
    } catch (error) {
      if (!isDataError(error)) throw error
      throw new DataError(`${place}: ${error.message}`, { cause: error })
    }
  }
}

const arrayReader = (schema: Schema, settings: JsonSchemaSettings, place: string): DecodeJson => {
  const read = compileReader(schema.valueSchema!, settings, `${place}[]`)
  return value => {
    if (!Array.isArray(value)) throw misfit(place, schema, value)
    return value.map(item => read(item))
  }
}

const mapReader = (schema: Schema, settings: JsonSchemaSettings, place: string): DecodeJson => {
  const keySchema = schema.keySchema!
  const read = compileReader(schema.valueSchema!, settings, `${place}[]`)
  if (keySchema.type === 'STRING' && !keySchema.optional)
    return value => {
      if (!isObject(value)) throw misfit(place, schema, value)
      return new Map(Object.entries(value).map(([key, member]) => [key, read(member)]))
    }
  const readKey = compileReader(keySchema, settings, `${place}.key`)
  return value => {
    if (!Array.isArray(value)) throw misfit(place, schema, value)
    return new Map(
      value.map((pair: unknown) => {
        if (!isObject(pair)) throw new DataError(`${place}: an entry must be an object, not ${nameOf(pair)}`)
        return [readKey(pair['key']), read(pair['value'])]
      }),
    )
  }
}

const unionReader = (schema: Schema, settings: JsonSchemaSettings, place: string): DecodeJson => {
  const names = schema.fields.map(({ name }) => name)
  const readers = schema.fields.map(({ name, schema: field }) => compileReader(field, settings, `${place}.${name}`))
  const make = objectMaker(names)
  return value => {
    const branch = branchOf(schema, value)
    if (branch < 0) throw new DataError(`${place}: JSON of type ${nameOf(value)} fits none of the schemas of the union`)
    const members = new Array<unknown>(names.length).fill(null)
    members[branch] = readers[branch]!(value)
    return make(members, 0)
  }
}

const structReader = (schema: Schema, settings: JsonSchemaSettings, place: string): DecodeJson => {
  const names = schema.fields.map(({ name }) => name)
  // Of an object without such a member these are still there.
  const inherited = names.map(name => name in Object.prototype)
  const readers = schema.fields.map(({ name, schema: field }) => compileReader(field, settings, `${place}.${name}`))
  const make = objectMaker(names)
  return value => {
    if (!isObject(value)) throw misfit(place, schema, value)
    const members = new Array<unknown>(names.length)
    for (let index = 0; index < names.length; index++) {
      const name = names[index]!
      members[index] = readers[index]!(inherited[index] && !Object.hasOwn(value, name) ? undefined : value[name])
    }
    return make(members, 0)
  }
}
