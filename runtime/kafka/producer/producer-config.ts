import { type CompressionType, compressionTypes } from '../../protocol/compression.ts'
import { KafkaClientError } from '../errors.ts'
import type { ClientConfig } from '../settings.ts'

/** Kafka's producer settings; times in milliseconds, sizes in bytes. */
export interface ProducerConfig {
  /** 0, 1 or -1 (all). */
  readonly acks: number
  readonly idempotent: boolean
  /** undefined: no transactions. */
  readonly transactionalId: string | undefined
  readonly transactionTimeoutMs: number
  readonly batchSize: number
  readonly lingerMs: number
  readonly bufferMemory: number
  readonly maxRequestSize: number
  readonly compression: CompressionType
  readonly compressionLevel: number | undefined
  readonly deliveryTimeoutMs: number
  readonly retries: number
  readonly maxBlockMs: number
  /** Requests to one broker; of one partition there is never more than one. */
  readonly maxInFlight: number
}

/** Larger than Kafka's 16 KB: a batch is one in flight per partition here, and a source hands over whole batches. */
const DEFAULT_BATCH_SIZE = 512 * 1024

/** Defaults are Kafka's but for `batch.size` and `linger.ms` (0: a source batch is complete when it is handed over). */
export function producerConfig({ reader }: ClientConfig): ProducerConfig {
  const acksText = reader.oneOf('acks', 'all', ['all', '-1', '0', '1'])
  const acks = acksText === 'all' ? -1 : Number(acksText)
  const wanted =
    reader.text('enable.idempotence') === undefined ? undefined : reader.boolean('enable.idempotence', true)
  const retries = reader.integer('retries', 2_147_483_647)
  if (wanted === true && (acks !== -1 || retries === 0)) {
    throw new KafkaClientError('CONFIG', 'enable.idempotence: true needs acks=all and retries above 0')
  }
  const compression = reader.oneOf('compression.type', 'none', compressionTypes)
  const maxRequestSize = reader.integer('max.request.size', 1_048_576, 1024)
  const level = `compression.${compression}.level`
  return {
    acks,
    transactionalId: reader.text('transactional.id'),
    transactionTimeoutMs: reader.integer('transaction.timeout.ms', 60_000, 1),
    idempotent: wanted ?? (acks === -1 && retries > 0),
    batchSize: Math.min(reader.integer('batch.size', DEFAULT_BATCH_SIZE), maxRequestSize),
    lingerMs: reader.integer('linger.ms', 0),
    bufferMemory: reader.integer('buffer.memory', 32 * 1024 * 1024, 1, Number.MAX_SAFE_INTEGER),
    maxRequestSize,
    compression,
    compressionLevel: reader.text(level) === undefined ? undefined : reader.integer(level, 0, -131_072),
    deliveryTimeoutMs: reader.integer('delivery.timeout.ms', 120_000),
    retries,
    maxBlockMs: reader.integer('max.block.ms', 60_000, 0, Number.MAX_SAFE_INTEGER),
    maxInFlight: reader.integer('max.in.flight.requests.per.connection', 5, 1),
  }
}
