import {
  BatchAttributes,
  BatchLayout,
  checkCrc,
  compressionOf,
  readBaseOffset,
  wholeBatchSize,
} from './batch-header.ts'
import { type CompressionType, decompress, MAX_DECOMPRESSED_BYTES } from './compression.ts'
import { EMPTY_BYTES, Reader } from './primitives.ts'
import { CorruptRecordError, ProtocolError } from './protocol-error.ts'
import type { RecordHeader } from './record-batch-writer.ts'

export type TimestampType = 'CREATE_TIME' | 'LOG_APPEND_TIME'

// The slots of a record in the index.
const OFFSET_DELTA = 0
const TIMESTAMP_AT = 1
const KEY_START = 2
const KEY_END = 3
const VALUE_START = 4
const VALUE_END = 5
const HEADERS_AT = 6
const RECORD_END = 7
const SLOTS = 8

/** Length, attributes, timestamp, offset, key length, value length and number of headers take a byte each at least. */
const MIN_RECORD_BYTES = 7
const TWO_32 = 4_294_967_296
const NO_HEADERS: readonly RecordHeader[] = Object.freeze([])

/**
 * Decodes record batches (magic 2), one after another, without an object per record: positions go into an index that is
 * used again for the next batch, and the accessors slice `payload` on demand. What they give are views: they live as long
 * as the bytes that were read.
 *
 * `read` checks everything: checksum, lengths, counts, headers. Afterwards no accessor fails, but for timestamps beyond 2^53.
 */
export class RecordBatchReader {
  /** What a compressed batch may grow to. */
  readonly maxPayloadBytes: number
  baseOffset = -1
  /** Of the batch, records removed by compaction included: the next batch begins after it. */
  lastOffset = -1
  /** Records in the batch; fewer than offsets after compaction. */
  count = 0
  attributes = 0
  compression: CompressionType = 'none'
  partitionLeaderEpoch = -1
  producerId = -1
  producerEpoch = -1
  baseSequence = -1
  /** What the positions refer to: the buffer that was read, or the decompressed records. */
  payload: Buffer = EMPTY_BYTES
  #baseTimestamp = -1
  #maxTimestamp = -1
  #recordsStart = 0
  #index = new Int32Array(SLOTS * 64)
  /** Where the last varint of several bytes ended. */
  #varintEnd = 0

  constructor(maxPayloadBytes: number = MAX_DECOMPRESSED_BYTES) {
    this.maxPayloadBytes = maxPayloadBytes
  }

  get isTransactional(): boolean {
    return (this.attributes & BatchAttributes.TRANSACTIONAL) !== 0
  }

  /** Its records are markers, not data. */
  get isControl(): boolean {
    return (this.attributes & BatchAttributes.CONTROL) !== 0
  }

  get timestampType(): TimestampType {
    return (this.attributes & BatchAttributes.LOG_APPEND_TIME) === 0 ? 'CREATE_TIME' : 'LOG_APPEND_TIME'
  }

  /** Milliseconds; -1 without records. */
  get maxTimestamp(): number {
    return exact(this.#maxTimestamp, 'maximum timestamp', this.baseOffset)
  }

  /**
   * Reads the batch at `pos`. Returns where it ends, or -1 when the bytes up to `end` hold only a part of it (a fetch may
   * end in the middle of one). Throws CorruptRecordError, or KafkaProtocolError for a format before 2; the reader then holds
   * no records.
   */
  read(buf: Buffer, pos = 0, end: number = buf.length): number {
    this.count = 0
    const size = wholeBatchSize(buf, pos, end)
    if (size < 0) return -1
    const baseOffset = readBaseOffset(buf, pos)
    if (!Number.isSafeInteger(baseOffset)) throw new CorruptRecordError('base offset is beyond 2^53', baseOffset)
    checkCrc(buf, pos, size)
    this.baseOffset = baseOffset
    this.partitionLeaderEpoch = buf.readInt32BE(pos + BatchLayout.LEADER_EPOCH)
    this.attributes = buf.readInt16BE(pos + BatchLayout.ATTRIBUTES)
    this.compression = compressionOf(this.attributes, baseOffset)
    const lastDelta = buf.readInt32BE(pos + BatchLayout.LAST_OFFSET_DELTA)
    if (lastDelta < 0) this.#corrupt(`last offset delta ${lastDelta}`)
    this.lastOffset = baseOffset + lastDelta
    this.#baseTimestamp = readInt64(buf, pos + BatchLayout.BASE_TIMESTAMP)
    this.#maxTimestamp = readInt64(buf, pos + BatchLayout.MAX_TIMESTAMP)
    this.producerId = exact(readInt64(buf, pos + BatchLayout.PRODUCER_ID), 'producer id', baseOffset)
    this.producerEpoch = buf.readInt16BE(pos + BatchLayout.PRODUCER_EPOCH)
    this.baseSequence = buf.readInt32BE(pos + BatchLayout.BASE_SEQUENCE)
    const count = buf.readInt32BE(pos + BatchLayout.COUNT)
    if (this.compression === 'none') {
      this.payload = buf
      this.#locate(pos + BatchLayout.RECORDS, pos + size, count, lastDelta)
    } else {
      this.payload = this.#inflate(buf.subarray(pos + BatchLayout.RECORDS, pos + size))
      this.#locate(0, this.payload.length, count, lastDelta)
    }
    this.count = count
    return pos + size
  }

  #inflate(bytes: Buffer): Buffer {
    // After compaction a batch may be empty, and an empty input is no valid stream of any of them.
    if (bytes.length === 0) return EMPTY_BYTES
    try {
      return decompress(this.compression, bytes, this.maxPayloadBytes)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      throw new CorruptRecordError(error.message, this.baseOffset, { cause: error })
    }
  }

