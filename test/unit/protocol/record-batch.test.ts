import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BatchLayout,
  batchHeader,
  setBaseOffset,
  setLeaderEpoch,
  setLogAppendTime,
  writeCrc,
} from '../../../runtime/protocol/batch-header.ts'
import { type CompressionType, compressionTypes } from '../../../runtime/protocol/compression.ts'
import { KafkaProtocolError } from '../../../runtime/protocol/error-codes.ts'
import { CorruptRecordError, ProtocolError } from '../../../runtime/protocol/protocol-error.ts'
import { RecordBatchReader } from '../../../runtime/protocol/record-batch-reader.ts'
import { encodeHeaders, RecordBatchWriter, type RecordHeader } from '../../../runtime/protocol/record-batch-writer.ts'

interface TestRecord {
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
}

const encode = (
  records: readonly TestRecord[],
  compression: CompressionType = 'none',
  writer = new RecordBatchWriter(),
) => {
  writer.reset()
  for (const { timestamp, key, value, headers } of records) writer.add(timestamp, key, value, headers)
  return writer.finish({ compression })
}

const records = (reader: RecordBatchReader): TestRecord[] =>
  Array.from({ length: reader.count }, (_, i) => ({
    timestamp: reader.timestamp(i),
    key: reader.key(i),
    value: reader.value(i),
    headers: reader.headers(i),
  }))

const record = (over: Partial<TestRecord> = {}): TestRecord => ({
  timestamp: 1_700_000_000_000,
  key: Buffer.from('k'),
  value: Buffer.from('v'),
  headers: [],
  ...over,
})

const sized = (max: number) => fc.integer({ min: 0, max }).map(length => Buffer.alloc(length, 'x'))
const bytes = fc.oneof(
  fc.constant(null),
  fc.uint8Array({ maxLength: 20 }).map(array => Buffer.from(array)),
  // Around the sizes at which a length takes another byte, alone and with what is around it.
  fc.constantFrom(40, 50, 62, 63, 64, 65, 8170, 8180, 8191, 8192, 8193).map(length => Buffer.alloc(length, 'y')),
  sized(20_000),
)
const arbitraryRecord: fc.Arbitrary<TestRecord> = fc.record({
  timestamp: fc.oneof(
    fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_100 }),
    fc.constantFrom(-1, 0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
    fc.maxSafeInteger(),
  ),
  key: bytes,
  value: bytes,
  headers: fc.array(fc.record({ key: fc.string({ unit: 'grapheme' }), value: bytes }), { maxLength: 3 }),
})

describe('a batch', () => {
  it.each(compressionTypes)('comes back as it was: %s', compression => {
    const writer = new RecordBatchWriter(1)
    const reader = new RecordBatchReader()
    fc.assert(
      fc.property(fc.array(arbitraryRecord, { minLength: 1, maxLength: 12 }), given => {
        const batch = encode(given, compression, writer)
        expect(reader.read(batch)).toBe(batch.length)
        expect(records(reader)).toEqual(given)
        expect(reader.compression).toBe(compression)
        expect(reader.maxTimestamp).toBe(Math.max(...given.map(({ timestamp }) => timestamp)))
        expect(reader.lastOffset).toBe(given.length - 1)
      }),
      { numRuns: 60 },
    )
  })

  it('carries producer, epoch, sequence and what kind it is', () => {
    const writer = new RecordBatchWriter()
    writer.add(5, null, null)
    const batch = writer.finish({ producerId: 2 ** 40, producerEpoch: 3, baseSequence: 9, transactional: true })
    const reader = new RecordBatchReader()
    reader.read(batch)
    expect(reader).toMatchObject({
      producerId: 2 ** 40,
      producerEpoch: 3,
      baseSequence: 9,
      baseOffset: 0,
      partitionLeaderEpoch: -1,
    })
    expect(reader).toMatchObject({ isTransactional: true, isControl: false, timestampType: 'CREATE_TIME' })
    writer.setProducer(7, 0, 0)
    expect(writer.finish()).toBe(batch)
    reader.read(batch)
    expect(reader).toMatchObject({ producerId: 7, producerEpoch: 0, baseSequence: 0, isTransactional: true })
  })

  it('holds values beyond a megabyte beside small ones', () => {
    const given = [
      record(),
      record({ value: Buffer.alloc(3_000_000, 'z') }),
      record({ key: Buffer.alloc(1_048_576, 'k') }),
      record(),
    ]
    const reader = new RecordBatchReader()
    reader.read(encode(given, 'none', new RecordBatchWriter(1)))
    expect(records(reader)).toEqual(given)
  })
})

