import { DataError } from '../../api/errors.ts'
import { DATE, DECIMAL, TIME, TIMESTAMP } from '../../api/logical.ts'
import { type Schema, type SchemaOptions, s } from '../../api/schema.ts'
import { connectDefault } from './defaults.ts'
import {
  type AvroEnum,
  type AvroNamed,
  type AvroRecord,
  type AvroType,
  type AvroUnion,
  isNamed,
  propsOf,
  simpleName,
} from './model.ts'
import {
  type AvroSettings,
  defaultPrecision,
  enumDefaultPrefix,
  enumDocPrefix,
  enumParameter,
  fieldDefaultParameter,
  fieldDocPrefix,
  fixedParameter,
  generalEnum,
  generalUnion,
  precisionParameter,
  recordDocParameter,
  unionName,
  unnamedRecord,
} from './settings.ts'
import { entryOf, isNull, memberName, onlyBranch } from './shapes.ts'

/** What a field adds to the schema of its type. */
interface Around {
  readonly version?: number | undefined
  /** As in the text. Undefined: none. */
  readonly default?: unknown
  readonly optional?: boolean
}

/** The Connect schemas of one Avro schema, as Confluent's AvroData makes them. Remembers what it made. */
export class ConnectSchemas {
  readonly #settings: AvroSettings
  readonly #open = new Set<AvroNamed>()

  constructor(settings: AvroSettings) {
    this.#settings = settings
  }

  /** `version`: of the schema in its subject. Throws DataError. */
  root(type: AvroType, version: number | undefined): Schema {
    return this.of(type, { version })
  }

