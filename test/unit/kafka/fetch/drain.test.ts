import { describe, expect, it } from 'vitest'
import { BufferPool } from '../../../../runtime/kafka/connection/buffer-pool.ts'
import { Drain } from '../../../../runtime/kafka/fetch/drain.ts'
import { FetchPartition } from '../../../../runtime/kafka/fetch/fetch-partition.ts'
import { offsetAfter } from '../../../../runtime/kafka/fetch/fetch-request.ts'
import { Frame } from '../../../../runtime/kafka/fetch/frame.ts'
import { type AbortedTransaction, TransactionFilter } from '../../../../runtime/kafka/fetch/transaction-filter.ts'
import type { FetchedBatch } from '../../../../runtime/kafka/ports.ts'
import { BatchAttributes, BatchLayout, setBaseOffset } from '../../../../runtime/protocol/batch-header.ts'
import { endTransactionBatch } from '../../../../runtime/protocol/control-records.ts'
import { RecordBatchWriter } from '../../../../runtime/protocol/record-batch-writer.ts'

const batch = (offset: number, count: number, producerId = -1, size = 1): Buffer => {
  const writer = new RecordBatchWriter()
  for (let i = 0; i < count; i++) writer.add(1, null, Buffer.alloc(size, `${offset + i}`))
  const transactional = producerId >= 0
  const bytes = Buffer.from(
    writer.finish({ transactional, producerId, producerEpoch: 0, baseSequence: transactional ? 0 : -1 }),
  )
  setBaseOffset(bytes, 0, offset)
  return bytes
}

const marker = (offset: number, producerId: number, committed: boolean): Buffer => {
  const bytes = endTransactionBatch({ committed, producerId, producerEpoch: 0, coordinatorEpoch: 0, timestamp: 1 })
  setBaseOffset(bytes, 0, offset)
  return bytes
}

const pool = new BufferPool(1_000_000)
const freed: number[] = []

const arrive = (
  state: FetchPartition,
  batches: readonly Buffer[],
  aborted: readonly AbortedTransaction[] | null = null,
): Frame => {
  const records = Buffer.concat(batches)
  const frame = new Frame(records.length, null, pool, bytes => freed.push(bytes))
  state.add({
    records,
    pos: 0,
    filter: aborted === null ? null : new TransactionFilter(aborted),
    frame,
    error: null,
    turnTo: null,
  })
  return frame
}

const offsets = ({ reader, from }: FetchedBatch): number[] =>
  Array.from({ length: reader.count - from }, (_, i) => reader.offset(from + i))

const drainOf = (maxRecords = Number.POSITIVE_INFINITY) => {
  const damaged: string[] = []
  const drain = new Drain(maxRecords, (_, error) => damaged.push(error.message))
  return { drain, damaged }
}

