import { DataError } from '../../api/errors.ts'
import type { Schema } from '../../api/schema.ts'
import { isUnion } from './encode.ts'
import { enumParameter } from './encode-scalar.ts'
import { knownFile, knownImports } from './known-types.ts'
import { logicalMessages } from './logical.ts'
import {
  type ProtoEnum,
  type ProtoField,
  type ProtoFile,
  type ProtoMessage,
  plainField,
  type ScalarType,
} from './model.ts'
import { entryName, isIdentifier, lastPart, scrubbed, unnamed } from './names.ts'
import { parseProto } from './parse.ts'
import {
  generalUnion,
  type ProtobufSettings,
  precisionParameter,
  tagParameter,
  typeParameter,
  unionPrefix,
  wrapperParameter,
} from './settings.ts'

const narrow: readonly string[] = ['int32', 'sint32', 'sfixed32']
const wide: readonly string[] = ['int64', 'uint32', 'uint64', 'sint64', 'fixed32', 'fixed64', 'sfixed64']

const newMessage = (name: string, scope: string): ProtoMessage => ({
  kind: 'message',
  name,
  fullName: scope === '' ? name : `${scope}.${name}`,
  fields: [],
  oneofs: [],
  messages: [],
  enums: [],
})

/** The message types that Connect types stand for; each is made once, and only where it is used. */
const knownMessages = new Map<string, ProtoMessage>()
const knownMessage = (fullName: string): ProtoMessage => {
  if (!knownMessages.has(fullName))
    for (const message of parseProto(knownFile(knownImports[fullName]!)!, new Map()).messages)
      knownMessages.set(message.fullName, message)
  return knownMessages.get(fullName)!
}

const wrapperNames: Readonly<Partial<Record<string, string>>> = {
  INT8: 'Int32',
  INT16: 'Int32',
  INT32: 'Int32',
  INT64: 'Int64',
  FLOAT32: 'Float',
  FLOAT64: 'Double',
  BOOLEAN: 'Bool',
  STRING: 'String',
  BYTES: 'Bytes',
}

const scalarOf: Readonly<Partial<Record<string, ScalarType>>> = {
  INT8: 'int32',
  INT16: 'int32',
  FLOAT32: 'float',
  FLOAT64: 'double',
  BOOLEAN: 'bool',
  STRING: 'string',
  BYTES: 'bytes',
}

/** The wrapper message of a primitive; undefined for other types. */
export const wrapperOf = ({ type }: Schema): ProtoMessage | undefined =>
  wrapperNames[type] === undefined ? undefined : knownMessage(`google.protobuf.${wrapperNames[type]}Value`)

/**
 * The proto3 file of a struct, with what it nests declared inside it. Names, numbers and types are those that Confluent's
 * converter gives, so that both register the same text. Throws DataError when the schema cannot be expressed.
 */
export const protoFromConnect = (schema: Schema, settings: ProtobufSettings): ProtoFile =>
  new Builder(settings).file(schema)

/** The full name that a struct's message gets. */
export const messageName = ({ name }: Schema, settings: ProtobufSettings): string =>
  (name || `${unnamed}1`)
    .split('.')
    .map(part => scrubbed(part, settings))
    .join('.')

class Builder {
  readonly #settings: ProtobufSettings
  readonly #imports: string[] = []
  /** What each nested message was made of. */
  readonly #madeFrom = new Map<ProtoMessage, Schema>()
  #unnamed = 0

  constructor(settings: ProtobufSettings) {
    this.#settings = settings
  }

  file(schema: Schema): ProtoFile {
    const parts = this.#nameOrDefault(schema.name)
      .split('.')
      .map(part => this.#checked(scrubbed(part, this.#settings), `the name of the schema ${schema.name}`))
    const name = parts.pop()!
    const inPackage = parts.join('.')
    const message = newMessage(name, inPackage)
    this.#fill(message, schema)
    return { package: inPackage, imports: this.#imports, messages: [message], enums: [] }
  }

  #checked(name: string, what: string): string {
    if (isIdentifier(name)) return name
    throw new DataError(
      `"${name}" cannot be a name in a Protobuf schema (${what}); scrub.invalid.names=true replaces what is invalid`,
    )
  }

  #nameOrDefault(name: string | undefined): string {
    return name === undefined || name === '' ? `${unnamed}${++this.#unnamed}` : name
  }

