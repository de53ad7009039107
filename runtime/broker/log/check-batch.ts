import {
  BatchAttributes,
  type BatchHeader,
  BatchLayout,
  batchHeader,
  checkCrc,
  LOG_OVERHEAD,
  setBaseOffset,
  setLeaderEpoch,
  setLogAppendTime,
  wholeBatchSize,
  writeCrc,
} from '../../protocol/batch-header.ts'
import { type CompressionType, compress, compressionTypes, decompress } from '../../protocol/compression.ts'
import { KafkaProtocolError } from '../../protocol/error-codes.ts'
import { ProtocolError } from '../../protocol/protocol-error.ts'
import { RecordBatchReader } from '../../protocol/record-batch-reader.ts'
import type { LogConfig } from '../settings/topic-settings.ts'

/** A batch fit for the log, in memory of the request or, when it had to be compressed anew, of its own. */
export interface CheckedBatch {
  readonly bytes: Buffer
  readonly header: BatchHeader
}

const reader = new RecordBatchReader()

/**
 * Checks what a client sent for one partition: exactly one batch of format 2, undamaged, its counts and timestamps sane,
 * within the topic's limits, with keys where the topic is compacted. Records are looked at only where a setting needs it.
 * Throws KafkaProtocolError.
 */
export function checkBatch(records: Buffer | null, config: LogConfig, now: number): CheckedBatch {
  if (records === null || records.length === 0) throw invalid('no record batch')
  const header = readHeader(records)
  if (header.sizeInBytes > config.segmentBytes) {
    throw tooLarge('RECORD_LIST_TOO_LARGE', header.sizeInBytes, 'segment.bytes', config.segmentBytes)
  }
  if (header.sizeInBytes > config.maxMessageBytes) {
    throw tooLarge('MESSAGE_TOO_LARGE', header.sizeInBytes, 'max.message.bytes', config.maxMessageBytes)
  }
  if (header.isControl) throw invalid('control records are written by brokers only')
  if (header.isTransactional && header.producerId < 0) throw invalid('a transaction without a producer id')
  if (header.count < 1) throw invalid(`a batch of ${header.count} records`)
  if (header.lastOffset - header.baseOffset !== header.count - 1) {
    throw invalid(`${header.count} records, and a last offset of ${header.lastOffset - header.baseOffset}`)
  }
  if (header.producerId >= 0 && (header.baseSequence < 0 || header.producerEpoch < 0)) {
    throw invalid(`sequence ${header.baseSequence}, epoch ${header.producerEpoch} of producer ${header.producerId}`)
  }
  if (!config.logAppendTime) checkTime(header.maxTimestamp, config, now)
  const looksInside =
    config.compact || (!config.logAppendTime && config.timestampBeforeMaxMs !== Number.POSITIVE_INFINITY)
  if (looksInside) checkRecords(records, config, now)
  if (config.compression === undefined || config.compression === header.compression) return { bytes: records, header }
  const bytes = withCompression(records, header.compression, config.compression)
  return { bytes, header: batchHeader(bytes) }
}

function readHeader(records: Buffer): BatchHeader {
  try {
    const size = wholeBatchSize(records, 0, records.length)
    if (size < 0) throw new KafkaProtocolError('CORRUPT_MESSAGE', { detail: `cut off after ${records.length} bytes` })
    if (size !== records.length) throw invalid('more than one record batch for one partition')
    const header = batchHeader(records)
    checkCrc(records, 0, size)
    return header
  } catch (error) {
    throw error instanceof ProtocolError ? corrupt(error) : error
  }
}

function checkTime(timestamp: number, config: LogConfig, now: number): void {
  if (timestamp > now + config.timestampAfterMaxMs || timestamp < now - config.timestampBeforeMaxMs) {
    const detail = `record time ${timestamp} is outside message.timestamp.before.max.ms and message.timestamp.after.max.ms`
    throw new KafkaProtocolError('INVALID_TIMESTAMP', { detail })
  }
}

function checkRecords(records: Buffer, config: LogConfig, now: number): void {
  try {
    reader.read(records)
  } catch (error) {
    throw error instanceof ProtocolError ? corrupt(error) : error
  }
  for (let i = 0; i < reader.count; i++) {
    if (config.compact && reader.keyStart(i) < 0) throw invalid(`record ${i} has no key, and the topic is compacted`)
    if (!config.logAppendTime) checkTime(reader.timestamp(i), config, now)
  }
}

/** The same records, stored as the topic's compression.type says. */
function withCompression(batch: Buffer, from: CompressionType, to: CompressionType): Buffer {
  const payload = batch.subarray(BatchLayout.RECORDS)
  const records = compress(to, from === 'none' ? payload : decompress(from, payload))
  const made = Buffer.allocUnsafe(BatchLayout.RECORDS + records.length)
  batch.copy(made, 0, 0, BatchLayout.RECORDS)
  made.set(records, BatchLayout.RECORDS)
  made.writeInt32BE(made.length - LOG_OVERHEAD, BatchLayout.LENGTH)
  const attributes = batch.readInt16BE(BatchLayout.ATTRIBUTES) & ~BatchAttributes.COMPRESSION
  made.writeInt16BE(attributes | compressionTypes.indexOf(to), BatchLayout.ATTRIBUTES)
  writeCrc(made, 0, made.length)
  return made
}

/** Gives a checked batch its place in the log; the producer's bytes are changed where they are. */
export function stampBatch(bytes: Buffer, baseOffset: number, leaderEpoch: number, appendTime: number | null): void {
  if (appendTime !== null) setLogAppendTime(bytes, 0, bytes.length, appendTime)
  setBaseOffset(bytes, 0, baseOffset)
  setLeaderEpoch(bytes, 0, leaderEpoch)
}

const invalid = (detail: string): KafkaProtocolError => new KafkaProtocolError('INVALID_RECORD', { detail })

const corrupt = (error: ProtocolError): KafkaProtocolError =>
  new KafkaProtocolError('CORRUPT_MESSAGE', { detail: error.message }, { cause: error })

const tooLarge = (code: 'RECORD_LIST_TOO_LARGE' | 'MESSAGE_TOO_LARGE', size: number, setting: string, limit: number) =>
  new KafkaProtocolError(code, { detail: `a batch of ${size} bytes, ${setting} is ${limit}` })
