import { dateSchema, quoteJson, type Schema, s, timeSchema, timestampSchema } from 'millrace'
import { isoDate, isoFraction, isoTime, reader } from './calendar.ts'
import type { Codec, TextSource } from './codec.ts'

export type TimeMode =
  | 'adaptive'
  | 'adaptive_time_microseconds'
  | 'connect'
  | 'isostring'
  | 'microseconds'
  | 'nanoseconds'

const named = (build: (options: { name: string; version: number }) => Schema, name: string): Schema =>
  build({ name: `io.debezium.time.${name}`, version: 1 })

const minus = 0x2d

export const writeNumber = (value: number, out: Buffer, pos: number): number => {
  let at = pos
  let rest = value
  if (rest < 0) {
    out[at++] = minus
    rest = -rest
  }
  let digits = 1
  for (let limit = 10; rest >= limit && digits < 17; limit *= 10) digits++
  for (let index = at + digits - 1; index >= at; index--) {
    const next = Math.floor(rest / 10)
    out[index] = 0x30 + (rest - next * 10)
    rest = next
  }
  return at + digits
}

/** `seconds * 10^places + fraction` as digits: beyond 2^53 for the far future. `fraction` is below 10^places and not negative. */
const writeScaled = (seconds: number, fraction: number, places: number, out: Buffer, pos: number): number => {
  let whole = seconds
  let part = fraction
  let at = pos
  const unit = 10 ** places
  if (whole < 0) {
    out[at++] = minus
    // -1.25 s is read as -2 s and 0.75: turn it round.
    whole = part === 0 ? -whole : -whole - 1
    part = part === 0 ? 0 : unit - part
  }
  if (whole === 0) return writeNumber(part, out, at)
  at = writeNumber(whole, out, at)
  for (let index = at + places - 1; index >= at; index--) {
    const next = Math.floor(part / 10)
    out[index] = 0x30 + (part - next * 10)
    part = next
  }
  return at + places
}

/** As Debezium has what does not fit into 64 bits: no nanoseconds at all; of the rest the seconds stop at the end, and the fraction wraps round. */
const int64Of = (seconds: number, fraction: number, unit: number): number | bigint | null => {
  const number = seconds * unit + fraction
  if (Number.isSafeInteger(number)) return number
  const exact = BigInt(seconds) * BigInt(unit) + BigInt(fraction)
  if (BigInt.asIntN(64, exact) === exact) return exact
  if (unit === 1e9) return null
  return BigInt.asIntN(64, (seconds < 0 ? -(2n ** 63n) : 2n ** 63n - 1n) + BigInt(fraction))
}

const writeText = (text: string, out: Buffer, pos: number): number => pos + out.write(text, pos, 'latin1')

/** pgjdbc's stand-ins for infinity, in ms; the stream and the rest disagree about dates, in Debezium too. */
const endOfTimeMs = { 1: 9223372036825200, '-1': -9223372036832400 } as const
const endOfDays = {
  copy: { 1: -622191234, '-1': -625821272 },
  array: { 1: -622191234, '-1': -625821272 },
  stream: { 1: -2147472692, '-1': -2147472691 },
} as const
const isoEndOfDays = {
  copy: { 1: '+292278994-08-16Z', '-1': '+292269055-12-02Z' },
  array: { 1: '+292278994-08-16Z', '-1': '+292269055-12-02Z' },
  stream: { 1: '-5877611-06-21Z', '-1': '-5877611-06-22Z' },
} as const
const isoEndOfTime = { 1: '+294247-01-10T04:00:25.2Z', '-1': '-290308-12-21T19:59:27.6Z' } as const
type Infinite = 1 | -1

/** What a number-valued type keeps: it writes what it returns. */
const numberCodec = (schema: Schema, read: (src: Buffer, at: number, end: number) => number): Codec => ({
  schema,
  factor: 1,
  extra: 20,
  value: read,
  write: (src, at, end, out, pos) => writeNumber(read(src, at, end), out, pos),
})

const dateObjectCodec = (
  schema: Schema,
  unitMs: number,
  read: (src: Buffer, at: number, end: number) => number,
): Codec => ({
  schema,
  factor: 1,
  extra: 20,
  value: (src, at, end) => new Date(read(src, at, end) * unitMs),
  write: (src, at, end, out, pos) => writeNumber(read(src, at, end), out, pos),
})

