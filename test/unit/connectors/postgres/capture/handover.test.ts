import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Handover } from '../../../../../connectors/postgres/capture/handover.ts'
import { type PlannedTable, SnapshotPlan } from '../../../../../connectors/postgres/capture/snapshot-plan.ts'
import { readProgress } from '../../../../../connectors/postgres/capture/snapshot-progress.ts'
import { merged, type Read } from '../../../../../connectors/postgres/capture/stretch-reader.ts'
import { blockStart, type TableChunk } from '../../../../../connectors/postgres/capture/table-chunks.ts'
import { Moment } from '../../../../../connectors/postgres/records/moment.ts'
import { SnapshotRecord, type SnapshotTable } from '../../../../../connectors/postgres/records/snapshot-record.ts'
import type { OffsetMap } from '../../../../../runtime/api/record.ts'

/** `rows` of each chunk, which is ten blocks; no file: rows have no places. */
interface Model {
  readonly name: string
  readonly hasFile: boolean
  readonly rows: readonly number[]
}

const chunkOf = ({ rows }: Model, index: number): TableChunk => ({
  from: index * 10,
  to: index === rows.length - 1 ? undefined : (index + 1) * 10,
})
/** Three rows to a block. */
const placeOf = (chunk: number, row: number): readonly [number, number] => [
  chunk * 10 + Math.floor(row / 3),
  (row % 3) + 1,
]
const idOf = (name: string, [block, item]: readonly [number, number]): string => `${name}(${block},${item})`

const planned = (model: Model): PlannedTable => ({
  name: model.name,
  file: model.hasFile ? `file of ${model.name}` : undefined,
  chunks: model.rows.map((_, index) => chunkOf(model, index)),
  statement: () => '',
  from: () => fromOf(model.name),
})
const fromOf = (topic: string): SnapshotTable => ({ offset: {}, table: { topic } }) as unknown as SnapshotTable

const allRows = (models: readonly Model[]): string[] =>
  models.flatMap(({ name, rows }) =>
    rows.flatMap((count, chunk) => Array.from({ length: count }, (_, row) => idOf(name, placeOf(chunk, row)))),
  )

const numbers = (place: string): readonly [number, number] => JSON.parse(`[${place.slice(1, -1)}]`)
const isBefore = (a: readonly [number, number], b: readonly [number, number]): boolean =>
  a[0] < b[0] || (a[0] === b[0] && a[1] < b[1])

/** The rows that whoever goes on from the position would read; `whole`: of tables without places, too. */
const leftBy = (offset: OffsetMap, models: readonly Model[]): ReadonlySet<string> => {
  if (offset['snapshot_completed'] === true) return new Set()
  const progress = readProgress(offset)
  if (progress === undefined) return new Set(allRows(models))
  return new Set(
    models
      .filter(({ name }) => progress.left.includes(name))
      .flatMap(model => {
        const begun = progress.begun.find(({ table }) => table === model.name)
        return allRows([model]).filter(id => {
          if (begun === undefined) return true
          const at = numbers(id.slice(model.name.length))
          return begun.ranges.some(
            ([from, to]) => !isBefore(at, numbers(from)) && (to === undefined || isBefore(at, numbers(to))),
          )
        })
      }),
  )
}

/** Readers that take turns as `turns` has it, and what comes of what they read. */
const play = (models: readonly Model[], turns: readonly number[], readerCount: number, batch: number) => {
  const plan = new SnapshotPlan(models.map(planned))
  const handover = new Handover(plan, { lsn: 1, txId: 2, tsMicros: 3 }, undefined)
  const batches: (readonly SnapshotRecord[])[] = []
  const reading = function* (): Generator<Read> {
    for (let stretch = plan.take(); stretch !== undefined; stretch = plan.take()) {
      const model = models[stretch.table.index]!
      const chunk = stretch.chunk.from / 10
      const count = model.rows[chunk]!
      yield { stretch, what: 'begin', records: [], place: '' }
      for (let row = 0; row < count; row += batch) {
        const places = Array.from({ length: Math.min(batch, count - row) }, (_, index) => placeOf(chunk, row + index))
        const [block, item] = places.at(-1)!
        yield {
          stretch,
          what: 'rows',
          records: places.map(
            place => new SnapshotRecord(fromOf(idOf(model.name, place)), Buffer.alloc(1), 0, 1, new Moment(1)),
          ),
          place: model.hasFile ? `(${block},${item})` : '',
        }
      }
      yield { stretch, what: 'end', records: [], place: '' }
    }
  }
  const readers = Array.from({ length: readerCount }, reading)
  for (let turn = 0; readers.length > 0; turn++) {
    const index = (turns[turn % turns.length] ?? 0) % readers.length
    const said = readers[index]!.next()
    if (said.done === true) readers.splice(index, 1)
    else if (said.value.what === 'rows') batches.push(handover.rows(said.value))
    else if (said.value.what === 'end') batches.push(handover.ended(said.value.stretch))
  }
  const last = handover.last()
  if (last !== undefined) batches.push([last])
  return batches.filter(records => records.length > 0)
}

