import { Decimal } from './decimal.ts'
import type { SchemaAndValue } from './define.ts'
import { dateSchema, decimalSchema, timeSchema, timestampSchema } from './logical.ts'
import { type Schema, type SchemaType, s } from './schema.ts'

const text = (value: string): SchemaAndValue => ({ schema: s.string(), value })

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
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(token)) return undefined
  const decimal = Decimal.parse(token)
  const whole = wholeOf(decimal)
  if (whole !== undefined) {
    const fitting = ranges.find(([, limit]) => whole >= -limit && whole < limit)
    if (fitting !== undefined)
      return { schema: fitting[0](), value: Number.isSafeInteger(Number(whole)) ? Number(whole) : whole }
  }
  const number = Number(token)
  const single = Math.fround(number)
  // Whole numbers beyond 64 bits that are written out stay exact.
  if (decimal.scale !== 0 && Number.isFinite(single) && single !== 0) return { schema: s.float32(), value: single }
  if (decimal.scale !== 0 && Number.isFinite(number) && number !== 0) return { schema: s.float64(), value: number }
  return { schema: decimalSchema(decimal.scale), value: decimal }
}

const parseInstant = (token: string): SchemaAndValue | undefined => {
  const value = token.replaceAll('\\:', ':')
  const of = (schema: Schema, iso: string): SchemaAndValue | undefined => {
    const date = new Date(iso)
    return Number.isNaN(date.getTime()) || !date.toISOString().startsWith(iso.slice(0, 23).replace(/Z$/, ''))
      ? undefined
      : { schema, value: date }
  }
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return of(dateSchema(), `${value}T00:00:00.000Z`)
  if (/^\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return of(timeSchema(), `1970-01-01T${value}`)
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return of(timestampSchema(), value)
  return undefined
}

/** A boolean, an instant, a number; undefined for anything else. */
const scalar = (token: string): SchemaAndValue | undefined => {
  if (token === 'true' || token === 'false') return { schema: s.boolean(), value: token === 'true' }
  const first = token[0] ?? ''
  return (/\d/.test(first) ? parseInstant(token) : undefined) ?? (/[\d+-]/.test(first) ? parseNumber(token) : undefined)
}

class NoValue extends Error {}

const noValue = (): never => {
  throw new NoValue()
}

const maxDepth = 100
const timed = /\s*[\d-]*T?\d\d:\d\d:\d\d\.\d{3}Z/y
const untilPunctuation = /(\\:|[^,:[\]{}"])*/y

/** Reads `[...]` and `{...}`; strings in them must be quoted. Throws NoValue for what is neither. */
class Reader {
  readonly #text: string
  #at = 0

  constructor(source: string) {
    this.#text = source
  }

  whole(): SchemaAndValue {
    const value = this.#value()
    this.#blanks()
    if (this.#at < this.#text.length) throw new NoValue()
    return value
  }

  #blanks(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
  }

  #take(char: string): boolean {
    this.#blanks()
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  #ends(char: string): boolean {
    this.#blanks()
    return this.#text[this.#at] === char
  }

  #value(depth = 0): SchemaAndValue {
    if (depth > maxDepth) throw new NoValue()
    if (this.#take('[')) return this.#array(depth + 1)
    if (this.#take('{')) return this.#map(depth + 1)
    if (this.#take('"')) {
      const quoted = this.#string()
      // Dates and times are recognised in quotes as well.
      return parseInstant(quoted) ?? text(quoted)
    }
    // A time has colons of its own.
    const taken = (this.#match(timed) ?? this.#match(untilPunctuation) ?? '').trim()
    return taken === 'null' ? { schema: null, value: null } : (scalar(taken) ?? noValue())
  }

  #match(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.#at
    const matched = sticky.exec(this.#text)?.[0]
    this.#at += matched?.length ?? 0
    return matched
  }

  #string(): string {
    let out = ''
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at]!
      if (char === '"') {
        this.#at++
        return out
      }
      out += char === '\\' ? (this.#text[++this.#at] ?? '') : char
    }
    throw new NoValue()
  }

  #array(depth: number): SchemaAndValue {
    const items: SchemaAndValue[] = []
    if (!this.#take(']')) {
      do items.push(this.#value(depth))
      while (this.#take(',') && !this.#ends(']'))
      if (!this.#take(']')) throw new NoValue()
    }
    const item = commonSchema(items)
    return { schema: item === null ? null : s.array(item), value: items.map(({ value }) => value) }
  }

  #map(depth: number): SchemaAndValue {
    const keys: SchemaAndValue[] = []
    const values: SchemaAndValue[] = []
    if (!this.#take('}')) {
      do {
        const key = this.#value(depth)
        if (key.value === null) throw new NoValue()
        keys.push(key)
        if (!this.#take(':')) throw new NoValue()
        values.push(this.#value(depth))
      } while (this.#take(',') && !this.#ends('}'))
      if (!this.#take('}')) throw new NoValue()
    }
    const key = commonSchema(keys)
    const value = commonSchema(values)
    return {
      schema: key === null || value === null ? null : s.map(key, value),
      value: new Map(keys.map((one, index) => [one.value, values[index]!.value])),
    }
  }
}

const numbers: readonly SchemaType[] = ['INT8', 'INT16', 'INT32', 'INT64', 'FLOAT32', 'FLOAT64']

/** What all elements fit: the same schema, or the widest number; null when there is none. Nulls and values do not mix. */
const commonSchema = (items: readonly SchemaAndValue[]): Schema | null => {
  const values = items.filter(({ value }) => value !== null)
  if (values.length > 0 && values.length < items.length) throw new NoValue()
  const first = values[0]?.schema ?? null
  if (first === null || values.every(({ schema }) => schema === first)) return first
  let widest = -1
  for (const { schema } of values) {
    const width = schema === null || schema.name !== undefined ? -1 : numbers.indexOf(schema.type)
    if (width < 0) return null
    widest = Math.max(widest, width)
  }
  return values.find(({ schema }) => schema!.type === numbers[widest])!.schema
}

/** A text, such as a header's, as the value it looks like (Kafka Connect's Values.parseString); what looks like nothing is the text itself. */
export const parseText = (source: string): SchemaAndValue => {
  if (source.trim() === '') return text(source)
  if (source === 'null') return { schema: null, value: null }
  if (/^\s*[[{]/.test(source)) {
    try {
      return new Reader(source).whole()
    } catch (error) {
      if (error instanceof NoValue) return text(source)
      throw error
    }
  }
  return scalar(source.trim()) ?? text(source)
}
