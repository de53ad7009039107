import { isUtf8 } from 'node:buffer'
import { maxDepth } from './json-parse.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
const DOT = 0x2e
const COMMA = 0x2c

// What stands on the stack: in an object after a value, or in an array after a value.
const OBJECT = 1
const ARRAY = 2

/** Whether a string had bytes that are not ASCII: whether they are UTF-8 is to be checked. */
let sawHigh = false

// The letters of escapes that are a letter.
const isLetterEscape = new Uint8Array(256)
for (const letter of '"\\bfnrt') isLetterEscape[letter.charCodeAt(0)] = 1

/**
 * End of the string whose first byte after the quote is at `from`, or -1. Sets `sawHigh`. No call in the loop: one would make it twice
 * as slow for all the bytes that are plain.
 */
const scanString = (buf: Uint8Array, from: number, end: number): number => {
  let numeric = false
  for (let at = from; at < end; at++) {
    const byte = buf[at]!
    if (byte === QUOTE) return numeric ? checkEscapes(buf, from, at) : at + 1
    if (byte < 0x20) return -1
    if (byte === BACKSLASH) {
      if (++at < end && isLetterEscape[buf[at]!] === 0) numeric = true
    } else if (byte >= 0x80) {
      // Beyond U+FFFF our writer escapes.
      if (byte >= 0xf0) return -1
      sawHigh = true
    }
  }
  return -1
}

/** Checks the escapes of a string up to its quote, when there are others than letters. */
const checkEscapes = (buf: Uint8Array, from: number, quote: number): number => {
  for (let at = from; at < quote; ) {
    if (buf[at] !== BACKSLASH) at++
    else if ((at = scanEscape(buf, at + 1, quote)) < 0) return -1
  }
  return quote + 1
}

const scanEscape = (buf: Uint8Array, at: number, end: number): number => {
  switch (buf[at]) {
    case QUOTE:
    case BACKSLASH:
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 1
    case 0x75: {
      // \u00XX of a control character without a short form, in upper case: the only one a writer must use.
      if (at + 5 > end || buf[at + 1] !== ZERO || buf[at + 2] !== ZERO) return -1
      const high = buf[at + 3]! - ZERO
      const digit = buf[at + 4]!
      const low = digit >= ZERO && digit <= NINE ? digit - ZERO : digit >= 0x41 && digit <= 0x46 ? digit - 0x37 : -1
      if (low < 0 || (high !== 0 && high !== 1)) return -1
      const code = high * 16 + low
      return code === 8 || code === 9 || code === 10 || code === 12 || code === 13 ? -1 : at + 5
    }
    default:
      return -1
  }
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE

/** End of the number at `at`, or -1 unless its text is what printing its value gives. */
export const scanNumber = (buf: Uint8Array, from: number, end: number): number => {
  let at = from
  const negative = buf[at] === MINUS
  if (negative) at++
  const whole = at
  while (at < end && isDigit(buf[at])) at++
  const wholeDigits = at - whole
  if (wholeDigits === 0 || (wholeDigits > 1 && buf[whole] === ZERO)) return -1
  const isZero = wholeDigits === 1 && buf[whole] === ZERO
  const next = at < end ? buf[at]! : 0
  if (next === 0x65 || next === 0x45) return -1
  if (next !== DOT) return isZero && negative ? -1 : at
  const fraction = ++at
  while (at < end && isDigit(buf[at])) at++
  const fractionDigits = at - fraction
  // 15 significant digits always survive a double, and from 1e-6 on they are printed without an exponent.
  if (fractionDigits === 0 || wholeDigits + fractionDigits > 15 || buf[at - 1] === ZERO) return -1
  if (at < end && (buf[at] === 0x65 || buf[at] === 0x45)) return -1
  if (isZero) {
    let zeros = 0
    while (zeros < fractionDigits && buf[fraction + zeros] === ZERO) zeros++
    if (zeros > 5) return -1
  }
  return at
}

const literal = (buf: Uint8Array, at: number, end: number, text: string): number => {
  if (at + text.length > end) return -1
  for (let index = 0; index < text.length; index++) if (buf[at + index] !== text.charCodeAt(index)) return -1
  return at + text.length
}

const stack = new Uint8Array(maxDepth)

/**
 * Whether the bytes are one JSON value spelled the way our writer spells it: no white space, only necessary escapes, numbers
 * as printed. Such bytes can be passed on as they are; false says nothing about whether they are JSON.
 */
export const isCanonicalJson = (buf: Uint8Array, start: number, end: number): boolean => {
  sawHigh = false
  let at = start
  let depth = 0
  for (;;) {
    // A value.
    if (at >= end) return false
    const byte = buf[at]!
    if (byte === 0x7b || byte === 0x5b) {
      if (depth === maxDepth) return false
      const object = byte === 0x7b
      at++
      if (buf[at] === (object ? 0x7d : 0x5d) && at < end) at++
      else {
        stack[depth++] = object ? OBJECT : ARRAY
        if (object && (at = scanKey(buf, at, end)) < 0) return false
        continue
      }
    } else if (byte === QUOTE) at = scanString(buf, at + 1, end)
    else if (byte === MINUS || isDigit(byte)) at = scanNumber(buf, at, end)
    else if (byte === 0x74) at = literal(buf, at, end, 'true')
    else if (byte === 0x66) at = literal(buf, at, end, 'false')
    else if (byte === 0x6e) at = literal(buf, at, end, 'null')
    else return false
    if (at < 0) return false
    // What follows a value: the ends of containers, then a comma or the end.
    for (;;) {
      if (depth === 0) return at === end && (!sawHigh || isUtf8(buf.subarray(start, end)))
      if (at >= end) return false
      const after = buf[at++]!
      const object = stack[depth - 1] === OBJECT
      if (after === COMMA) {
        if (object && (at = scanKey(buf, at, end)) < 0) return false
        break
      }
      if (after !== (object ? 0x7d : 0x5d)) return false
      depth--
    }
  }
}

/** End of `"key":` at `at`, or -1. */
const scanKey = (buf: Uint8Array, at: number, end: number): number => {
  if (at >= end || buf[at] !== QUOTE) return -1
  const colon = scanString(buf, at + 1, end)
  return colon < 0 || colon >= end || buf[colon] !== 0x3a ? -1 : colon + 1
}
