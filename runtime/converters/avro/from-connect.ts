import { Decimal } from '../../api/decimal.ts'
import { DataError } from '../../api/errors.ts'
import { DATE, DECIMAL, TIME, TIMESTAMP } from '../../api/logical.ts'
import type { Field, Schema } from '../../api/schema.ts'
import {
  type AvroField,
  type AvroRecord,
  type AvroType,
  type AvroUnion,
  type PrimitiveType,
  simpleName,
} from './model.ts'
import { fieldName, fullName } from './names.ts'
import {
  type AvroSettings,
  defaultNamespace,
  defaultPrecision,
  enumDefaultPrefix,
  enumDocPrefix,
  enumParameter,
  fieldDefaultParameter,
  fieldDocPrefix,
  fixedParameter,
  generalEnum,
  generalUnion,
  mapEntry,
  precisionParameter,
  recordDocParameter,
  unionName,
  unnamedRecord,
} from './settings.ts'

const primitiveOf: Readonly<Record<string, PrimitiveType>> = {
  INT8: 'int',
  INT16: 'int',
  INT32: 'int',
  INT64: 'long',
  FLOAT32: 'float',
  FLOAT64: 'double',
  BOOLEAN: 'boolean',
  STRING: 'string',
  BYTES: 'bytes',
}

const logicalTypes: Readonly<Record<string, string>> = {
  [DECIMAL]: 'decimal',
  [TIME]: 'time-millis',
  [TIMESTAMP]: 'timestamp-millis',
  [DATE]: 'date',
}

const nullType: AvroType = { type: 'null', props: {} }

/** A union member of a struct that stands for a union; its fields are the branches. */
export const isUnion = ({ type, name, parameters }: Schema): boolean =>
  type === 'STRUCT' && (name === unionName || parameters?.[generalUnion] !== undefined)

/** Whether a map is written as one, not as an array of entries. */
export const isPlainMap = ({ keySchema }: Schema, { optionalKeys }: AvroSettings): boolean =>
  keySchema?.type === 'STRING' && (optionalKeys || !keySchema.optional)

/** The symbols of a text that stands for an enum, in their order; undefined for plain text. */
const enumOf = (
  schema: Schema,
  { enhanced, sumTypes }: AvroSettings,
): { name: string; symbols: string[] } | undefined => {
  const parameter = sumTypes ? generalEnum : enumParameter
  const name = schema.parameters?.[parameter]
  if (schema.type !== 'STRING' || name === undefined || !(enhanced || sumTypes)) return undefined
  const symbols = Object.keys(schema.parameters!).filter(key => key.startsWith(`${parameter}.`))
  return { name, symbols: symbols.map(key => key.slice(parameter.length + 1)) }
}

/** Makes the Avro schema of a Connect schema, as Confluent's AvroData does. */
class Converter {
  readonly #settings: AvroSettings
  readonly #records = new Map<string, AvroType>()
  #unnamed = 0

  constructor(settings: AvroSettings) {
    this.#settings = settings
  }

  convert(schema: Schema): AvroType {
    const base = this.#base(schema)
    if (!schema.optional || base.type === 'union') return base
    // The default of a union is of its first branch.
    const branches = this.#tellsDefault(schema) ? [base, nullType] : [nullType, base]
    return { type: 'union', branches }
  }