describe('the writer', () => {
  it('takes a value written in place, over a grown buffer', () => {
    const writer = new RecordBatchWriter(1)
    writer.beginRecord(1, Buffer.from('..key..'), 2, 5)
    writer.writeText('a'.repeat(300))
    writer.reserve(4)
    writer.pos = writer.buf.writeInt32BE(0x3132_3334, writer.pos)
    writer.endRecord(true, null)
    const reader = new RecordBatchReader()
    reader.read(writer.finish())
    expect(reader.key(0)!.toString()).toBe('key')
    expect(reader.value(0)!.toString()).toBe(`${'a'.repeat(300)}1234`)
  })

  it('forgets a record that is rolled back, wherever it stands', () => {
    const writer = new RecordBatchWriter(1)
    const given = [record({ timestamp: 50 }), record({ timestamp: 40, value: Buffer.alloc(9000) })]
    writer.beginRecord(99_999, Buffer.from('first'))
    writer.writeText('gone')
    writer.rollback()
    for (const { timestamp, key, value } of given) {
      writer.add(timestamp, key, value)
      const size = writer.sizeInBytes
      writer.beginRecord(99_999, Buffer.alloc(10_000))
      writer.writeText('gone'.repeat(9000))
      writer.rollback()
      expect(writer.sizeInBytes).toBe(size)
    }
    expect(writer.count).toBe(2)
    expect(writer.finish().equals(encode(given))).toBe(true)
  })

  it('counts bytes as it goes', () => {
    const writer = new RecordBatchWriter()
    expect(writer.sizeInBytes).toBe(61)
    writer.add(1, null, Buffer.alloc(10))
    expect(writer.sizeInBytes).toBe(61 + 17)
    expect(writer.finish()).toHaveLength(61 + 17)
  })

  it('drops what was written as the value of a record without one', () => {
    const writer = new RecordBatchWriter()
    writer.beginRecord(1, null)
    writer.writeText('whatever')
    writer.endRecord(false, encodeHeaders([{ key: 'h', value: null }]))
    const reader = new RecordBatchReader()
    reader.read(writer.finish())
    expect(records(reader)).toEqual([{ timestamp: 1, key: null, value: null, headers: [{ key: 'h', value: null }] }])
  })

  it('refuses to be used in another order', () => {
    const writer = new RecordBatchWriter()
    expect(() => writer.finish()).toThrow('without records')
    expect(() => writer.endRecord(true, null)).toThrow('No record')
    expect(() => writer.setProducer(1, 1, 1)).toThrow('not finished')
    writer.beginRecord(1, null)
    expect(() => writer.beginRecord(1, null)).toThrow('neither ended')
    expect(() => writer.finish()).toThrow('neither ended')
    writer.endRecord(true, null)
    writer.finish()
    expect(() => writer.beginRecord(1, null)).toThrow('reset')
  })

  it.each([Number.NaN, 1.5, 2 ** 53])('refuses timestamp %d', timestamp => {
    expect(() => new RecordBatchWriter().add(timestamp, null, null)).toThrow(ProtocolError)
  })
})

