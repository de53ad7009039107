import { ByteWriter } from '../api/byte-writer.ts'
import { BatchAttributes, BatchLayout, LOG_OVERHEAD, writeCrc, writeInt64 } from './batch-header.ts'
import { type CompressionType, compress, compressionTypes } from './compression.ts'
import { ProtocolError } from './protocol-error.ts'

export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

export interface FinishOptions {
  readonly compression?: CompressionType
  readonly compressionLevel?: number
  /** With `producerEpoch` and `baseSequence`: of an idempotent producer. Default -1, -1, -1. */
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly transactional?: boolean
  /** The records are markers of the broker's own. */
  readonly control?: boolean
}

const MAX_INT32 = 0x7fff_ffff
/** Around key and value: two lengths, attributes, timestamp, offset and the number of headers, at their longest. */
const MAX_RECORD_OVERHEAD = 5 + 1 + 10 + 5 + 5 + 5 + 5
const SMALL_DELTA = 0x3fff_ffff

/**
 * Encodes records straight into a record batch (magic 2). One record at a time:
 *
 *     writer.beginRecord(timestamp, key)
 *     writer.writeBytes(value)         // or any other way to write at `pos` through the ByteWriter members
 *     writer.endRecord(true, headers)  // or rollback()
 *
 * then `finish`. A writer is used again after `reset`: it keeps its buffer.
 */
export class RecordBatchWriter extends ByteWriter {
  #count = 0
  /** End of the last whole record. */
  #end: number = BatchLayout.RECORDS
  #baseTimestamp = -1
  #maxTimestamp = -1
  #timestamp = 0
  /** Where the value of the open record starts; 0: no record is open. */
  #valueAt = 0
  // The bytes left free for a length. Records of a batch are alike: what the last one needed is the guess for the next.
  #valuePrefix = 2
  #recordPrefix = 2
  #finished: Buffer | null = null

  constructor(capacity = 64 * 1024) {
    super(Math.max(capacity, BatchLayout.RECORDS + MAX_RECORD_OVERHEAD))
    this.pos = BatchLayout.RECORDS
  }

  /** Whole records in the batch. */
  get count(): number {
    return this.#count
  }

  /** Size of the batch so far, before compression, its header (61 bytes) included and an open record not. */
  get sizeInBytes(): number {
    return this.#end
  }

