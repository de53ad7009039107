import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Delivery } from '../../../../runtime/kafka/ports.ts'
import { PartitionQueue } from '../../../../runtime/kafka/producer/partition-queue.ts'
import { sequenceAfter } from '../../../../runtime/kafka/producer/seal.ts'
import { WriterPool } from '../../../../runtime/kafka/producer/writer-pool.ts'
import { RecordBatchReader } from '../../../../runtime/protocol/record-batch-reader.ts'

const delivery = (): Delivery & { readonly told: string[] } => {
  const told: string[] = []
  return {
    told,
    acknowledged: count => void told.push(`+${count}`),
    failed: (count, _topic, _partition, error) => void told.push(`-${count} ${error.message}`),
  }
}

const queueOf = (): PartitionQueue => {
  const queue = new PartitionQueue('t', 3, 1000, new WriterPool(1000, 10_000))
  queue.producerId = 42
  queue.epoch = 0
  return queue
}

const write = (queue: PartitionQueue, count: number, to: Delivery = delivery()): void => {
  for (let i = 0; i < count; i++) {
    queue.writer().add(1, null, Buffer.from(`value ${i}`))
    queue.appended(to)
  }
}

const numbers = (bytes: Buffer): readonly number[] => {
  const reader = new RecordBatchReader()
  reader.read(bytes)
  return [reader.producerId, reader.producerEpoch, reader.baseSequence, reader.count]
}

describe('partition queue', () => {
  it('counts the time of a batch from its first record, not from one that was taken back', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000)
    onTestFinished(() => now.mockRestore())
    const queue = queueOf()
    const writer = queue.writer()
    writer.beginRecord(1, null)
    writer.rollback()
    now.mockReturnValue(500_000)
    write(queue, 1)
    now.mockReturnValue(500_010)
    write(queue, 1)
    expect(queue.seal()!.createdAt).toBe(500_000)
  })

  it('numbers batches as they go out, and keeps the bytes for the next attempt', () => {
    const queue = queueOf()
    write(queue, 3)
    const first = queue.seal()!
    write(queue, 2)
    const second = queue.seal()!
    const bytes = Buffer.from(queue.begin(first, true))
    expect(numbers(bytes)).toEqual([42, 0, 0, 3])
    expect(queue.begin(first, true)).toEqual(bytes)
    queue.remove(first)
    expect(numbers(queue.begin(second, true))).toEqual([42, 0, 3, 2])
  })

  it('takes a number back only when the batch was certainly not written', () => {
    const queue = queueOf()
    write(queue, 3)
    const first = queue.seal()!
    queue.begin(first, true)
    queue.giveUpSequence(first)
    expect([queue.epoch, queue.sequence]).toEqual([0, 0])
    queue.remove(first)
    write(queue, 1)
    const second = queue.seal()!
    queue.begin(second, true)
    second.uncertain = true
    queue.giveUpSequence(second)
    // The broker may have it: what follows must not pass for it.
    expect([queue.producerId, queue.epoch, queue.sequence]).toEqual([42, 1, 0])
  })

  it('asks for another producer id when the epochs are used up', () => {
    const queue = queueOf()
    queue.epoch = 0x7ffe
    queue.bumpEpoch()
    expect([queue.producerId, queue.sequence]).toEqual([-1, 0])
  })

  it('begins anew when the topic was made anew, also for the batch that had a number', () => {
    const queue = queueOf()
    queue.movedTo('AAAAAAAAAAAAAAAAAAAAAQ')
    write(queue, 2)
    const batch = queue.seal()!
    queue.begin(batch, true)
    queue.remove(batch)
    write(queue, 2)
    const next = queue.seal()!
    queue.begin(next, true)
    expect(queue.movedTo('AAAAAAAAAAAAAAAAAAAAAQ')).toBe(false)
    expect(queue.movedTo('AAAAAAAAAAAAAAAAAAAAAg')).toBe(true)
    expect(numbers(queue.begin(next, true))).toEqual([42, 1, 0, 2])
  })

  it('without idempotence gives no numbers', () => {
    const queue = queueOf()
    write(queue, 1)
    expect(numbers(queue.begin(queue.seal()!, false))).toEqual([-1, -1, -1, 1])
    expect(queue.sequence).toBe(0)
  })

  it('keeps one run for records of one delivery in a row, and tells them in order', () => {
    const queue = queueOf()
    const [a, b] = [delivery(), delivery()]
    write(queue, 3, a)
    write(queue, 1, b)
    write(queue, 2, a)
    const batch = queue.seal()!
    expect(batch.counts).toEqual([3, 1, 2])
    batch.settle('t', 3, null)
    expect([a.told, b.told]).toEqual([['+3', '+2'], ['+1']])
    batch.settle('t', 3, new Error('no'))
    expect(b.told).toEqual(['+1', '-1 no'])
  })

  it('is full before the record that would not fit', () => {
    const queue = queueOf()
    let bytes = 0
    do {
      queue.writer().add(1, null, Buffer.alloc(90))
      bytes = queue.appended(delivery())
    } while (!queue.isFull(bytes))
    expect(queue.open!.writer!.sizeInBytes).toBeLessThanOrEqual(1000)
    expect(queue.open!.writer!.sizeInBytes + bytes).toBeGreaterThan(1000)
  })

  it('notices that a record was not ended', () => {
    const queue = queueOf()
    queue.writer()
    expect(() => queue.appended(delivery())).toThrow(/t-3/)
  })
})

it('sequences start over after 2^31 - 1', () => {
  expect(sequenceAfter(0x7fff_fffe, 1)).toBe(0x7fff_ffff)
  expect(sequenceAfter(0x7fff_ffff, 1)).toBe(0)
  expect(sequenceAfter(0x7fff_fffe, 5)).toBe(3)
})
