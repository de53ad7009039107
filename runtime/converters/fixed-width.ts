import type { ByteWriter } from '../api/byte-writer.ts'
import { c } from '../api/config.ts'
import { type ConverterDefinition, defineConverter, type Plugin } from '../api/define.ts'
import { DataError } from '../api/errors.ts'
import { javaClass, javaText } from '../api/java-text.ts'
import { resolveLazy } from '../api/lazy.ts'
import type { Schema } from '../api/schema.ts'

/** One type of value that is always as many bytes, big endian. */
export interface FixedWidth {
  /** `Short`, as in Kafka's class names. */
  readonly name: string
  readonly schema: Schema
  readonly bytes: number
  /** What messages call the deserializer. */
  readonly reader: string
  fits(value: unknown): boolean
  write(target: Buffer, value: never, at: number): void
  read(bytes: Buffer): unknown
}

const config = {
  'converter.type': c.string('How this converter will be used.', {
    values: ['key', 'value', 'header'],
    default: 'value',
    importance: 'LOW',
  }),
}

const numbers: ReadonlySet<string> = new Set(['INT8', 'INT16', 'INT32', 'INT64', 'FLOAT32', 'FLOAT64'])
const isNumber = ({ type }: Schema): boolean => numbers.has(type)

/**
 * The converter of a number type. Kafka Connect's looks at the class of the value only, whatever the schema says; here the schema of a
 * number is what tells its class.
 */
export const fixedWidthConverter = (type: FixedWidth): Plugin<ConverterDefinition<typeof config>> => {
  const word = type.name.toLowerCase()
  const checked = (schema: Schema | null, lazy: unknown): unknown => {
    const value = typeof lazy === 'number' ? lazy : resolveLazy(lazy)
    if (value === null || value === undefined) return null
    if (!type.fits(value) || (schema !== null && schema.type !== type.schema.type && isNumber(schema)))
      throw new DataError(`Failed to serialize to ${word} (was class ${javaClass(value, schema)}): `, {
        cause: new RangeError(`${javaText(null, value)} is no ${word}`),
      })
    return value
  }
  const encode = (schema: Schema | null, lazy: unknown): Buffer | null => {
    const value = checked(schema, lazy)
    if (value === null) return null
    const bytes = Buffer.allocUnsafe(type.bytes)
    type.write(bytes, value as never, 0)
    return bytes
  }
  const encodeInto = (out: ByteWriter, schema: Schema | null, lazy: unknown): boolean => {
    const value = checked(schema, lazy)
    if (value === null) return false
    out.reserve(type.bytes)
    type.write(out.buf, value as never, out.pos)
    out.pos += type.bytes
    return true
  }
  const decode = (bytes: Uint8Array | null) => {
    if (bytes === null) return { schema: type.schema, value: null }
    if (bytes.length !== type.bytes)
      throw new DataError(`Failed to deserialize ${word}: `, {
        cause: new RangeError(`Size of data received by ${type.reader} is not ${type.bytes}, but ${bytes.length}`),
      })
    const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    return { schema: type.schema, value: type.read(buffer) }
  }
  return defineConverter({
    class: `org.apache.kafka.connect.converters.${type.name}Converter`,
    version: '4.3.0',
    doc: `Records as one ${word} each, ${type.bytes} bytes, big endian.`,
    kinds: ['converter', 'header_converter'],
    config,
    create: () => ({
      encode: (_topic, schema, value) => encode(schema, value),
      encodeInto: (out, _topic, schema, value) => encodeInto(out, schema, value),
      decode: (_topic, bytes) => decode(bytes),
      encodeHeader: (_topic, _name, schema, value) => encode(schema, value),
      decodeHeader: (_topic, _name, bytes) => decode(bytes),
    }),
  })
}

/** Whether a value is an integer of this many bits. */
export const isInteger = (value: unknown, bits: number): boolean => {
  if (typeof value === 'number') {
    const limit = 2 ** (bits - 1)
    return Number.isSafeInteger(value) && value >= -limit && value < limit
  }
  return typeof value === 'bigint' && BigInt.asIntN(bits, value) === value
}
