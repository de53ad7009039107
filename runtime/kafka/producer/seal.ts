import { promisify } from 'node:util'
import { constants, gzip, zstdCompress } from 'node:zlib'
import { BatchLayout, LOG_OVERHEAD, writeCrc, writeInt64 } from '../../protocol/batch-header.ts'
import { type CompressionType, compress, compressionTypes } from '../../protocol/compression.ts'

const gzipAsync = promisify(gzip)
const zstdAsync = promisify(zstdCompress)

/** Compressed copies of a finished, uncompressed batch; gzip and zstd are slow enough to leave the event loop for. */
export async function compressBatch(batch: Buffer, type: CompressionType, level: number | undefined): Promise<Buffer> {
  const records = await compressRecords(batch.subarray(BatchLayout.RECORDS), type, level)
  const bytes = Buffer.allocUnsafeSlow(BatchLayout.RECORDS + records.length)
  batch.copy(bytes, 0, 0, BatchLayout.RECORDS)
  bytes.set(records, BatchLayout.RECORDS)
  bytes.writeInt32BE(bytes.length - LOG_OVERHEAD, BatchLayout.LENGTH)
  bytes.writeInt16BE(bytes.readInt16BE(BatchLayout.ATTRIBUTES) | compressionTypes.indexOf(type), BatchLayout.ATTRIBUTES)
  return bytes
}

async function compressRecords(records: Buffer, type: CompressionType, level: number | undefined): Promise<Buffer> {
  switch (type) {
    case 'gzip':
      return gzipAsync(records, level === undefined ? {} : { level })
    case 'zstd':
      return zstdAsync(records, level === undefined ? {} : { params: { [constants.ZSTD_c_compressionLevel]: level } })
    default:
      return compress(type, records, level)
  }
}

/** Gives the batch its producer and sequence and sums it anew. */
export function stampProducer(batch: Buffer, producerId: number, epoch: number, baseSequence: number): void {
  writeInt64(batch, BatchLayout.PRODUCER_ID, producerId)
  batch.writeInt16BE(epoch, BatchLayout.PRODUCER_EPOCH)
  batch.writeInt32BE(baseSequence, BatchLayout.BASE_SEQUENCE)
  writeCrc(batch, 0, batch.length)
}

const MAX_SEQUENCE = 0x7fff_ffff

/** The sequence `count` records later: numbers run from 0 to 2^31 - 1 and start over. */
export const sequenceAfter = (sequence: number, count: number): number =>
  sequence > MAX_SEQUENCE - count ? count - (MAX_SEQUENCE - sequence) - 1 : sequence + count