describe('drain', () => {
  it('drops records below the position, of the first batch and of whole batches', () => {
    const state = new FetchPartition('t', 0, 7)
    arrive(state, [batch(0, 5), batch(5, 5), batch(10, 2)])
    const { batches } = drainOf().drain.take(new Set([state]))
    expect(batches.map(offsets)).toEqual([
      [7, 8, 9],
      [10, 11],
    ])
    expect(batches.map(({ nextOffset }) => nextOffset)).toEqual([10, 12])
    expect(state.position).toBe(12)
  })

  it('steps over markers; the offset after them belongs to the batch before', () => {
    const state = new FetchPartition('t', 0, 0)
    arrive(
      state,
      [batch(0, 2, 9), marker(2, 9, true), batch(3, 2, 9), marker(5, 9, false)],
      [{ producerId: 9, firstOffset: 3 }],
    )
    const { batches } = drainOf().drain.take(new Set([state]))
    expect(batches.map(offsets)).toEqual([[0, 1]])
    expect([batches[0]!.nextOffset, state.position]).toEqual([6, 6])
  })

  it('leaves a cut batch at the end to the next fetch', () => {
    const state = new FetchPartition('t', 0, 0)
    const cut = batch(5, 5)
    arrive(state, [batch(0, 5), cut.subarray(0, cut.length - 1)])
    expect(
      drainOf()
        .drain.take(new Set([state]))
        .batches.map(offsets),
    ).toEqual([[0, 1, 2, 3, 4]])
    expect([state.position, state.chunks.length]).toEqual([5, 0])
    expect(offsetAfter(Buffer.concat([batch(0, 5), cut.subarray(0, 40)]), 0)).toBe(5)
    expect(offsetAfter(Buffer.alloc(0), 7)).toBe(7)
  })

  it('hands over in portions, partitions in turn', () => {
    const [a, b] = [new FetchPartition('t', 0, 0), new FetchPartition('t', 1, 0)]
    arrive(a, [batch(0, 5), batch(5, 5)])
    arrive(b, [batch(0, 5)])
    const waiting = new Set([a, b])
    const { drain } = drainOf(5)
    const turns = [1, 2, 3].map(() =>
      drain.take(waiting).batches.map(({ partition, reader }) => [partition, reader.baseOffset]),
    )
    expect(turns).toEqual([[[0, 0]], [[1, 0]], [[0, 5]]])
    expect(drain.take(waiting).batches).toEqual([])
  })

  it('takes about a megabyte at a time', () => {
    const state = new FetchPartition('t', 0, 0)
    arrive(
      state,
      [0, 1, 2, 3].map(i => batch(i, 1, -1, 600_000)),
    )
    const waiting = new Set([state])
    const { drain } = drainOf()
    expect([drain.take(waiting).batches.length, drain.take(waiting).batches.length]).toEqual([2, 2])
  })

  it('passes a paused partition by', () => {
    const state = new FetchPartition('t', 0, 0)
    arrive(state, [batch(0, 1)])
    state.paused = true
    const waiting = new Set([state])
    const { drain } = drainOf()
    expect(drain.take(waiting).batches).toEqual([])
    state.paused = false
    expect(drain.take(waiting).batches.length).toBe(1)
  })

  it('fetches a damaged batch once more, then fails with its place', () => {
    const state = new FetchPartition('t', 4, 0)
    const bad = batch(5, 5)
    bad[bad.length - 3]! ^= 1
    const waiting = new Set([state])
    const { drain, damaged } = drainOf()
    arrive(state, [batch(0, 5), bad])
    expect(drain.take(waiting).batches.map(offsets)).toEqual([[0, 1, 2, 3, 4]])
    expect([damaged.length, state.fetchOffset, state.position]).toEqual([1, 5, 5])
    arrive(state, [bad])
    waiting.add(state)
    expect(() => drain.take(waiting)).toThrow(/t-4 cannot be read at offset 5: .*checksum/)
    expect(() => drain.take(waiting)).toThrow(/t-4/)
  })

  it.each([
    ['markers', BatchLayout.ATTRIBUTES + 1, (byte: number) => byte | BatchAttributes.CONTROL],
    ['what lies below the position', BatchLayout.LAST_OFFSET_DELTA, () => 0xff],
  ])('does not step over a batch that damage makes look like %s', (_, at, damage) => {
    const state = new FetchPartition('t', 4, 5)
    const bad = batch(5, 5)
    bad[at] = damage(bad[at]!)
    const { drain, damaged } = drainOf()
    arrive(state, [bad])
    expect(drain.take(new Set([state])).batches).toEqual([])
    expect(damaged.join()).toMatch(/checksum/)
    expect([state.position, state.fetchOffset]).toEqual([5, 5])
  })

  it('says an error after what came before it', () => {
    const state = new FetchPartition('t', 0, 0)
    arrive(state, [batch(0, 1)])
    state.fail(new Error('not allowed'))
    const waiting = new Set([state])
    const { drain } = drainOf()
    expect(drain.take(waiting).batches.length).toBe(1)
    expect(() => drain.take(waiting)).toThrow('not allowed')
  })

  it('turns to another offset in its place', () => {
    const state = new FetchPartition('t', 0, 90)
    arrive(state, [batch(90, 5)])
    state.turnTo(10)
    arrive(state, [batch(10, 2)])
    expect(
      drainOf()
        .drain.take(new Set([state]))
        .batches.map(offsets),
    ).toEqual([
      [90, 91, 92, 93, 94],
      [10, 11],
    ])
  })

  it('frees the memory when it is released, the budget also when it is not', () => {
    const own = new BufferPool(1_000_000)
    const memory = own.take(10_000)
    const budget: number[] = []
    const state = new FetchPartition('t', 0, 0)
    const records = batch(0, 1)
    const frame = new Frame(500, memory, own, bytes => budget.push(bytes))
    state.add({ records, pos: 0, filter: null, frame, error: null, turnTo: null })
    const { drain } = drainOf()
    const fetched = drain.take(new Set([state]))
    expect(budget).toEqual([])
    expect(own.take(10_000)).not.toBe(memory)
    drain.take(new Set())
    expect(budget).toEqual([500])
    expect(own.take(10_000)).not.toBe(memory)
    fetched.release()
    fetched.release()
    expect(budget).toEqual([500])
    expect(own.take(10_000)).toBe(memory)
    expect(own.take(10_000)).not.toBe(memory)
  })
})

describe('a partition that is moved', () => {
  it('does not want what was asked for before', () => {
    const state = new FetchPartition('t', 0, 0)
    arrive(state, [batch(0, 1)])
    state.askedEpoch = state.epoch
    state.moveTo(100)
    expect([state.isAsked, state.chunks.length, state.chunkBytes, state.position, state.isBehind]).toEqual([
      false,
      0,
      0,
      100,
      true,
    ])
  })
})
