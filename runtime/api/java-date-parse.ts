import { ConfigError } from './errors.ts'
import { days, months, type PatternToken, patternTokens } from './java-date-format.ts'
import { asciiDigits } from './java-text.ts'

const dayMs = 86_400_000
/** From here on Java's calendar is the Gregorian one, the Julian before. */
const cutover = -12_219_292_800_000

/** Offsets of zone names, hours; others are written as numbers. */
const zones: Readonly<Record<string, number>> = {
  UTC: 0,
  GMT: 0,
  UT: 0,
  Z: 0,
  EST: -5,
  EDT: -4,
  CST: -6,
  CDT: -5,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
  CET: 1,
  CEST: 2,
  JST: 9,
}

/** What was read so far; `day` and `dayOfYear` are undefined until read, the later one counts. */
interface Found {
  year: number
  bc: boolean
  month: number
  day: number
  dayOfYear: number | undefined
  hourOfDay: number | undefined
  hour: number
  afternoon: boolean
  minute: number
  second: number
  millis: number
  offsetMs: number
}

/** The text being read; `at` is where the next part begins. */
interface Cursor {
  readonly text: string
  at: number
}

/** Days from the epoch to January 1st of an astronomical year. */
const daysTo = (year: number, julian: boolean): number => {
  const before = year - 1
  const leaps = julian
    ? Math.floor(before / 4) - 2
    : Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400)
  return before * 365 + leaps - 719_162
}

const daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]

const isLeap = (year: number, julian: boolean): boolean =>
  year % 4 === 0 && (julian || year % 100 !== 0 || year % 400 === 0)

/** Lenient: the 13th month is the first of the next year, the 45th day one of a later month. */
const dayNumber = (found: Found, julian: boolean): number => {
  const astronomical = found.bc ? 1 - found.year : found.year
  if (found.dayOfYear !== undefined) return daysTo(astronomical, julian) + found.dayOfYear - 1
  const year = astronomical + Math.floor(found.month / 12)
  const month = ((found.month % 12) + 12) % 12
  const leap = month > 1 && isLeap(year, julian) ? 1 : 0
  return daysTo(year, julian) + daysBefore[month]! + leap + found.day - 1
}

const millisOf = (found: Found): number => {
  const hours = found.hourOfDay ?? found.hour + (found.afternoon ? 12 : 0)
  const time = ((hours * 60 + found.minute) * 60 + found.second) * 1000 + found.millis
  const gregorian = dayNumber(found, false) * dayMs + time
  return (gregorian >= cutover ? gregorian : dayNumber(found, true) * dayMs + time) - found.offsetMs
}

/** A whole number; with `most`, that many characters. undefined: there is none. */
const number = (cursor: Cursor, most: number | undefined): { value: number; digits: number } | undefined => {
  const rest = cursor.text.slice(cursor.at)
  if (most !== undefined && rest.length < most) return undefined
  const taken = /^-?\p{Nd}+/u.exec(most === undefined ? rest : rest.slice(0, most))?.[0]
  if (taken === undefined) return undefined
  cursor.at += taken.length
  return { value: Number(asciiDigits(taken)), digits: [...taken].length }
}

/** The longest name that the text goes on with, in any case; -1: none. */
const named = (cursor: Cursor, names: readonly string[]): number => {
  const rest = cursor.text.slice(cursor.at).toLowerCase()
  let best = -1
  let length = 0
  names.forEach((name, index) => {
    for (const form of [name, name.slice(0, 3)]) {
      if (form.length <= length || !rest.startsWith(form.toLowerCase())) continue
      best = index
      length = form.length
    }
  })
  cursor.at += length
  return best
}

/** Hours and minutes behind a sign; `form` is how they are written. undefined: they are not. */
const offsetForms = {
  hours: /^([+-])(\d\d)/,
  digits: /^([+-])(\d\d)(\d\d)/,
  colon: /^([+-])(\d\d):(\d\d)/,
  // Behind GMT one digit is enough for the hours.
  loose: /^([+-])(\d\d?):(\d\d)/,
} as const

const signedOffset = (cursor: Cursor, form: keyof typeof offsetForms): number | undefined => {
  const found = offsetForms[form].exec(cursor.text.slice(cursor.at))
  const hours = Number(found?.[2])
  const minutes = Number(found?.[3] ?? 0)
  if (found === null || hours > 23 || minutes > 59) return undefined
  cursor.at += found[0].length
  const ms = (hours * 60 + minutes) * 60_000
  return found[1] === '-' ? -ms : ms
}

/** `X`: ISO 8601 in the form that its letters say; `z` and `Z`: RFC 822, a name, or GMT with an offset. */
const zoneOffset = (cursor: Cursor, letter: string, width: number): number | undefined => {
  if (letter === 'X') {
    if (cursor.text[cursor.at] !== 'Z')
      return signedOffset(cursor, width === 1 ? 'hours' : width === 2 ? 'digits' : 'colon')
    cursor.at++
    return 0
  }
  if (/[+-]/.test(cursor.text[cursor.at] ?? '')) return signedOffset(cursor, 'digits')
  const name = /^[A-Za-z]+/.exec(cursor.text.slice(cursor.at))?.[0].toUpperCase()
  if (name === undefined || zones[name] === undefined) return undefined
  cursor.at += name.length
  if (name === 'GMT' && /[+-]/.test(cursor.text[cursor.at] ?? '')) return signedOffset(cursor, 'loose')
  return zones[name] * 3_600_000
}

