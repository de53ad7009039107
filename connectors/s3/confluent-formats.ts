import { DataError } from 'millrace'
import { type Format, writeTexts } from './format.ts'
import { type DecimalFormat, jsonText } from './json-text.ts'

const newline = 10

/** One JSON document in each line. A value that is still JSON text is copied, not parsed. */
export const jsonLines = (decimals: DecimalFormat): Format => {
  const text = jsonText(decimals)
  return {
    extension: '.json',
    write(out, record) {
      const lazy = record.lazyValue
      // The text of a lazy value has decimals in base64; without a schema there are none.
      if (lazy !== undefined && (decimals === 'BASE64' || record.valueSchema === null)) {
        out.reserve(lazy.maxJsonBytes + 1)
        const end = lazy.writeJson(out.buf, out.pos)
        out.buf[end] = newline
        out.pos = end + 1
        return
      }
      writeTexts(out, `${text(record.value, record.valueSchema)}\n`)
    },
  }
}

/** The bytes of each value, and a separator. */
export const rawBytes = (extension: string, separator: string): Format => {
  const between = Buffer.from(separator, 'utf8')
  return {
    extension,
    write(out, record) {
      const { value } = record
      if (value !== null && !(value instanceof Uint8Array)) {
        const { topic, partition, offset } = record.original
        throw new DataError(
          `The value of ${topic}-${partition}@${offset} is no bytes: ByteArrayFormat needs value.converter=org.apache.kafka.connect.converters.ByteArrayConverter`,
        )
      }
      const length = value?.length ?? 0
      out.reserve(length + between.length)
      if (value !== null) out.buf.set(value, out.pos)
      out.buf.set(between, out.pos + length)
      out.pos += length + between.length
    },
  }
}
