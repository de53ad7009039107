import type { ByteWriter } from '../api/byte-writer.ts'
import { c } from '../api/config.ts'
import { defineConverter } from '../api/define.ts'
import { DataError } from '../api/errors.ts'
import { isLazy, resolveLazy } from '../api/lazy.ts'
import type { Schema } from '../api/schema.ts'
import { decodeJson } from './json-decode.ts'
import { compileJson, type Encode, type JsonSettings, schemalessJson } from './json-encode.ts'
import { JsonBytes, parseJson } from './json-parse.ts'
import { isCanonicalJson } from './json-scan.ts'
import { schemaOf, schemaText } from './json-schema.ts'

const envelopeProblem =
  'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain additional fields. If you are trying to deserialize plain JSON data, set schemas.enable=false in your converter configuration.'

interface Compiled {
  readonly encode: Encode
  /** `{"schema":...,"payload":`, or nothing without schemas. */
  readonly prefix: Buffer
}

const closing = 0x7d

/** Encoders by schema, made once: schemas are interned, so identity is equality. */
const compiler = (settings: JsonSettings, envelope: boolean): ((schema: Schema | null) => Compiled) => {
  const compile = (schema: Schema | null): Compiled => ({
    encode: schema === null ? schemalessJson : compileJson(schema, settings),
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

/** Schemas of envelopes that were read, by their JSON text; the oldest goes when there are too many. */
const schemaCache = (size: number): ((json: unknown) => Schema | null) => {
  const known = new Map<string, Schema | null>()
  return json => {
    const key = JSON.stringify(json, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))
    let schema = known.get(key)
    if (schema === undefined) {
      schema = schemaOf(json)
      if (known.size >= size) known.delete(known.keys().next().value!)
      if (size > 0) known.set(key, schema)
    }
    return schema
  }
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
    'decimal.format': c.string(
      'Controls which format this converter will serialize decimals in. BASE64: base64 of the unscaled bytes; NUMERIC: a JSON number.',
      {
        values: ['BASE64', 'NUMERIC'],
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
      { default: true, importance: 'LOW', group: 'Schemas', width: 'MEDIUM', displayName: 'Replace null with default' },
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
    const schemas = schemaCache(config.schemasCacheSize)

    const encodeInto = (out: ByteWriter, _topic: string, schema: Schema | null, value: unknown): boolean => {
      if (schema === null && (value === null || value === undefined)) return false
      const { encode, prefix } = compiled(schema)
      if (envelope) out.writeBytes(prefix)
      if (takesLazy && isLazy(value)) {
        out.reserve(value.maxJsonBytes)
        out.pos = value.writeJson(out.buf, out.pos)
      } else out.writeText(encode(resolveLazy(value)))
      if (envelope) {
        out.reserve(1)
        out.buf[out.pos++] = closing
      }
      return true
    }

    const encode = (schema: Schema | null, value: unknown): Buffer | null => {
      const plain = resolveLazy(value)
      if (schema === null && (plain === null || plain === undefined)) return null
      const text = compiled(schema).encode(plain)
      return envelope
        ? Buffer.concat([compiled(schema).prefix, Buffer.from(text), Buffer.from('}')])
        : Buffer.from(text)
    }

    const decode = (bytes: Uint8Array | null): { schema: Schema | null; value: unknown } => {
      if (bytes === null) return { schema: null, value: null }
      if (!envelope) {
        const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
        // Checked here, so that `get` cannot fail later.
        return {
          schema: null,
          value: isCanonicalJson(buffer, 0, buffer.length) ? new JsonBytes(buffer) : parseJson(buffer),
        }
      }
      const json = parseJson(bytes, true)
      if (json === null) return { schema: null, value: null }
      if (
        typeof json !== 'object' ||
        Array.isArray(json) ||
        Object.keys(json).length !== 2 ||
        !('schema' in json) ||
        !('payload' in json)
      )
        throw new DataError(envelopeProblem)
      const schema = schemas(json.schema)
      return { schema, value: schema === null ? json.payload : decodeJson(schema, json.payload, settings.replaceNull) }
    }

    return {
      encode: (_topic, schema, value) => encode(schema, value),
      encodeInto,
      decode: (_topic, bytes) => decode(bytes),
      encodeHeader: (_topic, _name, schema, value) => encode(schema, value),
      decodeHeader(_topic, _name, bytes) {
        const { schema, value } = decode(bytes)
        return { schema, value: resolveLazy(value) }
      },
    }
  },
})
