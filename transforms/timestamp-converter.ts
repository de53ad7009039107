import {
  ConfigError,
  ConnectError,
  c,
  DATE,
  DataError,
  dateSchema,
  defineTransform,
  instantAt,
  isConfigError,
  javaClass,
  javaDateFormat,
  javaDateParser,
  type Schema,
  s,
  setMember,
  TIME,
  TIMESTAMP,
  timeSchema,
  timestampSchema,
} from 'millrace'
import {
  basicsOf,
  fieldsOf,
  type Members,
  noValues,
  perSchema,
  requireMap,
  requireStruct,
  sideOf,
  structCopier,
  withSide,
} from './sides.ts'

const purpose = 'converting timestamp formats'
const dayMs = 86_400_000
const targets = ['string', 'unix', 'Date', 'Time', 'Timestamp'] as const
type Format = (typeof targets)[number]
const precisions = ['nanoseconds', 'microseconds', 'milliseconds', 'seconds'] as const
type Precision = (typeof precisions)[number]

/** How many units are a millisecond; seconds have their own way. */
const perMilli = { nanoseconds: 1_000_000n, microseconds: 1000n, milliseconds: 1n } as const

const safe = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value)

const most = 2n ** 63n - 1n
const mostSeconds = Math.floor(Number.MAX_SAFE_INTEGER / 1000)
/** Java's TimeUnit stops at the ends of long. */
const within = (value: bigint): bigint => (value > most ? most : value < -most - 1n ? -most - 1n : value)

/** Cut towards zero, as Java's TimeUnit does. */
const millisOf = (unix: number | bigint, precision: Precision): number | bigint => {
  if (Number.isSafeInteger(unix)) {
    const units = unix as number
    if (precision === 'milliseconds') return units
    if (precision === 'seconds' && Math.abs(units) <= mostSeconds) return units * 1000
    if (precision === 'seconds') return within(BigInt(units) * 1000n)
    const per = precision === 'microseconds' ? 1000 : 1_000_000
    // A quotient that is no integer could be rounded to one.
    return (units - (units % per)) / per
  }
  return safe(precision === 'seconds' ? within(BigInt(unix) * 1000n) : BigInt(unix) / perMilli[precision])
}

const unixOf = (millis: number | bigint, precision: Precision): number | bigint => {
  if (typeof millis === 'number') {
    if (precision === 'seconds') return Math.trunc(millis / 1000)
    const units = millis * Number(perMilli[precision])
    if (Number.isSafeInteger(units)) return units
  }
  const exact = BigInt(millis)
  return safe(precision === 'seconds' ? exact / 1000n : within(exact * perMilli[precision]))
}

const schemaMakers: Readonly<Record<Format, (options: { readonly optional: boolean }) => Schema>> = {
  string: s.string,
  unix: s.int64,
  Date: dateSchema,
  Time: timeSchema,
  Timestamp: timestampSchema,
}

const formatOf = (schema: Schema): Format => {
  if (schema.name === TIMESTAMP) return 'Timestamp'
  if (schema.name === DATE) return 'Date'
  if (schema.name === TIME) return 'Time'
  if (schema.type === 'STRING') return 'string'
  if (schema.type === 'INT64') return 'unix'
  const shown = schema.name === undefined ? schema.type : `${schema.name}:${schema.type}`
  throw new ConnectError(`Schema Schema{${shown}} does not correspond to a known timestamp type format`)
}

const inferred = (value: unknown): Format => {
  if (value instanceof Date) return 'Timestamp'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'bigint' || Number.isInteger(value)) return 'unix'
  throw new DataError(`TimestampConverter does not support class ${javaClass(value)} objects as timestamps`)
}

/** Names the pattern in front of what is wrong with it. */
const checked = <T>(pattern: string, make: (pattern: string) => T): T => {
  try {
    return make(pattern)
  } catch (error) {
    if (!isConfigError(error)) throw error
    throw new ConfigError(
      `Invalid value java.lang.IllegalArgumentException: ${error.message} for configuration TimestampConverter requires a SimpleDateFormat-compatible pattern for string timestamps: ${pattern}`,
      { key: 'format', cause: error },
    )
  }
}

