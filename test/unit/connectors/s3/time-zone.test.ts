import { describe, expect, it } from 'vitest'
import { jodaFormat, nextBoundary, TimeZone } from '../../../../connectors/s3/time-zone.ts'

const hour = 60 * 60_000

describe('time zones', () => {
  it.each([
    ['UTC', '2024-07-01T00:00:00Z', 0],
    ['Europe/Berlin', '2024-07-01T00:00:00Z', 2 * hour],
    ['Europe/Berlin', '2024-03-31T00:59:59Z', hour],
    ['Europe/Berlin', '2024-03-31T01:00:00Z', 2 * hour],
    ['Asia/Kathmandu', '2024-01-01T00:00:00Z', 5.75 * hour],
    ['America/St_Johns', '2024-01-01T00:00:00Z', -3.5 * hour],
  ])('%s at %s', (id, at, offset) => {
    expect(new TimeZone(id).offsetAt(Date.parse(at))).toBe(offset)
  })

  it('that do not exist are refused', () => {
    expect(() => new TimeZone('Europe/Atlantis')).toThrow(RangeError)
  })
})

describe('scheduled moments', () => {
  it.each([
    ['UTC', hour, '2024-01-01T10:20:00Z', '2024-01-01T11:00:00Z'],
    ['UTC', hour, '2024-01-01T11:00:00Z', '2024-01-01T12:00:00Z'],
    ['Asia/Kathmandu', 24 * hour, '2024-01-01T10:20:00Z', '2024-01-01T18:15:00Z'],
    // Counted anew from each midnight.
    ['UTC', 7 * hour, '2024-01-01T22:00:00Z', '2024-01-02T04:00:00Z'],
  ])('%s every %d ms after %s', (id, interval, now, expected) => {
    expect(new Date(nextBoundary(new TimeZone(id), interval, Date.parse(now))).toISOString()).toBe(
      new Date(expected).toISOString(),
    )
  })
})

describe('patterns', () => {
  const local = Date.parse('2021-01-02T15:04:05.678Z')
  it.each([
    // The week-year of that day is 2020: Joda's YYYY is not it.
    ["'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH", 'year=2021/month=01/day=02/hour=15'],
    ['yy-M-d-D h:mm:ss.SSS a', '21-1-2-2 3:04:05.678 PM'],
    ['MMM MMMM EEE EEEE e', 'Jan January Sat Saturday 6'],
    ["''yyyy''", "'2021'"],
    ["'it''s' H", "it's 15"],
  ])('%s', (pattern, expected) => {
    expect(jodaFormat(pattern, 'en-US')(local)).toBe(expected)
  })

  it('follow the locale', () => {
    expect(jodaFormat('MMMM', 'de-DE')(local)).toBe('Januar')
  })

  it('with an open quote or an unknown letter are refused', () => {
    expect(() => jodaFormat("'open", 'en')).toThrow(/quote is not closed/)
    expect(() => jodaFormat('xx', 'en')).toThrow(/letter x/)
  })
})
