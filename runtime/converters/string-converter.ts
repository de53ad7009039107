import type { ByteWriter } from '../api/byte-writer.ts'
import { c } from '../api/config.ts'
import { defineConverter } from '../api/define.ts'
import { ConfigError } from '../api/errors.ts'
import { javaText } from '../api/java-text.ts'
import { resolveLazy } from '../api/lazy.ts'
import { type Schema, s } from '../api/schema.ts'
import { charset, charsetNames } from './java-charset.ts'

const optionalString = s.string({ optional: true })

/** Text: any value as its string form on the way in, an optional string on the way out. */
export default defineConverter({
  class: 'org.apache.kafka.connect.storage.StringConverter',
  version: '4.3.0',
  doc: 'Records as text; a value that is no text is written as Java would print it.',
  kinds: ['converter', 'header_converter'],
  config: {
    'converter.type': c.string('How this converter will be used.', {
      values: ['key', 'value', 'header'],
      default: 'value',
      importance: 'LOW',
    }),
    'converter.encoding': c.string(
      `The name of the Java character set to use for encoding strings as byte arrays: ${charsetNames.join(', ')}.`,
      {
        default: 'UTF-8',
        importance: 'HIGH',
        width: 'MEDIUM',
        displayName: 'Encoding',
        check: name => {
          if (charset(name) === undefined)
            throw new ConfigError(`Unsupported encoding ${name}`, { key: 'converter.encoding' })
          return undefined
        },
      },
    ),
  },
  create(config) {
    const { encode: toBytes, decode: toText, isUtf8 } = charset(config.converterEncoding)!
    const encode = (schema: Schema | null, value: unknown): Buffer | null => {
      const plain = resolveLazy(value)
      return plain === null || plain === undefined ? null : toBytes(javaText(schema, plain))
    }
    const decode = (bytes: Uint8Array | null) => ({
      schema: optionalString,
      value: bytes === null ? null : toText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)),
    })
    return {
      encode: (_topic, schema, value) => encode(schema, value),
      encodeInto(out: ByteWriter, _topic, schema, value) {
        const plain = resolveLazy(value)
        if (plain === null || plain === undefined) return false
        const text = javaText(schema, plain)
        if (isUtf8) out.writeText(text)
        else out.writeBytes(toBytes(text))
        return true
      },
      decode: (_topic, bytes) => decode(bytes),
      encodeHeader: (_topic, _name, schema, value) => encode(schema, value),
      decodeHeader: (_topic, _name, bytes) => decode(bytes),
    }
  },
})
