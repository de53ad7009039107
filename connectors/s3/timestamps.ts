import { DataError, type SinkRecord, TIMESTAMP } from 'millrace'

/** A record's time in ms since the epoch, by the class that `timestamp.extractor` names. */
export interface TimestampExtractor {
  extract(record: SinkRecord, now: number): number | undefined
  readonly repeatable: boolean
}

export const wallclock: TimestampExtractor = { repeatable: false, extract: (_, now) => now }

export const recordTime: TimestampExtractor = {
  repeatable: true,
  extract: record => (record.timestamp === null || record.timestamp < 0 ? undefined : record.timestamp),
}

const nameOf = ({ original }: SinkRecord): string => `${original.topic}-${original.partition}@${original.offset}`

/** The member at a dotted path of a value; DataError where there is none. */
export const fieldAt = (record: SinkRecord, path: readonly string[], setting: string): unknown => {
  let value = record.value
  for (const name of path) {
    const inner =
      value instanceof Map
        ? value.get(name)
        : typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name)
          ? (value as Readonly<Record<string, unknown>>)[name]
          : undefined
    if (inner === undefined) {
      throw new DataError(`The value of ${nameOf(record)} has no field ${path.join('.')} (${setting})`)
    }
    value = inner
  }
  return value
}

const isoTime = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))?(Z|[+-]\d\d:?\d\d)?$/

/** A field as time: INT64 milliseconds, a Connect Timestamp, or text in ISO form (in the zone when it names none). */
export const recordField = (name: string, toUtc: (local: number) => number): TimestampExtractor => {
  const path = name.split('.')
  return {
    repeatable: true,
    extract(record) {
      const value = fieldAt(record, path, 'timestamp.field')
      if (typeof value === 'number' && Number.isFinite(value)) return Math.trunc(value)
      if (typeof value === 'bigint') return Number(value)
      if (value instanceof Date) return value.getTime()
      if (typeof value === 'string') {
        const [, date, clock, zone] = isoTime.exec(value.toUpperCase()) ?? []
        // Not what else Date.parse takes for a time, some of it in the zone of this machine (invariant 9).
        const time = date === undefined ? Number.NaN : Date.parse(`${date}T${clock ?? '00:00'}${zone ?? 'Z'}`)
        if (!Number.isNaN(time)) return zone === undefined ? toUtc(time) : time
      }
      throw new DataError(
        `The field ${name} of ${nameOf(record)} is no time: expected milliseconds, a ${TIMESTAMP} or text in ISO form (timestamp.field)`,
      )
    },
  }
}
