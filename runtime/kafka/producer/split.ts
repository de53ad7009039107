import { RecordBatchReader } from '../../protocol/record-batch-reader.ts'
import { Batch } from './batch.ts'
import type { WriterPool } from './writer-pool.ts'

/**
 * The records of a sealed batch in batches of about `maxBytes` each before compression, at least two, order and deliveries
 * kept (invariants 4 and 5). The old batch's bytes are not used afterwards. Its `latches` and accounted bytes move to the last.
 */
export function splitBatch(batch: Batch, bytes: Buffer, maxBytes: number, writers: WriterPool): Batch[] {
  const reader = new RecordBatchReader()
  reader.read(bytes)
  const parts: Batch[] = []
  let part: Batch | null = null
  let run = 0
  let leftInRun = batch.counts[0] ?? 0
  for (let i = 0; i < reader.count; i++) {
    const size = reader.recordEnd(i) - reader.recordStart(i)
    const isLast = i === reader.count - 1
    const full = part !== null && (part.writer!.sizeInBytes + size > maxBytes || (isLast && parts.length === 1))
    if (part === null || full) {
      part = new Batch(writers.take(), batch.createdAt)
      part.attempts = batch.attempts
      parts.push(part)
    }
    part.writer!.add(reader.timestamp(i), reader.key(i), reader.value(i), reader.headers(i))
    while (leftInRun === 0) leftInRun = batch.counts[++run]!
    part.add(batch.deliveries[run]!)
    leftInRun--
  }
  const last = parts.at(-1)!
  last.latches.push(...batch.latches)
  last.accounted = batch.accounted
  return parts
}