  #typeName(name: string | undefined): string {
    const last = scrubbed(lastPart(this.#nameOrDefault(name)), this.#settings)
    return this.#checked(last, `from the schema ${name ?? last}`)
  }

  #fill(message: ProtoMessage, schema: Schema): void {
    const members = schema.fields.flatMap(field => (isUnion(field.schema) ? field.schema.fields : [field]))
    const taken = new Set(members.map(member => tagOf(member.schema)))
    let next = 0
    const numberOf = (member: Schema): number => {
      const tag = tagOf(member)
      if (tag !== undefined) return tag
      do next++
      while (taken.has(next))
      return next
    }
    for (const { name, schema: field } of schema.fields) {
      if (isUnion(field)) this.#oneof(message, field, numberOf)
      else message.fields.push(this.#field(message, name, numberOf(field), field, undefined))
    }
    checkUnique(message)
  }

  #oneof(message: ProtoMessage, union: Schema, numberOf: (member: Schema) => number): void {
    const general = this.#settings.sumTypes ? union.parameters?.[generalUnion] : undefined
    const name = general ?? this.#typeName(union.name?.slice(unionPrefix.length + 1))
    message.oneofs.push(name)
    for (const { name: member, schema } of union.fields)
      message.fields.push(this.#field(message, member, numberOf(schema), schema, name))
  }

  #field(
    message: ProtoMessage,
    connectName: string,
    number: number,
    schema: Schema,
    oneof: string | undefined,
  ): ProtoField {
    const place = `${message.fullName}.${connectName}`
    const name = this.#checked(scrubbed(connectName, this.#settings), `the field ${place}`)
    const repeated = schema.type === 'ARRAY' || schema.type === 'MAP'
    if (repeated && oneof !== undefined)
      throw new DataError(`The field ${place} of a union is ${schema.type}, which a oneof of Protobuf cannot hold`)
    const optional = this.#settings.optionalNullables && schema.optional && !repeated && oneof === undefined
    const element = schema.type === 'ARRAY' ? elementOf(schema.valueSchema, place) : schema
    const type = this.#type(message, element, name, oneof !== undefined, place)
    const plain = plainField(name, number, type)
    return {
      ...plain,
      repeated,
      presence: !repeated && (plain.presence || optional || oneof !== undefined),
      proto3Optional: optional,
      packed: schema.type === 'ARRAY' && type !== 'string' && type !== 'bytes' && !isMessage(type),
      oneof,
      params: paramsOf(element),
    }
  }

  #type(message: ProtoMessage, schema: Schema, field: string, inUnion: boolean, place: string): ProtoField['type'] {
    const logical = schema.name === undefined ? undefined : logicalMessages[schema.name]
    if (logical !== undefined) return this.#known(logical)
    if (enumParameter(schema) !== undefined) return this.#enum(message, schema, place)
    switch (schema.type) {
      case 'ARRAY':
        throw new DataError(`The field ${place} is an array of arrays, which Protobuf cannot express`)
      case 'MAP':
        return this.#entry(message, schema)
      case 'STRUCT':
        return this.#struct(message, schema, field, place)
    }
    const wrapped =
      this.#settings.wrapperNullables &&
      schema.optional &&
      (!inUnion || schema.parameters?.[wrapperParameter] === 'true')
    return wrapped ? this.#known(`google.protobuf.${wrapperFor(schema)}Value`) : scalarFor(schema, place)
  }

  #known(fullName: string): ProtoMessage {
    const path = knownImports[fullName]!
    if (!this.#imports.includes(path)) this.#imports.push(path)
    return knownMessage(fullName)
  }

  #enum(message: ProtoMessage, schema: Schema, place: string): ProtoEnum {
    const parameter = enumParameter(schema)!
    const name = schema.name === undefined ? schema.parameters![parameter]! : this.#typeName(schema.name)
    const prefix = `${parameter}.`
    const values = Object.entries(schema.parameters!)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, number]): [string, number] => [key.slice(prefix.length), Number(number)])
    const zero = values.findIndex(([, number]) => number === 0)
    if (zero === -1)
      throw new DataError(`The field ${place}: the enum ${name} has no symbol for 0, which proto3 requires`)
    // Proto3 wants it first.
    values.unshift(...values.splice(zero, 1))
    const before = message.enums.find(other => other.name === name)
    if (before !== undefined) {
      if (JSON.stringify(before.values) === JSON.stringify(values)) return before
      throw new DataError(`The field ${place}: ${message.fullName} has two different enums named ${name}`)
    }
    const made: ProtoEnum = { kind: 'enum', name, fullName: `${message.fullName}.${name}`, values, closed: false }
    message.enums.push(made)
    return made
  }

  #entry(message: ProtoMessage, schema: Schema): ProtoMessage {
    const entry = newMessage(entryName(this.#typeName(schema.name)), message.fullName)
    message.messages.push(entry)
    entry.fields.push(
      this.#field(entry, 'key', 1, elementOf(schema.keySchema, entry.fullName), undefined),
      this.#field(entry, 'value', 2, elementOf(schema.valueSchema, entry.fullName), undefined),
    )
    return entry
  }

  #struct(message: ProtoMessage, schema: Schema, field: string, place: string): ProtoMessage {
    const plain = this.#typeName(schema.name)
    // A type and a field cannot share a name.
    const name = plain === field ? `${plain}Message` : plain
    const content = schema.with({ optional: false, parameters: undefined, default: undefined, doc: undefined })
    const before = message.messages.find(other => other.name === name)
    if (before !== undefined) {
      if (this.#madeFrom.get(before) === content) return before
      throw new DataError(`The field ${place}: ${message.fullName} has two different structs named ${name}`)
    }
    const made = newMessage(name, message.fullName)
    message.messages.push(made)
    this.#madeFrom.set(made, content)
    this.#fill(made, schema)
    return made
  }
}

