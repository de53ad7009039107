import { DataError } from '../../api/errors.ts'
import {
  type EnumDescriptor,
  encodeFile,
  type FieldDescriptor,
  type MessageDescriptor,
  typeNames,
} from './descriptor.ts'
import { isDescriptor } from './descriptor-text.ts'
import { isScalar, mapEntry, type ProtoEnum, type ProtoField, type ProtoMessage } from './model.ts'
import { entryName } from './names.ts'
import { parseProto } from './parse.ts'

/** `proto2`, `proto3` or `edition 2023`; before it stand at most comments. */
const syntaxOf = (text: string): string => {
  const [, word, syntax] = /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*(syntax|edition)\s*=\s*["'](\w+)["']/.exec(text) ?? []
  return word === 'edition' ? `edition ${syntax}` : (syntax ?? 'proto2')
}

/** As protoc calls the entry of a `map<>` field: `my_labels` gives `MyLabelsEntry`. */
const entryNameOf = (field: string): string =>
  `${field.replace(/(?:^|_+)([a-z0-9])?/g, (_, letter: string | undefined) => letter?.toUpperCase() ?? '')}Entry`

/** The message that `map<>` implies and no text declares. */
const impliedEntry = (field: ProtoField, { fullName, messages }: ProtoMessage): ProtoMessage | undefined => {
  if (mapEntry(field) === undefined) return undefined
  const entry = field.type as ProtoMessage
  return entry.fullName === `${fullName}.${entryName(field.name)}` && !messages.includes(entry) ? entry : undefined
}

class Compiler {
  readonly #proto3: boolean

  constructor(proto3: boolean) {
    this.#proto3 = proto3
  }

  message(message: ProtoMessage): MessageDescriptor {
    const { name, fullName, fields, oneofs, messages, enums } = message
    const implied = fields.filter(field => field.proto3Optional).map(field => `_${field.name}`)
    const choices = [...oneofs, ...implied]
    const entries: MessageDescriptor[] = []
    const field = fields.map(one => {
      const choice = choices.indexOf(one.proto3Optional ? `_${one.name}` : (one.oneof ?? ''))
      const entry = impliedEntry(one, message)
      if (entry === undefined) return this.field(one, choice)
      const compiled = this.message({ ...entry, name: entryNameOf(one.name) })
      entries.push({ ...compiled, options: { map_entry: true } })
      return { ...this.field(one, choice), type_name: `.${fullName}.${compiled.name}` }
    })
    return {
      name,
      field,
      message: [...messages.map(nested => this.message(nested)), ...entries],
      enum: enums.map(enumOf),
      oneof: choices.map(choice => ({ name: choice })),
    }
  }

  field(field: ProtoField, oneof: number): FieldDescriptor {
    const { name, number, type, repeated, required, packed, proto3Optional, params, standIn } = field
    const kind = isScalar(type) ? type : type.kind
    const isNumber = kind !== 'string' && kind !== 'bytes' && kind !== 'message'
    const saysPacked = repeated && isNumber && packed !== this.#proto3
    const options = {
      ...(saysPacked && { packed }),
      ...(params.size > 0 && { meta: { params: Object.fromEntries(params) } }),
    }
    return {
      name,
      number,
      label: repeated ? 3 : required ? 2 : 1,
      type: typeNames.indexOf(kind),
      ...(!isScalar(type) && { type_name: `.${type.fullName}` }),
      ...(standIn !== undefined && { default_value: String(standIn) }),
      ...(Object.keys(options).length > 0 && { options }),
      ...(oneof >= 0 && { oneof_index: oneof }),
      ...(proto3Optional && { proto3_optional: true }),
    }
  }
}

const enumOf = ({ name, values }: ProtoEnum): EnumDescriptor => ({
  name,
  value: values.map(([symbol, number]) => ({ name: symbol, number })),
  ...(new Set(values.map(([, number]) => number)).size < values.length && { options: { allow_alias: true } }),
})

/**
 * A file in its compiled form (FileDescriptorProto), base64: what data needs of it, without services, extensions and options
 * of others. Throws DataError.
 */
export const compiledFile = (text: string, resolved: ReadonlyMap<string, string>): string => {
  if (isDescriptor(text)) return text
  const syntax = syntaxOf(text)
  if (syntax !== 'proto2' && syntax !== 'proto3')
    throw new DataError(`A Protobuf schema of ${syntax} cannot be compiled here: register it compiled`)
  const file = parseProto(text, resolved)
  const compiler = new Compiler(syntax === 'proto3')
  const bytes = encodeFile({
    ...(file.package !== '' && { package: file.package }),
    dependency: file.imports,
    message: file.messages.map(message => compiler.message(message)),
    enum: file.enums.map(enumOf),
    ...(syntax === 'proto3' && { syntax }),
  })
  return Buffer.from(bytes).toString('base64')
}
