import { isUtf8 } from 'node:buffer'
import { type ObjectMaker, objectMaker } from '../api/object-maker.ts'
import { jsonFalse, jsonNull, jsonTrue } from './json-bytes.ts'
import { maxDepth } from './json-parse.ts'
import { scanNumber } from './json-scan.ts'

/** What every Buffer has, though its types do not say so: the quick way to `toString('latin1', ...)`. */
interface Slicing {
  latin1Slice(from: number, to: number): string
}

/** Says that the bytes are for the general parser. */
export const unread: unique symbol = Symbol('unread')

/**
 * A place in an object: the names up to here. Objects of a topic are alike, so the names that came next before are tried first,
 * by their bytes; no string is made for them.
 */
interface Place {
  readonly name: string
  /** `"name":` */
  readonly key: Uint8Array
  readonly before: Place | undefined
  /** Names that came next. */
  readonly after: Place[]
  /** Which of them did so last. */
  likely: number
  /** Where objects begin that are, or are in, the value of this name. */
  inside: Place | undefined
  /** Makes the objects that end here. */
  maker: ObjectMaker | undefined
}

const placeOf = (name: string, key: Uint8Array, before: Place | undefined): Place => ({
  name,
  key,
  before,
  after: [],
  likely: 0,
  inside: undefined,
  maker: undefined,
})

const none: Buffer = Buffer.alloc(0)
const root = placeOf('', none, undefined)

// Bounds for names that are data.
let placesLeft = 10_000
const mostAfter = 16
const longestKey = 64

// A string that is a slice keeps the whole text alive.
const mostShared = 4096

const QUOTE = 0x22
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
const DOT = 0x2e
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const powers = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)

// The message that is read; reading is synchronous and calls nobody.
let buf = none
let start = 0
let at = 0
let end = 0
let depth = 0
let anyHigh = false
let shared: string | undefined
/** Values of the objects and arrays that are open. */
const values: unknown[] = []
const mostKept = 1000
let count = 0

const hasBytes = (bytes: Uint8Array): boolean => {
  const { length } = bytes
  if (at + length > end) return false
  for (let index = 0; index < length; index++) if (buf[at + index] !== bytes[index]) return false
  return true
}

/** The place behind the key at `at`; undefined when there is none that is spelled as ours. */
const readKey = (place: Place): Place | undefined => {
  const { after } = place
  const expected = after[place.likely]
  if (expected !== undefined && hasBytes(expected.key)) {
    at += expected.key.length
    return expected
  }
  for (let index = 0; index < after.length; index++) {
    const other = after[index]!
    if (!hasBytes(other.key)) continue
    place.likely = index
    at += other.key.length
    return other
  }
  return newKey(place)
}

const newKey = (place: Place): Place | undefined => {
  if (buf[at] !== QUOTE) return undefined
  const next = stringEnd(at + 1)
  // Bytes that are no UTF-8 must not be remembered as a name.
  if (next < 0 || next >= end || buf[next] !== COLON || !isUtf8(buf.subarray(at, next))) return undefined
  const name = sawEscape ? unescaped(at, next) : textOf(at + 1, next - 1)
  if (typeof name !== 'string') return undefined
  const key = Buffer.from(buf.subarray(at, next + 1))
  const made = placeOf(name, key, place)
  at = next + 1
  if (placesLeft > 0 && place.after.length < mostAfter && key.length <= longestKey) {
    placesLeft--
    place.likely = place.after.push(made) - 1
  }
  return made
}

const makerOf = (place: Place): ObjectMaker => {
  const names: string[] = []
  for (let one: Place = place; one.before !== undefined; one = one.before) names.push(one.name)
  return objectMaker(names.reverse())
}

const readObject = (from: Place): unknown => {
  if (depth === maxDepth) return unread
  if (buf[++at] === 0x7d && at < end) {
    at++
    return {}
  }
  depth++
  const first = count
  let place = from
  for (;;) {
    const next = readKey(place)
    if (next === undefined) return unread
    place = next
    const value = readValue(place)
    if (value === unread || at >= end) return unread
    values[count++] = value
    const byte = buf[at++]
    if (byte === COMMA) continue
    if (byte !== 0x7d) return unread
    depth--
    count = first
    return (place.maker ??= makerOf(place))(values, first)
  }
}

const readArray = (place: Place): unknown => {
  if (depth === maxDepth) return unread
  if (buf[++at] === 0x5d && at < end) {
    at++
    return []
  }
  depth++
  const first = count
  for (;;) {
    const value = readValue(place)
    if (value === unread || at >= end) return unread
    values[count++] = value
    const byte = buf[at++]
    if (byte === COMMA) continue
    if (byte !== 0x5d) return unread
    depth--
    const made = values.slice(first, count)
    count = first
    return made
  }
}