const stringCodec = (schema: Schema, read: (src: Buffer, at: number, end: number) => string | null): Codec => ({
  schema,
  factor: 1,
  extra: 40,
  value: read,
  write(src, at, end, out, pos) {
    const text = read(src, at, end)
    return text === null ? -1 : writeText(quoteJson(text), out, pos)
  },
})

export const dateCodec = (mode: TimeMode, source: TextSource): Codec => {
  const days = (src: Buffer, at: number, end: number): number => {
    reader.date(src, at, end)
    if (reader.infinite !== 0) return endOfDays[source][reader.infinite as Infinite]
    if (source !== 'stream') reader.toSqlDate()
    return reader.days
  }
  if (mode === 'connect') return dateObjectCodec(dateSchema(), 86_400_000, days)
  if (mode !== 'isostring') return numberCodec(named(s.int32, 'Date'), days)
  return stringCodec(named(s.string, 'IsoDate'), (src, at, end) => {
    reader.date(src, at, end)
    if (reader.infinite !== 0) return isoEndOfDays[source][reader.infinite as Infinite]
    if (source !== 'stream') reader.toSqlDate()
    return `${isoDate(reader.year, reader.month, reader.day)}Z`
  })
}

/** Milliseconds are all that is left of a time in an array: Debezium reads those by way of java.sql.Time. */
const microsIn = (source: TextSource): number =>
  source === 'array' ? reader.micros - (reader.micros % 1000) : reader.micros

export const timeCodec = (precision: number, mode: TimeMode, source: TextSource): Codec => {
  const millis = (src: Buffer, at: number, end: number): number => {
    reader.time(src, at, end)
    return reader.seconds * 1000 + Math.floor(reader.micros / 1000)
  }
  const scaled = (name: string, unit: number) =>
    numberCodec(named(s.int64, name), (src, at, end) => {
      reader.time(src, at, end)
      return (reader.seconds * 1_000_000 + microsIn(source)) * unit
    })
  if (mode === 'connect') return dateObjectCodec(timeSchema(), 1, millis)
  if (mode === 'nanoseconds') return scaled('NanoTime', 1000)
  if (mode === 'isostring')
    return stringCodec(named(s.string, 'IsoTime'), (src, at, end) => {
      reader.time(src, at, end)
      return `${isoTime(reader.seconds % 86400)}${isoFraction(microsIn(source))}Z`
    })
  if (mode === 'adaptive' && precision <= 3) return numberCodec(named(s.int32, 'Time'), millis)
  return scaled('MicroTime', 1)
}

const bigCodec = (schema: Schema, places: 6 | 9): Codec => {
  const perMicro = places === 6 ? 1 : 1000
  const unit = 10 ** places
  const infinity = (which: Infinite): bigint =>
    places === 6 ? BigInt(endOfTimeMs[which]) * 1000n : which === 1 ? 2n ** 63n - 1n : -(2n ** 63n)
  return {
    schema,
    factor: 1,
    extra: 24,
    value(src, at, end) {
      reader.timestamp(src, at, end)
      if (reader.infinite !== 0) return infinity(reader.infinite as Infinite)
      return int64Of(reader.epochSeconds, reader.micros * perMicro, unit)
    },
    write(src, at, end, out, pos) {
      reader.timestamp(src, at, end)
      if (reader.infinite !== 0) return writeText(String(infinity(reader.infinite as Infinite)), out, pos)
      const seconds = reader.epochSeconds
      const fraction = reader.micros * perMicro
      // Far from now it may not fit.
      if (Math.abs(seconds) > 9e18 / unit) {
        const value = int64Of(seconds, fraction, unit)
        return value === null ? -1 : writeText(String(value), out, pos)
      }
      return writeScaled(seconds, fraction, places, out, pos)
    },
  }
}

