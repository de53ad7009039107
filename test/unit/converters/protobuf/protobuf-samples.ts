import { ByteWriter } from '../../../../runtime/api/byte-writer.ts'
import type { SchemaAndValue } from '../../../../runtime/api/define.ts'
import type { Schema } from '../../../../runtime/api/schema.ts'
import { protobufFormat } from '../../../../runtime/converters/protobuf/protobuf-format.ts'
import { type ProtobufSettings, protobufDefaults } from '../../../../runtime/converters/protobuf/settings.ts'
import type { FormatWriter, ResolvedSchema } from '../../../../runtime/converters/registry/format.ts'

export const formatOf = (settings: Partial<ProtobufSettings> = {}) =>
  protobufFormat({ ...protobufDefaults, ...settings })

export const registered = (text: string, references: Record<string, string> = {}): ResolvedSchema => ({
  type: 'PROTOBUF',
  text,
  references: [],
  resolved: new Map(Object.entries(references)),
})

export const payloadOf = (writer: FormatWriter, value: unknown): Buffer => {
  const out = new ByteWriter(8)
  writer.encodeInto(out, value)
  return Buffer.from(out.buf.subarray(0, out.pos))
}

/** Writes a value and reads it back with the schema that was registered. */
export const roundTrip = (schema: Schema, value: unknown, settings: Partial<ProtobufSettings> = {}): SchemaAndValue => {
  const format = formatOf(settings)
  const writer = format.writer(schema)
  const reader = format.reader(registered(writer.schema.text), undefined, writer.messageIndexes)
  return reader.decode(payloadOf(writer, value))
}

/** A proto3 file. */
export const proto3 = (body: string): ResolvedSchema => registered(`syntax = "proto3";\n${body}`)
