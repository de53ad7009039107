import { ConfigError } from './errors.ts'

type Part = (date: Date) => string

export const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
export const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const dayMs = 86_400_000

const padded = (value: number, width: number): string => String(Math.abs(value)).padStart(width, '0')

const dayOfYear = (date: Date): number =>
  Math.floor(
    (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - Date.UTC(date.getUTCFullYear(), 0, 1)) /
      dayMs,
  ) + 1

/** Week of the year as Java counts it for the USA: weeks begin on Sunday, the first holds January 1st. */
const week = (date: Date): { year: number; week: number } => {
  const year = date.getUTCFullYear()
  const toNext = Math.floor((Date.UTC(year + 1, 0, 1) - Date.UTC(year, date.getUTCMonth(), date.getUTCDate())) / dayMs)
  // The days until January 1st lie in one week with it.
  if (toNext + date.getUTCDay() <= 6) return { year: year + 1, week: 1 }
  const first = new Date(Date.UTC(year, 0, 1)).getUTCDay()
  return { year, week: Math.floor((dayOfYear(date) - 1 + first) / 7) + 1 }
}

const yearText = (year: number, width: number): string => (width === 2 ? padded(year % 100, 2) : padded(year, width))

const month = (width: number): Part => {
  if (width < 3) return date => padded(date.getUTCMonth() + 1, width)
  return date => months[date.getUTCMonth()]!.slice(0, width === 3 ? 3 : undefined)
}

const fields: Readonly<Record<string, (width: number) => Part>> = {
  G: () => date => (date.getUTCFullYear() > 0 ? 'AD' : 'BC'),
  y: width => date => yearText(date.getUTCFullYear(), width),
  Y: width => date => yearText(week(date).year, width),
  M: month,
  L: month,
  w: width => date => padded(week(date).week, width),
  W: width => date =>
    padded(
      Math.floor(
        (date.getUTCDate() - 1 + new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)).getUTCDay()) / 7,
      ) + 1,
      width,
    ),
  D: width => date => padded(dayOfYear(date), width),
  d: width => date => padded(date.getUTCDate(), width),
  F: width => date => padded(Math.floor((date.getUTCDate() - 1) / 7) + 1, width),
  E: width => date => (width > 3 ? days[date.getUTCDay()]! : days[date.getUTCDay()]!.slice(0, 3)),
  u: width => date => padded(date.getUTCDay() || 7, width),
  a: () => date => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  H: width => date => padded(date.getUTCHours(), width),
  k: width => date => padded(date.getUTCHours() || 24, width),
  K: width => date => padded(date.getUTCHours() % 12, width),
  h: width => date => padded(date.getUTCHours() % 12 || 12, width),
  m: width => date => padded(date.getUTCMinutes(), width),
  s: width => date => padded(date.getUTCSeconds(), width),
  S: width => date => padded(date.getUTCMilliseconds(), width),
  z: width => () => (width > 3 ? 'Coordinated Universal Time' : 'UTC'),
  Z: () => () => '+0000',
  X: () => () => 'Z',
}

/** A part of a pattern: text as it is, or a letter and how often it stands there. */
export type PatternToken = { readonly literal: string } | { readonly letter: string; readonly width: number }

/** Takes a pattern of SimpleDateFormat apart. Throws ConfigError for a quote without an end or a letter that it does not know. */
export const patternTokens = (pattern: string): readonly PatternToken[] => {
  const tokens: PatternToken[] = []
  for (let at = 0; at < pattern.length; ) {
    const char = pattern[at]!
    if (char === "'") {
      if (pattern[at + 1] === "'") {
        tokens.push({ literal: "'" })
        at += 2
        continue
      }
      let literal = ''
      for (at++; ; at++) {
        if (at >= pattern.length) throw new ConfigError('Unterminated quote')
        if (pattern[at] === "'") {
          if (pattern[at + 1] !== "'") break
          at++
        }
        literal += pattern[at]
      }
      tokens.push({ literal })
      at++
    } else if (/[A-Za-z]/.test(char)) {
      const width = /^(.)\1*/.exec(pattern.slice(at))![0].length
      if (!Object.hasOwn(fields, char)) throw new ConfigError(`Illegal pattern character '${char}'`)
      if (char === 'X' && width > 3) throw new ConfigError(`invalid ISO 8601 format: length=${width}`)
      tokens.push({ letter: char, width })
      at += width
    } else {
      tokens.push({ literal: char })
      at++
    }
  }
  return tokens
}

/** Java's SimpleDateFormat in UTC, language en-US, for dates after 1582 (Java goes on with the Julian calendar before). Throws ConfigError for a letter that it does not know. */
export const javaDateFormat = (pattern: string): Part => {
  const parts = patternTokens(pattern).map((token): Part => {
    if (!('letter' in token)) return () => token.literal
    return fields[token.letter]!(token.width)
  })
  return date => parts.map(part => part(date)).join('')
}
