import { Decimal } from '../api/decimal.ts'
import type { SchemaAndValue } from '../api/define.ts'
import { dateSchema, decimalSchema, timeSchema, timestampSchema } from '../api/logical.ts'
import { type Schema, type SchemaType, s } from '../api/schema.ts'

const text = (value: string): SchemaAndValue => ({ schema: s.string(), value })

const ranges: readonly (readonly [() => Schema, bigint])[] = [
  [s.int8, 1n << 7n],
  [s.int16, 1n << 15n],
  [s.int32, 1n << 31n],
  [s.int64, 1n << 63n],
]

/** The smallest type that holds a number: an integer of some width (also `1.0`), a float, a double, else a Decimal. */
const parseNumber = (token: string): SchemaAndValue | undefined => {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(token)) return undefined
  const decimal = Decimal.parse(token)
  const whole =
    decimal.scale <= 0
      ? decimal.withScale(0).unscaled
      : decimal.unscaled % 10n ** BigInt(decimal.scale) === 0n
        ? decimal.withScale(0).unscaled
        : undefined
  if (whole !== undefined) {
    const fitting = ranges.find(([, limit]) => whole >= -limit && whole < limit)
    if (fitting !== undefined)
      return { schema: fitting[0](), value: Number.isSafeInteger(Number(whole)) ? Number(whole) : whole }
    return { schema: decimalSchema(decimal.scale), value: decimal }
  }
  const number = Number(token)
  const single = Math.fround(number)
  if (Number.isFinite(single) && single !== 0) return { schema: s.float32(), value: single }
  if (Number.isFinite(number) && number !== 0) return { schema: s.float64(), value: number }
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

const scalar = (token: string): SchemaAndValue => {
  if (token === 'true' || token === 'false') return { schema: s.boolean(), value: token === 'true' }
  const first = token[0] ?? ''
  return (
    (/\d/.test(first) ? parseInstant(token) : undefined) ??
    (/[\d+-]/.test(first) ? parseNumber(token) : undefined) ??
    text(token)
  )
}

class NoValue extends Error {}

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

  #value(): SchemaAndValue {
    if (this.#take('[')) return this.#array()
    if (this.#take('{')) return this.#map()
    if (this.#take('"')) return text(this.#string())
    const token = /^(\\:|[^,:[\]{}"])*/.exec(this.#text.slice(this.#at))![0]
    // A time has colons of its own.
    const timed = /^\s*[\d-]*T?\d\d:\d\d:\d\d\.\d{3}Z/.exec(this.#text.slice(this.#at))?.[0]
    const taken = timed ?? token
    this.#at += taken.length
    const trimmed = taken.trim()
    if (trimmed === 'null') return { schema: null, value: null }
    const value = trimmed === '' ? undefined : scalar(trimmed)
    if (value === undefined || value.schema?.type === 'STRING') throw new NoValue()
    return value
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

  #array(): SchemaAndValue {
    const items: SchemaAndValue[] = []
    if (!this.#take(']')) {
      do items.push(this.#value())
      while (this.#take(','))
      if (!this.#take(']')) throw new NoValue()
    }
    const item = commonSchema(items)
    return { schema: item === null ? null : s.array(item), value: items.map(({ value }) => value) }
  }

  #map(): SchemaAndValue {
    const keys: SchemaAndValue[] = []
    const values: SchemaAndValue[] = []
    if (!this.#take('}')) {
      do {
        keys.push(this.#value())
        if (!this.#take(':')) throw new NoValue()
        values.push(this.#value())
      } while (this.#take(','))
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

/** What all elements fit: the same schema, or the widest number; null when there is none. A null makes it optional. */
const commonSchema = (items: readonly SchemaAndValue[]): Schema | null => {
  const schemas = items.flatMap(({ schema }) => (schema === null ? [] : [schema]))
  const first = schemas[0]
  if (first === undefined) return null
  const widest = schemas.reduce(
    (best, schema) => (numbers.indexOf(schema.type) > numbers.indexOf(best.type) ? schema : best),
    first,
  )
  const fits =
    schemas.every(schema => schema === first) ||
    schemas.every(schema => numbers.includes(schema.type) && schema.name === undefined)
  if (!fits) return null
  return items.length > schemas.length ? widest.with({ optional: true }) : widest
}

/** A header's text as the value it looks like; what looks like nothing is the text itself. */
export const parseHeader = (source: string): SchemaAndValue => {
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
  return scalar(source)
}
