import { isUtf8 } from 'node:buffer'
import { c } from '../api/config.ts'
import { defineConverter, type SchemaAndValue } from '../api/define.ts'
import { headerText } from '../api/header-text.ts'
import { resolveLazy } from '../api/lazy.ts'
import { parseText } from '../api/parse-text.ts'
import { type Schema, s } from '../api/schema.ts'

const encode = (schema: Schema | null, lazy: unknown): Buffer | null => {
  const value = resolveLazy(lazy)
  return value === null || value === undefined ? null : Buffer.from(headerText(schema, value))
}

/** Bytes that are no text stay bytes: other programs put binary headers on records, and none of them is a fault of the record. */
const decode = (bytes: Uint8Array | null): SchemaAndValue => {
  if (bytes === null) return { schema: null, value: null }
  if (!isUtf8(bytes)) return { schema: s.bytes(), value: Buffer.from(bytes) }
  return parseText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
}

/** Headers as text, read back as the values they look like. */
export default defineConverter({
  class: 'org.apache.kafka.connect.storage.SimpleHeaderConverter',
  version: '4.3.0',
  doc: 'Headers as text; numbers, booleans, dates, lists and maps are recognised when read.',
  kinds: ['header_converter'],
  config: {
    'converter.type': c.string('How this converter will be used.', {
      values: ['key', 'value', 'header'],
      default: 'header',
      importance: 'LOW',
    }),
  },
  create: () => ({
    encode: (_topic, schema, value) => encode(schema, value),
    decode: (_topic, bytes) => decode(bytes),
    encodeHeader: (_topic, _name, schema, value) => encode(schema, value),
    decodeHeader: (_topic, _name, bytes) => decode(bytes),
  }),
})
