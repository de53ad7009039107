import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SourceRecord } from '../../../runtime/api/record.ts'
import type { Delivery } from '../../../runtime/kafka/ports.ts'
import { SubmittedRecords } from '../../../runtime/task/submitted-records.ts'

const record = (partition: string, position: number): SourceRecord => ({
  topic: 't',
  value: null,
  sourcePartition: { p: partition },
  sourceOffset: { position },
})
const failing = () => 'fail' as const
const positions = (ledger: SubmittedRecords) =>
  Object.fromEntries(
    ledger.committable().offsets.map(({ partition, offset }) => [partition['p'], offset?.['position']]),
  )

describe('SubmittedRecords', () => {
  it('commits nothing while the first run is not acknowledged whole', () => {
    const ledger = new SubmittedRecords(failing)
    const first = ledger.submit(record('a', 1))
    ledger.submit(record('a', 2))
    ledger.beginBatch()
    const second = ledger.submit(record('a', 3))
    second.acknowledged(1, 't', 0)
    expect(positions(ledger)).toEqual({})
    first.acknowledged(1, 't', 0)
    expect(positions(ledger)).toEqual({})
    first.acknowledged(1, 't', 1)
    expect(positions(ledger)).toEqual({ a: 3 })
    expect(ledger.inFlight).toBe(0)
  })

  it('tells the position behind all that was submitted, acknowledged or not', () => {
    const ledger = new SubmittedRecords(failing)
    const submitted = () =>
      Object.fromEntries(ledger.submitted().map(({ partition, offset }) => [partition['p'], offset?.['position']]))
    const first = ledger.submit(record('a', 1))
    ledger.submit(record('b', 1))
    ledger.beginBatch()
    ledger.submit(record('a', 2))
    ledger.dropped(record('c', 5))
    expect(submitted()).toEqual({ a: 2, b: 1, c: 5 })
    first.acknowledged(1, 't', 0)
    const committable = ledger.committable()
    expect(submitted()).toEqual({ a: 2, b: 1, c: 5 })
    ledger.stored(committable)
    expect(submitted()).toEqual({ a: 2, b: 1 })
  })

  it('keeps one delivery for a run, also when source partitions alternate or are equal but not the same', () => {
    const ledger = new SubmittedRecords(failing)
    const a = ledger.submit(record('a', 1))
    const b = ledger.submit(record('b', 1))
    expect(ledger.submit(record('a', 2))).toBe(a)
    expect(ledger.submit(record('b', 2))).toBe(b)
    ledger.beginBatch()
    expect(ledger.submit(record('a', 3))).not.toBe(a)
  })

  it('lets dropped records advance the position, after those before them', () => {
    const ledger = new SubmittedRecords(failing)
    ledger.dropped(record('a', 1))
    expect(positions(ledger)).toEqual({ a: 1 })
    const delivery = ledger.submit(record('a', 2))
    ledger.dropped(record('a', 3))
    expect(positions(ledger)).toEqual({ a: 1 })
    delivery.acknowledged(1, 't', 0)
    expect(positions(ledger)).toEqual({ a: 3 })
  })

  it('never passes a failed record, and passes one that was skipped on purpose', () => {
    const decisions: string[] = []
    const ledger = new SubmittedRecords((count, topic, partition, error) => {
      decisions.push(`${count} ${topic}-${partition} ${error.message}`)
      return error.message === 'skip' ? 'skip' : 'fail'
    })
    const first = ledger.submit(record('a', 1))
    ledger.beginBatch()
    const second = ledger.submit(record('a', 2))
    ledger.beginBatch()
    const third = ledger.submit(record('a', 3))
    first.failed(1, 't', 0, new Error('skip'))
    expect(positions(ledger)).toEqual({ a: 1 })
    second.failed(1, 't', 0, new Error('no'))
    third.acknowledged(1, 't', 0)
    expect(positions(ledger)).toEqual({ a: 1 })
    expect(decisions).toEqual(['1 t-0 skip', '1 t-0 no'])
    expect(ledger.inFlight).toBe(0)
  })

  it('gives offsets again until they are stored, newer ones in their place', () => {
    const ledger = new SubmittedRecords(failing)
    ledger.dropped(record('a', 1))
    ledger.dropped(record('b', 1))
    const snapshot = ledger.committable()
    ledger.dropped(record('a', 2))
    expect(positions(ledger)).toEqual({ a: 2, b: 1 })
    ledger.stored(snapshot)
    expect(positions(ledger)).toEqual({ a: 2 })
    ledger.stored(ledger.committable())
    expect(positions(ledger)).toEqual({})
  })

  it('reads an offset only when it may be stored', () => {
    let reads = 0
    const counted = (position: number): SourceRecord =>
      Object.defineProperty(record('a', 0), 'sourceOffset', { get: () => ({ position, read: ++reads }) })
    const ledger = new SubmittedRecords(failing)
    const records = [1, 2, 3].map(counted)
    for (const each of records) ledger.dropped(each)
    expect(reads).toBe(0)
    expect(positions(ledger)).toEqual({ a: 3 })
    expect(reads).toBe(1)
  })

  it('names the source partition of an offset that is none', () => {
    const ledger = new SubmittedRecords(failing)
    ledger.dropped({ ...record('a', 1), sourceOffset: null as never })
    expect(() => ledger.committable()).toThrow('source partition {"p":"a"} is null')
    expect(() => ledger.submit({ ...record('a', 1), sourcePartition: undefined as never })).toThrow('source partition')
  })

  it('tells of each topic once between two commits', () => {
    const topics: string[] = []
    const ledger = new SubmittedRecords(failing, topic => topics.push(topic))
    const delivery = ledger.submit(record('a', 1))
    ledger.submit(record('a', 2))
    ledger.submit(record('a', 3))
    for (const topic of ['x', 'y', 'x']) delivery.acknowledged(1, topic, 0)
    expect(topics).toEqual(['x', 'y'])
    ledger.committable()
    ledger.submit(record('a', 4)).acknowledged(1, 'x', 0)
    expect(topics).toEqual(['x', 'y', 'x'])
  })
})

