import { DataError, type SinkRecord } from 'millrace'
import { jodaFormat, type TimeZone } from './time-zone.ts'
import { fieldAt, type TimestampExtractor } from './timestamps.ts'

/** The encoded partition of a record: the directories between topic and name. */
export interface Partitioner {
  /** Throws DataError for a record that has none. */
  placeOf(record: SinkRecord, timestamp: number | undefined): string
}

/** `partition=N`: one place for each partition. */
export const defaultPartitioner = (): Partitioner => {
  const places: string[] = []
  return {
    placeOf: ({ partition }) => {
      places[partition] ??= `partition=${partition}`
      return places[partition]
    },
  }
}

/** `field=value` for each of the fields. */
export const fieldPartitioner = (fields: readonly string[], delimiter: string): Partitioner => {
  const paths = fields.map(name => ({ name, path: name.split('.') }))
  const textOf = (record: SinkRecord, name: string, path: readonly string[]): string => {
    const value = fieldAt(record, path, 'partition.field.name')
    if (value === null) return 'null'
    if (['string', 'number', 'bigint', 'boolean'].includes(typeof value)) return String(value)
    const { topic, partition, offset } = record.original
    throw new DataError(
      `The field ${name} of ${topic}-${partition}@${offset} is neither text, number nor boolean: it cannot be part of a name (partition.field.name)`,
    )
  }
  return {
    placeOf: record => paths.map(({ name, path }) => `${name}=${textOf(record, name, path)}`).join(delimiter),
  }
}

export interface TimeBased {
  readonly durationMs: number
  readonly pathFormat: string
  readonly locale: string
  readonly zone: TimeZone
}

/** The record's time, rounded down to the duration, in the form of a path. */
export const timePartitioner = ({ durationMs, pathFormat, locale, zone }: TimeBased): Partitioner => {
  const format = jodaFormat(pathFormat, locale)
  const known = new Map<number, string>()
  let lastBucket = Number.NaN
  let lastPlace = ''
  return {
    placeOf(record, timestamp) {
      if (timestamp === undefined) {
        const { topic, partition, offset } = record.original
        throw new DataError(`${topic}-${partition}@${offset} has no timestamp to be partitioned by`)
      }
      // Rounded towards 1970, as Java divides.
      const bucket = Math.trunc(zone.toLocal(timestamp) / durationMs) * durationMs
      if (bucket === lastBucket) return lastPlace
      let place = known.get(bucket)
      if (place === undefined) {
        place = format(bucket)
        if (known.size > 1000) known.clear()
        known.set(bucket, place)
      }
      lastBucket = bucket
      lastPlace = place
      return place
    },
  }
}

export const hourMs = 60 * 60_000
/** The paths of the daily and hourly partitioners. */
export const dailyPath = (delimiter: string): string => `'year'=YYYY'${delimiter}month'=MM'${delimiter}day'=dd`
export const hourlyPath = (delimiter: string): string => `${dailyPath(delimiter)}'${delimiter}hour'=HH`

export type { TimestampExtractor }