const millisCodec = (): Codec => {
  const infinity = (which: Infinite): bigint => BigInt(endOfTimeMs[which])
  return {
    schema: named(s.int64, 'Timestamp'),
    factor: 1,
    extra: 20,
    value(src, at, end) {
      reader.timestamp(src, at, end)
      if (reader.infinite !== 0) return infinity(reader.infinite as Infinite)
      return int64Of(reader.epochSeconds, Math.floor(reader.micros / 1000), 1000)
    },
    write(src, at, end, out, pos) {
      reader.timestamp(src, at, end)
      if (reader.infinite !== 0) return writeText(String(infinity(reader.infinite as Infinite)), out, pos)
      return writeScaled(reader.epochSeconds, Math.floor(reader.micros / 1000), 3, out, pos)
    },
  }
}

const millisOf = (): number => reader.epochSeconds * 1000 + Math.floor(reader.micros / 1000)

export const timestampCodec = (precision: number, mode: TimeMode): Codec => {
  if (mode === 'connect')
    return dateObjectCodec(timestampSchema(), 1, (src, at, end) => {
      reader.timestamp(src, at, end)
      return reader.infinite === 0 ? millisOf() : endOfTimeMs[reader.infinite as Infinite]
    })
  if (mode === 'nanoseconds') return bigCodec(named(s.int64, 'NanoTimestamp'), 9)
  if (mode === 'isostring')
    return stringCodec(named(s.string, 'IsoTimestamp'), (src, at, end) => {
      reader.timestamp(src, at, end)
      if (reader.infinite !== 0) return isoEndOfTime[reader.infinite as Infinite]
      const { year, month, day, seconds, micros } = reader
      return `${isoDate(year, month, day)}T${isoTime(seconds)}${isoFraction(micros)}Z`
    })
  if (mode !== 'microseconds' && precision <= 3) return millisCodec()
  return bigCodec(named(s.int64, 'MicroTimestamp'), 6)
}

/** timestamptz: ISO 8601 in UTC with as many digits as the column has. */
export const zonedTimestampCodec = (precision: number, source: TextSource): Codec => {
  const fractionOf = (micros: number) =>
    precision === 0 ? '' : `.${String(micros).padStart(6, '0').slice(0, precision)}`
  // Among the elements of an array Debezium takes the past one for a time.
  const past = source === 'array' ? `+292269055-12-02T23:00:00${fractionOf(0)}Z` : '-infinity'
  const text = (src: Buffer, at: number, end: number): string => {
    reader.timestamp(src, at, end)
    if (reader.infinite !== 0) return reader.infinite === 1 ? 'infinity' : past
    const { year, month, day, seconds, micros } = reader
    const fraction = fractionOf(micros)
    return `${isoDate(year, month, day)}T${isoTime(seconds)}${fraction}Z`
  }
  return {
    ...stringCodec(named(s.string, 'ZonedTimestamp'), text),
    write(src, at, end, out, start) {
      // The session runs in UTC: `2024-02-29 10:34:56[.789]+00` differs from ISO in a few bytes only.
      const plain =
        end - at >= 22 &&
        src[at + 4] === minus &&
        src[at + 10] === 0x20 &&
        src[end - 1] === 0x30 &&
        src[end - 2] === 0x30 &&
        src[end - 3] === 0x2b
      if (!plain) return writeText(`"${text(src, at, end)}"`, out, start)
      let pos = start
      out[pos++] = 0x22
      for (let from = at; from < at + 19; from++) out[pos++] = src[from]!
      out[pos - 9] = 0x54
      if (precision > 0) {
        out[pos++] = 0x2e
        const limit = end - 3
        let from = at + 20
        for (let digit = 0; digit < precision; digit++) out[pos++] = from < limit ? src[from++]! : 0x30
      }
      out[pos++] = 0x5a
      out[pos++] = 0x22
      return pos
    },
  }
}

/** timetz: the time of day in UTC, only as many digits as needed; none in arrays, as in Debezium. */
export const zonedTimeCodec = (source: TextSource): Codec =>
  stringCodec(named(s.string, 'ZonedTime'), (src, at, end) => {
    reader.time(src, at, end)
    // JDBC knows no time zones with seconds.
    if (source === 'copy' && reader.offset % 60 !== 0) return null
    const seconds = (((reader.seconds - reader.offset) % 86400) + 86400) % 86400
    return `${isoTime(seconds)}${source === 'array' ? '' : isoFraction(reader.micros)}Z`
  })
