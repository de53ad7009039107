import { Decimal } from './decimal.ts'
import { DataError } from './errors.ts'
import { asciiDigits, javaClass, javaText } from './java-text.ts'
import { doubleText } from './json-text.ts'
import { DATE, instantAt, TIME, TIMESTAMP } from './logical.ts'
import type { Schema } from './schema.ts'

// Source of the rules: Kafka Connect's Values (golden: test/golden/converters/Values.convert.json).

const dayMs = 86_400_000
const maxInt = 2n ** 31n
const maxLong = 2n ** 63n

/** A schema as Java prints it: `Schema{INT32}`, with its name when it has one. */
export const schemaText = ({ name, type }: Schema): string => `Schema{${name === undefined ? type : `${name}:${type}`}}`

/** `subject` in the words that Kafka Connect has for a value that cannot become something. */
export const unconvertible = (value: unknown, schema: Schema | null, target: string, cause?: unknown): DataError =>
  new DataError(
    // Java prints the address of bytes; here their beginning tells which they are.
    `Unable to convert ${value instanceof Uint8Array ? `[B@${javaText(null, value.subarray(0, 4))}` : javaText(schema, value)} (class ${javaClass(value, schema)}) to ${target}`,
    cause === undefined ? {} : { cause },
  )

const decimalPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,10})?$/

/** Text as Java's BigDecimal reads it; undefined when it is none, and for a scale beyond 32 bits. Texts that are no numbers are common: nothing is thrown. */
export const readDecimal = (text: string): Decimal | undefined => {
  const digits = asciiDigits(text)
  if (!decimalPattern.test(digits)) return undefined
  const decimal = Decimal.parse(digits)
  return decimal.scale >= -Number(maxInt) && decimal.scale < Number(maxInt) ? decimal : undefined
}

/** The same; throws DataError when it is none. */
const javaDecimal = (text: string): Decimal => {
  const decimal = readDecimal(text)
  if (decimal === undefined) throw new DataError(`Not a decimal number: ${text}`)
  return decimal
}

/** The low 64 bits of the whole part of a decimal. Sizes first: `1e999999999` must not be written out. */
const decimalLong = ({ unscaled, scale }: Decimal): bigint => {
  if (scale === 0) return BigInt.asIntN(64, unscaled)
  // 2^64 divides 10^64: nothing is left of larger powers.
  if (unscaled === 0n || scale <= -64) return 0n
  if (scale < 0) return BigInt.asIntN(64, unscaled * 10n ** BigInt(-scale))
  const digits = String(unscaled < 0n ? -unscaled : unscaled)
  return scale >= digits.length ? 0n : BigInt.asIntN(64, unscaled / 10n ** BigInt(scale))
}

const numberLong = (value: number): bigint => {
  if (Number.isNaN(value)) return 0n
  if (value >= Number(maxLong)) return maxLong - 1n
  return value <= -Number(maxLong) ? -maxLong : BigInt(Math.trunc(value))
}

const instantLong = (value: Date, schema: Schema): bigint | undefined => {
  const ms = value.getTime()
  if (schema.name === DATE) {
    if (ms % dayMs !== 0)
      throw new DataError('Kafka Connect Date type should not have any time fields set to non-zero values.')
    return BigInt(ms / dayMs)
  }
  if (schema.name === TIME) {
    if (ms < 0 || ms > dayMs)
      throw new DataError('Kafka Connect Time type should not have any date fields set to non-zero values.')
    return BigInt(ms)
  }
  return schema.name === TIMESTAMP ? BigInt(ms) : undefined
}

/** A value as a 64 bit integer: fractions are cut, doubles clamped, decimals wrapped. Throws DataError. */
export const asLong = (value: unknown, schema: Schema | null, cause?: unknown): bigint => {
  let reason = cause
  if (typeof value === 'number') return numberLong(value)
  if (typeof value === 'bigint') return BigInt.asIntN(64, value)
  if (value instanceof Decimal) return decimalLong(value)
  if (typeof value === 'string') {
    try {
      return decimalLong(javaDecimal(value))
    } catch (error) {
      reason = error
    }
  }
  const found = value instanceof Date && schema !== null ? instantLong(value, schema) : undefined
  if (found !== undefined) return found
  throw unconvertible(value, schema, schema === null ? 'a number' : schemaText(schema), reason)
}

/** A value as a double. Throws DataError. */
export const asDouble = (value: unknown, schema: Schema | null): number => {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Decimal) return Number(`${value.unscaled}e${-value.scale}`)
  let reason: unknown
  if (typeof value === 'string') {
    try {
      return asDouble(javaDecimal(value), schema)
    } catch (error) {
      reason = error
    }
  }
  return Number(asLong(value, schema, reason))
}

const exact = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value)

const integers: Readonly<Record<string, number>> = { INT8: 8, INT16: 16, INT32: 32, INT64: 64 }

/** A value as a number of a type, wrapped to its width. Throws DataError. */
export const asNumber = (type: Schema['type'], value: unknown, schema: Schema | null): number | bigint => {
  if (type === 'FLOAT32') return Math.fround(asDouble(value, schema))
  if (type === 'FLOAT64') return asDouble(value, schema)
  return exact(BigInt.asIntN(integers[type]!, asLong(value, schema)))
}

const asInt = (value: unknown, schema: Schema | null): number => Number(BigInt.asIntN(32, asLong(value, schema)))

/** A value that is no text as the instant of a logical type. Throws DataError. */
export const asInstant = (
  type: typeof DATE | typeof TIME | typeof TIMESTAMP,
  value: unknown,
  schema: Schema | null,
) => {
  if (value instanceof Date) {
    const ms = value.getTime()
    if (schema === null || schema.name === type) return value
    if (schema.name === TIMESTAMP) {
      if (type === DATE) return new Date(Math.trunc(ms / dayMs) * dayMs)
      return timeOf(((ms % dayMs) + dayMs) % dayMs)
    }
    if (type === TIMESTAMP && schema.name === DATE) return instantAt(asLong(value, schema) * BigInt(dayMs))
  }
  if (type === DATE) return instantAt(asInt(value, schema) * dayMs)
  return type === TIME ? timeOf(asInt(value, schema)) : instantAt(asLong(value, schema))
}

const timeOf = (ms: number): Date => {
  if (ms < 0 || ms > dayMs)
    throw new DataError('Time values must use number of milliseconds greater than 0 and less than 86400000')
  return new Date(ms)
}

/** A number or text as a decimal; a number by the digits that Java prints for it as a double. Throws DataError. */
export const asDecimal = (value: unknown): Decimal | undefined => {
  if (value instanceof Decimal) return value
  if (typeof value === 'number' || typeof value === 'bigint') return javaDecimal(doubleText(Number(value)))
  return typeof value === 'string' ? javaDecimal(value) : undefined
}
