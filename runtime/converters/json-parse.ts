import { Decimal } from '../api/decimal.ts'
import { DataError } from '../api/errors.ts'

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown

// The third argument is newer than the library's declaration.
const parseWith = JSON.parse as (text: string, reviver: Reviver) => unknown

/** Integers beyond 2^53 become bigint (invariant 9). */
const exactIntegers: Reviver = (_, value, { source }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
    ? BigInt(source)
    : value

/** Also fractions that a double would change become Decimal. */
const exactNumbers: Reviver = function (key, value, context) {
  const { source } = context
  if (typeof value !== 'number' || source === undefined) return value
  if (/^-?\d+$/.test(source)) return exactIntegers.call(this, key, value, context)
  // A decimal has no negative zero.
  if (Object.is(value, -0) && /^-[0.]+(?:[eE].*)?$/.test(source)) return value
  return String(value) === source ? value : Decimal.parse(source)
}

const fraction = /\d[.eE]/
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

/**
 * Whether there are 17 digits in a row, or 16 from 9 on: no safe integer has them. They are rare, and without them the plain
 * parser is exact. A run of 16 digits covers a place that is a multiple of 16: only these are looked at.
 */
const hasLongDigits = (source: string): boolean => {
  for (let at = 15; at < source.length; at += 16) {
    if (!isDigit(source.charCodeAt(at))) continue
    let from = at
    while (from > 0 && isDigit(source.charCodeAt(from - 1))) from--
    let to = at + 1
    while (to < source.length && isDigit(source.charCodeAt(to))) to++
    if (to - from > 16 || (to - from === 16 && source[from] === '9')) return true
  }
  return false
}

const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Kafka Connect's reader goes no deeper; nor may ours, whose object path is recursive. */
export const maxDepth = 1000

const QUOTE = 0x22
const BACKSLASH = 0x5c

const isTooDeep = (bytes: Uint8Array): boolean => {
  let depth = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte === QUOTE) {
      for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++
    } else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > maxDepth) return true
    } else if (byte === 0x5d || byte === 0x7d) depth--
  }
  return false
}

const parseText = (source: string, fractions: boolean): unknown =>
  hasLongDigits(source) || (fractions && fraction.test(source))
    ? parseWith(source, fractions ? exactNumbers : exactIntegers)
    : JSON.parse(source)

const stringOrBrace = /"(?:[^"\\]|\\.)*"|[{}[\]]/gs
const zeros = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+])(-?)0+(?=\d)/gs

/** The text of the first value: objects and arrays to the brace that ends them, anything else to what cannot belong to it. */
const firstValue = (source: string): string => {
  const start = source.search(/\S/)
  if (source[start] !== '{' && source[start] !== '[')
    return /"(?:[^"\\]|\\.)*"|[^\s,:{}[\]"]+/s.exec(source.slice(start))?.[0] ?? source
  let depth = 0
  for (const { 0: token, index } of source.matchAll(stringOrBrace)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') {
      if (--depth === 0) return source.slice(start, index + 1)
    }
  }
  return source
}

/** What Kafka Connect reads where JSON is not quite JSON: numbers with leading zeros, and anything behind the first value. */
const parseLeniently = (source: string, fractions: boolean): unknown =>
  parseText(
    firstValue(source).replace(zeros, (match, sign: string | undefined) =>
      match.startsWith('"') ? match : (sign ?? ''),
    ),
    fractions,
  )

/**
 * Parses JSON bytes without losing digits: integers beyond 2^53 as bigint; with `fractions`, decimals that a double cannot
 * hold as they are written as Decimal. Throws DataError.
 */
export const parseJson = (bytes: Uint8Array, fractions = false): unknown => {
  try {
    const source = text.decode(bytes)
    if (bytes.length > maxDepth && isTooDeep(bytes)) throw new RangeError(`More than ${maxDepth} levels deep`)
    return parseText(source, fractions)
  } catch (cause) {
    throw new DataError('Converting byte[] to Kafka Connect data failed due to serialization error: ', { cause })
  }
}

const isBlank = (bytes: Uint8Array): boolean =>
  bytes.every(byte => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d)

/**
 * The same of a whole message, as Kafka Connect reads one: a byte order mark is skipped, blank is null, leading zeros and what follows
 * the first value do no harm.
 */
export const parseMessage = (bytes: Uint8Array, fractions = false): unknown => {
  if (isBlank(bytes)) return null
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  const message = marked ? bytes.subarray(3) : bytes
  try {
    return parseJson(message, fractions)
  } catch (error) {
    if (!((error as Error).cause instanceof SyntaxError)) throw error
    try {
      return parseLeniently(text.decode(message), fractions)
    } catch {
      throw error
    }
  }
}
