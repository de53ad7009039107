import { c } from '../api/config.ts'
import { defineConverter } from '../api/define.ts'
import { DataError } from '../api/errors.ts'
import { javaClass } from '../api/java-text.ts'
import { resolveLazy } from '../api/lazy.ts'
import { type Schema, s } from '../api/schema.ts'

const optionalBytes = s.bytes({ optional: true })

const bytesOf = (schema: Schema | null, lazy: unknown): Uint8Array | null => {
  const value = resolveLazy(lazy)
  if (schema !== null && schema.type !== 'BYTES')
    throw new DataError(`Invalid schema type for ByteArrayConverter: ${schema.type}`)
  if (value === null || value === undefined) return null
  if (value instanceof Uint8Array) return value
  throw new DataError(`ByteArrayConverter is not compatible with objects of type class ${javaClass(value)}`)
}

/** Bytes as they are. */
export default defineConverter({
  class: 'org.apache.kafka.connect.converters.ByteArrayConverter',
  version: '4.3.0',
  doc: 'Records as raw bytes, passed on unchanged.',
  kinds: ['converter', 'header_converter'],
  config: {
    'converter.type': c.string('How this converter will be used.', {
      values: ['key', 'value', 'header'],
      default: 'value',
      importance: 'LOW',
    }),
  },
  create: () => ({
    encode: (_topic, schema, value) => bytesOf(schema, value),
    encodeInto(out, _topic, schema, value) {
      const bytes = bytesOf(schema, value)
      if (bytes === null) return false
      out.writeBytes(bytes)
      return true
    },
    decode: (_topic, bytes) => ({ schema: optionalBytes, value: bytes }),
    encodeHeader: (_topic, _name, schema, value) => bytesOf(schema, value),
    decodeHeader: (_topic, _name, bytes) => ({ schema: optionalBytes, value: bytes }),
  }),
})
