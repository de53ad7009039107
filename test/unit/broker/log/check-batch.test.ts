import { describe, expect, test } from 'vitest'
import { checkBatch } from '../../../../runtime/broker/log/check-batch.ts'
import { logConfig } from '../../../../runtime/broker/settings/topic-settings.ts'
import { BatchLayout, writeCrc } from '../../../../runtime/protocol/batch-header.ts'
import { RecordBatchReader } from '../../../../runtime/protocol/record-batch-reader.ts'
import { batchOf, noBrokerSettings, START } from '../log-folder.ts'

const config = (configs: Record<string, string> = {}) => logConfig(configs, noBrokerSettings)

/** A sound batch of three records, changed and summed anew. */
const changed = (change: (batch: Buffer) => void, sum = true): Buffer => {
  const batch = batchOf([{ value: 'a' }, { value: 'b' }, { value: 'c' }])
  change(batch)
  if (sum) writeCrc(batch, 0, batch.length)
  return batch
}

describe('a batch from a client', () => {
  const sound = changed(() => {})
  test.each<[string, Buffer | null, string, Record<string, string>?]>([
    ['nothing', null, 'INVALID_RECORD'],
    ['no bytes', Buffer.alloc(0), 'INVALID_RECORD'],
    ['a part of a batch', sound.subarray(0, 60), 'CORRUPT_MESSAGE'],
    ['a batch and a byte', Buffer.concat([sound, Buffer.alloc(1)]), 'INVALID_RECORD'],
    ['two batches', Buffer.concat([sound, sound]), 'INVALID_RECORD'],
    ['a wrong checksum', changed(b => void (b[64] = b[64]! ^ 1), false), 'CORRUPT_MESSAGE'],
    ['an old format', changed(b => void (b[BatchLayout.MAGIC] = 1)), 'UNSUPPORTED_FOR_MESSAGE_FORMAT'],
    ['an unknown format', changed(b => void (b[BatchLayout.MAGIC] = 9)), 'CORRUPT_MESSAGE'],
    ['more offsets than records', changed(b => b.writeInt32BE(7, BatchLayout.LAST_OFFSET_DELTA)), 'INVALID_RECORD'],
    ['no records', changed(b => b.writeInt32BE(0, BatchLayout.COUNT)), 'INVALID_RECORD'],
    ['markers', changed(b => b.writeInt16BE(0x20, BatchLayout.ATTRIBUTES)), 'INVALID_RECORD'],
    ['a transaction of nobody', changed(b => b.writeInt16BE(0x10, BatchLayout.ATTRIBUTES)), 'INVALID_RECORD'],
    ['a producer without sequence', changed(b => b.writeBigInt64BE(1n, BatchLayout.PRODUCER_ID)), 'INVALID_RECORD'],
    ['more than max.message.bytes', sound, 'MESSAGE_TOO_LARGE', { 'max.message.bytes': '50' }],
    [
      'more than segment.bytes',
      batchOf([{ value: 'x'.repeat(2000) }]),
      'RECORD_LIST_TOO_LARGE',
      { 'segment.bytes': '1024' },
    ],
    ['a time too far ahead', batchOf([{ value: 'x', timestamp: START + 3_600_001 }]), 'INVALID_TIMESTAMP'],
    [
      'one time too far back',
      batchOf([{ value: 'x' }, { value: 'y', timestamp: START - 1001 }]),
      'INVALID_TIMESTAMP',
      { 'message.timestamp.before.max.ms': '1000' },
    ],
    [
      'no key for a compacted topic',
      batchOf([{ key: 'k', value: 'x' }, { value: 'y' }]),
      'INVALID_RECORD',
      { 'cleanup.policy': 'compact' },
    ],
    [
      'records cut wrong, where they are looked at',
      changed(b => void (b[BatchLayout.RECORDS] = 2)),
      'CORRUPT_MESSAGE',
      { 'cleanup.policy': 'compact' },
    ],
  ])('with %s is refused', (_, records, code, configs) => {
    let refused = 'taken'
    try {
      checkBatch(records, config(configs), START)
    } catch (error) {
      refused = (error as { kafkaCode: string }).kafkaCode
    }
    expect(refused).toBe(code)
  })

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)('is stored as the topic compresses: from %s', from => {
    const records = Array.from({ length: 50 }, (_, i) => ({ key: `k${i}`, value: 'v'.repeat(i), timestamp: START + i }))
    const batch = batchOf(records, { compression: from, producerId: 5, producerEpoch: 2, baseSequence: 9 })
    for (const [setting, expected] of [
      ['producer', from],
      ['uncompressed', 'none'],
      ['zstd', 'zstd'],
    ] as const) {
      const { bytes, header } = checkBatch(batch, config({ 'compression.type': setting }), START)
      expect(header).toMatchObject({ compression: expected, count: 50, producerId: 5, baseSequence: 9 })
      const reader = new RecordBatchReader()
      expect(reader.read(bytes)).toBe(bytes.length)
      expect([reader.value(49)?.toString(), reader.timestamp(49)]).toEqual(['v'.repeat(49), START + 49])
      if (expected === from) expect(bytes).toBe(batch)
    }
  })
})
