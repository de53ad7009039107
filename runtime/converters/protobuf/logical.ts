import type { ByteWriter } from '../../api/byte-writer.ts'
import { Decimal } from '../../api/decimal.ts'
import { DataError } from '../../api/errors.ts'
import { javaClass } from '../../api/java-text.ts'
import { DATE, DECIMAL, TIME, TIMESTAMP } from '../../api/logical.ts'
import { dateMessage, decimalMessage, timeMessage, timestampMessage } from './known-types.ts'
import type { WireReader } from './wire-read.ts'
import { BYTES, VARINT, writeBytes, writeUint32, writeVarint } from './wire-write.ts'

/** The message type that a Connect logical type, named by its schema, is written as. */
export const logicalMessages: Readonly<Record<string, string>> = {
  [DECIMAL]: decimalMessage,
  [DATE]: dateMessage,
  [TIME]: timeMessage,
  [TIMESTAMP]: timestampMessage,
}

const dayMs = 86_400_000
// 0001-01-01 and the last millisecond of 9999, as Protobuf's Timestamp and Date have it.
const minMs = -62_135_596_800_000
const maxMs = 253_402_300_799_999

/** Writes a field unless it is zero, which is what its absence means. */
const writeNumber = (out: ByteWriter, field: number, value: number): void => {
  if (value === 0) return
  out.writeByte((field << 3) | VARINT)
  writeVarint(out, value)
}

const instant = (name: string, value: unknown): number => {
  if (!(value instanceof Date))
    throw new DataError(`Invalid type for ${name}, expected Date but was ${javaClass(value)}`)
  const ms = value.getTime()
  if (!(ms >= minMs && ms <= maxMs))
    throw new DataError(`A ${name} must be within the years 0001 to 9999, not ${ms} ms`)
  return ms
}

/** How each logical type's message is filled; what frames it is the caller's. */
export const logicalWriters: Readonly<Record<string, (out: ByteWriter, value: unknown) => void>> = {
  [DECIMAL]: (out, value) => {
    if (!(value instanceof Decimal))
      throw new DataError(`Invalid type for Decimal, expected BigDecimal but was ${javaClass(value)}`)
    out.writeByte((1 << 3) | BYTES)
    writeBytes(out, value.toBytes())
    const digits = value.unscaled.toString().length - (value.unscaled < 0n ? 1 : 0)
    out.writeByte((2 << 3) | VARINT)
    writeUint32(out, digits)
    writeNumber(out, 3, value.scale)
  },
  [DATE]: (out, value) => {
    if (instant('Date', value) % dayMs !== 0)
      throw new DataError('Kafka Connect Date type should not have any time fields set to non-zero values.')
    const date = value as Date
    writeNumber(out, 1, date.getUTCFullYear())
    writeNumber(out, 2, date.getUTCMonth() + 1)
    writeNumber(out, 3, date.getUTCDate())
  },
  [TIME]: (out, value) => {
    const ms = instant('Time', value)
    if (ms < 0 || ms >= dayMs)
      throw new DataError(`Time values must be at least 0 and less than ${dayMs} milliseconds, not ${ms}`)
    const time = value as Date
    writeNumber(out, 1, time.getUTCHours())
    writeNumber(out, 2, time.getUTCMinutes())
    writeNumber(out, 3, time.getUTCSeconds())
    writeNumber(out, 4, time.getUTCMilliseconds() * 1_000_000)
  },
  [TIMESTAMP]: (out, value) => {
    const ms = instant('Timestamp', value)
    const seconds = Math.floor(ms / 1000)
    writeNumber(out, 1, seconds)
    writeNumber(out, 2, (ms - seconds * 1000) * 1_000_000)
  },
}

/** Reads the varint fields 1 to `into.length` of the message that was entered. */
const readNumbers = (reader: WireReader, into: number[]): void => {
  into.fill(0)
  while (reader.pos < reader.end) {
    const tag = reader.tag()
    const field = tag >>> 3
    if ((tag & 7) === VARINT && field <= into.length) into[field - 1] = Number(reader.int64())
    else reader.skip(tag)
  }
}

// Kept between calls: none of them outlives its call.
const two = [0, 0]
const three = [0, 0, 0]
const four = [0, 0, 0, 0]

const readDecimal = (reader: WireReader): Decimal => {
  let unscaled: Uint8Array | undefined
  let scale = 0
  while (reader.pos < reader.end) {
    const tag = reader.tag()
    if (tag === ((1 << 3) | BYTES)) unscaled = reader.bytes()
    else if (tag === ((3 << 3) | VARINT)) scale = reader.int32()
    // The precision would only round.
    else reader.skip(tag)
  }
  if (unscaled === undefined || unscaled.length === 0)
    throw new DataError(`A ${decimalMessage} must have a value of at least one byte`)
  return Decimal.fromBytes(unscaled, scale)
}

const readDate = (reader: WireReader): Date => {
  readNumbers(reader, three)
  const [year, month, day] = three as [number, number, number]
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (!(year >= 1 && year <= 9999) || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)
    throw new DataError(`Not a day of the calendar: ${dateMessage} with year ${year}, month ${month}, day ${day}`)
  return date
}

const readTime = (reader: WireReader): Date => {
  readNumbers(reader, four)
  const [hours, minutes, seconds, nanos] = four as [number, number, number, number]
  const within = (value: number, limit: number): boolean => value >= 0 && value < limit
  if (!within(hours, 24) || !within(minutes, 60) || !within(seconds, 60) || !within(nanos, 1e9))
    throw new DataError(`Not a time of the day: ${timeMessage} ${hours}:${minutes}:${seconds} and ${nanos} ns`)
  return new Date(((hours * 60 + minutes) * 60 + seconds) * 1000 + Math.floor(nanos / 1e6))
}

const readTimestamp = (reader: WireReader): Date => {
  readNumbers(reader, two)
  const [seconds, nanos] = two as [number, number]
  const ms = seconds * 1000 + Math.floor(nanos / 1e6)
  if (!(ms >= minMs && ms <= maxMs) || nanos < 0 || nanos >= 1e9)
    throw new DataError(`Not within the years 0001 to 9999: ${timestampMessage} of ${seconds} s and ${nanos} ns`)
  return new Date(ms)
}

/** How each logical type's message is read, once entered. Connect keeps milliseconds: what is finer is cut off. */
export const logicalReaders: Readonly<Record<string, (reader: WireReader) => unknown>> = {
  [DECIMAL]: readDecimal,
  [DATE]: readDate,
  [TIME]: readTime,
  [TIMESTAMP]: readTimestamp,
}
