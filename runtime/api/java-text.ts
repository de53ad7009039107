import { Decimal } from './decimal.ts'
import { decimalText, doubleText, floatText } from './json-text.ts'
import type { Schema } from './schema.ts'

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const two = (value: number): string => String(value).padStart(2, '0')

/** As java.util.Date prints itself in UTC: `Tue Nov 14 22:13:20 UTC 2023`. */
const dateText = (date: Date): string =>
  `${days[date.getUTCDay()]} ${months[date.getUTCMonth()]} ${two(date.getUTCDate())} ${date.toISOString().slice(11, 19)} UTC ${String(date.getUTCFullYear()).padStart(4, '0')}`

const numberText = (type: Schema['type'] | undefined, value: number): string => {
  if (type === 'FLOAT32') return floatText(value).replaceAll('"', '')
  // No integer is a negative zero.
  const whole = Number.isInteger(value) && !Object.is(value, -0)
  if (type !== 'FLOAT64' && whole && Number.isSafeInteger(value)) return String(value)
  return type !== 'FLOAT64' && whole ? String(BigInt(value)) : doubleText(value).replaceAll('"', '')
}

/** Without what Java's `trim` takes off: blanks and control characters up to U+0020, no others. */
export const javaTrim = (text: string): string => {
  let start = 0
  let end = text.length
  while (start < end && text.charCodeAt(start) <= 0x20) start++
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--
  return text.slice(start, end)
}

const numberClasses: Partial<Record<Schema['type'], string>> = {
  INT8: 'java.lang.Byte',
  INT16: 'java.lang.Short',
  INT32: 'java.lang.Integer',
  INT64: 'java.lang.Long',
  FLOAT32: 'java.lang.Float',
  FLOAT64: 'java.lang.Double',
}

/** The Java class that a value stands for under its schema, for messages that name it. Without one, integers are those of the narrower class that holds them. */
export const javaClass = (value: unknown, schema: Schema | null = null): string => {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return 'java.lang.String'
  if (typeof value === 'boolean') return 'java.lang.Boolean'
  if (typeof value === 'number' || typeof value === 'bigint') {
    const known = schema === null ? undefined : numberClasses[schema.type]
    if (known !== undefined) return known
    if (typeof value === 'number' && !Number.isInteger(value)) return 'java.lang.Double'
    return BigInt.asIntN(32, BigInt(value)) === BigInt(value) ? 'java.lang.Integer' : 'java.lang.Long'
  }
  if (value instanceof Uint8Array) return '[B'
  if (value instanceof Date) return 'java.util.Date'
  if (value instanceof Decimal) return 'java.math.BigDecimal'
  if (Array.isArray(value)) return 'java.util.ArrayList'
  if (value instanceof Map) return 'java.util.LinkedHashMap'
  return schema?.type === 'STRUCT' ? 'org.apache.kafka.connect.data.Struct' : 'java.util.HashMap'
}

/** Decimal digits of any script, as Java's parsers read them. */
export const asciiDigits = (text: string): string => (isAscii.test(text) ? text : withAsciiDigits(text))

const isAscii = /^[\u0000-\u007f]*$/

const withAsciiDigits = (text: string): string =>
  text.replace(/\p{Nd}/gu, digit => {
    const code = digit.codePointAt(0)!
    if (code < 128) return digit
    // Digits of a script are ten code points in a row that begin where \p{Nd} begins.
    let zero = code
    while (code - zero < 9 && /^\p{Nd}$/u.test(String.fromCodePoint(zero - 1))) zero--
    return String((code - zero) % 10)
  })

/**
 * What Java's toString gives for a value under its schema: `Struct{a=1}` (null fields left out), `{a=1, b=[x, y]}` for maps,
 * `100.0`. Bytes, where Java prints an address, show as their hexadecimal digits or as the text they hold.
 */
export const javaText = (schema: Schema | null, value: unknown, bytes: 'hex' | 'utf8' = 'hex'): string => {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return value
  if (typeof value === 'number') return numberText(schema?.type, value)
  if (value instanceof Decimal) return decimalText(value)
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString(bytes)
  if (value instanceof Date) return dateText(value)
  if (Array.isArray(value))
    return `[${value.map(item => javaText(schema?.valueSchema ?? null, item, bytes)).join(', ')}]`
  if (value instanceof Map) return mapText([...value], schema?.keySchema ?? null, schema?.valueSchema ?? null, bytes)
  if (typeof value !== 'object') return String(value)
  if (schema?.type !== 'STRUCT') return mapText(Object.entries(value), null, null, bytes)
  const members = value as Record<string, unknown>
  const shown = schema.fields.flatMap(({ name, schema: field }) => {
    const member = members[name]
    return member === null || member === undefined ? [] : [`${name}=${javaText(field, member, bytes)}`]
  })
  return `Struct{${shown.join()}}`
}

const mapText = (
  entries: readonly [unknown, unknown][],
  key: Schema | null,
  value: Schema | null,
  bytes: 'hex' | 'utf8',
): string =>
  `{${entries.map(([name, member]) => `${javaText(key, name, bytes)}=${javaText(value, member, bytes)}`).join(', ')}}`
