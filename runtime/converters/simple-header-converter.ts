import { c } from '../api/config.ts'
import { defineConverter, type SchemaAndValue } from '../api/define.ts'
import { DataError } from '../api/errors.ts'
import { resolveLazy } from '../api/lazy.ts'
import type { Schema } from '../api/schema.ts'
import { parseHeader } from './header-parse.ts'
import { headerText } from './header-text.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const encode = (schema: Schema | null, lazy: unknown): Buffer | null => {
  const value = resolveLazy(lazy)
  return value === null || value === undefined ? null : Buffer.from(headerText(schema, value))
}

const decode = (bytes: Uint8Array | null): SchemaAndValue => {
  if (bytes === null) return { schema: null, value: null }
  try {
    return parseHeader(utf8.decode(bytes))
  } catch (cause) {
    throw new DataError('A header is no UTF-8 text: choose another header.converter', { cause })
  }
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
