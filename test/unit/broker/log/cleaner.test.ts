import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cleanable, cleanLog } from '../../../../runtime/broker/log/cleaner.ts'
import type { PartitionLog } from '../../../../runtime/broker/log/partition-log.ts'
import { deleteExpired } from '../../../../runtime/broker/log/retention.ts'
import {
  batchOf,
  openLog,
  type ReadRecord,
  readAll,
  START,
  type TestClock,
  type TestRecord,
  tempFolder,
  testParts,
} from '../log-folder.ts'

const COMPACT = { 'cleanup.policy': 'compact', 'segment.bytes': '1024', 'delete.retention.ms': '1000' }

const clean = (log: PartitionLog, clock: TestClock, maxKeyBytes = 1_000_000): Promise<void> =>
  log.exclusive(() => cleanLog(log, { now: clock.now(), monotonic: clock.monotonic(), maxKeyBytes }))

const append = async (log: PartitionLog, records: readonly TestRecord[], perBatch = 1): Promise<void> => {
  for (let i = 0; i < records.length; i += perBatch) await log.append(batchOf(records.slice(i, i + perBatch)))
}

/** What a reader from the beginning ends up with. */
const tableOf = (records: readonly ReadRecord[]): Record<string, string> => {
  const table: Record<string, string> = {}
  for (const { key, value } of records) {
    if (value === null) delete table[key!]
    else table[key!] = value
  }
  return table
}

