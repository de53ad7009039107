import { DataError } from 'millrace'

/** Days since 1970-01-01 of a day in the proleptic Gregorian calendar; year 0 is 1 BC. */
export const daysOf = (year: number, month: number, day: number): number => {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468
}

/**
 * Reads `YYYY-MM-DD[ HH:MM:SS[.ffffff]][+HH[:MM[:SS]]][ BC]`, `HH:MM:SS...` and the infinities from a server's text (DateStyle
 * ISO) without making objects: the parts of the last text read are members.
 */
class TemporalReader {
  /** 1 for infinity, -1 for -infinity, else 0; then nothing else counts. */
  infinite = 0
  /** Year 0 is 1 BC. */
  year = 0
  month = 0
  day = 0
  /** Seconds of the day, 86400 for 24:00. */
  seconds = 0
  micros = 0
  /** Seconds east of UTC. */
  offset = 0

  #pos = 0

  date(src: Buffer, at: number, end: number): void {
    if (this.#special(src, at)) return
    this.#pos = at
    this.#date(src)
    this.#era(src, end)
  }

  timestamp(src: Buffer, at: number, end: number): void {
    if (this.#special(src, at)) return
    this.#pos = at
    this.#date(src)
    this.#pos++
    this.#time(src, end)
    this.#zone(src, end)
    this.#era(src, end)
  }

  time(src: Buffer, at: number, end: number): void {
    this.infinite = 0
    this.#pos = at
    this.#time(src, end)
    this.#zone(src, end)
    if (this.#pos !== end) this.#fail(src, at, end)
  }

  /**
   * Makes the date what a java.sql.Date has of it, which is how JDBC reads it: one before Christ loses its era, and the days that the
   * Gregorian calendar skipped are moved behind the gap.
   */
  toSqlDate(): void {
    if (this.year <= 0) this.year = 1 - this.year
    else if (this.year === 1582 && this.month === 10 && this.day > 4 && this.day < 15) this.day += 10
  }

  get days(): number {
    return daysOf(this.year, this.month, this.day)
  }

  /** Whole seconds since the epoch, in UTC; `micros` come on top. */
  get epochSeconds(): number {
    return this.days * 86400 + this.seconds - this.offset
  }

  #special(src: Buffer, at: number): boolean {
    const first = src[at]
    this.infinite = first === 0x69 ? 1 : first === 0x2d ? -1 : 0
    return this.infinite !== 0
  }

  #digits(src: Buffer): number {
    let value = 0
    for (;;) {
      const digit = (src[this.#pos] ?? 0) - 0x30
      if (digit < 0 || digit > 9) return value
      value = value * 10 + digit
      this.#pos++
    }
  }

  #date(src: Buffer): void {
    this.year = this.#digits(src)
    this.#pos++
    this.month = this.#digits(src)
    this.#pos++
    this.day = this.#digits(src)
  }

  #time(src: Buffer, end: number): void {
    const hours = this.#digits(src)
    this.#pos++
    const minutes = this.#digits(src)
    this.#pos++
    this.seconds = hours * 3600 + minutes * 60 + this.#digits(src)
    this.micros = 0
    if (this.#pos >= end || src[this.#pos] !== 0x2e) return
    const from = ++this.#pos
    const fraction = this.#digits(src)
    this.micros = fraction * 10 ** (6 - (this.#pos - from))
  }

  #zone(src: Buffer, end: number): void {
    this.offset = 0
    const sign = this.#pos < end ? src[this.#pos] : 0
    if (sign !== 0x2b && sign !== 0x2d) return
    let seconds = 0
    for (let unit = 3600; unit >= 1 && this.#pos < end; unit /= 60) {
      if (unit < 3600 && src[this.#pos] !== 0x3a) break
      this.#pos++
      seconds += this.#digits(src) * unit
    }
    this.offset = sign === 0x2d ? -seconds : seconds
  }

  #era(src: Buffer, end: number): void {
    if (this.#pos === end) return
    if (src.toString('latin1', this.#pos, end) !== ' BC') this.#fail(src, this.#pos, end)
    this.year = 1 - this.year
    this.#pos = end
  }

  #fail(src: Buffer, at: number, end: number): never {
    throw new DataError(`${src.toString('latin1', at, end)} is no date or time as PostgreSQL prints them`)
  }
}

/** One for all: read, then use the parts before anything else is read. */
export const reader = new TemporalReader()

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`)

/** `2024-02-29`, `-0001-01-01`, `+12024-01-01`: as java.time prints dates. */
export const isoDate = (year: number, month: number, day: number): string => {
  const digits = String(Math.abs(year)).padStart(4, '0')
  return `${year < 0 ? '-' : year > 9999 ? '+' : ''}${digits}-${two(month)}-${two(day)}`
}

export const isoTime = (seconds: number): string =>
  `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`

/** A fraction with all that is needed and no more: `.7`, or nothing. */
export const isoFraction = (micros: number): string =>
  micros === 0 ? '' : `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`
