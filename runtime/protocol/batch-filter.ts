import { BatchAttributes, BatchLayout, LOG_OVERHEAD, writeCrc } from './batch-header.ts'
import { compress } from './compression.ts'
import { CorruptRecordError } from './protocol-error.ts'
import type { RecordBatchReader } from './record-batch-reader.ts'

/**
 * A batch with some of its records, as compaction leaves it: offsets, producer, timestamps and compression stay,
 * so that sequence checks and the next batch's base offset still hold. Without any record kept it is an empty batch, which
 * readers step over. `header` holds the batch that `reader` has read, at `pos`. The result is a buffer of its own.
 */
export function keepRecords(
  header: Buffer,
  pos: number,
  reader: RecordBatchReader,
  keep: (record: number) => boolean,
): Buffer {
  if (reader.baseOffset !== Number(header.readBigInt64BE(pos))) {
    throw new CorruptRecordError('is not the batch that was read', reader.baseOffset)
  }
  const parts: Buffer[] = []
  let count = 0
  for (let i = 0; i < reader.count; i++) {
    if (!keep(i)) continue
    parts.push(reader.payload.subarray(reader.recordStart(i), reader.recordEnd(i)))
    count++
  }
  const records = count === 0 ? Buffer.alloc(0) : compress(reader.compression, Buffer.concat(parts))
  const batch = Buffer.allocUnsafe(BatchLayout.RECORDS + records.length)
  header.copy(batch, 0, pos, pos + BatchLayout.RECORDS)
  batch.set(records, BatchLayout.RECORDS)
  batch.writeInt32BE(batch.length - LOG_OVERHEAD, BatchLayout.LENGTH)
  batch.writeInt32BE(count, BatchLayout.COUNT)
  // No bytes are no valid stream of any compression.
  if (count === 0) batch.writeInt16BE(reader.attributes & ~BatchAttributes.COMPRESSION, BatchLayout.ATTRIBUTES)
  writeCrc(batch, 0, batch.length)
  return batch
}