  /** Finds the parts of all records. Reading past the end gives undefined, counts as 0, and is noticed at the record's end. */
  #locate(start: number, end: number, count: number, lastDelta: number): void {
    if (count < 0 || count * MIN_RECORD_BYTES > end - start) this.#corrupt(`${count} records in ${end - start} bytes`)
    if (this.#index.length < count * SLOTS) this.#index = new Int32Array(Math.max(count, 1024) * SLOTS)
    this.#recordsStart = start
    const buf = this.payload
    const index = this.#index
    let at = start
    let previousDelta = -1
    for (let i = 0, slot = 0; i < count; i++, slot += SLOTS) {
      let raw = buf[at]!
      if (raw < 128) at++
      else {
        raw = this.#multiByteVarint(buf, at)
        at = this.#varintEnd
      }
      const recordEnd = at + (raw >>> 1)
      if ((raw & 1) === 1 || recordEnd > end) this.#corrupt(`record ${i} does not fit into its batch`)
      at++ // attributes, of which none exist
      const timestampAt = at
      while (buf[at++]! > 127);
      if (at - timestampAt > 10) this.#corrupt(`timestamp of record ${i} is longer than 64 bits`)

      raw = buf[at]!
      if (raw < 128) at++
      else {
        raw = this.#multiByteVarint(buf, at)
        at = this.#varintEnd
      }
      const delta = raw >>> 1
      if ((raw & 1) === 1 || delta <= previousDelta || delta > lastDelta) {
        this.#corrupt(
          `record ${i} has offset delta ${(raw >>> 1) ^ -(raw & 1)} between ${previousDelta} and ${lastDelta}`,
        )
      }
      previousDelta = delta
      index[slot + OFFSET_DELTA] = delta
      index[slot + TIMESTAMP_AT] = timestampAt

      raw = buf[at]!
      if (raw < 128) at++
      else {
        raw = this.#multiByteVarint(buf, at)
        at = this.#varintEnd
      }
      if ((raw & 1) === 0) {
        index[slot + KEY_START] = at
        at += raw >>> 1
        index[slot + KEY_END] = at
      } else {
        if (raw !== 1) this.#corrupt(`key of record ${i} has a negative length`)
        index[slot + KEY_START] = index[slot + KEY_END] = -1
      }

      raw = buf[at]!
      if (raw < 128) at++
      else {
        raw = this.#multiByteVarint(buf, at)
        at = this.#varintEnd
      }
      if ((raw & 1) === 0) {
        index[slot + VALUE_START] = at
        at += raw >>> 1
        index[slot + VALUE_END] = at
      } else {
        if (raw !== 1) this.#corrupt(`value of record ${i} has a negative length`)
        index[slot + VALUE_START] = index[slot + VALUE_END] = -1
      }

      index[slot + HEADERS_AT] = at
      index[slot + RECORD_END] = recordEnd
      if (at >= recordEnd) this.#corrupt(`record ${i} is longer than it says`)
      if (buf[at] !== 0 || at + 1 !== recordEnd) this.#checkHeaders(at, recordEnd, i)
      at = recordEnd
    }
    if (at !== end) this.#corrupt(`${end - at} bytes after its ${count} records`)
  }

  /** A varint of two bytes and more; `#varintEnd` is where it ends. */
  #multiByteVarint(buf: Buffer, start: number): number {
    const next = buf[start + 1]!
    if (next > 127) return this.#longVarint(buf, start)
    this.#varintEnd = start + 2
    return (buf[start]! & 127) | (next << 7)
  }

  #longVarint(buf: Buffer, start: number): number {
    let raw = 0
    for (let i = 0; i < 5; i++) {
      const byte = buf[start + i]
      if (byte === undefined || (i === 4 && byte > 15)) break
      raw = (raw | ((byte & 127) << (7 * i))) >>> 0
      if (byte < 128) {
        this.#varintEnd = start + i + 1
        return raw
      }
    }
    return this.#corrupt(`varint at ${start} is longer than 32 bits`)
  }

  #checkHeaders(at: number, end: number, record: number): void {
    const reader = new Reader(this.payload, at, end)
    try {
      for (let left = reader.varint(); left !== 0; left--) {
        if (left < 0) throw new ProtocolError(`${left} headers`)
        reader.skip(reader.varint())
        const length = reader.varint()
        if (length !== -1) reader.skip(length)
      }
    } catch (error) {
      this.#corrupt(`headers of record ${record}: ${error instanceof Error ? error.message : error}`)
    }
    if (reader.remaining !== 0) this.#corrupt(`${reader.remaining} bytes after the headers of record ${record}`)
  }

  #corrupt(reason: string): never {
    throw new CorruptRecordError(reason, this.baseOffset)
  }

  /** The offset of record `i`, from 0 to `count - 1`; the same for all accessors below. */
  offset(i: number): number {
    return this.baseOffset + this.#slot(i, OFFSET_DELTA)
  }

  /** Milliseconds since the epoch, -1 if it has none. Throws ProtocolError beyond 2^53 (invariant 9). */
  timestamp(i: number): number {
    if ((this.attributes & BatchAttributes.LOG_APPEND_TIME) !== 0) return this.maxTimestamp
    const at = this.#slot(i, TIMESTAMP_AT)
    const base = exact(this.#baseTimestamp, 'base timestamp', this.baseOffset)
    const first = this.payload[at]!
    if (first < 128) return exact(base + ((first >>> 1) ^ -(first & 1)), 'timestamp', this.baseOffset)
    const second = this.payload[at + 1]!
    if (second < 128) {
      const raw = (first & 127) | (second << 7)
      return exact(base + ((raw >>> 1) ^ -(raw & 1)), 'timestamp', this.baseOffset)
    }
    // The difference may be beyond 2^53 though both times are not.
    return exact(Number(BigInt(base) + new Reader(this.payload, at).bigVarlong()), 'timestamp', this.baseOffset)
  }

  key(i: number): Buffer | null {
    const start = this.#slot(i, KEY_START)
    return start < 0 ? null : this.payload.subarray(start, this.#index[i * SLOTS + KEY_END])
  }

  value(i: number): Buffer | null {
    const start = this.#slot(i, VALUE_START)
    return start < 0 ? null : this.payload.subarray(start, this.#index[i * SLOTS + VALUE_END])
  }

  /** Position in `payload`; -1 when the key is null. */
  keyStart(i: number): number {
    return this.#slot(i, KEY_START)
  }

  keyEnd(i: number): number {
    return this.#slot(i, KEY_END)
  }

  /** Position in `payload`; -1 when the value is null. */
  valueStart(i: number): number {
    return this.#slot(i, VALUE_START)
  }

  valueEnd(i: number): number {
    return this.#slot(i, VALUE_END)
  }

  /** Where the record's bytes, its length first, begin in `payload`. */
  recordStart(i: number): number {
    return i === 0 ? this.#recordsStart : this.#slot(i - 1, RECORD_END)
  }

  recordEnd(i: number): number {
    return this.#slot(i, RECORD_END)
  }

  /** Where the record's headers, their number first, begin in `payload`; they end with the record. */
  headersStart(i: number): number {
    return this.#slot(i, HEADERS_AT)
  }

  hasHeaders(i: number): boolean {
    return this.payload[this.#slot(i, HEADERS_AT)] !== 0
  }

  headers(i: number): readonly RecordHeader[] {
    if (!this.hasHeaders(i)) return NO_HEADERS
    const at = this.headersStart(i)
    const reader = new Reader(this.payload, at, this.#index[i * SLOTS + RECORD_END])
    const headers: RecordHeader[] = []
    for (let left = reader.varint(); left > 0; left--) {
      const keyLength = reader.varint()
      const keyAt = reader.skip(keyLength)
      const key = this.payload.toString('utf8', keyAt, keyAt + keyLength)
      const length = reader.varint()
      const valueAt = length === -1 ? -1 : reader.skip(length)
      headers.push({ key, value: valueAt < 0 ? null : this.payload.subarray(valueAt, valueAt + length) })
    }
    return headers
  }

  #slot(i: number, slot: number): number {
    if (i < 0 || i >= this.count) throw new RangeError(`Record ${i} of a batch of ${this.count}`)
    return this.#index[i * SLOTS + slot]!
  }
}

/** Rounded beyond 2^53: `exact` decides. */
const readInt64 = (buf: Buffer, at: number): number => buf.readInt32BE(at) * TWO_32 + buf.readUInt32BE(at + 4)

function exact(value: number, what: string, baseOffset: number): number {
  if (Number.isSafeInteger(value)) return value
  throw new CorruptRecordError(`${what} is beyond 2^53`, baseOffset)
}