export default defineTransform({
  class: 'org.apache.kafka.connect.transforms.TimestampConverter',
  version: '4.3.0',
  doc: 'Converts timestamps between text, Unix time and the types Date, Time and Timestamp: a field, or the whole key or value.',
  config: {
    field: c.string('The field that holds the timestamp; empty when the entire value is a timestamp.', {
      default: '',
      importance: 'HIGH',
    }),
    'target.type': c.string('The type to convert to.', { importance: 'HIGH', values: targets }),
    format: c.string(
      'A pattern of SimpleDateFormat, in UTC and English: how text is written when target.type is string, and read when the input is text.',
      { default: '', importance: 'MEDIUM' },
    ),
    'unix.precision': c.string(
      'The unit of Unix time: written when target.type is unix, read when the input is a number.',
      {
        default: 'milliseconds',
        values: precisions,
        importance: 'LOW',
      },
    ),
    'replace.null.with.default': c.boolean(
      'Whether to replace fields that have a default value and that are null to the default value.',
      { default: true, importance: 'MEDIUM' },
    ),
  },
  sides: ['Key', 'Value'],
  examples: [
    {
      title: 'reads Unix time in a field',
      config: { field: 'at', 'target.type': 'string', format: 'yyyy-MM-dd HH:mm:ss', 'unix.precision': 'seconds' },
      input: { value: { id: 1, at: 1700000000 } },
      output: { value: { id: 1, at: '2023-11-14 22:13:20' } },
    },
    {
      title: 'makes a Timestamp of text',
      config: { 'target.type': 'Timestamp', format: 'dd/MMM/yyyy' },
      input: { valueSchema: s.string(), value: '14/Nov/2023' },
      output: { valueSchema: timestampSchema(), value: new Date('2023-11-14T00:00:00Z') },
    },
    {
      title: 'refuses text that is not like the pattern',
      config: { 'target.type': 'unix', format: 'yyyy-MM-dd' },
      input: { value: 'yesterday' },
      throws: 'Could not parse timestamp: value (yesterday) does not match pattern (yyyy-MM-dd)',
    },
    { title: 'passes tombstones', config: { 'target.type': 'unix' }, input: { value: null }, output: { value: null } },
  ],
  create({ field, targetType, format, unixPrecision, replaceNullWithDefault }, side) {
    if (targetType === 'string' && format === '')
      throw new ConfigError('TimestampConverter requires format option to be specified when using string timestamps', {
        key: 'format',
      })
    const print = format === '' ? undefined : checked(format, javaDateFormat)
    let parse: ((text: string) => number | undefined) | undefined

    const fromText = (text: string): number => {
      if (format === '')
        throw new DataError(
          `The text ${JSON.stringify(text)} cannot be read as a timestamp without a format: set format`,
        )
      parse ??= checked(format, javaDateParser)
      const millis = parse(text)
      if (millis === undefined)
        throw new DataError(`Could not parse timestamp: value (${text}) does not match pattern (${format})`)
      return millis
    }

    const toMillis = (value: unknown, from: Format): number | bigint => {
      if (from === 'string') return fromText(value as string)
      return from === 'unix' ? millisOf(value as number | bigint, unixPrecision) : (value as Date).getTime()
    }

    const convert = (value: unknown, from: Format): unknown => {
      const millis = toMillis(value, from)
      if (targetType === 'unix') return unixOf(millis, unixPrecision)
      const instant = instantAt(millis)
      const ms = instant.getTime()
      switch (targetType) {
        case 'string':
          return print!(instant)
        case 'Date':
          return new Date(Math.floor(ms / dayMs) * dayMs)
        case 'Time':
          return new Date(ms - Math.floor(ms / dayMs) * dayMs)
        default:
          return instant
      }
    }
    const converted = (schema: Schema): Schema => schemaMakers[targetType]({ optional: schema.optional })

    if (field === '') {
      const whole = perSchema(schema => ({ from: formatOf(schema), schema: converted(schema) }))
      return {
        apply(record) {
          const { schema, value } = sideOf(record, side)
          if (schema === null)
            return value === null ? record : withSide(record, side, null, convert(value, inferred(value)))
          const to = whole(schema)
          return withSide(record, side, to.schema, value === null ? null : convert(value, to.from))
        },
      }
    }
    const struct = perSchema(schema => {
      const fields = fieldsOf(schema).map(
        one => [one.name, one.name === field ? converted(one.schema) : one.schema] as const,
      )
      const from = schema.field(field) === undefined ? undefined : formatOf(schema.field(field)!.schema)
      const copyOf = structCopier(schema.fields, replaceNullWithDefault)
      const copy = (members: Members): Members => {
        const made = copyOf(members, noValues)
        const at = from === undefined ? null : (made[field] ?? null)
        if (at !== null) setMember(made, field, convert(at, from!))
        return made
      }
      const standIn = schema.default === undefined ? {} : { default: copy(schema.default as Members) }
      return { schema: s.struct(fields, { ...basicsOf(schema), optional: schema.optional, ...standIn }), copy }
    })
    return {
      apply(record) {
        const { schema, value } = sideOf(record, side)
        if (schema === null) {
          if (value === null) return record
          const map = requireMap(value, purpose)
          const copy: Record<string, unknown> = { ...map }
          const at = Object.hasOwn(map, field) ? (map[field] ?? null) : null
          setMember(copy, field, at === null ? null : convert(at, inferred(at)))
          return withSide(record, side, null, copy)
        }
        const members = value === null ? null : requireStruct(schema, value, purpose)
        const to = struct(schema)
        if (members === null) return withSide(record, side, to.schema, null)
        return withSide(record, side, to.schema, to.copy(members))
      },
    }
  },
})
