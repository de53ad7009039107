import { DataError } from '../../api/errors.ts'
import { dateSchema, decimalSchema, timeSchema, timestampSchema } from '../../api/logical.ts'
import { type Schema, type SchemaOptions, s } from '../../api/schema.ts'
import { dateMessage, decimalMessage, isWrapper, timeMessage, timestampMessage } from './known-types.ts'
import { isScalar, mapEntry, type ProtoEnum, type ProtoField, type ProtoMessage, type ScalarType } from './model.ts'
import { mapName } from './names.ts'
import {
  generalEnum,
  generalUnion,
  type ProtobufSettings,
  precisionParameter,
  protobufEnum,
  tagParameter,
  typeParameter,
  unionPrefix,
  wrapperParameter,
} from './settings.ts'

/** Name of the field that holds a oneof's struct: `choice` or, counted among the message's oneofs, `choice_0`. */
export const unionField = (message: ProtoMessage, oneof: string, settings: ProtobufSettings): string =>
  settings.unionIndex ? `${oneof}_${message.oneofs.indexOf(oneof)}` : oneof

/** The field whose scalar stands for a wrapper message; undefined for other types. */
export const wrappedField = (type: ProtoField['type']): ProtoField | undefined =>
  !isScalar(type) && type.kind === 'message' && isWrapper(type.fullName) ? type.fields[0] : undefined

const integers: Readonly<Partial<Record<ScalarType, (options?: SchemaOptions) => Schema>>> = {
  int32: s.int32,
  sint32: s.int32,
  sfixed32: s.int32,
  uint32: s.int64,
  fixed32: s.int64,
  int64: s.int64,
  uint64: s.int64,
  sint64: s.int64,
  fixed64: s.int64,
  sfixed64: s.int64,
}

const others: Readonly<Partial<Record<ScalarType, (options?: SchemaOptions) => Schema>>> = {
  float: s.float32,
  double: s.float64,
  bool: s.boolean,
  string: s.string,
  bytes: s.bytes,
}

const scalarSchema = (type: ScalarType, params: ReadonlyMap<string, string>): Schema => {
  const other = others[type]
  if (other !== undefined) return other()
  const integer = integers[type]!
  if (integer === s.int32) {
    const connectType = params.get('connect.type')
    if (connectType === 'int8') return s.int8()
    if (connectType === 'int16') return s.int16()
  }
  return type === 'int32' || type === 'int64' ? integer() : integer({ parameters: { [typeParameter]: type } })
}

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^[+-]?\d{1,10}$/.test(text) ? Number(text) : undefined

const logicalSchema = (fullName: string, params: ReadonlyMap<string, string>): Schema | undefined => {
  switch (fullName) {
    case decimalMessage: {
      const precision = wholeNumber(params.get('precision'))
      const decimal = decimalSchema(wholeNumber(params.get('scale')) ?? 0)
      return precision === undefined ? decimal : withParameter(decimal, precisionParameter, String(precision))
    }
    case dateMessage:
      return dateSchema()
    case timeMessage:
      return timeSchema()
    case timestampMessage:
      return timestampSchema()
    default:
      return undefined
  }
}

const withParameter = (schema: Schema, name: string, value: string): Schema =>
  schema.with({ parameters: { ...schema.parameters, [name]: value } })

/** Builds Connect schemas of messages; one per registered schema. */
export class ConnectSchemas {
  readonly #settings: ProtobufSettings
  /** Messages that are being built, outermost first. */
  readonly #path: ProtoMessage[] = []
  readonly #structs = new Map<ProtoMessage, Schema>()

  constructor(settings: ProtobufSettings) {
    this.#settings = settings
  }

  /** The schema of a whole record. A wrapper message counts as a primitive unless `wrapper.for.raw.primitives` is off. */
  root(message: ProtoMessage, version: number | undefined): Schema {
    const wrapped = this.#settings.wrapperPrimitives ? wrappedField(message) : undefined
    const schema = wrapped === undefined ? this.#struct(message) : this.#wrapped(wrapped)
    return version === undefined ? schema : schema.with({ version })
  }

