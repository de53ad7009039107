import type { SchemaAndValue } from '../api/define.ts'
import { DataError } from '../api/errors.ts'
import { DECIMAL } from '../api/logical.ts'
import type { Schema } from '../api/schema.ts'
import { type DecodeJson, jsonDecoder } from './json-decode.ts'
import { parseJson, parseMessage } from './json-parse.ts'
import { readJson, unread } from './json-read.ts'
import { schemaOf } from './json-schema.ts'

const envelopeProblem =
  'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain additional fields. If you are trying to deserialize plain JSON data, set schemas.enable=false in your converter configuration.'

const opening = Buffer.from('{"schema":')
const middle = Buffer.from(',"payload":')
const closing = 0x7d
// Topics that one task reads in turn; more than these are parsed in full.
const remembered = 16

/** The start of an envelope up to its payload, and the schema that it says. */
interface Prefix {
  readonly bytes: Buffer
  readonly schema: Schema | null
  readonly fractions: boolean
  readonly decode: DecodeJson
}

const asIs: DecodeJson = value => value

const hasDecimal = (schema: Schema): boolean =>
  schema.name === DECIMAL ||
  (schema.keySchema !== undefined && hasDecimal(schema.keySchema)) ||
  (schema.valueSchema !== undefined && hasDecimal(schema.valueSchema)) ||
  schema.fields.some(field => hasDecimal(field.schema))

/** Where the payload begins in an envelope spelled `{"schema":S,"payload":P}`; -1 when it is spelled otherwise. */
const payloadStart = (bytes: Buffer): number => {
  if (bytes.at(-1) !== closing || bytes.indexOf(opening) !== 0) return -1
  for (let at = bytes.indexOf(middle); at >= 0; at = bytes.indexOf(middle, at + 1)) {
    try {
      JSON.parse(bytes.toString('utf8', opening.length, at))
      return at + middle.length
    } catch {
      // The same text inside the schema: the next one may be it.
    }
  }
  return -1
}

/**
 * Reads JsonConverter's envelopes. Records of a topic begin with the same bytes, the schema: what was read of it once is
 * known by them, and only the payload is parsed. `cacheSize`: how many schemas are kept by their JSON otherwise.
 */
export const envelopeReader = (cacheSize: number, replaceNull: boolean): ((bytes: Buffer) => SchemaAndValue) => {
  const prefixes: Prefix[] = []
  const known = new Map<string, Schema | null>()

  const schemaFor = (json: unknown): Schema | null => {
    const key = JSON.stringify(json, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))
    let schema = known.get(key)
    if (schema === undefined) {
      schema = schemaOf(json)
      if (known.size >= cacheSize) known.delete(known.keys().next().value!)
      if (cacheSize > 0) known.set(key, schema)
    }
    return schema
  }

  const decoderOf = (schema: Schema | null): DecodeJson => (schema === null ? asIs : jsonDecoder(schema, replaceNull))

  const remember = (bytes: Buffer, schema: Schema | null): void => {
    const start = payloadStart(bytes)
    if (start < 0) return
    if (prefixes.length === remembered) prefixes.pop()
    prefixes.unshift({
      bytes: Buffer.from(bytes.subarray(0, start)),
      schema,
      fractions: schema === null || hasDecimal(schema),
      decode: decoderOf(schema),
    })
  }

  const whole = (bytes: Buffer): SchemaAndValue => {
    const json = parseMessage(bytes, true)
    if (
      typeof json !== 'object' ||
      json === null ||
      Array.isArray(json) ||
      Object.keys(json).length !== 2 ||
      !Object.hasOwn(json, 'schema') ||
      !Object.hasOwn(json, 'payload')
    )
      throw new DataError(envelopeProblem)
    const { schema: schemaJson, payload } = json as { schema: unknown; payload: unknown }
    const schema = schemaFor(schemaJson)
    const value = decoderOf(schema)(payload)
    if (cacheSize > 0) remember(bytes, schema)
    return { schema, value }
  }

  return bytes => {
    for (let index = 0; index < prefixes.length; index++) {
      const prefix = prefixes[index]!
      const start = prefix.bytes.length
      if (bytes.length <= start || bytes.compare(prefix.bytes, 0, start, 0, start) !== 0) continue
      if (bytes[bytes.length - 1] !== closing) break
      let payload = readJson(bytes, start, bytes.length - 1)
      try {
        if (payload === unread) payload = parseJson(bytes.subarray(start, bytes.length - 1), prefix.fractions)
      } catch {
        // Not an envelope after all: reading the whole says what it is.
        break
      }
      if (index > 0) prefixes.unshift(...prefixes.splice(index, 1))
      return { schema: prefix.schema, value: prefix.decode(payload) }
    }
    return whole(bytes)
  }
}
