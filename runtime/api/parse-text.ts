import type { Decimal } from './decimal.ts'
import type { SchemaAndValue } from './define.ts'
import { DataError, isDataError } from './errors.ts'
import { javaDateParser } from './java-date-parse.ts'
import { javaTrim } from './java-text.ts'
import { DATE, dateSchema, decimalSchema, TIME, TIMESTAMP, timeSchema, timestampSchema } from './logical.ts'
import { type Schema, type SchemaType, s } from './schema.ts'
import { TextTokens } from './text-tokens.ts'
import { asInstant, asNumber, readDecimal } from './value-conversions.ts'

// Source of the rules: Kafka Connect's Values (golden: test/golden/converters/Values.parseString.json).

const ranges: readonly (readonly [() => Schema, bigint])[] = [
  [s.int8, 1n << 7n],
  [s.int16, 1n << 15n],
  [s.int32, 1n << 31n],
  [s.int64, 1n << 63n],
]

/** The integer that a decimal is, when 64 bits may hold it. Sizes first: `1e999999999` must not be written out. */
const wholeOf = (decimal: Decimal): bigint | undefined => {
  const { unscaled, scale } = decimal
  if (unscaled === 0n) return 0n
  const digits = String(unscaled).length
  if (digits - scale > 20 || scale >= digits) return undefined
  if (scale > 0 && unscaled % 10n ** BigInt(scale) !== 0n) return undefined
  return decimal.withScale(0).unscaled
}

/** The smallest type that holds a number: an integer of some width (also `1.0`), a float, a double, else a Decimal. */
const parseNumber = (token: string): SchemaAndValue | undefined => {
  const decimal = readDecimal(token)
  if (decimal === undefined) return undefined
  const whole = wholeOf(decimal)
  if (whole !== undefined) {
    const fitting = ranges.find(([, limit]) => whole >= -limit && whole < limit)
    if (fitting !== undefined)
      return { schema: fitting[0](), value: Number.isSafeInteger(Number(whole)) ? Number(whole) : whole }
  }
  const number = Number(`${decimal.unscaled}e${-decimal.scale}`)
  const single = Math.fround(number)
  // Whole numbers beyond 64 bits that are written out stay exact.
  if (decimal.scale !== 0 && Number.isFinite(single)) return { schema: s.float32(), value: single }
  if (decimal.scale !== 0 && Number.isFinite(number)) return { schema: s.float64(), value: number }
  return { schema: decimalSchema(decimal.scale), value: decimal }
}

// Told apart by their length alone; lenient, as Java reads them: the 30th of February is a day in March.
const instants: Readonly<Record<number, readonly [() => Schema, (text: string) => number | undefined]>> = {
  10: [dateSchema, javaDateParser('yyyy-MM-dd')],
  13: [timeSchema, javaDateParser("HH:mm:ss.SSS'Z'")],
  24: [timestampSchema, javaDateParser("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'")],
}

const parseInstant = (token: string): SchemaAndValue | undefined => {
  const value = token.replaceAll('\\:', ':')
  const [schema, read] = instants[value.length] ?? []
  const ms = read?.(value)
  return ms === undefined ? undefined : { schema: schema!(), value: new Date(ms) }
}

const nothing: SchemaAndValue = { schema: null, value: null }
const maxDepth = 100
const digit = /^\p{Nd}/u
const sign = /^[+-]/
// A time is five tokens: its colons are delimiters.
const tokensAfterHour = 4

/** Reads a value; what follows a number, a list or a map at the top is ignored, as in Kafka Connect. */
const parse = (tokens: TextTokens, depth: number): SchemaAndValue => {
  if (depth > maxDepth) throw new DataError('Lists and maps are nested too deeply')
  const embedded = depth > 0
  if (!tokens.hasNext()) return nothing
  if (embedded && tokens.takeIf('"')) return quoted(tokens)
  for (const literal of ['null', 'true', 'false']) {
    const start = tokens.mark()
    if (tokens.takeIf(literal) && (embedded || !tokens.hasNext()))
      return literal === 'null' ? nothing : { schema: s.boolean(), value: literal === 'true' }
    tokens.rewind(start)
  }
  const start = tokens.mark()
  try {
    if (tokens.takeIf('[')) return array(tokens, depth + 1)
    if (tokens.takeIf('{')) return map(tokens, depth + 1)
  } catch (error) {
    if (embedded || !isDataError(error)) throw error
    tokens.rewind(start)
  }
  const token = tokens.take()
  const found = javaTrim(token)
  if (found === '') return { schema: s.string(), value: token }
  const read = (digit.test(found) ? temporal(tokens, found) : undefined) ?? number(found)
  if (read !== undefined) return read
  if (embedded) throw new DataError('Failed to parse embedded value')
  return { schema: s.string(), value: tokens.text }
}

