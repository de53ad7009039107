import { asciiDigits, DATE, DataError, Decimal, javaClass, javaText, type Schema, TIME, TIMESTAMP } from 'millrace'
import { isMembers } from './sides.ts'

/** What values can be cast to. */
export const castTargets = ['INT8', 'INT16', 'INT32', 'INT64', 'FLOAT32', 'FLOAT64', 'BOOLEAN', 'STRING'] as const
export type CastTarget = (typeof castTargets)[number]

const inputs: readonly string[] = [...castTargets, 'BYTES']
const bits = { INT8: 8, INT16: 16, INT32: 32, INT64: 64 } as const
const dayMs = 86_400_000

const refused = (type: string): DataError =>
  new DataError(`Cast transformation does not support casting from ${type}; supported types are [${inputs.join(', ')}]`)

const notData = (className: string): DataError =>
  new DataError(
    `Cast transformation was passed a value of type class ${className} which is not supported by Connect's data API`,
  )

const outOfRange = (value: string): DataError =>
  new DataError(`Value (${value}) was out of range for requested data type`)

/** Without a schema the value says what it is. */
const checkInput = (schema: Schema | null, value: unknown): void => {
  if (schema !== null) {
    if (!inputs.includes(schema.type)) throw refused(schema.type)
  } else if (value instanceof Date) throw notData('java.util.Date')
  else if (value instanceof Decimal) throw notData('java.math.BigDecimal')
  else if (Array.isArray(value)) throw refused('ARRAY')
  else if (value instanceof Map || isMembers(value)) throw refused('MAP')
}

/** The number behind a date, a time or a timestamp, as its schema counts. */
const encoded = (schema: Schema | null, value: unknown): unknown => {
  if (!(value instanceof Date)) return value
  const ms = value.getTime()
  if (schema?.name === DATE) {
    if (ms % dayMs !== 0)
      throw new DataError('Kafka Connect Date type should not have any time fields set to non-zero values.')
    return ms / dayMs
  }
  if (schema?.name === TIME) {
    if (ms < 0 || ms > dayMs)
      throw new DataError('Kafka Connect Time type should not have any date fields set to non-zero values.')
    return ms
  }
  if (schema?.name === TIMESTAMP) return ms
  throw notData('java.util.Date')
}

const ends = 2 ** 31
/** A number under a schema of floats stops at the ends of int. */
const stopped = (schema: Schema | null, value: number): number =>
  schema?.type.startsWith('FLOAT') === true ? Math.max(-ends, Math.min(ends - 1, value)) : value

/** The lower bits of a safe integer; no integer is a negative zero. */
const cut = (value: number, width: number): number =>
  width === 64 ? value + 0 : width === 32 ? value | 0 : (value << (32 - width)) >> (32 - width)

const safe = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value)

/** Java cuts the upper bits off an integer; a fraction stops at the ends of int or long first. */
const integerOf = (schema: Schema | null, value: unknown, width: number): number | bigint => {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'bigint') return safe(BigInt.asIntN(width, value))
  if (value instanceof Decimal) {
    const { unscaled, scale } = value
    const whole = scale > 0 ? unscaled / 10n ** BigInt(scale) : unscaled * 10n ** BigInt(-scale)
    return safe(BigInt.asIntN(width, whole))
  }
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return cut(width === 64 ? value : stopped(schema, value), width)
    const isFloat = schema === null ? !Number.isSafeInteger(value) : schema.type.startsWith('FLOAT')
    if (!isFloat) return safe(BigInt.asIntN(width, BigInt(value)))
    if (Number.isNaN(value)) return 0
    const limit = width === 64 ? 63n : 31n
    const whole = Number.isFinite(value) ? BigInt(Math.trunc(value)) : value > 0 ? 1n << limit : -(1n << limit)
    const most = (1n << limit) - 1n
    const clamped = whole > most ? most : whole < -most - 1n ? -most - 1n : whole
    return safe(BigInt.asIntN(width, clamped))
  }
  if (typeof value !== 'string')
    throw new DataError(`Unexpected type in Cast transformation: class ${javaClass(value)}`)
  const digits = asciiDigits(value)
  if (!/^[+-]?\d+$/.test(digits)) throw outOfRange(value)
  if (digits.length < 16) {
    const number = Number(digits)
    if (width < 64 && cut(number, width) !== number + 0) throw outOfRange(value)
    return number + 0
  }
  const number = BigInt(digits.replace(/^\+/, ''))
  if (BigInt.asIntN(width, number) !== number) throw outOfRange(value)
  return safe(number)
}

const floatPattern = /^[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)$/
const hexFloat = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)[fFdD]?$/

/** Text as Java's Double.parseDouble reads it: spaces around it, a type letter behind it, hexadecimal forms. */
const parseFloatText = (text: string): number => {
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return Number(text)
  const trimmed = text.replace(/^[\u0000-\u0020]+|[\u0000-\u0020]+$/g, '')
  const hex = hexFloat.exec(trimmed)
  if (hex !== null && hex[2]! + hex[3]! !== '') {
    const digits = Number(`0x${hex[2]!}${hex[3]!}`)
    return (hex[1] === '-' ? -1 : 1) * digits * 2 ** (Number(hex[4]) - 4 * hex[3]!.length)
  }
  if (!floatPattern.test(trimmed)) throw outOfRange(text)
  return /[yN]$/.test(trimmed) ? Number(trimmed) : Number(trimmed.replace(/[fFdD]$/, ''))
}

const floatOf = (value: unknown): number => {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
  if (value instanceof Decimal) return Number(value.toString())
  if (typeof value === 'string') return parseFloatText(value)
  throw new DataError(`Unexpected type in Cast transformation: class ${javaClass(value)}`)
}

const booleanOf = (value: unknown): boolean => {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return Math.trunc(value) !== 0 && !Number.isNaN(value)
  if (typeof value === 'bigint') return value !== 0n
  if (value instanceof Decimal) return integerOf(null, value, 64) !== 0
  if (typeof value === 'string') return value.toLowerCase() === 'true'
  throw new DataError(`Unexpected type in Cast transformation: class ${javaClass(value)}`)
}

/** Dates in the form that fits the instant, whatever the schema says: a time on the first day, a date at midnight. */
const dateText = (date: Date): string => {
  const ms = date.getTime()
  const iso = date.toISOString()
  if (ms < dayMs) return iso.slice(11)
  return ms % dayMs === 0 ? iso.slice(0, 10) : iso
}

const textOf = (schema: Schema | null, value: unknown): string => {
  if (value instanceof Date) return dateText(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return javaText(schema, value)
}

/** A value as one of another type, as Java converts it. Throws DataError for what has no such form. */
export const castValue = (schema: Schema | null, value: unknown, target: CastTarget): unknown => {
  if (value === null || value === undefined) return null
  if (schema !== null || typeof value === 'object') checkInput(schema, value)
  if (target === 'STRING') return textOf(schema, value)
  const plain = encoded(schema, value)
  switch (target) {
    case 'FLOAT32':
      return Math.fround(floatOf(plain))
    case 'FLOAT64':
      return floatOf(plain)
    case 'BOOLEAN':
      return booleanOf(plain)
    default:
      return integerOf(schema, plain, bits[target])
  }
}
