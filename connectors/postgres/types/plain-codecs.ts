import { DataError, doubleText, floatText, type Schema, s } from 'millrace'
import { type Codec, parsedCodec, type TextSource, textOf } from './codec.ts'

// Types whose JSON is made from the server's text byte by byte.

const quote = 0x22
const backslash = 0x5c

/** Digits that are JSON as they are. INT64 beyond 2^53 is a bigint (never rounded, invariant 9). */
export const integerCodec = (schema: Schema): Codec => ({
  schema,
  factor: 1,
  extra: 0,
  value(src, at, end) {
    const text = src.toString('latin1', at, end)
    const number = Number(text)
    return Number.isSafeInteger(number) ? number : BigInt(text)
  },
  write: copyBytes,
})

function copyBytes(src: Buffer, at: number, end: number, out: Buffer, pos: number): number {
  for (let from = at; from < end; from++) out[pos++] = src[from]!
  return pos
}

/** ASCII without anything to escape, in quotes: uuid, numbers as text. */
export const asciiCodec = (schema: Schema): Codec => ({
  schema,
  factor: 1,
  extra: 2,
  value: (src, at, end) => src.toString('latin1', at, end),
  write(src, at, end, out, pos) {
    out[pos++] = quote
    for (let from = at; from < end; from++) out[pos++] = src[from]!
    out[pos++] = quote
    return pos
  },
})

const trueJson = Buffer.from('true')
const falseJson = Buffer.from('false')

export const booleanCodec = (): Codec => ({
  schema: s.boolean(),
  factor: 0,
  extra: 5,
  value: (src, at) => src[at] === 0x74,
  write(src, at, _end, out, pos) {
    const text = src[at] === 0x74 ? trueJson : falseJson
    return copyBytes(text, 0, text.length, out, pos)
  },
})

/** 1: needs work inside a JSON string; 2: starts a character beyond U+FFFF, which is written as two escapes. */
const escapes = new Uint8Array(256)
for (let byte = 0; byte < 0x20; byte++) escapes[byte] = 1
escapes[quote] = 1
escapes[backslash] = 1
for (let byte = 0xf0; byte < 0x100; byte++) escapes[byte] = 2

/** The letter of a short JSON escape, or 0. */
const letters = new Uint8Array(256)
for (const [byte, letter] of [
  [8, 'b'],
  [9, 't'],
  [10, 'n'],
  [12, 'f'],
  [13, 'r'],
  [quote, '"'],
  [backslash, '\\'],
] as const)
  letters[byte] = letter.charCodeAt(0)

const hexDigits = Buffer.from('0123456789ABCDEF')

const writeUnit = (code: number, out: Buffer, pos: number): number => {
  out[pos] = backslash
  out[pos + 1] = 0x75
  out[pos + 2] = hexDigits[(code >> 12) & 15]!
  out[pos + 3] = hexDigits[(code >> 8) & 15]!
  out[pos + 4] = hexDigits[(code >> 4) & 15]!
  out[pos + 5] = hexDigits[code & 15]!
  return pos + 6
}

const writeEscaped = (byte: number, out: Buffer, pos: number): number => {
  const letter = letters[byte]!
  if (letter === 0) return writeUnit(byte, out, pos)
  out[pos] = backslash
  out[pos + 1] = letter
  return pos + 2
}

const writePair = (src: Buffer, at: number, out: Buffer, pos: number): number => {
  const code =
    (((src[at]! & 7) << 18) | ((src[at + 1]! & 63) << 12) | ((src[at + 2]! & 63) << 6) | (src[at + 3]! & 63)) - 0x10000
  return writeUnit(0xdc00 | (code & 0x3ff), out, writeUnit(0xd800 | (code >> 10), out, pos))
}

const writeText = (src: Buffer, at: number, end: number, out: Buffer, start: number): number => {
  let pos = start
  out[pos++] = quote
  for (let from = at; ; ) {
    let byte = 0
    while (from < end && escapes[(byte = src[from]!)] === 0) {
      out[pos++] = byte
      from++
    }
    if (from >= end) break
    if (escapes[byte] === 1) {
      pos = writeEscaped(byte, out, pos)
      from++
    } else {
      pos = writePair(src, from, out, pos)
      from += 4
    }
  }
  out[pos++] = quote
  return pos
}

/** COPY writes `\b \f \n \r \t \\` exactly as JSON does; `\v` is the exception. */
const writeCopyText = (src: Buffer, at: number, end: number, out: Buffer, start: number): number => {
  let pos = start
  out[pos++] = quote
  for (let from = at; ; ) {
    let byte = 0
    while (from < end && escapes[(byte = src[from]!)] === 0) {
      out[pos++] = byte
      from++
    }
    if (from >= end) break
    if (byte === backslash) {
      const letter = src[from + 1]!
      if (letter === 0x76) pos = writeUnit(0x0b, out, pos)
      else {
        out[pos] = backslash
        out[pos + 1] = letter
        pos += 2
      }
      from += 2
    } else if (escapes[byte] === 1) {
      pos = writeEscaped(byte, out, pos)
      from++
    } else {
      pos = writePair(src, from, out, pos)
      from += 4
    }
  }
  out[pos++] = quote
  return pos
}

/** Nothing grows by more than 8 bytes: four bytes become twelve. */
const textBound = (src: Buffer, at: number, end: number): number => {
  let special = 0
  for (let from = at; from < end; from++) if (escapes[src[from]!] !== 0) special++
  return end - at + special * 8 + 2
}

/** Text as it is. */
export const textCodec = (schema: Schema, source: TextSource): Codec => ({
  schema,
  factor: 6,
  extra: 2,
  bound: textBound,
  value: (src, at, end) => textOf(src, at, end, source),
  write: source === 'copy' ? writeCopyText : writeText,
})

const floatOf = (text: string): number => {
  const number = Number(text)
  if (Number.isNaN(number) && text !== 'NaN') throw new DataError(`${text} is not a floating point number`)
  return number
}

const floatCodec =
  (schema: Schema, round: (value: number) => number, print: (value: number) => string) =>
  (source: TextSource): Codec => {
    const parsed = parsedCodec(schema, source, { factor: 1, extra: 24 }, text => round(floatOf(text)))
    return {
      ...parsed,
      write(src, at, end, out, pos) {
        // The shortest digits are Java's too, where neither uses an exponent: 0.001 up to 10^7.
        let point = at
        while (point < end && src[point] !== 0x2e) point++
        const first = src[at]!
        if (
          point > at &&
          point < end - 1 &&
          end - at <= 16 &&
          point - at <= 7 &&
          first > 0x30 &&
          first <= 0x39 &&
          src[end - 1] !== 0x30
        ) {
          let from = at
          while (from < end && (src[from]! <= 0x39 || src[from] === 0x2e)) from++
          if (from === end) return copyBytes(src, at, end, out, pos)
        }
        const text = print(round(floatOf(src.toString('latin1', at, end))))
        return pos + out.write(text, pos, 'latin1')
      },
    }
  }

export const doubleCodec = floatCodec(s.float64(), value => value, doubleText)
export const realCodec = floatCodec(s.float32(), Math.fround, floatText)
