import { DataError, doubleText, s } from 'millrace'
import { type Codec, parsedCodec, type TextSource } from './codec.ts'
import { booleanCodec } from './plain-codecs.ts'

export type BinaryMode = 'bytes' | 'base64' | 'base64-url-safe' | 'hex'

const encoded = (bytes: Buffer, mode: BinaryMode): Buffer | string => {
  if (mode === 'hex') return bytes.toString('hex')
  if (mode === 'base64') return bytes.toString('base64')
  // With padding, unlike Node's base64url.
  return mode === 'bytes' ? bytes : bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

const binaryCodec = (mode: BinaryMode, source: TextSource, bytes: (text: string) => Buffer): Codec =>
  parsedCodec(mode === 'bytes' ? s.bytes() : s.string(), source, { factor: 3, extra: 8 }, text =>
    encoded(bytes(text), mode),
  )

export const byteaCodec = (mode: BinaryMode, source: TextSource): Codec =>
  binaryCodec(mode, source, text => {
    if (!text.startsWith('\\x')) throw new DataError('A bytea value is not in hexadecimal form (bytea_output=hex)')
    return Buffer.from(text.slice(2), 'hex')
  })

/** A type that is not known here: its text as bytes. */
export const unknownCodec = (mode: BinaryMode, source: TextSource): Codec =>
  binaryCodec(mode, source, text => Buffer.from(text))

const numbers = /-?[\d.]+(?:e[+-]?\d+)?/g

/** Lines, boxes, paths, polygons and circles: unknown, and printed with Java's numbers. */
export const geometryCodec = (mode: BinaryMode, source: TextSource): Codec =>
  binaryCodec(mode, source, text => Buffer.from(text.replace(numbers, number => doubleText(Number(number)))))

/** The bit string as a number's bytes, lowest first, without leading zero bytes. */
const bitsOf = (text: string): Buffer => {
  const bytes = Buffer.alloc(Math.ceil(text.length / 8))
  let length = 0
  for (let bit = 0; bit < text.length; bit++) {
    if (text[text.length - 1 - bit] !== '1') continue
    bytes[bit >> 3]! |= 1 << (bit & 7)
    length = (bit >> 3) + 1
  }
  return bytes.subarray(0, length)
}

/** `length` undefined: no limit (bit varying). */
export const bitCodec = (length: number | undefined, source: TextSource): Codec => {
  if (length === 1) {
    const codec = booleanCodec()
    const one = 0x31
    return {
      ...codec,
      // bit varying(1) may be empty.
      value: (src, at, end) => (at === end ? null : src[at] === one),
      write: (src, at, end, out, pos) =>
        at === end ? -1 : pos + out.write(src[at] === one ? 'true' : 'false', pos, 'latin1'),
    }
  }
  const parameters = { length: String(length ?? 2147483647) }
  return parsedCodec(
    s.bytes({ name: 'io.debezium.data.Bits', version: 1, parameters }),
    source,
    { factor: 1, extra: 8 },
    bitsOf,
  )
}
