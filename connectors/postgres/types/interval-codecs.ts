import { DataError, s } from 'millrace'
import { type Codec, parsedCodec, type TextSource } from './codec.ts'

export type IntervalMode = 'numeric' | 'string'

interface Interval {
  readonly years: number
  readonly months: number
  readonly days: number
  readonly hours: number
  readonly minutes: number
  /** Micros, with those of whole seconds. All parts of the time carry the same sign. */
  readonly micros: number
}

/** Reads `1 year 2 mons -3 days +04:05:06.789` (IntervalStyle postgres). */
const parseInterval = (text: string): Interval => {
  const match =
    /^(?:([+-]?\d+) years?)? ?(?:([+-]?\d+) mons?)? ?(?:([+-]?\d+) days?)? ?(?:([+-])?(\d+):(\d\d):(\d\d)(?:\.(\d+))?)?$/.exec(
      text,
    )
  if (match === null) throw new DataError(`${text} is no interval of years, months, days and time`)
  const sign = match[4] === '-' ? -1 : 1
  const part = (index: number) => Number(match[index] ?? 0)
  const signed = (value: number) => (value === 0 ? 0 : sign * value)
  return {
    years: part(1),
    months: part(2),
    days: part(3),
    hours: signed(part(5)),
    minutes: signed(part(6)),
    micros: signed(part(7) * 1_000_000 + Number((match[8] ?? '').padEnd(6, '0'))),
  }
}

const microsPerMonth = (365.25 / 12) * 86_400_000_000
const longest = 2n ** 63n

const microsOf = (text: string): number | bigint => {
  const { years, months, days, hours, minutes, micros } = parseInterval(text)
  const time = hours * 3_600_000_000 + minutes * 60_000_000 + micros
  const total = (years * 12 + months) * microsPerMonth + days * 86_400_000_000 + time
  if (Number.isSafeInteger(total)) return total
  const exact = BigInt(years * 12 + months) * BigInt(microsPerMonth) + BigInt(days) * 86_400_000_000n + BigInt(time)
  // As Java turns a number that is too large into a long.
  return exact >= longest ? longest - 1n : exact < -longest ? -longest : exact
}

const isoOf = (text: string): string => {
  const { years, months, days, hours, minutes, micros } = parseInterval(text)
  const size = Math.abs(micros)
  const fraction =
    size % 1_000_000 === 0
      ? ''
      : `.${String(size % 1_000_000)
          .padStart(6, '0')
          .replace(/0+$/, '')}`
  return `P${years}Y${months}M${days}DT${hours}H${minutes}M${micros < 0 ? '-' : ''}${Math.floor(size / 1_000_000)}${fraction}S`
}

export const intervalCodec = (mode: IntervalMode, source: TextSource): Codec =>
  mode === 'string'
    ? parsedCodec(s.string({ name: 'io.debezium.time.Interval', version: 1 }), source, { factor: 1, extra: 40 }, isoOf)
    : parsedCodec(
        s.int64({ name: 'io.debezium.time.MicroDuration', version: 1 }),
        source,
        { factor: 1, extra: 24 },
        microsOf,
      )