let sawHigh = false
let sawEscape = false

/**
 * End of the string whose first byte after the quote is at `from`, or -1; sets `sawHigh` and `sawEscape`. Escapes are not checked: a call
 * in this loop would make it slower for all the bytes that are plain.
 */
const stringEnd = (from: number): number => {
  const bytes = buf
  const last = end
  sawHigh = false
  sawEscape = false
  for (let place = from; place < last; place++) {
    const byte = bytes[place]!
    if (byte === QUOTE) return place + 1
    if (byte < 0x20) return -1
    if (byte === BACKSLASH) {
      sawEscape = true
      place++
    } else if (byte >= 0x80) sawHigh = true
  }
  return -1
}

/** The text of bytes of a string that was scanned last. */
const textOf = (from: number, to: number): string => {
  if (sawHigh) return buf.toString('utf8', from, to)
  if (end - start > mostShared) return buf.toString('latin1', from, to)
  shared ??= (buf as Buffer & Slicing).latin1Slice(start, end)
  return shared.slice(from - start, to - start)
}

const unescaped = (from: number, to: number): unknown => {
  try {
    return JSON.parse(textOf(from, to))
  } catch {
    // The general parser says what is wrong with it.
    return unread
  }
}

const readString = (): unknown => {
  const from = at + 1
  const next = stringEnd(from)
  if (next < 0) return unread
  at = next
  if (sawHigh) anyHigh = true
  return sawEscape ? unescaped(from - 1, next) : textOf(from, next - 1)
}

const readNumber = (): unknown => {
  const from = at
  let value = 0
  let byte = buf[at]!
  // Most are integers of few digits.
  while (byte >= ZERO && byte <= NINE) {
    value = value * 10 + (byte - ZERO)
    byte = ++at < end ? buf[at]! : COMMA
  }
  const digits = at - from
  if (digits > 0 && digits <= 15 && byte !== DOT && (byte | 0x20) !== 0x65 && (digits === 1 || buf[from] !== ZERO))
    return value
  return otherNumber(from)
}

const otherNumber = (from: number): unknown => {
  const next = scanNumber(buf, from, end)
  if (next < 0) return unread
  at = next
  const negative = buf[from] === MINUS
  const first = negative ? from + 1 : from
  if (next - first > 16) return longNumber(buf.toString('latin1', from, next))
  let value = 0
  let places = 0
  for (let place = first; place < next; place++) {
    const byte = buf[place]!
    if (byte === DOT) places = next - place - 1
    else value = value * 10 + (byte - ZERO)
  }
  if (places === 0 && !Number.isSafeInteger(value)) return longNumber(buf.toString('latin1', from, next))
  // Digits and power are both exact, so that the quotient is the nearest double.
  value /= powers[places]!
  return negative ? -value : value
}

/** Integers beyond 2^53 as bigint (invariant 9). */
const longNumber = (text: string): number | bigint => {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}

const readLiteral = (text: Uint8Array, value: unknown): unknown => {
  if (!hasBytes(text)) return unread
  at += text.length
  return value
}

const readValue = (place: Place): unknown => {
  if (at >= end) return unread
  const byte = buf[at]!
  if (byte === QUOTE) return readString()
  if (byte === MINUS || (byte >= ZERO && byte <= NINE)) return readNumber()
  switch (byte) {
    case 0x7b:
      return readObject((place.inside ??= placeOf('', none, undefined)))
    case 0x5b:
      return readArray(place)
    case 0x74:
      return readLiteral(jsonTrue, true)
    case 0x66:
      return readLiteral(jsonFalse, false)
    case 0x6e:
      return readLiteral(jsonNull, null)
    default:
      return unread
  }
}

/**
 * Reads one JSON value without white space in one pass: exactly what `parseJson` gives, with fractions exact or not, since no
 * double changes those that are accepted. `unread` for any other bytes: none is said about them.
 */
export const readJson = (bytes: Buffer, from = 0, to: number = bytes.length): unknown => {
  buf = bytes
  start = from
  at = from
  end = to
  depth = 0
  count = 0
  anyHigh = false
  const value = readValue(root)
  const done = value !== unread && at === end && (!anyHigh || isUtf8(bytes.subarray(from, to)))
  // Nothing of the message is held on to.
  shared = undefined
  buf = none
  if (values.length > mostKept) values.length = 0
  return done ? value : unread
}