const someModels = fc
  .array(fc.record({ hasFile: fc.boolean(), rows: fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }) }), {
    minLength: 1,
    maxLength: 4,
  })
  .map(list =>
    list.map(
      ({ hasFile, rows }, index): Model => ({ name: `t${index}`, hasFile, rows: hasFile ? rows : rows.slice(0, 1) }),
    ),
  )

test('whoever goes on from a position reads what was not handed over, however the readers take turns', () => {
  fc.assert(
    fc.property(
      someModels,
      fc.array(fc.nat(7), { minLength: 1 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      (models, turns, readers, batch) => {
        const all = allRows(models)
        const batches = play(models, turns, readers, batch)
        expect(
          batches
            .flat()
            .map(({ topic }) => topic)
            .toSorted(),
        ).toEqual(all.toSorted())
        const handed = new Set<string>()
        for (const records of batches) {
          for (const { topic, sourceOffset } of records) {
            handed.add(topic)
            const left = leftBy(sourceOffset, models)
            // Nothing is lost.
            expect(all.filter(id => !left.has(id) && !handed.has(id))).toEqual([])
          }
          // At the end of a batch nothing is read twice, where rows have places.
          const left = leftBy(records.at(-1)!.sourceOffset, models)
          const places = models.filter(({ hasFile }) => hasFile)
          expect(allRows(places).filter(id => left.has(id) && handed.has(id))).toEqual([])
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('the first and the last row of each table and of all say so', () => {
  fc.assert(
    fc.property(
      someModels,
      fc.array(fc.nat(7), { minLength: 1 }),
      fc.integer({ min: 1, max: 4 }),
      (models, turns, readers) => {
        const records = play(models, turns, readers, 2).flat()
        const tableOf = (record: SnapshotRecord) => record.topic.slice(0, 2)
        const expected = records.map((record, index) => {
          const isFirst = records.findIndex(other => tableOf(other) === tableOf(record)) === index
          const isLast = records.findLastIndex(other => tableOf(other) === tableOf(record)) === index
          if (index === records.length - 1) return 'last'
          if (index === 0) return 'first'
          return isLast ? 'last_in_data_collection' : isFirst ? 'first_in_data_collection' : 'true'
        })
        expect(records.map(({ marker }) => marker)).toEqual(expected)
      },
    ),
    { numRuns: 300 },
  )
})

test('a table of thousands of chunks has a short position', () => {
  const plan = new SnapshotPlan([planned({ name: 'big', hasFile: true, rows: Array(5000).fill(1) })])
  const taken = Array.from({ length: 1000 }, () => plan.take()!)
  for (const stretch of taken.filter((_, index) => index !== 7)) {
    stretch.isRead = true
    plan.done(stretch)
  }
  expect(readProgress(plan.members())).toEqual({
    left: ['big'],
    begun: [
      {
        table: 'big',
        file: 'file of big',
        ranges: [
          [blockStart(70), blockStart(80)],
          [blockStart(10_000), undefined],
        ],
      },
    ],
  })
})

test('one reader that fails ends it, whatever the others do', async () => {
  const reader = (next: () => Promise<IteratorResult<Read>>) => ({ next }) as AsyncGenerator<Read>
  const stuck = () => reader(() => new Promise(() => {}))
  const broken = (which: string) => reader(() => Promise.reject(new Error(`the ${which} one broke`)))
  await expect(merged([stuck(), broken('second'), broken('third')]).next()).rejects.toThrow('the second one broke')
})
