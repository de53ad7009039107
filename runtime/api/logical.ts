import { DataError } from './errors.ts'
import { type Schema, type SchemaOptions, s } from './schema.ts'

/** Names of Connect's logical types (the schema's `name`). Values: Decimal; the others are `Date`. */
export const DECIMAL = 'org.apache.kafka.connect.data.Decimal'
export const DATE = 'org.apache.kafka.connect.data.Date'
export const TIME = 'org.apache.kafka.connect.data.Time'
export const TIMESTAMP = 'org.apache.kafka.connect.data.Timestamp'

/** BYTES holding a Decimal of a fixed scale. */
export const decimalSchema = (scale: number, options: SchemaOptions = {}): Schema =>
  s.bytes({ version: 1, ...options, name: DECIMAL, parameters: { ...options.parameters, scale: String(scale) } })

/** INT32 days since the epoch, as a `Date` at midnight UTC. */
export const dateSchema = (options: SchemaOptions = {}): Schema => s.int32({ version: 1, ...options, name: DATE })

/** INT32 milliseconds since midnight, as a `Date` on 1970-01-01 UTC. */
export const timeSchema = (options: SchemaOptions = {}): Schema => s.int32({ version: 1, ...options, name: TIME })

/** INT64 milliseconds since the epoch, as a `Date`. */
export const timestampSchema = (options: SchemaOptions = {}): Schema =>
  s.int64({ version: 1, ...options, name: TIMESTAMP })

const furthestMs = 8.64e15

/** The instant, in milliseconds since the epoch. Throws DataError for one that a `Date` cannot hold: it reaches 273,790 years either way. */
export const instantAt = (ms: number | bigint): Date => {
  if (!(ms >= -furthestMs && ms <= furthestMs))
    throw new DataError(`The instant of ${ms} ms lies beyond what a date can hold, ${furthestMs} ms around 1970`)
  return new Date(Number(ms))
}
