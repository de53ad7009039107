import { DataError } from '../../api/errors.ts'
import type { Schema } from '../../api/schema.ts'
import { parseMessage } from '../json-parse.ts'
import type { FormatReader, FormatWriter, RegistrySchema, ResolvedSchema, SchemaFormat } from '../registry/format.ts'
import { jsonSchemaIncompatibility } from './compatibility.ts'
import { compileReader } from './decode.ts'
import { SchemaDocument } from './document.ts'
import { compileWriter } from './encode.ts'
import { textFromConnect } from './from-connect.ts'
import type { JsonSchemaSettings } from './settings.ts'
import { connectSchema } from './to-connect.ts'
import { hasDecimal } from './unions.ts'

/** Checks a payload; throws DataError. */
export type CheckPayload = (payload: Uint8Array) => void

/** Makes the check of a schema, for `json.fail.invalid.schema`. Throws DataError for a schema that is none. */
export type PayloadChecks = (schema: ResolvedSchema) => CheckPayload

/** JSON Schema as a registry's format: Connect data as JSON, the way Confluent's JsonSchemaConverter maps them. */
export const jsonSchemaFormat = (settings: JsonSchemaSettings, checks?: PayloadChecks): SchemaFormat => ({
  type: 'JSON',
  writer(schema) {
    const known = required(schema)
    const text = textFromConnect(known, settings)
    return writer({ type: 'JSON', text, references: [], resolved: new Map() }, known, settings, checks)
  },
  // The payload does not depend on the text: it is JSON by the record's own schema.
  writerAs: (registered, schema) => writer(registered, required(schema), settings, checks),
  reader: (registered, version) => reader(registered, version, settings, checks),
  recordName: registered => titleOf(new SchemaDocument(registered)),
  // The record at hand is what counts, and it has no other properties than its own schema names.
  incompatibility: (newer, older) =>
    jsonSchemaIncompatibility(new SchemaDocument(newer), new SchemaDocument(older), 'lenient'),
})

const required = (schema: Schema | null): Schema => {
  if (schema !== null) return schema
  throw new DataError('A value without a schema cannot be written with a JSON Schema: its fields have no types')
}

const titleOf = ({ root }: SchemaDocument): string | undefined => {
  const { title } = root.json
  return typeof title === 'string' ? title : undefined
}

const writer = (
  registered: ResolvedSchema,
  schema: Schema,
  settings: JsonSchemaSettings,
  checks: PayloadChecks | undefined,
): FormatWriter => {
  const write = compileWriter(schema, settings, schema.name ?? 'value')
  const check = checks?.(registered)
  const { text, references } = registered
  const plain: RegistrySchema = { type: 'JSON', text, references }
  return {
    schema: plain,
    recordName: titleOf(new SchemaDocument(registered)),
    encodeInto(out, value) {
      const from = out.pos
      write(out, value)
      check?.(out.buf.subarray(from, out.pos))
    },
  }
}

const reader = (
  registered: ResolvedSchema,
  version: number | undefined,
  settings: JsonSchemaSettings,
  checks: PayloadChecks | undefined,
): FormatReader => {
  const schema = connectSchema(new SchemaDocument(registered), version, settings)
  const read = compileReader(schema, settings, schema.name ?? 'value')
  const check = checks?.(registered)
  const exact = hasDecimal(schema)
  return {
    decode(payload) {
      check?.(payload)
      return { schema, value: read(parseMessage(payload, exact)) }
    },
  }
}
