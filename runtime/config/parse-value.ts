import type { ConfigField, ConfigType } from '../api/config.ts'
import { ConfigError, isConfigError } from '../api/errors.ts'
import { asciiDigits, javaTrim } from '../api/java-text.ts'
import { Secret } from '../api/secret.ts'

/** A text that is no value of its type; `reason` as ConfigDef words it. */
export class ValueError extends Error {
  override readonly name = 'ValueError'
}

const ranges = {
  INT: [-2147483648n, 2147483647n],
  SHORT: [-32768n, 32767n],
  LONG: [-9223372036854775808n, 9223372036854775807n],
} as const

const integer = (text: string, type: 'INT' | 'SHORT' | 'LONG'): number => {
  const digits = asciiDigits(javaTrim(text))
  if (!/^[+-]?\d+$/.test(digits)) throw new ValueError(`Not a number of type ${type}`)
  const value = BigInt(digits.replace(/^\+/, ''))
  const [min, max] = ranges[type]
  if (value < min || value > max) throw new ValueError(`Not a number of type ${type}`)
  // Long.MAX_VALUE is how people write "no limit": the number next to it says the same.
  if (type === 'LONG' && (value === min || value === max)) return Number(value)
  if (BigInt(Number(value)) !== value || !Number.isSafeInteger(Number(value))) {
    throw new ValueError('Numbers beyond 9007199254740991 are not supported: they could not be kept exactly')
  }
  return Number(value)
}

const hexDouble = /^([+-]?)0x([\da-f]*)(?:\.([\da-f]*))?p([+-]?\d+)[fd]?$/i

/** Java's Double.parseDouble. */
const double = (text: string): number => {
  const trimmed = javaTrim(text)
  if (/^[+-]?(NaN|Infinity)$/.test(trimmed)) return Number(trimmed.replace(/^[+-](?=NaN)/, ''))
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?[fd]?$/i.test(trimmed)) return Number(trimmed.replace(/[fd]$/i, ''))
  const hex = hexDouble.exec(trimmed)
  const whole = hex?.[2] ?? ''
  const fraction = hex?.[3] ?? ''
  if (hex === null || whole.length + fraction.length === 0) throw new ValueError('Not a number of type DOUBLE')
  const value = Number.parseInt(whole + fraction, 16) * 2 ** (Number(hex[4]) - 4 * fraction.length)
  return hex[1] === '-' ? -value : value
}

const boolean = (text: string): boolean => {
  const lower = javaTrim(text).toLowerCase()
  if (lower === 'true') return true
  if (lower === 'false') return false
  throw new ValueError('Expected value to be either true or false')
}

// Java's \s is ASCII only.
const list = (text: string): readonly string[] => {
  const trimmed = javaTrim(text)
  return trimmed === '' ? [] : trimmed.split(/[ \t\n\v\f\r]*,[ \t\n\v\f\r]*/)
}

/** A text as a value of a ConfigDef type. Throws ValueError. */
export const parseValue = (type: ConfigType, text: string): unknown => {
  switch (type) {
    case 'BOOLEAN':
      return boolean(text)
    case 'INT':
    case 'SHORT':
    case 'LONG':
      return integer(text, type)
    case 'DOUBLE':
      return double(text)
    case 'STRING':
      return javaTrim(text)
    case 'CLASS':
      return javaTrim(text)
    case 'LIST':
      return list(text)
    case 'PASSWORD':
      return new Secret(javaTrim(text))
  }
}

/** How a value shows in messages: lists as Java prints them, secrets hidden. */
export const showValue = (value: unknown): string => (Array.isArray(value) ? `[${value.join(', ')}]` : String(value))

/** Whether Kafka would give the setting its validator of lists. */
export const isDistinctList = ({ type, options }: ConfigField<unknown>): boolean =>
  type === 'LIST' && (options.distinct === true || options.nonEmpty === true || options.values !== undefined)

const listProblem = (
  key: string,
  value: readonly string[],
  { values, nonEmpty }: ConfigField<unknown>['options'],
): string | undefined => {
  if (value.length === 0) {
    return nonEmpty === true
      ? `Configuration '${key}' must not be empty. Valid values include: ${values === undefined ? 'any non-empty value' : `[${values.join(', ')}]`}`
      : undefined
  }
  if (new Set(value).size < value.length) return `Configuration '${key}' values must not be duplicated.`
  for (const item of value) {
    if (item === '') return `Configuration '${key}' values must not be empty.`
    if (values !== undefined && !values.includes(item))
      return `Invalid value ${item} for configuration ${key}: String must be one of: ${values.join(', ')}`
  }
  return undefined
}

/** The first rule of the field that a parsed value breaks, as a whole message; undefined when none. */
export const checkValue = (key: string, field: ConfigField<unknown>, value: unknown): string | undefined => {
  const { min, max, values, ignoreCase, nonEmpty, check } = field.options
  if (value instanceof Secret && (nonEmpty !== undefined || values !== undefined))
    throw new ConfigError(`${key} is a password: rules for text do not hold for it`, { key })
  const invalid = (reason: string) => `Invalid value ${showValue(value)} for configuration ${key}: ${reason}`
  if (typeof value === 'number') {
    if (min !== undefined && value < min) return invalid(`Value must be at least ${min}`)
    if (max !== undefined && value > max) return invalid(`Value must be no more than ${max}`)
  }
  if (typeof value === 'string') {
    if (values !== undefined) {
      const known = ignoreCase ? values.some(one => one.toLowerCase() === value.toLowerCase()) : values.includes(value)
      if (!known) {
        return invalid(
          ignoreCase
            ? `String must be one of (case insensitive): ${values.map(one => one.toUpperCase()).join(', ')}`
            : `String must be one of: ${values.join(', ')}`,
        )
      }
    }
    if (nonEmpty && value === '') return invalid('String must be non-empty')
  }
  if (Array.isArray(value) && isDistinctList(field)) {
    const problem = listProblem(key, value, field.options)
    if (problem !== undefined) return problem
  }
  try {
    const problem = (check as ((value: unknown) => string | undefined) | undefined)?.(value)
    return problem === undefined ? undefined : invalid(problem)
  } catch (error) {
    if (isConfigError(error)) return error.message
    throw error
  }
}

/** An enum value that ignores case, spelled as it is declared. */
export const spelledAsDeclared = (field: ConfigField<unknown>, value: unknown): unknown =>
  typeof value === 'string' && field.options.ignoreCase === true
    ? (field.options.values?.find(one => one.toLowerCase() === value.toLowerCase()) ?? value)
    : value
