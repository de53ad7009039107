import { DataError } from '../../api/errors.ts'
import type { Schema } from '../../api/schema.ts'
import type { FormatReader, FormatWriter, ResolvedSchema, SchemaFormat } from '../registry/format.ts'
import { avroIncompatibility } from './compatibility.ts'
import { compileAvroReader } from './decode.ts'
import { compileAvro } from './encode.ts'
import { avroFromConnect } from './from-connect.ts'
import { type AvroType, isNamed } from './model.ts'
import { parseAvro } from './parse.ts'
import { printAvro } from './print.ts'
import type { AvroSettings } from './settings.ts'
import { ConnectSchemas } from './to-connect.ts'

/** Avro as a registry's format: Connect data in the way of Confluent's AvroConverter. */
export const avroFormat = (settings: AvroSettings): SchemaFormat => ({
  type: 'AVRO',
  writer(schema) {
    const type = avroFromConnect(known(schema), settings)
    return writer(type, printAvro(type), schema!, settings)
  },
  writerAs: (registered, schema) => writer(parsed(registered), registered.text, known(schema), settings),
  reader: (registered, version) => reader(parsed(registered), version, settings),
  recordName: registered => nameOf(parsed(registered)),
  incompatibility: (newer, older) => avroIncompatibility(parsed(newer), parsed(older)),
})

const known = (schema: Schema | null): Schema => {
  if (schema !== null) return schema
  throw new DataError('A value without a schema cannot be written as Avro: its fields have no types')
}

const parsed = ({ text, resolved }: ResolvedSchema): AvroType => parseAvro(text, resolved)

const nameOf = (type: AvroType): string | undefined => (isNamed(type) ? type.name : undefined)

const writer = (type: AvroType, text: string, schema: Schema, settings: AvroSettings): FormatWriter => ({
  schema: { type: 'AVRO', text, references: [] },
  recordName: nameOf(type),
  encodeInto:
    type.type === 'bytes' && schema.name === undefined
      ? // Bytes alone are written as they are.
        (out, value) => {
          if (!(value instanceof Uint8Array)) throw new DataError('Invalid type for BYTES')
          out.writeBytes(value)
        }
      : compileAvro(type, schema, settings),
})

const reader = (type: AvroType, version: number | undefined, settings: AvroSettings): FormatReader => {
  const schema = new ConnectSchemas(settings).root(type, version)
  if (type.type === 'bytes' && schema.name === undefined)
    return { decode: payload => ({ schema, value: Buffer.from(payload) }) }
  const read = compileAvroReader(type, schema, settings)
  return {
    decode: payload => ({
      schema,
      value: read(Buffer.isBuffer(payload) ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.length)),
    }),
  }
}
