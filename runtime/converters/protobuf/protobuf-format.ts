import type { SchemaAndValue } from '../../api/define.ts'
import { DataError } from '../../api/errors.ts'
import type { Schema } from '../../api/schema.ts'
import type { FormatReader, FormatWriter, ResolvedSchema, SchemaFormat } from '../registry/format.ts'
import { protobufIncompatibility } from './compatibility.ts'
import { compileReader } from './decode.ts'
import { compileRoot } from './encode.ts'
import { messageName, protoFromConnect, wrapperOf } from './from-connect.ts'
import { wrappersText } from './known-types.ts'
import type { ProtoFile, ProtoMessage } from './model.ts'
import { parseProto } from './parse.ts'
import { printProto } from './print.ts'
import type { ProtobufSettings } from './settings.ts'
import { ConnectSchemas } from './to-connect.ts'

/** Protobuf as a registry's format: Connect data as messages, the way Confluent's ProtobufConverter maps them. */
export const protobufFormat = (settings: ProtobufSettings): SchemaFormat => ({
  type: 'PROTOBUF',
  writer: schema => derivedWriter(known(schema), settings),
  writerAs: (registered, schema) => registeredWriter(registered, known(schema), settings),
  reader: (registered, version, messageIndexes) => reader(registered, version, messageIndexes, settings),
  recordName: registered => messageAt(parsed(registered), [0]).fullName,
  incompatibility: (newer, older) => protobufIncompatibility(parsed(newer), parsed(older)),
})

const known = (schema: Schema | null): Schema => {
  if (schema !== null) return schema
  throw new DataError('A value without a schema cannot be written as Protobuf: its fields have no types')
}

const parsed = ({ text, resolved }: ResolvedSchema): ProtoFile => parseProto(text, resolved)

const derivedWriter = (schema: Schema, settings: ProtobufSettings): FormatWriter => {
  if (schema.type === 'STRUCT') {
    const file = protoFromConnect(schema, settings)
    return writer(
      file.messages[0]!,
      [0],
      { type: 'PROTOBUF', text: printProto(file), references: [] },
      schema,
      settings,
    )
  }
  const wrapper = wrapperOf(schema)
  if (wrapper === undefined)
    throw new DataError(`A ${schema.type} cannot be the root of a Protobuf schema: put it into a struct`)
  const text = { type: 'PROTOBUF', text: wrappersText, references: [] } as const
  return writer(wrapper, indexesOf(parseProto(wrappersText, new Map()), wrapper.fullName)!, text, schema, settings)
}

const registeredWriter = (registered: ResolvedSchema, schema: Schema, settings: ProtobufSettings): FormatWriter => {
  const file = parsed(registered)
  // The name decides which of several messages is meant; an unnamed or differently named record is the first.
  const name = schema.type === 'STRUCT' ? messageName(schema, settings) : wrapperOf(schema)?.fullName
  const indexes = (name === undefined ? undefined : indexesOf(file, name)) ?? [0]
  return writer(messageAt(file, indexes), indexes, registered, schema, settings)
}

const writer = (
  message: ProtoMessage,
  messageIndexes: readonly number[],
  { type, text, references }: FormatWriter['schema'],
  schema: Schema,
  settings: ProtobufSettings,
): FormatWriter => ({
  schema: { type, text, references },
  recordName: message.fullName,
  messageIndexes,
  encodeInto: compileRoot(message, schema, settings),
})

/** The way to a message through the nesting; undefined when the file does not have it. */
const indexesOf = ({ messages }: Pick<ProtoFile, 'messages'>, fullName: string): readonly number[] | undefined => {
  for (const [index, message] of messages.entries()) {
    if (message.fullName === fullName) return [index]
    if (!fullName.startsWith(`${message.fullName}.`)) continue
    const rest = indexesOf(message, fullName)
    if (rest !== undefined) return [index, ...rest]
  }
  return undefined
}

const messageAt = (file: ProtoFile, indexes: readonly number[]): ProtoMessage => {
  let messages = file.messages
  let found: ProtoMessage | undefined
  for (const index of indexes) {
    found = messages[index]
    if (found === undefined)
      throw new DataError(
        `The Protobuf schema has no message at the indexes ${indexes.join(', ')} that the record names`,
      )
    messages = found.messages
  }
  if (found === undefined) throw new DataError('The Protobuf schema declares no message')
  return found
}

const reader = (
  registered: ResolvedSchema,
  version: number | undefined,
  messageIndexes: readonly number[] | undefined,
  settings: ProtobufSettings,
): FormatReader => {
  // No index means the first message, as the wire format abbreviates it.
  const indexes = messageIndexes === undefined || messageIndexes.length === 0 ? [0] : messageIndexes
  const message = messageAt(parsed(registered), indexes)
  const schema = new ConnectSchemas(settings).root(message, version)
  const read = compileReader(message, settings)
  return { decode: (payload): SchemaAndValue => ({ schema, value: read(payload) }) }
}
