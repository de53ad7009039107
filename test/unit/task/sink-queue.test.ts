import { describe, expect, it } from 'vitest'
import { SinkRecord } from '../../../runtime/api/record.ts'
import { SinkQueue, without } from '../../../runtime/task/sink-queue.ts'
import { fetchedBatch } from '../../support/fakes/consumer.ts'

const fetch = (...partitions: number[]) => {
  const state = { released: 0 }
  const fetched = {
    batches: partitions.map(partition => fetchedBatch('t', partition, 0, ['a', 'b'])),
    release: () => void state.released++,
  }
  return { fetched, state }
}

describe('SinkQueue', () => {
  it('gives a fetch back once all of it is delivered or dropped', () => {
    const queue = new SinkQueue(true)
    const { fetched, state } = fetch(0, 1, 2)
    queue.add(fetched, ({ partition }) => partition !== 2)
    queue.drop([{ topic: 't', partition: 1 }])
    expect(state.released).toBe(0)
    const slice = queue.take()!
    expect(slice.count).toBe(2)
    expect(queue.empty).toBe(true)
    queue.done(slice.entries)
    expect(state.released).toBe(1)
    queue.add(fetched, () => false)
    expect(state.released).toBe(2)
  })

  it('takes small batches together and large ones alone', () => {
    const queue = new SinkQueue(false)
    const large = fetchedBatch('t', 0, 0, ['x'.repeat(5 * 1024 * 1024)])
    const small = fetchedBatch('t', 0, 1, ['y'])
    queue.add({ batches: [small, small, large, large, small], release() {} }, () => true)
    const sizes: number[] = []
    for (let slice = queue.take(); slice !== undefined; slice = queue.take()) sizes.push(slice.count)
    expect(sizes).toEqual([2, 1, 1, 1])
  })

  it('takes partitions that left out of a slice, by where records were read', () => {
    const queue = new SinkQueue(true)
    const { fetched, state } = fetch(0, 1)
    queue.add(fetched, () => true)
    const taken = queue.take()!
    const record = (partition: number) =>
      new SinkRecord({
        topic: 'renamed',
        partition: 7,
        offset: 0,
        value: partition,
        original: { topic: 't', partition, offset: 0 },
      })
    const left = without({ ...taken, records: [record(0), record(1)] }, [{ topic: 't', partition: 0 }], queue)!
    expect(left.records.map(({ value }) => value)).toEqual([1])
    expect(left.batches.map(({ partition }) => partition)).toEqual([1])
    expect(without(left, [{ topic: 't', partition: 1 }], queue)).toBeUndefined()
    expect(state.released).toBe(1)
  })
})
