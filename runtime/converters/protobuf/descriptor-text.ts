import { DataError } from '../../api/errors.ts'
import { quoteJson } from '../../api/json-text.ts'
import {
  decodeFile,
  type EnumDescriptor,
  type FieldDescriptor,
  type FileDescriptor,
  type MessageDescriptor,
  typeNames,
} from './descriptor.ts'

const labels = ['', 'optional ', 'required ', 'repeated ']

/** Many clients register a file in its compiled form, as base64. */
export const isDescriptor = (text: string): boolean => /^[A-Za-z0-9+/]{8,}={0,2}$/.test(text)

/** The .proto text of a compiled file, without what is no data: comments, services, extensions. Throws DataError. */
export const descriptorText = (base64: string): string => {
  let file: FileDescriptor
  try {
    file = decodeFile(Buffer.from(base64, 'base64'))
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
const messageText = ({ name, field, message, enum: enums, oneof }: MessageDescriptor, proto2: boolean): string => {
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

const label = ({ label: number = 1 }: FieldDescriptor, proto2: boolean): string =>
  proto2 || number === 3 ? (labels[number] ?? '') : ''

const fieldText = (field: FieldDescriptor, label: string): string => {
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

const enumText = ({ name, value, options }: EnumDescriptor): string => {
  const alias = options?.allow_alias === true ? 'option allow_alias = true;\n' : ''
  return `enum ${name} {\n${alias}${value.map(one => `${one.name} = ${one.number};`).join('\n')}\n}`
}
