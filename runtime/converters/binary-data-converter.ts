import { c } from '../api/config.ts'
import { defineConverter } from '../api/define.ts'
import { DataError } from '../api/errors.ts'
import { resolveLazy } from '../api/lazy.ts'
import { type Schema, s } from '../api/schema.ts'

const optionalBytes = s.bytes({ optional: true })

/** Debezium's: bytes as they are, the payloads of an outbox; what else comes (heartbeats, transactions) goes to another converter. */
export default defineConverter({
  class: 'io.debezium.converters.BinaryDataConverter',
  version: '3.6.1.Final',
  doc: 'Bytes as they are, for outbox payloads that are serialised already. Records that are not bytes (heartbeats, transaction metadata) go to another converter.',
  kinds: ['converter', 'header_converter'],
  config: {
    'converter.type': c.string('How this converter will be used.', {
      values: ['key', 'value', 'header'],
      default: 'value',
      importance: 'LOW',
    }),
    'delegate.converter.type': c.string(
      'Class of the converter for what is not bytes. Its settings follow behind: `delegate.converter.type.schemas.enable`. Missing: such records are refused.',
      { optional: true, importance: 'LOW' },
    ),
  },
  create(_config, _use, { delegate } = { originals: {} }) {
    const bytesOf = (topic: string, schema: Schema | null, lazy: unknown): Uint8Array | null | undefined => {
      const isBytes = schema === null || schema.type === 'BYTES'
      const value = isBytes ? resolveLazy(lazy) : undefined
      if (isBytes && (value === null || value === undefined)) return null
      if (isBytes && value instanceof Uint8Array) return value
      if (delegate !== undefined) return undefined
      const what = schema === null ? 'A value without a schema' : `A value of type ${schema.type}`
      throw new DataError(`${what} for topic ${topic} is no bytes: set delegate.converter.type to a converter for it`)
    }
    return {
      encode(topic, schema, value, headers) {
        const bytes = bytesOf(topic, schema, value)
        return bytes === undefined ? delegate!.encode(topic, schema, value, headers) : bytes
      },
      decode: (_topic, bytes) => ({ schema: optionalBytes, value: bytes }),
      encodeHeader(topic, _name, schema, value) {
        const bytes = bytesOf(topic, schema, value)
        return bytes === undefined ? delegate!.encode(topic, schema, value) : bytes
      },
      decodeHeader: (_topic, _name, bytes) => ({ schema: optionalBytes, value: bytes }),
      async prepare({ topic, schemas }, signal) {
        const others = schemas.filter(schema => schema !== null && schema.type !== 'BYTES')
        if (others.length > 0) await delegate?.prepare?.({ topic, schemas: others }, signal)
      },
      close: () => delegate?.close?.(),
    }
  },
})
