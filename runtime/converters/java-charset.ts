/** A Java character set: both ways between text and bytes. Unmappable characters become `?`, as Java's encoders do. */
export interface Charset {
  /** Node's own writer gives the same bytes. */
  readonly isUtf8: boolean
  encode(text: string): Buffer
  decode(bytes: Buffer): string
}

const utf8: Charset = { isUtf8: true, encode: text => Buffer.from(text), decode: bytes => bytes.toString() }

const singleByte = (unmappable: RegExp, replaceHigh: boolean): Charset => ({
  isUtf8: false,
  encode: text => Buffer.from(text.replace(unmappable, '?'), 'latin1'),
  decode(bytes) {
    const text = bytes.toString('latin1')
    return replaceHigh ? text.replace(/[\x80-\xff]/g, '\ufffd') : text
  },
})

const swapped = (bytes: Buffer): Buffer => Buffer.from(bytes.subarray(0, bytes.length & ~1)).swap16()
const odd = (bytes: Buffer): string => (bytes.length % 2 === 0 ? '' : '\ufffd')

const utf16le: Charset = {
  isUtf8: false,
  encode: text => Buffer.from(text, 'utf16le'),
  decode: bytes => bytes.toString('utf16le') + odd(bytes),
}

const utf16be: Charset = {
  isUtf8: false,
  encode: text => Buffer.from(text, 'utf16le').swap16(),
  decode: bytes => swapped(bytes).toString('utf16le') + odd(bytes),
}

/** Written big endian with a byte order mark, read by its mark, big endian without one. */
const utf16: Charset = {
  isUtf8: false,
  encode: text => (text === '' ? Buffer.alloc(0) : utf16be.encode(`\ufeff${text}`)),
  decode(bytes) {
    const mark = bytes.length >= 2 ? bytes.readUInt16BE(0) : 0
    if (mark === 0xfffe) return utf16le.decode(bytes.subarray(2))
    return utf16be.decode(mark === 0xfeff ? bytes.subarray(2) : bytes)
  },
}

const ascii = singleByte(/[\ud800-\udbff][\udc00-\udfff]|[^\x00-\x7f]/g, true)
const latin1 = singleByte(/[\ud800-\udbff][\udc00-\udfff]|[^\x00-\xff]/g, false)

const charsets: Readonly<Record<string, Charset>> = {
  'UTF-8': utf8,
  UTF8: utf8,
  'US-ASCII': ascii,
  ASCII: ascii,
  'ISO-8859-1': latin1,
  ISO8859_1: latin1,
  LATIN1: latin1,
  'UTF-16': utf16,
  'UTF-16BE': utf16be,
  'UTF-16LE': utf16le,
}

export const charsetNames: readonly string[] = Object.keys(charsets)

/** By Java's name, any case; undefined for one that is not supported. */
export const charset = (name: string): Charset | undefined => charsets[name.toUpperCase()]
