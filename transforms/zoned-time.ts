import { DataError } from 'millrace'
import { fixedOffset, type ZoneOffset } from './zone-offset.ts'

const two = (value: number): string => String(value).padStart(2, '0')

const offsetText = (seconds: number): string => {
  if (seconds === 0) return 'Z'
  const all = Math.abs(seconds)
  const rest = all % 60
  return `${seconds < 0 ? '-' : '+'}${two(Math.floor(all / 3600))}:${two(Math.floor(all / 60) % 60)}${rest === 0 ? '' : `:${two(rest)}`}`
}

/** `.5` and `.500` are `.5`; no fraction and `.000` are nothing. */
const fractionText = (digits: string | undefined): string => {
  const shortest = digits?.replace(/0+$/, '') ?? ''
  return shortest === '' ? '' : `.${shortest}`
}

const timeText = (ms: number, fraction: string | undefined): string => {
  const date = new Date(ms)
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}${fractionText(fraction)}`
}

const yearText = (year: number): string =>
  year > 9999 ? `+${year}` : `${year < 0 ? '-' : ''}${String(Math.abs(year)).padStart(4, '0')}`

const timestamp = /^([+-]?\d{4,6})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d(?::\d\d)?)$/
const time = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d(?::\d\d)?)$/

/**
 * An ISO 8601 timestamp with an offset, at the same instant with the offset of a zone. As with Debezium the offset is the one that
 * holds in the zone when its clocks show the time in the text. `infinity` stays. Throws DataError.
 */
export const zonedTimestamp = (text: string, zone: ZoneOffset): string => {
  if (text === 'infinity' || text === '-infinity') return text
  const match = timestamp.exec(text)
  if (match === null) throw new DataError(`${text} is no timestamp with an offset`)
  const [, year, month, dayOfMonth, hour, minute, second = '0', fraction, offset] = match
  const local = new Date(0)
  local.setUTCFullYear(Number(year), Number(month) - 1, Number(dayOfMonth))
  local.setUTCHours(Number(hour), Number(minute), Number(second))
  if (Number.isNaN(local.getTime())) throw new DataError(`${text} is out of range`)
  const to = zone.ofLocal(local.getTime())
  const moved = local.getTime() + (to - fixedOffset(offset!)!) * 1000
  const date = new Date(moved)
  return `${yearText(date.getUTCFullYear())}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}T${timeText(moved, fraction)}${offsetText(to)}`
}

/** An ISO 8601 time with an offset, with another one. Throws DataError. */
export const zonedTime = (text: string, to: number): string => {
  const match = time.exec(text)
  if (match === null) throw new DataError(`${text} is no time with an offset`)
  const [, hour, minute, second = '0', fraction, offset] = match
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second) + to - fixedOffset(offset!)!
  return timeText((((seconds % 86_400) + 86_400) % 86_400) * 1000, fraction) + offsetText(to)
}
