import { BatchAttributes, BatchLayout, LOG_OVERHEAD, writeCrc, writeInt64 } from '../../protocol/batch-header.ts'
import { compress } from '../../protocol/compression.ts'
import { Reader, Writer } from '../../protocol/primitives.ts'
import type { RecordBatchReader } from '../../protocol/record-batch-reader.ts'

/** When the tombstones of a batch may go; null: no compaction has seen them yet. Kept where the base timestamp else is. */
export function deleteHorizon(batch: Buffer, at: number): number | null {
  const attributes = batch.readInt16BE(at + BatchLayout.ATTRIBUTES)
  if ((attributes & BatchAttributes.DELETE_HORIZON) === 0) return null
  return Number(batch.readBigInt64BE(at + BatchLayout.BASE_TIMESTAMP))
}

/**
 * The batch that `reader` has read, `batch` its header, with a delete horizon. Timestamps of records are kept as
 * differences from the field that holds the horizon now: they are written anew, all else is copied.
 */
export function withDeleteHorizon(batch: Buffer, reader: RecordBatchReader, horizon: number): Buffer {
  const writer = new Writer(batch.length + reader.count * 4)
  for (let i = 0; i < reader.count; i++) {
    const record = new Reader(reader.payload, reader.recordStart(i), reader.recordEnd(i))
    record.varint()
    const attributes = record.int8()
    record.bigVarlong()
    const body = new Writer(record.remaining + 16)
    body.int8(attributes)
    // Of a batch stamped by the log, all records have the batch's time whatever the difference.
    body.varlong(reader.timestampType === 'LOG_APPEND_TIME' ? 0 : reader.timestamp(i) - horizon)
    body.writeBytes(record.buf.subarray(record.pos, record.end))
    writer.varint(body.length)
    for (const part of body.finish()) writer.writeBytes(part)
  }
  const records = compress(reader.compression, Buffer.concat(writer.finish()))
  const made = Buffer.allocUnsafe(BatchLayout.RECORDS + records.length)
  batch.copy(made, 0, 0, BatchLayout.RECORDS)
  made.set(records, BatchLayout.RECORDS)
  made.writeInt32BE(made.length - LOG_OVERHEAD, BatchLayout.LENGTH)
  made.writeInt16BE(batch.readInt16BE(BatchLayout.ATTRIBUTES) | BatchAttributes.DELETE_HORIZON, BatchLayout.ATTRIBUTES)
  writeInt64(made, BatchLayout.BASE_TIMESTAMP, horizon)
  writeCrc(made, 0, made.length)
  return made
}
