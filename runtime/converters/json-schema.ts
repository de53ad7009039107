import { DataError } from '../api/errors.ts'
import { quoteJson } from '../api/json-text.ts'
import { type Schema, type SchemaOptions, type SchemaType, s } from '../api/schema.ts'
import { jsonDecoder } from './json-decode.ts'
import { compileJson, defaultJson, type JsonSettings } from './json-encode.ts'

const jsonTypes: Readonly<Record<SchemaType, string>> = {
  BOOLEAN: 'boolean',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FLOAT32: 'float',
  FLOAT64: 'double',
  BYTES: 'bytes',
  STRING: 'string',
  ARRAY: 'array',
  MAP: 'map',
  STRUCT: 'struct',
}

/** The `schema` member of JsonConverter's envelope. */
export const schemaText = (schema: Schema | null, settings: JsonSettings, fieldName?: string): string => {
  if (schema === null) return 'null'
  let out = `{"type":"${jsonTypes[schema.type]}"`
  if (schema.type === 'ARRAY') out += `,"items":${schemaText(schema.valueSchema ?? null, settings)}`
  if (schema.type === 'MAP')
    out += `,"keys":${schemaText(schema.keySchema ?? null, settings)},"values":${schemaText(schema.valueSchema ?? null, settings)}`
  if (schema.type === 'STRUCT')
    out += `,"fields":[${schema.fields.map(field => schemaText(field.schema, settings, field.name)).join()}]`
  out += `,"optional":${schema.optional}`
  if (schema.name !== undefined) out += `,"name":${quoteJson(schema.name)}`
  if (schema.version !== undefined) out += `,"version":${schema.version}`
  if (schema.doc !== undefined) out += `,"doc":${quoteJson(schema.doc)}`
  if (schema.parameters !== undefined) {
    out += `,"parameters":{${Object.entries(schema.parameters)
      .map(([key, value]) => `${quoteJson(key)}:${quoteJson(value)}`)
      .join()}}`
  }
  if (schema.default !== undefined && schema.default !== null)
    out += `,"default":${defaultJson(schema, compileJson(schema, settings))}`
  if (fieldName !== undefined) out += `,"field":${quoteJson(fieldName)}`
  return `${out}}`
}

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

const primitives: Readonly<Record<string, (options: SchemaOptions) => Schema>> = {
  boolean: s.boolean,
  int8: s.int8,
  int16: s.int16,
  int32: s.int32,
  int64: s.int64,
  float: s.float32,
  double: s.float64,
  bytes: s.bytes,
  string: s.string,
}

const fieldsOf = (json: Json): [string, Schema][] => {
  const fields = json['fields']
  if (!Array.isArray(fields)) throw new DataError('Struct schema\'s "fields" argument is not an array.')
  return fields.map((field: unknown) => {
    const name = isObject(field) ? field['field'] : undefined
    if (typeof name !== 'string') throw new DataError("Struct schema's field name not specified properly")
    return [name, schemaOf(field)!]
  })
}

const withOptions = (json: Json, type: string, options: SchemaOptions): Schema => {
  const primitive = primitives[type]
  if (primitive !== undefined) return primitive(options)
  if (type === 'array') {
    const items = json['items']
    if (!isObject(items)) throw new DataError('Array schema did not specify the element type')
    return s.array(schemaOf(items)!, options)
  }
  if (type === 'map') {
    if (!isObject(json['keys'])) throw new DataError('Map schema did not specify the key type')
    if (!isObject(json['values'])) throw new DataError('Map schema did not specify the value type')
    return s.map(schemaOf(json['keys'])!, schemaOf(json['values'])!, options)
  }
  if (type === 'struct') return s.struct(fieldsOf(json), options)
  throw new DataError(`Unknown schema type: ${type}`)
}

/** Reads the `schema` member of an envelope; null for null. Throws DataError. */
export const schemaOf = (json: unknown): Schema | null => {
  if (json === null || json === undefined) return null
  if (!isObject(json)) throw new DataError("Schema must contain 'type' field")
  const type = json['type']
  if (typeof type !== 'string') throw new DataError("Schema must contain 'type' field")
  const { optional, name, version, doc, parameters } = json
  if (version !== undefined && version !== null && typeof version !== 'number')
    throw new DataError('Invalid schema version type, must be an integer')
  const options: SchemaOptions = {
    optional: optional === true,
    ...(typeof name === 'string' && { name }),
    // A fraction is no version, and no error either.
    ...(Number.isInteger(version) && { version: version as number }),
    ...(typeof doc === 'string' && { doc }),
    ...(isObject(parameters) && { parameters: stringParameters(parameters) }),
  }
  const schema = withOptions(json, type, options)
  const standIn = json['default']
  if (standIn === undefined || standIn === null) return schema
  // The default of a struct would have another schema, one without the default.
  if (schema.type === 'STRUCT') throw new DataError('Invalid default value')
  return schema.with({ default: jsonDecoder(schema, true)(standIn) })
}

const stringParameters = (parameters: Json): Record<string, string> => {
  for (const value of Object.values(parameters))
    if (typeof value !== 'string') throw new DataError('Schema parameters must have string values.')
  return parameters as Record<string, string>
}
