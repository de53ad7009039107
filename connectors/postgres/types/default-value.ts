import { DECIMAL, Decimal, isDataError, type Schema } from 'millrace'
import type { Codec } from './codec.ts'
import type { ColumnType } from './type-registry.ts'

/** What stands for the result of a function (`now()`, `nextval(...)`) in a schema's default, by type. */
const generated: Readonly<Record<string, string>> = {
  int2: '0',
  int4: '0',
  int8: '0',
  float4: '0',
  float8: '0',
  numeric: '0',
  bool: 'f',
  date: '1970-01-01',
  time: '00:00:00',
  timestamp: '1970-01-01 00:00:00',
  timestamptz: '1970-01-01 00:00:00+00',
  interval: '',
  bit: '',
  varbit: '',
  text: '',
  varchar: '',
  bpchar: '',
  uuid: '00000000-0000-0000-0000-000000000000',
  json: '{}',
  jsonb: '{}',
  xml: '',
}

const functionCall = /^\(?[A-Za-z0-9_.]+\(.*\)/s
const quotedPart = /'(.*?)'/s

/** The text of the value that a default expression stands for, as Debezium reads it: the first quoted text, or a bare number or word. */
const literalText = (expression: string, placeholder: string): string | undefined => {
  if (/^null\b/i.test(expression)) return undefined
  if (functionCall.test(expression)) return placeholder
  const quoted = quotedPart.exec(expression)
  if (quoted !== null) return quoted[1]!
  return /^\(?-?[\w.]+\)?$/.test(expression) ? expression.replace(/[()]/g, '') : undefined
}

/** The digits of a numeric with those that its scale adds. Throws for what is no finite number. */
const scaled = (text: string, typmod: number): string => {
  const number = Decimal.parse(text)
  return typmod < 4 ? text : number.withScale((typmod - 4) & 0x7ff).toString()
}

const normalised = (type: ColumnType, text: string): string => {
  if (type.name === 'bool') return /^(t|true|1|on|yes)$/i.test(text) ? 't' : 'f'
  if (type.name === 'time' && /^\d\d:\d\d$/.test(text)) return `${text}:00`
  if (type.name === 'timestamp' && /^[\d-]+$/.test(text)) return `${text} 00:00:00`
  if (type.name === 'timestamptz' && /^[\d-]+$/.test(text)) return `${text} 00:00:00+00`
  return text
}

/** The default of a column's schema, from its DEFAULT expression; undefined where it has none that is a value. */
export const defaultOf = (expression: string | undefined, type: ColumnType, codec: Codec): unknown => {
  const placeholder = type.enumLabels !== undefined ? '' : generated[type.name]
  // Debezium knows the defaults of its own types only, not of domains.
  if (
    expression === undefined ||
    placeholder === undefined ||
    type.domain !== undefined ||
    codec.schema.type === 'STRUCT'
  )
    return undefined
  const literal = literalText(expression.trim(), placeholder)
  // What is no value counts as false.
  const text = literal ?? (type.name === 'bool' && !/^null\b/i.test(expression) ? 'f' : undefined)
  if (text === undefined) return undefined
  const bytes = Buffer.from(normalised(type, text))
  try {
    const value =
      type.name === 'numeric' && codec.schema.type === 'STRING'
        ? scaled(text, type.typmod)
        : codec.value(bytes, 0, bytes.length)
    return fits(codec.schema, value) ? value : undefined
  } catch (error) {
    // An expression that is more than a value: no default then.
    if (isDataError(error) || error instanceof RangeError || error instanceof SyntaxError) return undefined
    throw error
  }
}

const ranges: Readonly<Record<string, number>> = { INT16: 2 ** 15, INT32: 2 ** 31 }

const fits = (schema: Schema, value: unknown): boolean => {
  if (value === null) return false
  if (value instanceof Date) return !Number.isNaN(value.getTime())
  const limit = ranges[schema.type]
  if (limit !== undefined) return typeof value === 'number' && value >= -limit && value < limit
  return true
}

/** The point 0, 0: little endian, type 1. */
const originWkb = Buffer.concat([Buffer.from([1, 1]), Buffer.alloc(19)])

const zonedZero = {
  'io.debezium.time.ZonedTimestamp': '1970-01-01T00:00:00Z',
  'io.debezium.time.ZonedTime': '00:00:00Z',
} as const

/**
 * What stands for a value that a required field has not: the old row of a change holds key columns only. Same as
 * Debezium's: zero, false or empty.
 */
export const emptyValue = (schema: Schema): unknown => {
  if (schema.name === DECIMAL) return new Decimal(0n, Number(schema.parameters?.['scale'] ?? 0))
  if (schema.name?.startsWith('org.apache.kafka.connect.data.')) return new Date(0)
  switch (schema.type) {
    case 'STRING':
      return zonedZero[schema.name as keyof typeof zonedZero] ?? ''
    case 'BOOLEAN':
      return false
    case 'BYTES':
      return Buffer.alloc(0)
    case 'ARRAY':
      return []
    case 'MAP':
      return new Map()
    case 'STRUCT':
      if (schema.name === 'io.debezium.data.VariableScaleDecimal') return { scale: 0, value: Buffer.alloc(1) }
      if (schema.name === 'io.debezium.data.geometry.Point') return { x: 0, y: 0, wkb: originWkb, srid: null }
      return Object.fromEntries(
        schema.fields.map(field => [field.name, field.schema.optional ? null : emptyValue(field.schema)]),
      )
    default:
      return 0
  }
}