const number = (token: string): SchemaAndValue | undefined =>
  digit.test(token) || sign.test(token) ? parseNumber(token) : undefined

const temporal = (tokens: TextTokens, token: string): SchemaAndValue | undefined => {
  const start = tokens.mark()
  const rest = tokens.takeMany(tokensAfterHour)
  const whole = rest === undefined ? undefined : parseInstant(token + rest)
  if (whole !== undefined) return whole
  tokens.rewind(start)
  return parseInstant(token)
}

/** A string inside a list or map; dates and times are recognised in quotes as well. */
const quoted = (tokens: TextTokens): SchemaAndValue => {
  let text = ''
  while (tokens.hasNext() && !tokens.takeIf('"')) text += tokens.take()
  return parseInstant(text) ?? { schema: s.string(), value: text }
}

const array = (tokens: TextTokens, depth: number): SchemaAndValue => {
  const items: SchemaAndValue[] = []
  while (!tokens.takeIf(']')) {
    if (!tokens.hasNext() || tokens.takeIf(',')) throw new DataError(`A list without its end: ${tokens.text}`)
    items.push(parse(tokens, depth))
    const start = tokens.mark()
    if (tokens.takeIf(']')) tokens.rewind(start)
    else if (!tokens.takeIf(',')) throw new DataError(`A list without a comma between its elements: ${tokens.text}`)
  }
  const schema = commonSchema(items)
  return { schema: s.array(schema), value: items.map(({ value }) => aligned(schema, value)) }
}

const map = (tokens: TextTokens, depth: number): SchemaAndValue => {
  const keys: SchemaAndValue[] = []
  const values: SchemaAndValue[] = []
  while (!tokens.takeIf('}')) {
    if (!tokens.hasNext() || tokens.takeIf(',')) throw new DataError(`A map without its end: ${tokens.text}`)
    const key = parse(tokens, depth)
    if (key.value === null) throw new DataError(`A map with a null key: ${tokens.text}`)
    if (!tokens.takeIf(':')) throw new DataError(`A map with a key and no value: ${tokens.text}`)
    keys.push(key)
    values.push(parse(tokens, depth))
    tokens.takeIf(',')
  }
  const keySchema = commonSchema(keys)
  const valueSchema = keySchema === null ? null : commonSchema(values)
  return {
    schema: s.map(keySchema, valueSchema),
    value: new Map(
      keys.map(({ value }, index) => [aligned(keySchema, value), aligned(valueSchema, values[index]!.value)]),
    ),
  }
}

const numbers: readonly SchemaType[] = ['INT8', 'INT16', 'INT32', 'INT64', 'FLOAT32', 'FLOAT64']

/** What all elements fit: the last schema of one type, or that of the widest number; null when there is none. */
const commonSchema = (items: readonly SchemaAndValue[]): Schema | null => {
  let common: Schema | null = null
  for (const { schema } of items) {
    if (schema === null) continue
    if (common === null || common.type === schema.type) {
      common = schema
      continue
    }
    const [before, after] = [numbers.indexOf(common.type), numbers.indexOf(schema.type)]
    if (before < 0 || after < 0) return null
    if (after > before) common = schema
  }
  return common
}

/** An element under the schema of all. Nulls and values do not mix. */
const aligned = (schema: Schema | null, value: unknown): unknown => {
  if (schema === null) return value
  if (value === null) throw new DataError('Unable to convert a null value to a schema that requires a value')
  if (schema.name === DATE || schema.name === TIME || schema.name === TIMESTAMP)
    return asInstant(schema.name, value, null)
  return numbers.includes(schema.type) ? asNumber(schema.type, value, null) : value
}

/**
 * A text, such as a header's, as the value it looks like (Kafka Connect's Values.parseString); what looks like nothing is the text
 * itself. Elements of lists and maps that share no type have no schema.
 */
export const parseText = (source: string): SchemaAndValue =>
  source === '' ? { schema: s.string(), value: source } : parse(new TextTokens(source), 0)
