import { c } from '../api/config.ts'
import { defineConverter } from '../api/define.ts'
import { DataError } from '../api/errors.ts'
import { javaClass } from '../api/java-text.ts'
import { resolveLazy } from '../api/lazy.ts'
import { type Schema, s } from '../api/schema.ts'

const optionalBoolean = s.boolean({ optional: true })

const encode = (schema: Schema | null, lazy: unknown): Buffer | null => {
  if (schema !== null && schema.type !== 'BOOLEAN')
    throw new DataError(`Invalid schema type for BooleanConverter: ${schema.type}`)
  const value = resolveLazy(lazy)
  if (value === null || value === undefined) return null
  if (typeof value !== 'boolean')
    throw new DataError(`BooleanConverter is not compatible with objects of type class ${javaClass(value)}`)
  return Buffer.of(value ? 1 : 0)
}

const problem = (bytes: Uint8Array): string | undefined => {
  if (bytes.length !== 1) return `Size of data received by BooleanDeserializer is not 1, but ${bytes.length}`
  return bytes[0]! > 1 ? `Unexpected byte received by BooleanDeserializer: ${bytes[0]}` : undefined
}

const decode = (bytes: Uint8Array | null) => {
  if (bytes === null) return { schema: optionalBoolean, value: null }
  const wrong = problem(bytes)
  if (wrong !== undefined) throw new DataError('Failed to deserialize boolean: ', { cause: new RangeError(wrong) })
  return { schema: optionalBoolean, value: bytes[0] === 1 }
}

/** Booleans as one byte, 1 or 0. */
export default defineConverter({
  class: 'org.apache.kafka.connect.converters.BooleanConverter',
  version: '4.3.0',
  doc: 'Records as one byte each: 1 for true, 0 for false.',
  kinds: ['converter', 'header_converter'],
  config: {
    'converter.type': c.string('How this converter will be used.', {
      values: ['key', 'value', 'header'],
      default: 'value',
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