const isMessage = (type: ProtoField['type']): boolean => typeof type !== 'string' && type.kind === 'message'

const tagOf = ({ parameters, type }: Schema): number | undefined => {
  const tag = parameters?.[tagParameter]
  if (tag === undefined) return undefined
  const number = Number(tag)
  if (Number.isInteger(number) && number >= 1 && number <= 536_870_911) return number
  throw new DataError(`The parameter ${tagParameter} of a ${type} schema is "${tag}", not a field number of Protobuf`)
}

const checkUnique = ({ fullName, fields }: ProtoMessage): void => {
  const names = new Map<string | number, string>()
  for (const { name, number } of fields) {
    const other = names.get(name) ?? names.get(number)
    if (other !== undefined)
      throw new DataError(`The Protobuf message ${fullName} would have the field ${name} = ${number} beside ${other}`)
    names.set(name, `${name} = ${number}`).set(number, `${name} = ${number}`)
  }
}

const scalarFor = (schema: Schema, place: string): ScalarType => {
  const plain = scalarOf[schema.type]
  if (plain !== undefined) return plain
  const isNarrow = schema.type === 'INT32'
  const type = schema.parameters?.[typeParameter] ?? (isNarrow ? 'int32' : 'int64')
  if ((isNarrow ? narrow : wide).includes(type)) return type as ScalarType
  throw new DataError(
    `The field ${place} is ${schema.type}, which cannot be the Protobuf type ${type} of its parameter ${typeParameter}`,
  )
}

const wrapperFor = (schema: Schema): string => {
  const type = schema.type === 'INT64' ? schema.parameters?.[typeParameter] : undefined
  if (type === 'uint32' || type === 'fixed32') return 'UInt32'
  return type === 'uint64' || type === 'fixed64' ? 'UInt64' : wrapperNames[schema.type]!
}

/** What Connect knows and Protobuf does not, as `confluent.field_meta` keeps it. */
const paramsOf = ({ name, type, parameters }: Schema): ReadonlyMap<string, string> => {
  const params = new Map<string, string>()
  if (name !== undefined && logicalMessages[name] === 'confluent.type.Decimal') {
    const precision = parameters?.[precisionParameter]
    const scale = parameters?.['scale']
    if (precision !== undefined) params.set('precision', precision)
    if (scale !== undefined) params.set('scale', scale)
  } else if (type === 'INT8' || type === 'INT16') params.set('connect.type', type.toLowerCase())
  return params
}

/** Text that is read as a list may have elements without a schema; Protobuf has no form for them. */
const elementOf = (schema: Schema | undefined, place: string): Schema => {
  if (schema === undefined)
    throw new DataError(`The elements of ${place} have no schema: Protobuf needs one type for all of them`)
  return schema
}