/**
 * Against a model that keeps every record by itself. Break it on purpose: let `failed` count as acknowledged, or let
 * `committable` take runs beyond the first incomplete one, and this fails within a few runs.
 */
describe('SubmittedRecords against a model of single records', () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('submit' as const), partition: fc.integer({ min: 0, max: 2 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('drop' as const), partition: fc.integer({ min: 0, max: 2 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('batch' as const) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('ack' as const), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), pick: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('commit' as const), durable: fc.boolean() }) },
  )

  it('never stores an offset with a record before it that is neither acknowledged nor dropped; stores all in the end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), steps => {
        const ledger = new SubmittedRecords(failing)
        const model = [0, 1, 2].map(() => [] as ('flying' | 'done' | 'failed')[])
        const flying: { delivery: Delivery; partition: number; index: number }[] = []
        const next = (partition: number, state: 'flying' | 'done') => {
          const index = model[partition]!.push(state) - 1
          return { index, record: record(String(partition), index + 1) }
        }
        const stored = [0, 0, 0]
        const check = (durable: boolean) => {
          const snapshot = ledger.committable()
          for (const { partition, offset } of snapshot.offsets) {
            const at = Number(partition['p'])
            const position = Number(offset?.['position'])
            expect(model[at]!.slice(0, position).every(state => state === 'done')).toBe(true)
            expect(position).toBeGreaterThan(0)
            expect(position).toBeGreaterThanOrEqual(stored[at]!)
            if (durable) stored[at] = position
          }
          if (durable) ledger.stored(snapshot)
        }
        const settle = (pick: number, state: 'done' | 'failed') => {
          if (flying.length === 0) return
          const [{ delivery, partition, index }] = flying.splice(pick % flying.length, 1) as [(typeof flying)[0]]
          model[partition]![index] = state
          if (state === 'done') delivery.acknowledged(1, 't', 0)
          else delivery.failed(1, 't', 0, new Error('lost'))
        }
        for (const each of steps) {
          if (each.do === 'submit') {
            const { index, record } = next(each.partition, 'flying')
            flying.push({ delivery: ledger.submit(record), partition: each.partition, index })
          } else if (each.do === 'drop') ledger.dropped(next(each.partition, 'done').record)
          else if (each.do === 'batch') ledger.beginBatch()
          else if (each.do === 'commit') check(each.durable)
          else settle(each.pick, each.do === 'ack' ? 'done' : 'failed')
          expect(ledger.inFlight).toBe(flying.length)
        }
        while (flying.length > 0) settle(0, 'done')
        check(true)
        for (const [at, states] of model.entries()) {
          if (states.every(state => state === 'done')) expect(stored[at]).toBe(states.length)
        }
      }),
      { numRuns: 500 },
    )
  })
})
