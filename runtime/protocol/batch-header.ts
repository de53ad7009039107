import { type CompressionType, compressionTypes } from './compression.ts'
import { crc32c } from './crc32c.ts'
import { KafkaProtocolError } from './error-codes.ts'
import { Reader } from './primitives.ts'
import { CorruptRecordError } from './protocol-error.ts'

/** Where the fields of a record batch (magic 2) are, in bytes from its start. The checksum covers everything from ATTRIBUTES on. */
export const BatchLayout = {
  BASE_OFFSET: 0,
  LENGTH: 8,
  LEADER_EPOCH: 12,
  MAGIC: 16,
  CRC: 17,
  ATTRIBUTES: 21,
  LAST_OFFSET_DELTA: 23,
  BASE_TIMESTAMP: 27,
  MAX_TIMESTAMP: 35,
  PRODUCER_ID: 43,
  PRODUCER_EPOCH: 51,
  BASE_SEQUENCE: 53,
  COUNT: 57,
  RECORDS: 61,
} as const

export const BatchAttributes = {
  COMPRESSION: 0x07,
  LOG_APPEND_TIME: 0x08,
  TRANSACTIONAL: 0x10,
  CONTROL: 0x20,
  /** The base timestamp is the time at which the batch's tombstones may go. */
  DELETE_HORIZON: 0x40,
} as const

/** The offset and length before what the length counts. */
export const LOG_OVERHEAD = 12

export interface BatchHeader {
  readonly baseOffset: number
  readonly lastOffset: number
  /** Of the whole batch, from its base offset to its last byte. */
  readonly sizeInBytes: number
  readonly partitionLeaderEpoch: number
  readonly attributes: number
  readonly compression: CompressionType
  readonly isTransactional: boolean
  readonly isControl: boolean
  readonly isLogAppendTime: boolean
  /** Milliseconds; -1: none. */
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  /** -1: not idempotent, then epoch and sequence are -1 too. */
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly count: number
}

/**
 * The size of the batch at `pos` when `buf` holds all of it up to `end`, -1 when it is cut off there. Looks at length and
 * magic only. Throws CorruptRecordError, or KafkaProtocolError UNSUPPORTED_FOR_MESSAGE_FORMAT for the formats before 2.
 */
export function wholeBatchSize(buf: Buffer, pos: number, end: number): number {
  if (end - pos <= BatchLayout.MAGIC) return -1
  const length = buf.readInt32BE(pos + BatchLayout.LENGTH)
  const magic = buf.readInt8(pos + BatchLayout.MAGIC)
  if (magic === 0 || magic === 1) {
    const detail = `record format ${magic}; clients since Kafka 0.11 write format 2`
    throw new KafkaProtocolError('UNSUPPORTED_FOR_MESSAGE_FORMAT', { detail })
  }
  if (magic !== 2) throw new CorruptRecordError(`magic ${magic}`, readBaseOffset(buf, pos))
  if (length < BatchLayout.RECORDS - LOG_OVERHEAD) {
    throw new CorruptRecordError(`length ${length}`, readBaseOffset(buf, pos))
  }
  const size = length + LOG_OVERHEAD
  return size > end - pos ? -1 : size
}

/** Decodes the header of a whole batch; checks neither checksum nor records. Throws CorruptRecordError. */
export function batchHeader(buf: Buffer, pos = 0, end: number = buf.length): BatchHeader {
  const size = wholeBatchSize(buf, pos, end)
  const baseOffset = readBaseOffset(buf, pos)
  if (size < 0) throw new CorruptRecordError(`cut off after ${end - pos} bytes`, baseOffset)
  const attributes = buf.readInt16BE(pos + BatchLayout.ATTRIBUTES)
  const reader = new Reader(buf, pos + BatchLayout.LAST_OFFSET_DELTA, end)
  try {
    return {
      baseOffset: new Reader(buf, pos, end).int64(),
      lastOffset: baseOffset + reader.int32(),
      sizeInBytes: size,
      partitionLeaderEpoch: buf.readInt32BE(pos + BatchLayout.LEADER_EPOCH),
      attributes,
      compression: compressionOf(attributes, baseOffset),
      isTransactional: (attributes & BatchAttributes.TRANSACTIONAL) !== 0,
      isControl: (attributes & BatchAttributes.CONTROL) !== 0,
      isLogAppendTime: (attributes & BatchAttributes.LOG_APPEND_TIME) !== 0,
      baseTimestamp: reader.int64(),
      maxTimestamp: reader.int64(),
      producerId: reader.int64(),
      producerEpoch: reader.int16(),
      baseSequence: reader.int32(),
      count: reader.int32(),
    }
  } catch (error) {
    if (error instanceof CorruptRecordError) throw error
    throw new CorruptRecordError(error instanceof Error ? error.message : String(error), baseOffset, { cause: error })
  }
}

/** As a number that may be rounded beyond 2^53: for messages, and where the caller checks. */
export const readBaseOffset = (buf: Buffer, pos: number): number =>
  buf.readInt32BE(pos) * 4_294_967_296 + buf.readUInt32BE(pos + 4)

export function compressionOf(attributes: number, baseOffset: number): CompressionType {
  const code = attributes & BatchAttributes.COMPRESSION
  const type = compressionTypes[code]
  if (type === undefined) throw new CorruptRecordError(`compression code ${code}`, baseOffset)
  return type
}

/** Checks the checksum of the whole batch of `size` bytes at `pos`. */
export function checkCrc(buf: Buffer, pos: number, size: number): void {
  const stored = buf.readUInt32BE(pos + BatchLayout.CRC)
  const computed = crc32c(buf, pos + BatchLayout.ATTRIBUTES, pos + size)
  if (stored !== computed) {
    const reason = `checksum ${computed.toString(16)}, its header says ${stored.toString(16)}`
    throw new CorruptRecordError(reason, readBaseOffset(buf, pos))
  }
}

/** Writes the checksum of the batch of `size` bytes at `pos`. */
export function writeCrc(buf: Buffer, pos: number, size: number): void {
  buf.writeUInt32BE(crc32c(buf, pos + BatchLayout.ATTRIBUTES, pos + size), pos + BatchLayout.CRC)
}

/** Numbers a batch on its way into the log; not under the checksum. */
export function setBaseOffset(buf: Buffer, pos: number, offset: number): void {
  writeInt64(buf, pos + BatchLayout.BASE_OFFSET, offset)
}

/** Not under the checksum. */
export function setLeaderEpoch(buf: Buffer, pos: number, epoch: number): void {
  buf.writeInt32BE(epoch, pos + BatchLayout.LEADER_EPOCH)
}

/** Gives all records of the batch at `pos` the time of the log (topics with message.timestamp.type=LogAppendTime) and sums anew. */
export function setLogAppendTime(buf: Buffer, pos: number, size: number, timestamp: number): void {
  const attributes = buf.readInt16BE(pos + BatchLayout.ATTRIBUTES)
  buf.writeInt16BE(attributes | BatchAttributes.LOG_APPEND_TIME, pos + BatchLayout.ATTRIBUTES)
  setMaxTimestamp(buf, pos, size, timestamp)
}

/** Sums anew. */
export function setMaxTimestamp(buf: Buffer, pos: number, size: number, timestamp: number): void {
  writeInt64(buf, pos + BatchLayout.MAX_TIMESTAMP, timestamp)
  writeCrc(buf, pos, size)
}

/** `value` is a safe integer. */
export function writeInt64(buf: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 4_294_967_296)
  buf.writeInt32BE(high, at)
  buf.writeUInt32BE(value - high * 4_294_967_296, at + 4)
}