  of(type: AvroType, around: Around = {}): Schema {
    if (type.type === 'union') return this.#union(type, around)
    if (!isNamed(type)) return this.#build(type, around)
    if (this.#open.has(type)) throw new DataError(`The Avro schema ${type.name} holds itself: Connect schemas cannot`)
    this.#open.add(type)
    try {
      return this.#build(type, around)
    } finally {
      this.#open.delete(type)
    }
  }

  #union(union: AvroUnion, around: Around): Schema {
    const only = onlyBranch(union, this.#settings)
    const optional = around.optional === true || union.branches.some(isNull)
    // As Confluent's: of an optional field only the default that the type itself tells is known.
    if (only !== undefined)
      return this.of(only, { version: around.version, optional, ...(!optional && { default: around.default }) })
    const { sumTypes } = this.#settings
    const branches = union.branches.filter(branch => !isNull(branch))
    const fields = branches.map(
      (branch, index) => [memberName(branch, index, this.#settings), this.of(branch, { optional: true })] as const,
    )
    if (new Set(fields.map(([name]) => name)).size < fields.length)
      throw new DataError(
        `Two members of a union have the same name without their namespaces (${fields.map(([name]) => name).join(', ')}): set enhanced.avro.schema.support=true`,
      )
    return s.struct(fields, {
      name: unionName,
      optional,
      ...(sumTypes && { parameters: { [generalUnion]: 'avro' } }),
    })
  }

  #build(type: Exclude<AvroType, AvroUnion>, around: Around): Schema {
    const props = propsOf(type)
    const base = this.#plain(type)
    const { metadata } = this.#settings
    const doc = metadata ? text(props['connect.doc']) : undefined
    const version = integer(props['connect.version']) ?? around.version ?? base.version
    const given = props['connect.parameters']
    const parameters = {
      ...base.parameters,
      ...(metadata && typeof given === 'object' && given !== null
        ? Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)]))
        : {}),
      ...Object.fromEntries(
        Object.entries(props)
          .filter(([key]) => key.startsWith('avro.'))
          .map(([key, value]) => [key, String(value)]),
      ),
      ...(around.default !== undefined &&
        props['connect.default'] === undefined && { [fieldDefaultParameter]: 'true' }),
    }
    const name = text(props['connect.name']) ?? base.name ?? (isNamed(type) ? type.name : undefined)
    const standIn = around.default ?? props['connect.default']
    const options: SchemaOptions = {
      ...(around.optional === true && { optional: true }),
      ...(doc !== undefined && { doc }),
      ...(version !== undefined && { version }),
      ...(Object.keys(parameters).length > 0 && { parameters }),
      ...(name !== undefined && !isUnnamed(name) && { name }),
    }
    const schema = base.with(options)
    return standIn === undefined || standIn === null
      ? schema
      : schema.with({ default: connectDefault(type, schema, standIn, this.#settings) })
  }

  /** Documentation of a record and its fields, as parameters. */
  #docs({ doc, fields }: AvroRecord): SchemaOptions {
    if (!this.#settings.metadata) return {}
    const parameters = {
      ...(doc !== undefined && { [recordDocParameter]: doc }),
      ...Object.fromEntries(
        fields.flatMap(field => (field.doc === undefined ? [] : [[fieldDocPrefix + field.name, field.doc]])),
      ),
    }
    return Object.keys(parameters).length === 0 ? {} : { parameters }
  }

  #enumDocs(type: AvroEnum): Record<string, string> {
    if (!this.#settings.metadata) return {}
    const name = simpleName(type.name)
    return {
      ...(type.doc !== undefined && { [enumDocPrefix + name]: type.doc }),
      ...(type.default !== undefined && { [enumDefaultPrefix + name]: type.default }),
    }
  }

  #plain(type: Exclude<AvroType, AvroUnion>): Schema {
    const props = propsOf(type)
    const logical = props['logicalType']
    switch (type.type) {
      case 'null':
        throw new DataError('The type null alone has no Connect schema')
      case 'boolean':
        return s.boolean()
      case 'int':
        if (logical === 'date') return s.int32({ name: DATE, version: 1 })
        if (logical === 'time-millis') return s.int32({ name: TIME, version: 1 })
        if (props['connect.type'] === 'int8') return s.int8()
        return props['connect.type'] === 'int16' ? s.int16() : s.int32()
      case 'long':
        return logical === 'timestamp-millis' ? s.int64({ name: TIMESTAMP, version: 1 }) : s.int64()
      case 'float':
        return s.float32()
      case 'double':
        return s.float64()
      case 'string':
        return s.string()
      case 'bytes':
        return logical === 'decimal' ? decimalOf(props) : s.bytes()
      case 'fixed':
        return logical === 'decimal'
          ? decimalOf(props)
          : s.bytes({ parameters: { [fixedParameter]: String(type.size) } })
      case 'enum': {
        const { sumTypes } = this.#settings
        const parameter = sumTypes ? generalEnum : enumParameter
        const symbols = type.symbols.map((symbol, index) => [
          `${parameter}.${symbol}`,
          sumTypes ? String(index) : symbol,
        ])
        return s.string({
          parameters: { ...this.#enumDocs(type), [parameter]: type.name, ...Object.fromEntries(symbols) },
        })
      }
      case 'map':
        return s.map(s.string(), this.of(type.values))
      case 'array': {
        const entry = entryOf(type)
        return entry === undefined ? s.array(this.of(type.items)) : s.map(this.of(entry.key), this.of(entry.value))
      }
      case 'record':
        return s.struct(
          type.fields.map(field => [field.name, this.of(field.type, { default: field.default })] as const),
          this.#docs(type),
        )
    }
  }
}

const isUnnamed = (name: string): boolean =>
  name.startsWith(unnamedRecord) && /^\d*$/.test(name.slice(unnamedRecord.length))

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const integer = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

const decimalOf = (props: Readonly<Record<string, unknown>>): Schema => {
  const { scale = 0, precision } = props
  return s.bytes({
    name: DECIMAL,
    version: 1,
    parameters: {
      scale: String(scale),
      ...(precision !== undefined && precision !== defaultPrecision && { [precisionParameter]: String(precision) }),
    },
  })
}
