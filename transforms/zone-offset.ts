import { ConfigError } from 'millrace'

/** Seconds that a time zone is ahead of UTC. */
export interface ZoneOffset {
  /** At an instant, ms since the epoch. */
  at(instantMs: number): number
  /**
   * For a local date and time, given as ms as if it were UTC: in the hour that comes twice the offset before the change, as for
   * one that never comes.
   */
  ofLocal(localMs: number): number
}

const day = 86_400_000
const quarter = 900_000
// The calendar repeats after 400 years; rules of zones go on for ever.
const cycle = 146_097 * day
const firstYear = Date.UTC(1500, 0, 1)
const lastYear = Date.UTC(2400, 0, 1)

/** Seconds of `+08:00`, `Z`, `-03:30:15`; undefined for anything else. */
export const fixedOffset = (text: string): number | undefined => {
  if (text === 'Z') return 0
  const [, sign, hours, minutes, seconds = '0'] = /^([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(text) ?? []
  if (sign === undefined) return undefined
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  return sign === '-' ? -total : total
}

/** A zone by name (Europe/Berlin) or offset (+08:00). Throws ConfigError for neither. */
export const zoneOffset = (zone: string): ZoneOffset => {
  const fixed = fixedOffset(zone)
  if (fixed !== undefined) return { at: () => fixed, ofLocal: () => fixed }
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      ...{ era: 'short', year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    })
  } catch (cause) {
    throw new ConfigError(
      `${zone} is no time zone: use a name such as America/Los_Angeles or an offset such as +08:00`,
      { cause },
    )
  }
  const measure = (instantMs: number): number => {
    const parts: Record<string, string> = {}
    for (const { type, value } of format.formatToParts(instantMs)) parts[type] = value
    const year = parts['era'] === 'BC' ? 1 - Number(parts['year']) : Number(parts['year'])
    const local = new Date(0)
    local.setUTCFullYear(year, Number(parts['month']) - 1, Number(parts['day']))
    local.setUTCHours(Number(parts['hour']), Number(parts['minute']), Number(parts['second']))
    return (local.getTime() - instantMs) / 1000
  }
  const known = new Map<number, number>()
  const at = (instantMs: number): number => {
    // Before there were time zones nothing changed.
    let ms = Math.max(instantMs, firstYear)
    if (ms >= lastYear) ms -= Math.ceil((ms - lastYear + 1) / cycle) * cycle
    // No zone changes within a quarter of an hour.
    const start = Math.floor(ms / quarter) * quarter
    let offset = known.get(start)
    if (offset === undefined) {
      if (known.size >= 100_000) known.clear()
      known.set(start, (offset = measure(start)))
    }
    return offset
  }
  return {
    at,
    ofLocal(localMs) {
      const before = at(localMs - day)
      if (at(localMs - before * 1000) === before) return before
      const after = at(localMs + day)
      return at(localMs - after * 1000) === after ? after : before
    },
  }
}
