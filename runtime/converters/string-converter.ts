import type { ByteWriter } from '../api/byte-writer.ts'
import { c } from '../api/config.ts'
import { defineConverter } from '../api/define.ts'
import { DataError } from '../api/errors.ts'
import { resolveLazy } from '../api/lazy.ts'
import { s } from '../api/schema.ts'
import { javaText } from './java-text.ts'

const optionalString = s.string({ optional: true })

// Java's names of the encodings that Node can write and read exactly.
const encodings: Readonly<Record<string, BufferEncoding>> = {
  'UTF-8': 'utf8',
  UTF8: 'utf8',
  'US-ASCII': 'ascii',
  ASCII: 'ascii',
  'ISO-8859-1': 'latin1',
  LATIN1: 'latin1',
  'UTF-16LE': 'utf16le',
}

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
    'converter.encoding': c.string('The name of the Java character set to use for encoding strings as byte arrays.', {
      default: 'UTF-8',
      importance: 'HIGH',
      check: name =>
        encodings[name.toUpperCase()] === undefined
          ? `This character set is not supported; these are: ${Object.keys(encodings).join(', ')}`
          : undefined,
    }),
  },
  create(config) {
    const encoding = encodings[config.converterEncoding.toUpperCase()]!
    const encode = (value: unknown): Buffer | null => {
      const plain = resolveLazy(value)
      return plain === null || plain === undefined ? null : Buffer.from(javaText(plain), encoding)
    }
    const decode = (bytes: Uint8Array | null) => {
      if (bytes === null) return { schema: optionalString, value: null }
      try {
        return {
          schema: optionalString,
          value: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(encoding),
        }
      } catch (cause) {
        throw new DataError('Failed to deserialize string', { cause })
      }
    }
    return {
      encode: (_topic, _schema, value) => encode(value),
      encodeInto(out: ByteWriter, _topic, _schema, value) {
        const plain = resolveLazy(value)
        if (plain === null || plain === undefined) return false
        if (encoding === 'utf8') out.writeText(javaText(plain))
        else out.writeBytes(encode(plain)!)
        return true
      },
      decode: (_topic, bytes) => decode(bytes),
      encodeHeader: (_topic, _name, _schema, value) => encode(value),
      decodeHeader: (_topic, _name, bytes) => decode(bytes),
    }
  },
})