describe('compaction', () => {
  test('keeps the last record of each key, with its offset and time, and all of the active segment', async () => {
    const parts = testParts()
    const folder = await tempFolder()
    let log = await openLog(folder, COMPACT, parts)
    const records = Array.from({ length: 200 }, (_, i) => ({ key: `k${i % 7}`, value: `v${i}`, timestamp: START + i }))
    await append(log, records, 3)
    const activeFrom = log.segments.active.baseOffset
    await clean(log, parts.clock)
    const check = async () => {
      const kept = await readAll(log)
      expect(kept.filter(r => r.offset >= activeFrom).length).toBe(200 - activeFrom)
      const below = kept.filter(r => r.offset < activeFrom)
      expect(below.map(r => r.offset)).toEqual(Array.from({ length: 7 }, (_, i) => activeFrom - 7 + i))
      for (const { offset, value, timestamp } of kept) {
        expect([value, timestamp]).toEqual([`v${offset}`, START + offset])
      }
    }
    await check()
    expect(log.cleanedTo).toBe(activeFrom)
    expect(cleanable(log, START).isDue).toBe(false)
    await log.close({ save: true })
    log = await openLog(folder, COMPACT, parts)
    await check()
    expect(log.cleanedTo).toBe(activeFrom)
    await log.close({ save: true })
  })

  test('keeps tombstones until delete.retention.ms after the first compaction that saw them', async () => {
    const parts = testParts()
    const log = await openLog(await tempFolder(), { ...COMPACT, 'delete.retention.ms': '5000' }, parts)
    const filler = (n: number) => Array.from({ length: 40 }, (_, i) => ({ key: `f${n}`, value: `${i}` }))
    await append(log, [{ key: 'a', value: '1' }, { key: 'b', value: '2' }, { key: 'a', value: null }, ...filler(1)], 3)
    const tombstones = async () => (await readAll(log)).filter(r => r.value === null).map(r => [r.key, r.timestamp])
    await clean(log, parts.clock)
    expect(await tombstones()).toEqual([['a', START]])
    expect((await readAll(log)).filter(r => r.key === 'a').length).toBe(1)
    parts.clock.time += 4999
    await append(log, filler(2))
    await clean(log, parts.clock)
    expect(await tombstones()).toEqual([['a', START]])
    parts.clock.time += 1
    await append(log, filler(3))
    await clean(log, parts.clock)
    expect(await tombstones()).toEqual([])
    expect(tableOf(await readAll(log))['b']).toBe('2')
    await log.close({ save: true })
  })

  test.each(['none', 'gzip', 'zstd'] as const)(
    'leaves any reader the same table: compression %s',
    async compression => {
      const operation = fc.record({
        key: fc.integer({ min: 0, max: 5 }).map(k => `key${k}`),
        value: fc.option(fc.string({ maxLength: 60 }), { freq: 4 }),
      })
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(operation, { minLength: 1, maxLength: 8 }), { maxLength: 60 }),
          async runs => {
            const parts = testParts()
            const folder = await tempFolder()
            const log = await openLog(folder, COMPACT, parts)
            const expected: Record<string, string> = {}
            for (const [i, run] of runs.entries()) {
              await log.append(batchOf(run, { compression }))
              for (const { key, value } of run) {
                if (value === null) delete expected[key]
                else expected[key] = value
              }
              if (i % 20 === 19) {
                parts.clock.time += 600
                // Room for few keys: some compactions end in the middle of a segment.
                await clean(log, parts.clock, i % 40 === 19 ? 200 : 1_000_000)
                expect(tableOf(await readAll(log))).toEqual(expected)
              }
            }
            await log.close({ save: true })
            const again = await openLog(folder, COMPACT, parts)
            const records = await readAll(again)
            expect(tableOf(records)).toEqual(expected)
            expect(records.map(r => r.offset)).toEqual([...records.map(r => r.offset)].sort((a, b) => a - b))
            await again.close({ save: true })
          },
        ),
        { numRuns: 25 },
      )
    },
  )

  test('goes on while others read and append', async () => {
    const parts = testParts()
    const log = await openLog(await tempFolder(), COMPACT, parts)
    await append(
      log,
      Array.from({ length: 300 }, (_, i) => ({ key: `k${i % 3}`, value: `${i}` })),
    )
    let done = false
    const reading = (async () => {
      while (!done) expect(Object.keys(tableOf(await readAll(log))).sort()).toEqual(['k0', 'k1', 'k2'])
    })()
    for (let round = 0; round < 10; round++) {
      await Promise.all([
        clean(log, parts.clock),
        append(
          log,
          Array.from({ length: 60 }, (_, i) => ({ key: `k${i % 3}`, value: `${round}/${i}` })),
        ),
      ])
    }
    done = true
    await reading
    await clean(log, parts.clock)
    expect((await readAll(log)).length).toBeLessThan(40)
    await log.close({ save: true })
  })

  test("keeps a producer's last sequence, so that what it sends again is known even without the checkpoint", async () => {
    const parts = testParts()
    const log = await openLog(await tempFolder(), COMPACT, parts)
    await log.append(batchOf([{ key: 'k0', value: 'x' }], { producerId: 9, producerEpoch: 0, baseSequence: 0 }))
    await append(
      log,
      Array.from({ length: 60 }, (_, i) => ({ key: `k${i % 3}`, value: `${i}` })),
    )
    await clean(log, parts.clock)
    const slice = await log.read(0, 100, true)
    expect(slice!.records.readBigInt64BE(43)).toBe(9n)
    expect(slice!.records.readInt32BE(57)).toBe(0)
    slice!.release()
    await log.close({ save: true })
  })

  test('is due by dirty ratio or by age, and leaves young records alone', async () => {
    const parts = testParts()
    const log = await openLog(await tempFolder(), COMPACT, parts)
    const records = (n: number, timestamp = START) =>
      Array.from({ length: n }, (_, i) => ({ key: `k${i}`, value: 'v', timestamp }))
    await append(log, records(100))
    expect(cleanable(log, START).isDue).toBe(true)
    await clean(log, parts.clock)
    await append(log, records(30, START + 10))
    expect(cleanable(log, START).isDue).toBe(false)
    log.config = { ...log.config, maxCompactionLagMs: 500 }
    expect(cleanable(log, START + 400).isDue).toBe(false)
    expect(cleanable(log, START + 900).isDue).toBe(true)
    log.config = { ...log.config, minCompactionLagMs: 5000 }
    expect(cleanable(log, START + 900).dirty).toEqual([])
    await log.close({ save: true })
  })

  test('leaves segments alone that appends are on their way to, and so does retention', async () => {
    const parts = testParts()
    const folder = await tempFolder()
    const log = await openLog(folder, { ...COMPACT, 'cleanup.policy': 'compact,delete', 'retention.ms': '1' }, parts)
    const values = Array.from({ length: 60 }, (_, i) => `${i}`)
    const appends = values.map(value => log.append(batchOf([{ key: value, value }])))
    expect(log.segments.closed.length).toBeGreaterThan(1)
    expect(cleanable(log, START).segments).toEqual([])
    await Promise.all([log.exclusive(() => deleteExpired(log, START + 1000)), ...appends])
    expect((await readAll(log)).map(({ value }) => value)).toEqual(values)
    expect(cleanable(log, START).segments.length).toBe(log.segments.closed.length)
    await log.close({ save: true })
  })
})