  #base(schema: Schema): AvroType {
    if (isUnion(schema)) return this.#union(schema)
    switch (schema.type) {
      case 'STRUCT':
        return this.#record(schema)
      case 'ARRAY':
        return { type: 'array', items: this.convert(schema.valueSchema!), props: this.#props(schema) }
      case 'MAP':
        if (isPlainMap(schema, this.#settings))
          return { type: 'map', values: this.convert(schema.valueSchema!), props: this.#props(schema) }
        return { type: 'array', items: this.#entry(schema), props: this.#props(schema) }
      default: {
        const symbols = enumOf(schema, this.#settings)
        if (symbols !== undefined) {
          const name = fullName(symbols.name, this.#settings)
          const doc = schema.parameters?.[enumDocPrefix + simpleName(name)]
          const standIn = schema.parameters?.[enumDefaultPrefix + simpleName(name)]
          return this.#define(name, {
            type: 'enum',
            name,
            ...(doc !== undefined && { doc }),
            symbols: symbols.symbols,
            ...(standIn !== undefined && { default: standIn }),
            props: this.#props(schema),
          })
        }
        const size = schema.type === 'BYTES' ? schema.parameters?.[fixedParameter] : undefined
        if (size !== undefined) {
          const name = fullName(schema.name ?? `${defaultNamespace}.Fixed${size}`, this.#settings)
          return this.#define(name, { type: 'fixed', name, size: Number(size), props: this.#props(schema) })
        }
        return { type: primitiveOf[schema.type]!, props: this.#props(schema) }
      }
    }
  }

  /** What is defined once is that type from then on; another one under its name would change its meaning. */
  #define<T extends AvroType>(name: string, type: T): T {
    const known = this.#records.get(name)
    if (known === undefined) this.#records.set(name, type)
    else if (JSON.stringify(known) === JSON.stringify(type)) return known as T
    else throw new DataError(`Two different schemas have the name ${name}: Avro needs one each`)
    return type
  }

  readonly #bySchema = new Map<Schema, AvroRecord>()

  #record(schema: Schema): AvroType {
    const plain = schema.with({ optional: false, default: undefined })
    const known = this.#bySchema.get(plain)
    if (known !== undefined) return known
    const name =
      schema.name === undefined
        ? `${unnamedRecord}${this.#unnamed++ === 0 ? '' : this.#unnamed}`
        : fullName(schema.name, this.#settings)
    if (this.#records.has(name)) throw new DataError(`Two different schemas have the name ${name}: Avro needs one each`)
    const doc = schema.parameters?.[recordDocParameter]
    const record: AvroRecord = {
      type: 'record',
      name,
      ...(doc !== undefined && { doc }),
      fields: [],
      props: this.#props(schema),
    }
    this.#records.set(name, record)
    this.#bySchema.set(plain, record)
    record.fields = schema.fields.map(field => this.#field(field, schema.parameters?.[fieldDocPrefix + field.name]))
    return record
  }

  #field({ name, schema }: Field, doc: string | undefined): AvroField {
    const type = this.convert(schema)
    return {
      name: fieldName(name, this.#settings),
      type,
      ...(doc !== undefined && { doc }),
      ...(this.#tellsDefault(schema)
        ? { default: defaultJson(schema, schema.default) }
        : schema.optional
          ? { default: null }
          : {}),
    }
  }

  #tellsDefault(schema: Schema): boolean {
    const { default: standIn, optional } = schema
    return standIn !== undefined && standIn !== null && !(this.#settings.ignoreDefaults && optional)
  }

  #entry(schema: Schema): AvroRecord {
    const name = schema.name === undefined ? `${defaultNamespace}.${mapEntry}` : fullName(schema.name, this.#settings)
    const props = schema.name === undefined ? {} : { 'connect.internal.type': mapEntry }
    const fields = [
      this.#field({ name: 'key', index: 0, schema: schema.keySchema! }, undefined),
      this.#field({ name: 'value', index: 1, schema: schema.valueSchema! }, undefined),
    ]
    return this.#define(name, { type: 'record', name, fields, props })
  }

  #union(schema: Schema): AvroUnion {
    const branches = schema.fields.map(field => this.convert(field.schema.with({ optional: false })))
    return { type: 'union', branches: schema.optional ? [nullType, ...branches] : branches }
  }

  /** What Avro has no word for, in the order in which AvroData adds it: the text is compared byte by byte. */
  #props(schema: Schema): Record<string, unknown> {
    const { metadata, discardDocs, ignoreDefaults } = this.#settings
    const { name, version, doc, parameters, optional } = schema
    const props: Record<string, unknown> = {}
    if (name === DECIMAL) {
      props['scale'] = Number(parameters?.['scale'] ?? 0)
      props['precision'] = Number(parameters?.[precisionParameter] ?? defaultPrecision)
    }
    if (metadata) {
      if (doc !== undefined && !discardDocs) props['connect.doc'] = doc
      if (version !== undefined) props['connect.version'] = version
      const { [fieldDefaultParameter]: ofField, ...told } = parameters ?? {}
      if (Object.keys(told).length > 0) props['connect.parameters'] = told
      const standIn = ofField === undefined ? schema.default : undefined
      if (standIn !== undefined && standIn !== null && !discardDocs && !(ignoreDefaults && optional))
        props['connect.default'] = defaultJson(schema, standIn)
      if (name !== undefined) props['connect.name'] = name
      if (schema.type === 'INT8' || schema.type === 'INT16') props['connect.type'] = schema.type.toLowerCase()
    }
    const logical = name === undefined ? undefined : logicalTypes[name]
    if (logical !== undefined) props['logicalType'] = logical
    for (const [key, value] of Object.entries(parameters ?? {})) if (key.startsWith('avro.')) props[key] = value
    return props
  }
}

const bytesJson = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** A default as Avro's JSON has it. */
const defaultJson = (schema: Schema, value: unknown): unknown => {
  if (value === null || value === undefined) return null
  if (value instanceof Decimal) return bytesJson(value.toBytes())
  if (value instanceof Date) return schema.name === DATE ? Math.floor(value.getTime() / 86_400_000) : value.getTime()
  switch (schema.type) {
    case 'BYTES':
      return bytesJson(value as Uint8Array)
    case 'INT64':
      if (typeof value === 'bigint' && !Number.isSafeInteger(Number(value)))
        throw new DataError(`The default ${value} is too large for a number in the text of a schema`)
      return Number(value)
    case 'ARRAY':
      return (value as readonly unknown[]).map(item => defaultJson(schema.valueSchema!, item))
    case 'MAP': {
      const entries = [...(value as Map<unknown, unknown>)]
      if (schema.keySchema?.type === 'STRING' && !schema.keySchema.optional)
        return Object.fromEntries(entries.map(([key, item]) => [key, defaultJson(schema.valueSchema!, item)]))
      return entries.map(([key, item]) => ({
        key: defaultJson(schema.keySchema!, key),
        value: defaultJson(schema.valueSchema!, item),
      }))
    }
    case 'STRUCT':
      return Object.fromEntries(
        schema.fields.map(field => [
          field.name,
          defaultJson(field.schema, (value as Readonly<Record<string, unknown>>)[field.name]),
        ]),
      )
    default:
      return value
  }
}

/** Throws DataError for what Avro cannot express. */
export const avroFromConnect = (schema: Schema, settings: AvroSettings): AvroType =>
  new Converter(settings).convert(schema)