describe('the reader', () => {
  const batch = (): Buffer =>
    Buffer.from(encode([record(), record({ headers: [{ key: 'h', value: Buffer.from('x') }] })]))

  it('steps from batch to batch, and says when the last is cut off', () => {
    const one = batch()
    const all = Buffer.concat([Buffer.from('prefix'), one, one, one])
    setBaseOffset(all, 6 + one.length, 2)
    setBaseOffset(all, 6 + 2 * one.length, 2 ** 40)
    setLeaderEpoch(all, 6 + one.length, 12)
    const reader = new RecordBatchReader()
    let at = reader.read(all, 6)
    expect(at).toBe(6 + one.length)
    at = reader.read(all, at)
    expect([reader.offset(0), reader.offset(1), reader.lastOffset, reader.partitionLeaderEpoch]).toEqual([2, 3, 3, 12])
    expect(batchHeader(all, 6 + one.length)).toMatchObject({
      baseOffset: 2,
      lastOffset: 3,
      count: 2,
      sizeInBytes: one.length,
    })
    expect(reader.read(all, at, all.length - 1)).toBe(-1)
    expect(reader.count).toBe(0)
    expect(reader.read(all, at)).toBe(all.length)
    expect(reader.offset(1)).toBe(2 ** 40 + 1)
    for (let end = 0; end < one.length; end++) expect(reader.read(one, 0, end)).toBe(-1)
  })

  it('gives positions and views of what it was given', () => {
    const bytes = batch()
    const reader = new RecordBatchReader()
    reader.read(bytes)
    expect(reader.payload).toBe(bytes)
    expect(reader.value(0)!.buffer).toBe(bytes.buffer)
    expect(bytes.toString('latin1', reader.keyStart(1), reader.keyEnd(1))).toBe('k')
    expect(bytes.toString('latin1', reader.valueStart(1), reader.valueEnd(1))).toBe('v')
    expect(reader.recordStart(0)).toBe(61)
    expect(reader.recordEnd(0)).toBe(reader.recordStart(1))
    expect(reader.recordEnd(1)).toBe(bytes.length)
    expect(() => reader.value(2)).toThrow(RangeError)
  })

  it('gives all records the time of the log when the log set it', () => {
    const bytes = batch()
    setLogAppendTime(bytes, 0, bytes.length, 1_800_000_000_000)
    const reader = new RecordBatchReader()
    reader.read(bytes)
    expect(reader.timestampType).toBe('LOG_APPEND_TIME')
    expect([reader.timestamp(0), reader.timestamp(1)]).toEqual([1_800_000_000_000, 1_800_000_000_000])
  })

  it('notices every single flipped bit', () => {
    const bytes = batch()
    const reader = new RecordBatchReader()
    // Offset and leader epoch are the broker's to set, not under the checksum.
    for (let at = BatchLayout.LENGTH; at < bytes.length; at++) {
      if (at >= BatchLayout.LEADER_EPOCH && at < BatchLayout.MAGIC) continue
      for (let bit = 0; bit < 8; bit++) {
        bytes[at]! ^= 1 << bit
        let end: number | undefined
        try {
          end = reader.read(bytes)
        } catch (error) {
          expect(error instanceof CorruptRecordError || error instanceof KafkaProtocolError).toBe(true)
        }
        // A longer length looks like a batch that is cut off.
        expect(end === undefined || end === -1, `bit ${bit} of byte ${at}`).toBe(true)
        bytes[at]! ^= 1 << bit
      }
    }
    expect(reader.read(bytes)).toBe(bytes.length)
  })

  it('names the base offset of a damaged batch', () => {
    const bytes = batch()
    setBaseOffset(bytes, 0, 4711)
    bytes[70]! ^= 1
    expect(() => new RecordBatchReader().read(bytes)).toThrow(/^record batch at offset 4711: checksum [0-9a-f]+, /)
  })

  it.each([0, 1])('refuses format %i with its own error', magic => {
    const bytes = batch()
    bytes[BatchLayout.MAGIC] = magic
    expect(() => new RecordBatchReader().read(bytes)).toThrow(/UNSUPPORTED_FOR_MESSAGE_FORMAT/)
  })

  it('bounds what a batch may grow to', () => {
    const bomb = encode([record({ value: Buffer.alloc(1_000_000) })], 'gzip')
    expect(() => new RecordBatchReader(100_000).read(bomb)).toThrow(CorruptRecordError)
  })

  it('refuses a timestamp beyond 2^53 when it is asked for, not the batch', () => {
    const bytes = batch()
    bytes.writeBigInt64BE(2n ** 62n, BatchLayout.BASE_TIMESTAMP)
    writeCrc(bytes, 0, bytes.length)
    const reader = new RecordBatchReader()
    reader.read(bytes)
    expect(reader.value(1)!.toString()).toBe('v')
    expect(() => reader.timestamp(1)).toThrow('beyond 2^53')
  })

  it('survives any damage behind a right checksum', () => {
    const reader = new RecordBatchReader()
    const base = Buffer.from(
      encode([record(), record({ headers: [{ key: 'head', value: null }] }), record({ value: Buffer.alloc(200) })]),
    )
    const byte = fc.oneof(fc.constantFrom(0, 1, 2, 127, 128, 254, 255), fc.integer({ min: 0, max: 255 }))
    const change = fc.tuple(fc.integer({ min: BatchLayout.LENGTH, max: base.length - 1 }), byte)
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), changes => {
        const bytes = Buffer.from(base)
        for (const [at, value] of changes) bytes[at] = value
        writeCrc(bytes, 0, bytes.length)
        try {
          if (reader.read(bytes) < 0) return
        } catch (error) {
          expect(error instanceof CorruptRecordError || error instanceof KafkaProtocolError, String(error)).toBe(true)
          return
        }
        // What it accepts, it also serves: only a timestamp may be beyond 2^53.
        for (let i = 0; i < reader.count; i++) {
          reader.key(i)
          reader.value(i)
          reader.headers(i)
          reader.offset(i)
          try {
            reader.timestamp(i)
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError)
          }
        }
      }),
      { numRuns: 5000 },
    )
  })

  const broken: readonly [string, number, readonly number[]][] = [
    ['a record that ends too early', 61, [12]],
    ['a record that ends too late', 61, [18]],
    ['a record of negative length', 61, [15]],
    ['an offset out of order', 64, [4]],
    ['a negative offset', 64, [1]],
    ['a key of length -2', 65, [3]],
    ['a key that leaves its record', 65, [40]],
    ['a value that leaves its record', 67, [6]],
    ['a varint without an end', 61, [255, 255, 255, 255, 255, 255]],
    ['a timestamp without an end', 63, Array.from({ length: 11 }, () => 255)],
    ['a negative number of headers', 69, [1]],
    ['more headers than there are', 69, [2]],
    ['a count that is too small', 60, [1]],
    ['a count that is too large', 60, [3]],
    ['a negative count', 57, [255]],
    ['a negative last offset', 23, [255]],
    ['an unknown compression', 22, [7]],
  ]

  it.each(broken)('refuses %s', (_what, at, replacement) => {
    const bytes = Buffer.from(encode([record(), record()]))
    bytes.set(replacement, at)
    writeCrc(bytes, 0, bytes.length)
    expect(() => new RecordBatchReader().read(bytes)).toThrow(CorruptRecordError)
  })
})

