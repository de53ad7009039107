import protobuf from 'protobufjs'
import { DataError } from '../../api/errors.ts'
import { quoteJson } from '../../api/json-text.ts'

// The part of Protobuf's descriptor.proto that data needs, with the option that keeps Connect's types.
const declarations = `syntax = "proto2";
message File { optional string package = 2; repeated string dependency = 3; repeated Message message = 4; repeated Enum enum = 5; optional string syntax = 12; }
message Message { optional string name = 1; repeated Field field = 2; repeated Message message = 3; repeated Enum enum = 4; repeated Oneof oneof = 8; }
message Field { optional string name = 1; optional int32 number = 3; optional int32 label = 4; optional int32 type = 5; optional string type_name = 6;
  optional string default_value = 7; optional Options options = 8; optional int32 oneof_index = 9; optional bool proto3_optional = 17; }
message Options { optional bool packed = 2; optional Meta meta = 1088; }
message Meta { map<string, string> params = 2; }
message Oneof { optional string name = 1; }
message Enum { optional string name = 1; repeated Value value = 2; optional EnumOptions options = 3; }
message EnumOptions { optional bool allow_alias = 2; }
message Value { optional string name = 1; optional int32 number = 2; }`

interface File {
  readonly package?: string
  readonly dependency: readonly string[]
  readonly message: readonly Message[]
  readonly enum: readonly Enum[]
  readonly syntax?: string
}

interface Message {
  readonly name: string
  readonly field: readonly Field[]
  readonly message: readonly Message[]
  readonly enum: readonly Enum[]
  readonly oneof: readonly { readonly name: string }[]
}

interface Field {
  readonly name: string
  readonly number: number
  readonly label?: number
  readonly type: number
  readonly type_name?: string
  readonly default_value?: string
  readonly options?: {
    readonly packed?: boolean
    readonly meta?: { readonly params: Readonly<Record<string, string>> }
  }
  readonly oneof_index?: number
  readonly proto3_optional?: boolean
}

interface Enum {
  readonly name: string
  readonly value: readonly { readonly name: string; readonly number: number }[]
  readonly options?: { readonly allow_alias?: boolean }
}

/** By their numbers in descriptor.proto. */
const typeNames =
  '- double float int64 uint64 int32 fixed64 fixed32 bool string group message bytes uint32 enum sfixed32 sfixed64 sint32 sint64'.split(
    ' ',
  )
const labels = ['', 'optional ', 'required ', 'repeated ']

let fileType: protobuf.Type | undefined

/** Many clients register a file in its compiled form, as base64. */
export const isDescriptor = (text: string): boolean => /^[A-Za-z0-9+/]{8,}={0,2}$/.test(text)

/** The .proto text of a compiled file, without what is no data: comments, services, extensions. Throws DataError. */
export const descriptorText = (base64: string): string => {
  fileType ??= protobuf.parse(declarations, { keepCase: true }).root.lookupType('File')
  let file: File
  try {
    const decoded = fileType.decode(Buffer.from(base64, 'base64'))
    file = fileType.toObject(decoded, { arrays: true }) as File
  } catch (error) {
    throw new DataError(`Neither a Protobuf schema nor a compiled one in base64: ${(error as Error).message}`, {
      cause: error,
    })
  }
  const { package: inPackage, dependency, message, enum: enums, syntax = 'proto2' } = file
  if (syntax !== 'proto2' && syntax !== 'proto3')
    throw new DataError(`A compiled Protobuf schema of syntax ${syntax} cannot be read: register its text`)
  return [
    `syntax = "${syntax}";`,
    inPackage === undefined ? '' : `package ${inPackage};`,
    ...dependency.map(path => `import ${quoteJson(path)};`),
    ...message.map(one => messageText(one, syntax === 'proto2')),
    ...enums.map(enumText),
  ].join('\n')
}

// The entry of a `map<>` stays a message: it counts among those that a record's indexes go through.
const messageText = ({ name, field, message, enum: enums, oneof }: Message, proto2: boolean): string => {
  const parts = field
    .filter(one => one.oneof_index === undefined || one.proto3_optional === true)
    .map(one => fieldText(one, one.proto3_optional === true ? 'optional ' : label(one, proto2)))
  for (const [index, { name: choice }] of oneof.entries()) {
    const members = field.filter(one => one.oneof_index === index && one.proto3_optional !== true)
    // Without a member it is what `optional` implies.
    if (members.length > 0) parts.push(`oneof ${choice} {\n${members.map(one => fieldText(one, '')).join('\n')}\n}`)
  }
  return `message ${name} {\n${[...parts, ...message.map(one => messageText(one, proto2)), ...enums.map(enumText)].join('\n')}\n}`
}

const label = ({ label: number = 1 }: Field, proto2: boolean): string =>
  proto2 || number === 3 ? (labels[number] ?? '') : ''

const fieldText = (field: Field, label: string): string => {
  const { name, number, type, type_name: typeName, default_value: standIn, options } = field
  if (type === 10) throw new DataError(`The field ${name} is a group, which Connect data cannot hold`)
  const given: string[] = []
  if (standIn !== undefined) given.push(`default = ${type === 9 || type === 12 ? quoteJson(standIn) : standIn}`)
  if (options?.packed !== undefined) given.push(`packed = ${options.packed}`)
  for (const [key, value] of Object.entries(options?.meta?.params ?? {}))
    given.push(`(confluent.field_meta).params = { key: ${quoteJson(key)}, value: ${quoteJson(value)} }`)
  const bracket = given.length === 0 ? '' : ` [${given.join(', ')}]`
  return `${label}${typeName ?? typeNames[type]} ${name} = ${number}${bracket};`
}

const enumText = ({ name, value, options }: Enum): string => {
  const alias = options?.allow_alias === true ? 'option allow_alias = true;\n' : ''
  return `enum ${name} {\n${alias}${value.map(one => `${one.name} = ${one.number};`).join('\n')}\n}`
}
