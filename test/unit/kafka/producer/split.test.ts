import { describe, expect, it } from 'vitest'
import type { Delivery } from '../../../../runtime/kafka/ports.ts'
import { Batch } from '../../../../runtime/kafka/producer/batch.ts'
import { compressBatch, stampProducer } from '../../../../runtime/kafka/producer/seal.ts'
import { splitBatch } from '../../../../runtime/kafka/producer/split.ts'
import { WriterPool } from '../../../../runtime/kafka/producer/writer-pool.ts'
import { compressionTypes } from '../../../../runtime/protocol/compression.ts'
import { RecordBatchReader } from '../../../../runtime/protocol/record-batch-reader.ts'

const pool = new WriterPool(10_000, 100_000)
const delivery = (): Delivery => ({ acknowledged() {}, failed() {} })
const [a, b] = [delivery(), delivery()]

const filled = (count: number): Batch => {
  const batch = new Batch(pool.take(), 7)
  for (let i = 0; i < count; i++) {
    const headers = i % 3 === 0 ? [{ key: 'h', value: Buffer.from([i]) }] : null
    batch.writer!.add(
      1000 + i,
      i % 2 === 0 ? Buffer.from(`key ${i}`) : null,
      i % 5 === 0 ? null : Buffer.from(`value ${i}`),
      headers,
    )
    batch.add(i < count / 3 ? a : b)
  }
  batch.accounted = batch.writer!.sizeInBytes
  return batch
}

const records = (bytes: Buffer): unknown[] => {
  const reader = new RecordBatchReader()
  reader.read(bytes)
  return Array.from({ length: reader.count }, (_, i) => [
    reader.timestamp(i),
    reader.key(i)?.toString(),
    reader.value(i)?.toString(),
    reader.headers(i).map(({ key, value }) => [key, value?.[0]]),
  ])
}

const runs = (parts: readonly Batch[]): [Delivery, number][] => {
  const merged: [Delivery, number][] = []
  for (const part of parts) {
    part.deliveries.forEach((one, i) => {
      const last = merged.at(-1)
      if (last?.[0] === one) last[1] += part.counts[i]!
      else merged.push([one, part.counts[i]!])
    })
  }
  return merged
}

describe('splitting a batch', () => {
  it.each([
    [2, 100_000],
    [3, 1],
    [30, 400],
    [30, 100_000],
    [100, 1000],
  ])('of %i records at %i bytes loses, doubles and moves nothing', (count, maxBytes) => {
    const batch = filled(count)
    const bytes = batch.writer!.finish()
    const whole = records(bytes)
    const parts = splitBatch(batch, bytes, maxBytes, pool)
    expect(parts.length).toBeGreaterThan(1)
    expect(parts.flatMap(part => records(part.writer!.finish()))).toEqual(whole)
    expect(parts.map(part => part.count)).toEqual(parts.map(part => part.writer!.count))
    expect(runs(parts)).toEqual(runs([batch]))
    expect(parts.reduce((sum, part) => sum + part.accounted, 0)).toBe(batch.accounted)
    expect(parts.map(({ createdAt, baseSequence }) => [createdAt, baseSequence])).toEqual(parts.map(() => [7, -1]))
  })

  it('opens who waits only after the last part', () => {
    const batch = filled(4)
    let opened = false
    batch.latches.push({
      left: 1,
      open: () => {
        opened = true
      },
    })
    const [first, second] = splitBatch(batch, batch.writer!.finish(), 100_000, pool)
    first!.settle('t', 0, null)
    expect(opened).toBe(false)
    second!.settle('t', 0, null)
    expect(opened).toBe(true)
  })
})

describe('sealing', () => {
  it.each(compressionTypes.filter(type => type !== 'none'))('%s gives a batch that reads the same', async type => {
    const batch = filled(200)
    const plain = batch.writer!.finish()
    const bytes = await compressBatch(plain, type, undefined)
    stampProducer(bytes, 12_345_678_901, 3, 99)
    const reader = new RecordBatchReader()
    expect(reader.read(bytes)).toBe(bytes.length)
    expect([reader.compression, reader.producerId, reader.producerEpoch, reader.baseSequence]).toEqual([
      type,
      12_345_678_901,
      3,
      99,
    ])
    expect(records(bytes)).toEqual(records(plain))
    expect(bytes.length).toBeLessThan(plain.length)
  })
})

describe('writer pool', () => {
  it('gives writers again, emptied, but not those that grew out of size', () => {
    const small = new WriterPool(1000, 2000)
    const writer = small.take()
    writer.add(1, null, Buffer.from('x'))
    small.give(writer)
    expect(small.take()).toBe(writer)
    expect(writer.count).toBe(0)
    writer.add(1, null, Buffer.alloc(1_000_000))
    small.give(writer)
    expect(small.take()).not.toBe(writer)
  })
})
