import type { ClientConfig } from '../settings.ts'

/** Kafka's consumer settings that concern fetching; sizes in bytes, times in milliseconds. */
export interface FetchConfig {
  readonly readCommitted: boolean
  readonly minBytes: number
  /** Of one answer. */
  readonly maxBytes: number
  readonly maxPartitionBytes: number
  readonly maxWaitMs: number
  /** Fetched and not yet released. */
  readonly maxBufferedBytes: number
  /** A cap for one poll, in whole batches; at least one batch is handed over. */
  readonly maxPollRecords: number
  /** Where to go on when the offset is not in the log (any more). */
  readonly reset: 'earliest' | 'latest' | 'none'
}

const DEFAULT_BUFFERED_BYTES = 32 * 1024 * 1024

export function fetchConfig({ reader }: ClientConfig, maxBufferedBytes = DEFAULT_BUFFERED_BYTES): FetchConfig {
  return {
    readCommitted:
      reader.oneOf('isolation.level', 'read_uncommitted', ['read_uncommitted', 'read_committed']) === 'read_committed',
    minBytes: reader.integer('fetch.min.bytes', 1),
    maxBytes: reader.integer('fetch.max.bytes', 52_428_800, 1),
    maxPartitionBytes: reader.integer('max.partition.fetch.bytes', 1_048_576, 1),
    maxWaitMs: reader.integer('fetch.max.wait.ms', 500),
    maxBufferedBytes,
    maxPollRecords: reader.integer('max.poll.records', 2_147_483_647, 1),
    reset: reader.oneOf('auto.offset.reset', 'latest', ['earliest', 'latest', 'none']),
  }
}
