import { ConnectError } from 'millrace'

const quarter = 15 * 60_000

/** Offsets of a time zone from UTC. They change at quarters of an hour only, so one look-up serves that long. */
export class TimeZone {
  readonly #format: Intl.DateTimeFormat
  #quarter = Number.NaN
  #offset = 0

  /** Throws RangeError for a zone that does not exist. */
  constructor(id: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: id,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  }

  /** Milliseconds to add to UTC. */
  offsetAt(time: number): number {
    const at = Math.floor(time / quarter)
    if (at === this.#quarter) return this.#offset
    const parts: Record<string, number> = {}
    for (const { type, value } of this.#format.formatToParts(at * quarter)) parts[type] = Number(value)
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
    this.#quarter = at
    this.#offset = Date.UTC(year, month - 1, day, hour, minute, second) - at * quarter
    return this.#offset
  }

  /** The time on the zone's clocks, as if it were UTC. */
  toLocal(time: number): number {
    return time + this.offsetAt(time)
  }
}

const dayMs = 24 * 60 * 60_000

/** The next multiple of the interval after `now`, counted from midnight in the zone. */
export const nextBoundary = (zone: TimeZone, intervalMs: number, now: number): number => {
  const local = zone.toLocal(now)
  const midnight = Math.floor(local / dayMs) * dayMs
  const next = midnight + (Math.floor((local - midnight) / intervalMs) + 1) * intervalMs
  return next - zone.offsetAt(now)
}

const text = (options: Intl.DateTimeFormatOptions, locale: string) => {
  const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' })
  return (local: number) => format.format(local)
}

type Part = (local: number) => string
const number =
  (get: (date: Date) => number): ((width: number) => Part) =>
  width =>
  local =>
    String(get(new Date(local))).padStart(width, '0')

const year = (width: number): Part =>
  // Joda's Y is the year of the era and its y the year: the same for every date that Kafka can hold, never the week's year.
  width === 2
    ? local => String(new Date(local).getUTCFullYear() % 100).padStart(2, '0')
    : number(date => date.getUTCFullYear())(width)

const letters: Readonly<Record<string, (width: number, locale: string) => Part>> = {
  y: year,
  Y: year,
  M: (width, locale) =>
    width < 3 ? number(date => date.getUTCMonth() + 1)(width) : text({ month: width === 3 ? 'short' : 'long' }, locale),
  d: number(date => date.getUTCDate()),
  D: number(date => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / dayMs) + 1),
  E: (width, locale) => text({ weekday: width < 4 ? 'short' : 'long' }, locale),
  e: number(date => ((date.getUTCDay() + 6) % 7) + 1),
  H: number(date => date.getUTCHours()),
  k: number(date => date.getUTCHours() || 24),
  h: number(date => date.getUTCHours() % 12 || 12),
  K: number(date => date.getUTCHours() % 12),
  m: number(date => date.getUTCMinutes()),
  s: number(date => date.getUTCSeconds()),
  S: width => local =>
    String(((local % 1000) + 1000) % 1000)
      .padStart(3, '0')
      .padEnd(width, '0')
      .slice(0, width),
  a: () => local => (new Date(local).getUTCHours() < 12 ? 'AM' : 'PM'),
}

/**
 * A pattern of Joda-Time's DateTimeFormat, as `path.format` has it: letters, text in single quotes, `''` for a quote.
 * Throws ConnectError for a letter that has no meaning here.
 */
export const jodaFormat = (pattern: string, locale: string): Part => {
  const parts: Part[] = []
  const literal = (said: string) => parts.push(() => said)
  for (let at = 0; at < pattern.length; ) {
    const sign = pattern[at]!
    if (sign === "'") {
      const quoted = /^'((?:[^']|'')*)'/.exec(pattern.slice(at))
      if (quoted === null) throw new ConnectError(`a quote is not closed in ${pattern}`)
      literal(quoted[1] === '' ? "'" : quoted[1]!.replaceAll("''", "'"))
      at += quoted[0].length
    } else if (/[A-Za-z]/.test(sign)) {
      let end = at
      while (pattern[end] === sign) end++
      const made = letters[sign]?.(end - at, locale)
      if (made === undefined) throw new ConnectError(`the letter ${sign} is not supported in ${pattern}`)
      parts.push(made)
      at = end
    } else {
      literal(sign)
      at++
    }
  }
  return local => {
    let out = ''
    for (const part of parts) out += part(local)
    return out
  }
}
