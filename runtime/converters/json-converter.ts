import type { ByteWriter } from '../api/byte-writer.ts'
import { c } from '../api/config.ts'
import { defineConverter, type SchemaAndValue } from '../api/define.ts'
import { isLazy, resolveLazy } from '../api/lazy.ts'
import type { Schema } from '../api/schema.ts'
import { toBytes } from './json-bytes.ts'
import { jsonDecoder } from './json-decode.ts'
import { compileJson, type JsonSettings, type WriteJson } from './json-encode.ts'
import { envelopeReader } from './json-envelope.ts'
import { plainReader } from './json-lazy.ts'
import { parseJson, parseMessage } from './json-parse.ts'
import { readJson, unread } from './json-read.ts'
import { schemaOf, schemaText } from './json-schema.ts'
import { writeSchemaless } from './json-schemaless.ts'

interface Compiled {
  readonly write: WriteJson
  /** `{"schema":...,"payload":`, or nothing without schemas. */
  readonly prefix: Buffer
}

const closing = 0x7d

/** Encoders by schema, made once: schemas are interned, so identity is equality. */
const compiler = (settings: JsonSettings, envelope: boolean): ((schema: Schema | null) => Compiled) => {
  const compile = (schema: Schema | null): Compiled => ({
    write: schema === null ? writeSchemaless : compileJson(schema, settings),
    prefix: Buffer.from(envelope ? `{"schema":${schemaText(schema, settings)},"payload":` : ''),
  })
  const schemaless = compile(null)
  const known = new WeakMap<Schema, Compiled>()
  return schema => {
    if (schema === null) return schemaless
    let compiled = known.get(schema)
    if (compiled === undefined) known.set(schema, (compiled = compile(schema)))
    return compiled
  }
}

/** The schema of `schema.content`; null for none. Throws DataError. */
const fixedSchema = (content: string | undefined): Schema | null => {
  if (content === undefined || content.trim() === '') return null
  return schemaOf(parseJson(Buffer.from(content)))
}

const readExactly = (bytes: Buffer): unknown => {
  const value = readJson(bytes)
  return value === unread ? parseMessage(bytes, true) : value
}

/** JSON, with or without the schema in an envelope; bytes equal to Kafka Connect's. */
export default defineConverter({
  class: 'org.apache.kafka.connect.json.JsonConverter',
  version: '4.3.0',
  doc: 'Records as JSON; with schemas.enable each carries its schema in an envelope.',
  kinds: ['converter', 'header_converter'],
  config: {
    'converter.type': c.string('How this converter will be used.', {
      values: ['key', 'value', 'header'],
      default: 'value',
      importance: 'LOW',
    }),
    'schemas.enable': c.boolean('Include schemas within each of the serialized values and keys.', {
      default: true,
      importance: 'HIGH',
      group: 'Schemas',
      width: 'MEDIUM',
      displayName: 'Enable Schemas',
    }),
    'schemas.cache.size': c.int('The maximum number of schemas that can be cached in this converter instance.', {
      default: 1000,
      importance: 'HIGH',
      group: 'Schemas',
      width: 'MEDIUM',
      displayName: 'Schema Cache Size',
    }),
    'schema.content': c.string(
      'The schema of every message read, as JSON: messages are then payloads without an envelope. Only with schemas.enable.',
      {
        optional: true,
        importance: 'HIGH',
        group: 'Schemas',
        width: 'MEDIUM',
        displayName: 'Schema Content',
      },
    ),
    'decimal.format': c.string(
      'Controls which format this converter will serialize decimals in. BASE64: base64 of the unscaled bytes; NUMERIC: a JSON number.',
      {
        values: ['NUMERIC', 'BASE64'],
        ignoreCase: true,
        default: 'BASE64',
        importance: 'LOW',
        group: 'Serialization',
        width: 'MEDIUM',
        displayName: 'Decimal Format',
      },
    ),
    'replace.null.with.default': c.boolean(
      'Whether to replace fields that have a default value and that are null to the default value.',
      {
        default: true,
        importance: 'LOW',
        group: 'Serialization',
        width: 'MEDIUM',
        displayName: 'Replace null with default',
      },
    ),
  },
  create(config) {
    const envelope = config.schemasEnable
    const settings: JsonSettings = {
      decimals: config.decimalFormat as JsonSettings['decimals'],
      replaceNull: config.replaceNullWithDefault,
    }
    // What a lazy value writes is the JSON of the default settings.
    const takesLazy = settings.decimals === 'BASE64' && settings.replaceNull
    const compiled = compiler(settings, envelope)
    const content = envelope ? fixedSchema(config.schemaContent) : null
    const decodeContent = content === null ? undefined : jsonDecoder(content, settings.replaceNull)
    const readPlain = plainReader()
    const readEnvelope = envelopeReader(config.schemasCacheSize, settings.replaceNull)

    const encodeInto = (out: ByteWriter, _topic: string, schema: Schema | null, value: unknown): boolean => {
      if (schema === null && (value === null || value === undefined)) return false
      const { write, prefix } = compiled(schema)
      if (envelope) out.writeBytes(prefix)
      if (takesLazy && isLazy(value)) {
        out.reserve(value.maxJsonBytes)
        out.pos = value.writeJson(out.buf, out.pos)
      } else write(out, resolveLazy(value))
      if (envelope) out.writeByte(closing)
      return true
    }

    const encode = (topic: string, schema: Schema | null, value: unknown): Buffer | null =>
      schema === null && (value === null || value === undefined)
        ? null
        : toBytes((out, each) => encodeInto(out, topic, schema, each), value)

    const decode = (bytes: Uint8Array | null): SchemaAndValue => {
      if (bytes === null) return { schema: null, value: null }
      const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      if (content !== null) return { schema: content, value: decodeContent!(readExactly(buffer)) }
      if (envelope) return readEnvelope(buffer)
      return { schema: null, value: readPlain(buffer) }
    }

    return {
      encode,
      encodeInto,
      decode: (_topic, bytes) => decode(bytes),
      encodeHeader: (topic, _name, schema, value) => encode(topic, schema, value),
      decodeHeader(_topic, _name, bytes) {
        const { schema, value } = decode(bytes)
        return { schema, value: resolveLazy(value) }
      },
    }
  },
})