  #struct(message: ProtoMessage): Schema {
    const known = this.#structs.get(message)
    if (known !== undefined) return known
    if (this.#path.includes(message))
      throw new DataError(
        `The Protobuf message ${message.fullName} contains itself (${[...this.#path, message].map(({ name }) => name).join('.')}), which a Connect schema cannot describe`,
      )
    this.#path.push(message)
    const fields: [string, Schema][] = []
    for (const oneof of message.oneofs) {
      const members = message.fields.filter(field => field.oneof === oneof)
      if (this.#settings.flattenUnions)
        fields.push(...members.map((field): [string, Schema] => [field.name, this.field(field, true)]))
      else fields.push([unionField(message, oneof, this.#settings), this.#union(message, oneof, members)])
    }
    for (const field of message.fields)
      if (field.oneof === undefined) fields.push([field.name, this.field(field, false)])
    this.#path.pop()
    const schema = struct(fields, { name: this.#nameOf(message) }, message.fullName)
    this.#structs.set(message, schema)
    return schema
  }

  #union(message: ProtoMessage, oneof: string, members: readonly ProtoField[]): Schema {
    const { sumTypes, fullNames } = this.#settings
    const name = fullNames ? `${message.fullName}.${oneof}` : oneof
    return struct(
      members.map((field): [string, Schema] => [field.name, this.field(field, true)]),
      sumTypes
        ? { name: oneof, optional: true, parameters: { [generalUnion]: oneof } }
        : { name: `${unionPrefix}.${name}`, optional: true },
      `${message.fullName}.${oneof}`,
    )
  }

  /** The schema of a field, with the parameters that keep what only Protobuf knows. */
  field(field: ProtoField, inUnion: boolean): Schema {
    const { optionalNullables, wrapperNullables } = this.#settings
    const entry = mapEntry(field)
    let schema = entry === undefined ? this.#element(field) : this.#map(field.type as ProtoMessage, entry)
    if (field.repeated && entry === undefined) schema = s.array(schema.with({ optional: true }), { optional: true })
    const wrapped = wrapperNullables ? wrappedField(field.type) : undefined
    if (inUnion) {
      schema = schema.with({ optional: true })
      // A member is optional anyhow: only this tells a wrapper from a plain scalar.
      if (wrapped !== undefined) schema = withParameter(schema, wrapperParameter, 'true')
    } else if (optionalNullables ? field.presence && !field.required : !wrapperNullables) {
      schema = schema.with({ optional: true })
    }
    return withParameter(schema, tagParameter, String(field.number))
  }

  #element({ type, params }: ProtoField): Schema {
    if (isScalar(type)) return scalarSchema(type, params)
    if (type.kind === 'enum') return this.#enum(type)
    const wrapped = this.#settings.wrapperNullables ? wrappedField(type) : undefined
    const schema =
      logicalSchema(type.fullName, params) ?? (wrapped === undefined ? this.#struct(type) : this.#wrapped(wrapped))
    return schema.with({ optional: true })
  }

  // The width is not remembered: a wrapper is written as the widest of its kind.
  #wrapped(field: ProtoField): Schema {
    return scalarSchema(field.type as ScalarType, field.params).with({ parameters: undefined })
  }

  #enum(type: ProtoEnum): Schema {
    const { sumTypes, intEnums } = this.#settings
    const parameter = sumTypes ? generalEnum : protobufEnum
    const parameters: Record<string, string> = { [parameter]: type.name }
    for (const [symbol, number] of type.values) parameters[`${parameter}.${symbol}`] = String(number)
    return (intEnums ? s.int32 : s.string)({ name: this.#nameOf(type), optional: true, parameters })
  }

  #map(type: ProtoMessage, [key, value]: readonly [ProtoField, ProtoField]): Schema {
    return s.map(this.field(key, false), this.field(value, false), {
      name: mapName(this.#nameOf(type)),
      optional: true,
    })
  }

  #nameOf({ name, fullName }: ProtoMessage | ProtoEnum): string {
    return this.#settings.fullNames ? fullName : name
  }
}

const struct = (fields: readonly (readonly [string, Schema])[], options: SchemaOptions, place: string): Schema => {
  try {
    return s.struct(fields, options)
  } catch (error) {
    throw new DataError(
      `The Protobuf message ${place} gives no Connect schema: ${(error as Error).message}; try another generate.index.for.unions or flatten.unions`,
      { cause: error },
    )
  }
}