interface GoldenBatch {
  readonly compression: CompressionType
  readonly transactional: boolean
  readonly logAppendTime: number
  readonly baseOffset: number
  readonly leaderEpoch: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly records: readonly {
    timestamp: number
    key: string | null
    value: string | null
    headers: readonly { key: string; value: string | null }[]
  }[]
  readonly batch: string
}

const golden: readonly GoldenBatch[] = JSON.parse(
  readFileSync(new URL('../../golden/protocol/batches.json', import.meta.url), 'utf8'),
)
const binary = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text, 'base64'))
const ofGolden = (given: GoldenBatch): TestRecord[] =>
  given.records.map(({ timestamp, key, value, headers }) => ({
    timestamp: given.logAppendTime >= 0 ? given.logAppendTime : timestamp,
    key: binary(key),
    value: binary(value),
    headers: headers.map(header => ({ key: header.key, value: binary(header.value) })),
  }))

describe('batches written by Kafka', () => {
  it.each(golden)('are read: $compression, producer $producerId, log time $logAppendTime', given => {
    const bytes = Buffer.from(given.batch, 'base64')
    const reader = new RecordBatchReader()
    expect(reader.read(bytes)).toBe(bytes.length)
    expect(records(reader)).toEqual(ofGolden(given))
    expect(reader).toMatchObject({
      compression: given.compression,
      isTransactional: given.transactional,
      baseOffset: given.baseOffset,
      lastOffset: given.baseOffset + given.records.length - 1,
      partitionLeaderEpoch: given.leaderEpoch,
      producerId: given.producerId,
      producerEpoch: given.producerEpoch,
      baseSequence: given.baseSequence,
    })
  })

  it.each(golden.filter(({ compression, logAppendTime }) => compression === 'none' && logAppendTime < 0))(
    'are written the same: producer $producerId',
    given => {
      const writer = new RecordBatchWriter()
      for (const { timestamp, key, value, headers } of ofGolden(given)) writer.add(timestamp, key, value, headers)
      const { producerId, producerEpoch, baseSequence, transactional } = given
      const batch = writer.finish({ producerId, producerEpoch, baseSequence, transactional })
      setBaseOffset(batch, 0, given.baseOffset)
      setLeaderEpoch(batch, 0, given.leaderEpoch)
      expect(batch.toString('base64')).toBe(given.batch)
    },
  )
})