  /**
   * Begins a record and stands where its value is to be written. `key` is copied, from `keyStart` to `keyEnd`.
   * `timestamp`: milliseconds since the epoch, a safe integer.
   */
  beginRecord(
    timestamp: number,
    key: Uint8Array | null,
    keyStart = 0,
    keyEnd: number = key === null ? 0 : key.length,
  ): void {
    if (this.#valueAt !== 0) throw new Error('The record begun before was neither ended nor rolled back')
    if (this.#finished !== null) throw new Error('The batch is finished: reset it first')
    if (!Number.isSafeInteger(timestamp))
      throw new ProtocolError(`record timestamp ${timestamp} is no integer of milliseconds`)
    const keyLength = keyEnd - keyStart
    this.pos = this.#end
    this.reserve(MAX_RECORD_OVERHEAD + keyLength)
    this.#timestamp = timestamp
    if (this.#count === 0) this.#baseTimestamp = timestamp

    const buf = this.buf
    let at = this.#end + this.#recordPrefix
    buf[at++] = 0
    const delta = timestamp - this.#baseTimestamp
    if (delta >= 0 && delta < 64) buf[at++] = delta << 1
    else at = writeDelta(buf, at, delta, timestamp, this.#baseTimestamp)
    at = writeVarint(buf, at, this.#count << 1)
    if (key === null) {
      buf[at++] = 1
    } else {
      at = writeVarint(buf, at, keyLength * 2)
      // A call costs more than a short loop does.
      if (keyLength < 24) for (let i = keyStart; i < keyEnd; i++) buf[at++] = key[i]!
      else {
        buf.set(keyStart === 0 && keyEnd === key.length ? key : key.subarray(keyStart, keyEnd), at)
        at += keyLength
      }
    }
    this.#valueAt = this.pos = at + this.#valuePrefix
  }

  /**
   * Ends the record: its value is what was written since `beginRecord`; without `hasValue` it is null whatever was written.
   * `headers`: what `encodeHeaders` made, so that records with the same headers encode them once.
   */
  endRecord(hasValue: boolean, headers: Uint8Array | null): void {
    const valueAt = this.#valueAt
    if (valueAt === 0) throw new Error('No record was begun')
    const start = this.#end
    this.reserve(MAX_RECORD_OVERHEAD)
    if (hasValue) this.#endValue(valueAt)
    else {
      const at = valueAt - this.#valuePrefix
      this.buf[at] = 1
      this.pos = at + 1
    }
    if (headers === null) this.buf[this.pos++] = 0
    else this.writeBytes(headers)

    const body = this.pos - start - this.#recordPrefix
    const prefix = varintSize(body)
    if (prefix !== this.#recordPrefix) {
      this.reserve(5)
      this.#move(start + this.#recordPrefix, prefix - this.#recordPrefix)
      this.#recordPrefix = prefix
    }
    writeVarint(this.buf, start, body * 2)
    this.#end = this.pos
    this.#valueAt = 0
    if (this.#timestamp > this.#maxTimestamp || this.#count === 0) this.#maxTimestamp = this.#timestamp
    this.#count++
  }

  #endValue(valueAt: number): void {
    const length = this.pos - valueAt
    const prefix = varintSize(length)
    const at = valueAt - this.#valuePrefix
    if (prefix !== this.#valuePrefix) {
      this.#move(valueAt, prefix - this.#valuePrefix)
      this.#valuePrefix = prefix
    }
    writeVarint(this.buf, at, length * 2)
  }

  /** Moves what lies between `from` and `pos`; there is room. */
  #move(from: number, by: number): void {
    this.buf.copyWithin(from + by, from, this.pos)
    this.pos += by
  }

  /** Forgets the record begun. */
  rollback(): void {
    this.#valueAt = 0
    this.pos = this.#end
  }

  /** A whole record from bytes. */
  add(
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] | null = null,
  ): void {
    this.beginRecord(timestamp, key)
    if (value !== null) this.writeBytes(value)
    this.endRecord(value !== null, headers === null ? null : encodeHeaders(headers))
  }

  /**
   * The batch, ready to be sent and sent again: base offset 0, leader epoch -1, checksum set. A view of this writer's
   * buffer, or with compression a buffer of its own; either way valid until `reset`.
   */
  finish(options: FinishOptions = {}): Buffer {
    if (this.#valueAt !== 0) throw new Error('The record begun was neither ended nor rolled back')
    if (this.#finished !== null) return this.#finished
    if (this.#count === 0) throw new Error('A record batch without records')
    const type = options.compression ?? 'none'
    let batch = this.buf.subarray(0, this.#end)
    if (type !== 'none') {
      const records = compress(type, batch.subarray(BatchLayout.RECORDS), options.compressionLevel)
      batch = Buffer.allocUnsafeSlow(BatchLayout.RECORDS + records.length)
      batch.set(records, BatchLayout.RECORDS)
    }
    if (batch.length - LOG_OVERHEAD > MAX_INT32) throw new ProtocolError(`record batch of ${batch.length} bytes`)
    writeInt64(batch, BatchLayout.BASE_OFFSET, 0)
    batch.writeInt32BE(batch.length - LOG_OVERHEAD, BatchLayout.LENGTH)
    batch.writeInt32BE(-1, BatchLayout.LEADER_EPOCH)
    batch[BatchLayout.MAGIC] = 2
    const attributes =
      compressionTypes.indexOf(type) |
      (options.transactional === true ? BatchAttributes.TRANSACTIONAL : 0) |
      (options.control === true ? BatchAttributes.CONTROL : 0)
    batch.writeInt16BE(attributes, BatchLayout.ATTRIBUTES)
    batch.writeInt32BE(this.#count - 1, BatchLayout.LAST_OFFSET_DELTA)
    writeInt64(batch, BatchLayout.BASE_TIMESTAMP, this.#baseTimestamp)
    writeInt64(batch, BatchLayout.MAX_TIMESTAMP, this.#maxTimestamp)
    batch.writeInt32BE(this.#count, BatchLayout.COUNT)
    this.#finished = batch
    return this.setProducer(options.producerId ?? -1, options.producerEpoch ?? -1, options.baseSequence ?? -1)
  }

  /** Gives the finished batch to another producer id, epoch or sequence, without encoding its records anew. */
  setProducer(producerId: number, producerEpoch: number, baseSequence: number): Buffer {
    const batch = this.#finished
    if (batch === null) throw new Error('The batch is not finished')
    writeInt64(batch, BatchLayout.PRODUCER_ID, producerId)
    batch.writeInt16BE(producerEpoch, BatchLayout.PRODUCER_EPOCH)
    batch.writeInt32BE(baseSequence, BatchLayout.BASE_SEQUENCE)
    writeCrc(batch, 0, batch.length)
    return batch
  }

  /** Empties the writer; what `finish` gave is no longer valid. */
  reset(): void {
    this.pos = this.#end = BatchLayout.RECORDS
    this.#count = 0
    this.#baseTimestamp = this.#maxTimestamp = -1
    this.#valueAt = 0
    this.#finished = null
  }
}

/** The headers of a record as they stand at its end: their number, then each key and value. */
export const encodeHeaders = (headers: readonly RecordHeader[]): Buffer => {
  const keys = headers.map(({ key }) => Buffer.byteLength(key))
  const size = headers.reduce((sum, { value }, index) => sum + keys[index]! + (value?.length ?? 0) + 10, 5)
  const block = Buffer.allocUnsafe(size)
  let at = writeVarint(block, 0, headers.length * 2)
  for (const [index, { key, value }] of headers.entries()) {
    at = writeVarint(block, at, keys[index]! * 2)
    at += block.write(key, at, 'utf8')
    if (value === null) block[at++] = 1
    else {
      at = writeVarint(block, at, value.length * 2)
      block.set(value, at)
      at += value.length
    }
  }
  return block.subarray(0, at)
}

/** Size of a length, zig-zag encoded. */
const varintSize = (length: number): number =>
  length < 64 ? 1 : length < 8192 ? 2 : length < 1_048_576 ? 3 : length < 134_217_728 ? 4 : 5

/** `raw` is zig-zag encoded already, below 2^32. */
function writeVarint(buf: Buffer, at: number, raw: number): number {
  let rest = raw
  while (rest > 127) {
    buf[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  buf[at++] = rest
  return at
}

/** Timestamps of one batch may lie so far apart that their difference is beyond 2^53. */
function writeDelta(buf: Buffer, at: number, delta: number, timestamp: number, base: number): number {
  if (delta >= -SMALL_DELTA && delta <= SMALL_DELTA) return writeVarint(buf, at, ((delta << 1) ^ (delta >> 31)) >>> 0)
  const wide = BigInt(timestamp) - BigInt(base)
  let raw = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n))
  while (raw > 127n) {
    buf[at++] = Number(raw & 127n) | 128
    raw >>= 7n
  }
  buf[at++] = Number(raw)
  return at
}