/** Two digits are a year within 80 years before and 20 after now. */
const pivoted = (value: number): number => {
  const first = new Date().getUTCFullYear() - 80
  const century = Math.floor(first / 100) * 100
  return century + value + (century + value < first ? 100 : 0)
}

type Field = (cursor: Cursor, found: Found, width: number, most: number | undefined) => boolean

const numeric =
  (set: (found: Found, value: number) => void): Field =>
  (cursor, found, _width, most) => {
    const read = number(cursor, most)
    if (read !== undefined) set(found, read.value)
    return read !== undefined
  }

const month: Field = (cursor, found, width, most) => {
  const value = width <= 2 ? number(cursor, most)?.value : named(cursor, months) + 1
  if (value === undefined || (width > 2 && value === 0)) return false
  found.month = value - 1
  found.dayOfYear = undefined
  return true
}

const zone =
  (letter: string): Field =>
  (cursor, found, width) => {
    const offset = zoneOffset(cursor, letter, width)
    if (offset !== undefined) found.offsetMs = offset
    return offset !== undefined
  }

const fields: Readonly<Record<string, Field>> = {
  G: (cursor, found) => {
    const era = /^(AD|BC)/i.exec(cursor.text.slice(cursor.at))?.[0]
    if (era === undefined) return false
    found.bc = era.toUpperCase() === 'BC'
    cursor.at += 2
    return true
  },
  y: (cursor, found, width, most) => {
    const read = number(cursor, most)
    if (read === undefined) return false
    found.year = width <= 2 && read.digits === 2 && read.value >= 0 ? pivoted(read.value) : read.value
    return true
  },
  M: month,
  L: month,
  d: numeric((found, value) => {
    found.day = value
    found.dayOfYear = undefined
  }),
  D: numeric((found, value) => {
    found.dayOfYear = value
  }),
  H: numeric((found, value) => {
    found.hourOfDay = value
  }),
  k: numeric((found, value) => {
    found.hourOfDay = value === 24 ? 0 : value
  }),
  K: numeric((found, value) => {
    found.hour = value
    found.hourOfDay = undefined
  }),
  h: numeric((found, value) => {
    found.hour = value === 12 ? 0 : value
    found.hourOfDay = undefined
  }),
  m: numeric((found, value) => {
    found.minute = value
  }),
  s: numeric((found, value) => {
    found.second = value
  }),
  S: numeric((found, value) => {
    found.millis = value
  }),
  a: (cursor, found) => {
    const half = /^(AM|PM)/i.exec(cursor.text.slice(cursor.at))?.[0]
    if (half === undefined) return false
    found.afternoon = half.toUpperCase() === 'PM'
    cursor.at += 2
    return true
  },
  // The day of the week says nothing that the date does not.
  E: cursor => named(cursor, days) >= 0,
  z: zone('z'),
  Z: zone('Z'),
  X: zone('X'),
}

const isNumeric = ({ letter, width }: { letter: string; width: number }): boolean =>
  letter === 'M' || letter === 'L' ? width <= 2 : 'ydDHkKhmsS'.includes(letter)

const readToken = (cursor: Cursor, found: Found, token: PatternToken, next: PatternToken | undefined): boolean => {
  if ('literal' in token) {
    if (!cursor.text.startsWith(token.literal, cursor.at)) return false
    cursor.at += token.literal.length
    return true
  }
  const start = cursor.at
  while (cursor.text[cursor.at] === ' ' || cursor.text[cursor.at] === '\t') cursor.at++
  // Fields that follow each other without anything between share digits by their widths, blanks before them included.
  const shares = next !== undefined && 'letter' in next && isNumeric(next)
  const most = shares ? Math.max(0, token.width - (cursor.at - start)) : undefined
  return fields[token.letter]!(cursor, found, token.width, most)
}

/**
 * Reads text as Java's SimpleDateFormat does, lenient and in UTC: milliseconds since the epoch, or undefined when the text is not like
 * the pattern; what follows in the text is ignored. Making one throws ConfigError for a pattern that cannot be read: weeks.
 */
export const javaDateParser = (pattern: string): ((text: string) => number | undefined) => {
  const tokens = patternTokens(pattern)
  for (const token of tokens)
    if ('letter' in token && fields[token.letter] === undefined)
      throw new ConfigError(`Pattern letter ${token.letter} can be written but not read: ${pattern}`)
  return text => {
    const cursor: Cursor = { text, at: 0 }
    const found: Found = {
      year: 1970,
      bc: false,
      month: 0,
      day: 1,
      dayOfYear: undefined,
      hourOfDay: undefined,
      hour: 0,
      afternoon: false,
      minute: 0,
      second: 0,
      millis: 0,
      offsetMs: 0,
    }
    const read = tokens.every((token, index) => readToken(cursor, found, token, tokens[index + 1]))
    return read ? millisOf(found) : undefined
  }
}
