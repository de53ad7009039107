import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { PartitionLog } from '../../../../runtime/broker/log/partition-log.ts'
import { deleteExpired } from '../../../../runtime/broker/log/retention.ts'
import { batchOf, numbers, openLog, readAll, START, tempFolder, testParts, valuesOf } from '../log-folder.ts'

const appendEach = async (log: PartitionLog, values: readonly string[], timestamp = START): Promise<void> => {
  await Promise.all(values.map(value => log.append(batchOf([{ value, timestamp }]))))
}

describe('a partition log', () => {
  test('numbers records in the order of the calls, and reads them from any offset in fetches of any size', async () => {
    const log = await openLog(await tempFolder(), { 'segment.bytes': '2000' })
    const answers = await Promise.all([
      log.append(batchOf([{ value: '0' }, { value: '1' }, { value: '2' }])),
      log.append(batchOf([{ value: '3' }])),
      log.append(batchOf([{ value: '4' }, { value: '5' }])),
    ])
    expect(answers.map(a => a.baseOffset)).toEqual([0, 3, 4])
    await appendEach(log, numbers(6, 200))
    expect(log.endOffset).toBe(200)
    expect(log.segments.all.length).toBeGreaterThan(5)
    for (const from of [0, 1, 3, 5, 57, 198, 199, 200]) {
      for (const maxBytes of [1, 100, 700, 1_000_000]) {
        expect(valuesOf(await readAll(log, from, maxBytes))).toEqual(numbers(from, 200))
      }
    }
    await log.close({ save: true })
  })

  test('gives no more than asked for, but one whole batch where at least one is wanted', async () => {
    const log = await openLog(await tempFolder())
    const batch = batchOf([{ value: 'x'.repeat(100) }])
    for (let i = 0; i < 10; i++) await log.append(Buffer.from(batch))
    const length = async (maxBytes: number, atLeastOne: boolean) =>
      (await log.read(0, maxBytes, atLeastOne))?.records.length ?? null
    expect(await length(batch.length * 3 + 10, true)).toBe(batch.length * 3)
    expect(await length(batch.length - 1, true)).toBe(batch.length)
    expect(await length(batch.length - 1, false)).toBe(null)
    await log.close({ save: true })
  })

  test('reads a batch larger than every buffer', async () => {
    const log = await openLog(await tempFolder(), { 'max.message.bytes': '10000000' })
    const value = 'y'.repeat(5_000_000)
    await appendEach(log, ['a', value, 'b'])
    expect(valuesOf(await readAll(log, 0, 100))).toEqual(['a', value, 'b'])
    await log.close({ save: true })
  })

  test('refuses offsets outside, and tells where it is', async () => {
    const log = await openLog(await tempFolder())
    await appendEach(log, ['a'])
    expect(() => log.read(2, 100, true)).toThrow(/OFFSET_OUT_OF_RANGE.*2 is not from 0 to 1/)
    expect(() => log.read(-1, 100, true)).toThrow(/OFFSET_OUT_OF_RANGE/)
    await log.close({ save: true })
  })

  test('answers a batch that comes again with the offset of the first time, even over a restart', async () => {
    const folder = await tempFolder()
    let log = await openLog(folder)
    const batch = (sequence: number) =>
      batchOf([{ value: `${sequence}` }, { value: 'b' }], { producerId: 7, producerEpoch: 0, baseSequence: sequence })
    const both = await Promise.all([log.append(batch(0)), log.append(batch(0))])
    expect(both.map(a => a.baseOffset)).toEqual([0, 0])
    expect((await log.append(batch(2))).baseOffset).toBe(2)
    expect(() => log.append(batch(6))).toThrow(/OUT_OF_ORDER_SEQUENCE_NUMBER.*4 is due/)
    await log.close({ save: true })
    log = await openLog(folder)
    expect((await log.append(batch(2))).baseOffset).toBe(2)
    expect((await log.append(batch(4))).baseOffset).toBe(4)
    expect(log.endOffset).toBe(6)
    await log.close({ save: true })
  })

  test('finds records by time, and the newest, over segments', async () => {
    const log = await openLog(await tempFolder(), { 'segment.bytes': '1000', 'index.interval.bytes': '200' })
    const times = Array.from({ length: 100 }, (_, i) => START + i * 10 + (i % 3 === 0 ? 35 : 0))
    for (const timestamp of times) await log.append(batchOf([{ value: 'v', timestamp }]))
    for (const wanted of [START, START + 1, START + 500, START + 990, START + 1025, START + 1026]) {
      const offset = times.findIndex(time => time >= wanted)
      const found = await log.findTimestamp(wanted)
      expect(found).toEqual(offset < 0 ? null : { offset, timestamp: times[offset] })
    }
    const max = Math.max(...times)
    expect(await log.findMaxTimestamp()).toEqual({ offset: times.indexOf(max), timestamp: max })
    await log.close({ save: true })
  })

  test('stamps records itself where the topic says so', async () => {
    const parts = testParts()
    const log = await openLog(await tempFolder(), { 'message.timestamp.type': 'LogAppendTime' }, parts)
    parts.clock.time += 5000
    const { logAppendTime } = await log.append(batchOf([{ value: 'a', timestamp: 1 }]))
    expect(logAppendTime).toBe(START + 5000)
    expect((await readAll(log))[0]!.timestamp).toBe(START + 5000)
    await log.close({ save: true })
  })

  test('deletes records below an offset for good, and gives their segments back', async () => {
    const folder = await tempFolder()
    let log = await openLog(folder, { 'segment.bytes': '1024' })
    await appendEach(log, numbers(0, 100))
    const segments = log.segments.all.length
    expect(await log.deleteRecords(42)).toBe(42)
    await expect(log.deleteRecords(101)).rejects.toThrow(/OFFSET_OUT_OF_RANGE/)
    await log.exclusive(() => deleteExpired(log, START))
    expect(log.segments.all.length).toBeLessThan(segments)
    expect(valuesOf(await readAll(log))).toEqual(numbers(42, 100))
    await log.close({ save: true })
    log = await openLog(folder, { 'segment.bytes': '1024' })
    expect(log.startOffset).toBe(42)
    expect(valuesOf(await readAll(log))).toEqual(numbers(42, 100))
    expect(await log.deleteRecords(-1)).toBe(100)
    expect(await readAll(log)).toEqual([])
    await log.close({ save: true })
  })

  test('lets old segments go by age and by size; offsets go on where they were, also when nothing is left', async () => {
    const folder = await tempFolder()
    const parts = testParts()
    const configs = { 'segment.bytes': '1024', 'retention.ms': '60000' }
    let log = await openLog(folder, configs, parts)
    await appendEach(log, numbers(0, 50))
    parts.clock.time += 50_000
    await appendEach(log, numbers(50, 100), parts.clock.time)
    parts.clock.time += 30_000
    await log.exclusive(() => deleteExpired(log, parts.clock.time))
    expect(log.startOffset).toBeGreaterThan(30)
    expect(log.startOffset).toBeLessThanOrEqual(50)
    expect(valuesOf(await readAll(log))).toEqual(numbers(log.startOffset, 100))
    parts.clock.time += 1_000_000
    await log.exclusive(() => deleteExpired(log, parts.clock.time))
    expect([log.startOffset, log.endOffset]).toEqual([100, 100])
    await log.close({ save: true })
    log = await openLog(folder, { 'segment.bytes': '1024', 'retention.bytes': '3000' }, parts)
    expect([log.startOffset, log.endOffset]).toEqual([100, 100])
    await appendEach(log, numbers(100, 200), parts.clock.time)
    await log.exclusive(() => deleteExpired(log, parts.clock.time))
    expect(log.sizeInBytes).toBeGreaterThanOrEqual(3000)
    expect(log.sizeInBytes).toBeLessThan(3000 + 1024)
    expect(valuesOf(await readAll(log))).toEqual(numbers(log.startOffset, 200))
    await log.close({ save: true })
    expect((await readdir(folder)).filter(name => name.endsWith('.log')).length).toBe(log.segments.all.length)
  })

  test('tells watchers what can be read', async () => {
    const log = await openLog(await tempFolder())
    const seen: (number | string)[] = []
    log.watchers.add({ appended: () => seen.push(log.endOffset), closed: () => seen.push('closed') })
    await appendEach(log, ['a', 'b'])
    await log.close({ save: true })
    expect(seen).toEqual([1, 2, 'closed'])
  })

  test('fails what a full disk did not take, loses nothing else, and goes on', async () => {
    const folder = await tempFolder()
    const parts = testParts()
    const log = await openLog(folder, {}, parts)
    const batch = (sequence: number) =>
      batchOf([{ value: String(sequence) }], { producerId: 1, producerEpoch: 0, baseSequence: sequence })
    await log.append(batch(0))
    const { active } = log.segments
    const withFile = active.withFile.bind(active)
    active.withFile = () => Promise.reject(new Error('ENOSPC: no space left on device'))
    const results = await Promise.allSettled([log.append(batch(1)), log.append(batch(2))])
    expect(results.map(r => r.status)).toEqual(['rejected', 'rejected'])
    expect(String((results[0] as PromiseRejectedResult).reason)).toMatch(/KAFKA_STORAGE_ERROR.*no space left/)
    expect(() => log.append(batch(1))).toThrow(/KAFKA_STORAGE_ERROR/)
    active.withFile = withFile
    await log.exclusive(async () => {})
    expect((await log.append(batch(1))).baseOffset).toBe(1)
    expect((await log.append(batch(2))).baseOffset).toBe(2)
    expect((await log.append(batch(0))).baseOffset).toBe(0)
    expect(valuesOf(await readAll(log))).toEqual(['0', '1', '2'])
    expect(parts.warnings[0]).toMatch(/Cannot write to a log/)
    await log.close({ save: true })
  })
})
