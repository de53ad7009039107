import { ByteWriter } from '../api/byte-writer.ts'
import { doubleText, floatText, quoteJson } from '../api/json-text.ts'

// Values as JSON straight into the bytes of a record. What json-text.ts writes as text is the meaning: for anything but the
// frequent cases it is asked.

const QUOTE = 0x22
const BACKSLASH = 0x5c
const ZERO = 0x30

// From here on one native copy and a look at the bytes beats a loop over the characters.
const longText = 24
// No room for 6 bytes per character is made from here on: most would be memory that nobody uses.
const hugeText = 1024
const hexDigits = Buffer.from('0123456789ABCDEF')

export const jsonNull: Uint8Array = Buffer.from('null')
export const jsonTrue: Uint8Array = Buffer.from('true')
export const jsonFalse: Uint8Array = Buffer.from('false')

/** Writes a few bytes that are known beforehand: up to some dozens a loop beats a native copy. */
export const writeFew = (out: ByteWriter, bytes: Uint8Array): void => {
  const { length } = bytes
  out.reserve(length)
  const { buf, pos } = out
  for (let index = 0; index < length; index++) buf[pos + index] = bytes[index]!
  out.pos = pos + length
}

// What is made in it is copied out; kept while it is small.
let scratch = new ByteWriter(4096)
const largestScratch = 1 << 20

/** The bytes of a value alone. */
export const toBytes = (write: (out: ByteWriter, value: unknown) => void, value: unknown): Buffer => {
  const out = scratch
  const from = out.pos
  try {
    write(out, value)
    return Buffer.from(out.buf.subarray(from, out.pos))
  } finally {
    out.pos = from
    if (from === 0 && out.buf.length > largestScratch) scratch = new ByteWriter(4096)
  }
}

/** The letter of a control character's short escape; 0 for those that have none. */
const shortEscapes = new Uint8Array(0x20)
for (const [code, letter] of Object.entries({ 8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r' }))
  shortEscapes[Number(code)] = letter.charCodeAt(0)

/** Writes a string in quotes, as `quoteJson` would. */
export const writeString = (out: ByteWriter, text: string): void => {
  const { length } = text
  out.reserve(length < hugeText ? length * 6 + 2 : length * 3 + 2)
  const { buf, pos } = out
  buf[pos] = QUOTE
  const from = pos + 1
  let plain = 0
  if (length >= longText && buf.write(text, from, 'utf8') === length) {
    // As many bytes as characters: all ASCII.
    while (plain < length && isPlain(buf[from + plain]!)) plain++
  }
  const end = length < hugeText || plain === length ? writeCharacters(buf, from + plain, text, plain) : -1
  if (end < 0) {
    out.writeText(quoteJson(text))
    return
  }
  buf[end] = QUOTE
  out.pos = end + 1
}

const isPlain = (byte: number): boolean => byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH

/** Writes the characters from `index` on with their escapes; the end position, or -1 for text with surrogates. */
const writeCharacters = (buf: Buffer, start: number, text: string, index: number): number => {
  let at = start
  for (let next = index; next < text.length; next++) {
    const code = text.charCodeAt(next)
    if (code < 0x80) {
      if (isPlain(code)) buf[at++] = code
      else at = writeEscape(buf, at, code)
    } else if (code < 0x800) {
      buf[at++] = 0xc0 | (code >> 6)
      buf[at++] = 0x80 | (code & 0x3f)
    } else if (code >= 0xd800 && code <= 0xdfff) return -1
    else {
      buf[at++] = 0xe0 | (code >> 12)
      buf[at++] = 0x80 | ((code >> 6) & 0x3f)
      buf[at++] = 0x80 | (code & 0x3f)
    }
  }
  return at
}

const writeEscape = (buf: Buffer, start: number, code: number): number => {
  let at = start
  buf[at++] = BACKSLASH
  const letter = code < 0x20 ? shortEscapes[code]! : code
  if (letter !== 0) buf[at++] = letter
  else {
    buf[at++] = 0x75
    buf[at++] = ZERO
    buf[at++] = ZERO
    buf[at++] = hexDigits[code >> 4]!
    buf[at++] = hexDigits[code & 15]!
  }
  return at
}

/** Writes `length` digits of a number below 2^31, leading zeros included, and returns the end. */
const writeDigits = (buf: Buffer, at: number, value: number, length: number): number => {
  let rest = value | 0
  for (let place = at + length - 1; place >= at; place--) {
    const tens = (rest / 10) | 0
    buf[place] = ZERO + rest - tens * 10
    rest = tens
  }
  return at + length
}

const digitsOf = (value: number): number => {
  if (value < 1e4) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4
  if (value < 1e7) return value < 1e6 ? (value < 1e5 ? 5 : 6) : 7
  return value < 1e8 ? 8 : 9
}

/** Writes a safe integer; negative zero as 0. */
export const writeInteger = (out: ByteWriter, value: number): void => {
  out.reserve(17)
  const { buf } = out
  let at = out.pos
  let rest = value
  if (rest < 0) {
    buf[at++] = 0x2d
    rest = -rest
  }
  if (rest < 1e9) at = writeDigits(buf, at, rest, digitsOf(rest))
  else {
    const high = Math.floor(rest / 1e9)
    at = writeDigits(buf, at, high, digitsOf(high))
    at = writeDigits(buf, at, rest - high * 1e9, 9)
  }
  out.pos = at
}

/**
 * Writes a fraction of at most 6 places, or returns false. A decimal of at most 15 digits that is nearest to a double is the
 * shortest that is: other decimals of so few digits are other doubles.
 */
const writeFraction = (out: ByteWriter, value: number): boolean => {
  const size = Math.abs(value)
  // Where both Java and JavaScript print no exponent.
  if (!(size >= 1e-3 && size < 1e7)) return false
  let places = 2
  let scaled = Math.round(size * 100)
  if (scaled / 100 !== size) {
    places = 6
    scaled = Math.round(size * 1e6)
    if (scaled / 1e6 !== size) return false
  }
  const power = places === 2 ? 100 : 1e6
  const whole = Math.floor(scaled / power)
  let fraction = (scaled - whole * power) | 0
  while (places > 1 && fraction % 10 === 0) {
    fraction = (fraction / 10) | 0
    places--
  }
  out.reserve(16)
  const { buf } = out
  let at = out.pos
  if (value < 0) buf[at++] = 0x2d
  at = writeDigits(buf, at, whole, digitsOf(whole))
  buf[at++] = 0x2e
  out.pos = writeDigits(buf, at, fraction, places)
  return true
}

/** Writes a FLOAT64, as `doubleText`. */
export const writeDouble = (out: ByteWriter, value: number): void => {
  if (!writeFraction(out, value)) out.writeText(doubleText(value))
}

/** Writes a FLOAT32, as `floatText`. */
export const writeFloat = (out: ByteWriter, value: number): void => {
  out.writeText(floatText(value))
}

/** Writes a number without a schema: integers as digits, anything else as JavaScript prints it. */
export const writeNumber = (out: ByteWriter, value: number | bigint): void => {
  if (typeof value === 'bigint') out.writeText(`${value}`)
  else if (Number.isSafeInteger(value)) writeInteger(out, value)
  else if (Number.isInteger(value)) out.writeText(`${BigInt(value)}`)
  else if (!Number.isFinite(value)) out.writeText(doubleText(value))
  else if (!writeFraction(out, value)) out.writeText(`${value}`)
}
