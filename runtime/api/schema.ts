import { DataError } from './errors.ts'
import { valueKey } from './value-key.ts'

/** Connect's schema types; a logical type is a base type with a `name` (see logical.ts). */
export type SchemaType =
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FLOAT32'
  | 'FLOAT64'
  | 'BOOLEAN'
  | 'STRING'
  | 'BYTES'
  | 'ARRAY'
  | 'MAP'
  | 'STRUCT'

export interface Field {
  readonly name: string
  readonly index: number
  readonly schema: Schema
}

export interface SchemaOptions {
  readonly optional?: boolean
  readonly name?: string
  readonly version?: number
  readonly doc?: string
  readonly parameters?: Readonly<Record<string, string>>
  /** What a missing value stands for; has the shape that the schema's values have. */
  readonly default?: unknown
}

interface SchemaSpec extends SchemaOptions {
  readonly type: SchemaType
  readonly fields?: readonly (readonly [string, Schema])[]
  readonly keySchema?: Schema
  readonly valueSchema?: Schema
}

/**
 * An immutable description of a value. Schemas are interned: two with the same content are the same object, so `===`
 * compares them and a converter may keep what it compiled in a WeakMap.
 *
 * Values: INT8..INT32, FLOAT: number. INT64: number when safe, else bigint. BYTES: Uint8Array. ARRAY: array. MAP: Map.
 * STRUCT: plain object whose members are the fields. Logical: Decimal, Date (see logical.ts).
 */
export class Schema {
  readonly id: number
  readonly type: SchemaType
  readonly optional: boolean
  readonly name: string | undefined
  readonly version: number | undefined
  readonly doc: string | undefined
  readonly parameters: Readonly<Record<string, string>> | undefined
  readonly default: unknown
  /** STRUCT only; in declaration order. */
  readonly fields: readonly Field[]
  /** MAP only; undefined: keys without a schema. */
  readonly keySchema: Schema | undefined
  /** MAP and ARRAY only; undefined: values without a schema. */
  readonly valueSchema: Schema | undefined
  readonly #byName: ReadonlyMap<string, Field>

  /** Use the builders below; the constructor does not intern. */
  constructor(id: number, spec: SchemaSpec) {
    this.id = id
    this.type = spec.type
    this.optional = spec.optional ?? false
    this.name = spec.name
    this.version = spec.version
    this.doc = spec.doc
    this.parameters = spec.parameters === undefined ? undefined : Object.freeze({ ...spec.parameters })
    this.default = spec.default
    this.fields = (spec.fields ?? []).map(([name, schema], index) => Object.freeze({ name, index, schema }))
    this.keySchema = spec.keySchema
    this.valueSchema = spec.valueSchema
    this.#byName = new Map(this.fields.map(field => [field.name, field]))
    if (this.#byName.size !== this.fields.length) {
      const twice = this.fields.find(field => this.#byName.get(field.name) !== field)
      throw new DataError(`Cannot create field because of field name duplication ${twice?.name}`)
    }
    Object.freeze(this)
  }

  field(name: string): Field | undefined {
    return this.#byName.get(name)
  }

  /** The same schema with other options; `undefined` removes one. */
  with(options: SchemaOptions): Schema {
    return intern({
      type: this.type,
      optional: this.optional,
      name: this.name,
      version: this.version,
      doc: this.doc,
      parameters: this.parameters,
      default: this.default,
      fields: this.fields.map(field => [field.name, field.schema] as const),
      keySchema: this.keySchema,
      valueSchema: this.valueSchema,
      ...options,
    })
  }
}

const interned = new Map<string, WeakRef<Schema>>()
const forget = new FinalizationRegistry<string>(key => {
  if (interned.get(key)?.deref() === undefined) interned.delete(key)
})
let nextId = 1

const intern = (spec: SchemaSpec): Schema => {
  const key = JSON.stringify([
    spec.type,
    spec.optional ?? false,
    spec.name,
    spec.version,
    spec.doc,
    // Order of parameters is kept: it shows in the JSON form.
    spec.parameters && Object.entries(spec.parameters),
    spec.default === undefined ? undefined : valueKey(spec.default),
    spec.type === 'STRUCT' ? spec.fields?.map(([name, schema]) => [name, schema.id]) : undefined,
    spec.keySchema?.id,
    spec.valueSchema?.id,
  ])
  const known = interned.get(key)?.deref()
  if (known !== undefined) return known
  const schema = new Schema(nextId++, spec)
  interned.set(key, new WeakRef(schema))
  forget.register(schema, key)
  return schema
}

const primitive = (type: SchemaType) => {
  const plain = intern({ type })
  return (options?: SchemaOptions): Schema => (options === undefined ? plain : intern({ type, ...options }))
}

/** Fields as an object, or as pairs where a name might look like a number (objects reorder those). */
export type FieldsInput = Readonly<Record<string, Schema>> | readonly (readonly [string, Schema])[]

/** Builders of schemas: `s.struct({ id: s.int32(), name: s.string({ optional: true }) }, { name: 'Customer' })`. */
export const s = {
  int8: primitive('INT8'),
  int16: primitive('INT16'),
  int32: primitive('INT32'),
  int64: primitive('INT64'),
  float32: primitive('FLOAT32'),
  float64: primitive('FLOAT64'),
  boolean: primitive('BOOLEAN'),
  string: primitive('STRING'),
  bytes: primitive('BYTES'),
  /** `null`: elements without a schema of their own, as text that is read as a list may give. */
  array: (valueSchema: Schema | null, options: SchemaOptions = {}): Schema =>
    intern({ type: 'ARRAY', ...(valueSchema !== null && { valueSchema }), ...options }),
  /** `null`: keys or values without a schema of their own. */
  map: (keySchema: Schema | null, valueSchema: Schema | null, options: SchemaOptions = {}): Schema =>
    intern({
      type: 'MAP',
      ...(keySchema !== null && { keySchema }),
      ...(valueSchema !== null && { valueSchema }),
      ...options,
    }),
  struct: (fields: FieldsInput, options: SchemaOptions = {}): Schema =>
    intern({ type: 'STRUCT', fields: Array.isArray(fields) ? fields : Object.entries(fields), ...options }),
} as const
