import { quoteJson } from '../../api/json-text.ts'
import { knownImports } from './known-types.ts'
import { isScalar, type ProtoEnum, type ProtoField, type ProtoFile, type ProtoMessage } from './model.ts'

// As Confluent's ProtobufSchema prints a file, to the blank: a registry compares texts.

/** Prints a proto3 file that was made from a Connect schema. */
export const printProto = ({ package: inPackage, imports, messages }: ProtoFile): string => {
  let out = 'syntax = "proto3";\n'
  if (inPackage !== '') out += `package ${inPackage};\n`
  if (imports.length > 0) out += `\n${imports.map(path => `import "${path}";\n`).join('')}`
  return `${out}\n${messages.map(printMessage).join('')}`
}

const indented = (text: string): string => text.replace(/^(?=.)/gm, '  ')

const printMessage = ({ name, fields, oneofs, messages, enums }: ProtoMessage): string => {
  const plain = fields.filter(field => field.oneof === undefined)
  let out = `message ${name} {`
  if (plain.length > 0) out += `\n${indented(plain.map(printField).join(''))}`
  if (oneofs.length > 0) {
    const members = (oneof: string): string =>
      fields
        .filter(field => field.oneof === oneof)
        .map(printField)
        .join('')
    out += `\n${indented(oneofs.map(oneof => `oneof ${oneof} {\n${indented(members(oneof))}}\n`).join(''))}`
  }
  if (messages.length + enums.length > 0)
    out += `\n${indented(messages.map(printMessage).join('') + enums.map(printEnum).join(''))}`
  return `${out}}\n`
}

const printField = (field: ProtoField): string => {
  const label = field.repeated ? 'repeated ' : field.proto3Optional ? 'optional ' : ''
  return `${label}${typeName(field.type)} ${field.name} = ${field.number}${printMeta(field.params)};\n`
}

const typeName = (type: ProtoField['type']): string =>
  isScalar(type) ? type : Object.hasOwn(knownImports, type.fullName) ? type.fullName : type.name

const printMeta = (params: ReadonlyMap<string, string>): string => {
  if (params.size === 0) return ''
  const entries = [...params].map(([key, value]) => {
    const members = [`key: ${quoteJson(key)}`, `value: ${quoteJson(value)}`]
    // The order that these two have had from the beginning.
    if (key === 'precision' || key === 'scale') members.reverse()
    return `{\n${indented(members.join(',\n'))}\n}`
  })
  return ` [(confluent.field_meta) = {\n${indented(`params: [\n${indented(entries.join(',\n'))}\n]`)}\n}]`
}

const printEnum = ({ name, values }: ProtoEnum): string => {
  const aliased = new Set(values.map(([, number]) => number)).size < values.length
  const alias = aliased ? 'option allow_alias = true;\n' : ''
  return `enum ${name} {\n${indented(alias + values.map(([symbol, number]) => `${symbol} = ${number};\n`).join(''))}}\n`
}
