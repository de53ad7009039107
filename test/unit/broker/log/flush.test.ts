import { beforeEach, expect, test, vi } from 'vitest'
import { batchOf, openLog, tempFolder, testParts } from '../log-folder.ts'

const synced = vi.hoisted(() => ({ count: 0 }))

vi.mock('../../../../runtime/broker/log/file-io.ts', async original => {
  const real = await original<typeof import('../../../../runtime/broker/log/file-io.ts')>()
  return {
    ...real,
    syncData: async (fd: number) => {
      await real.syncData(fd)
      synced.count++
    },
  }
})

beforeEach(() => {
  synced.count = 0
})

test('by default an acknowledgement does not wait for the disk', async () => {
  const log = await openLog(await tempFolder())
  await log.append(batchOf([{ value: 'a' }]))
  expect(synced.count).toBe(0)
  await log.close({ save: true })
  expect(synced.count).toBeGreaterThan(0)
})

test('flush.messages=1: every acknowledgement does, several at once share one', async () => {
  const log = await openLog(await tempFolder(), { 'flush.messages': '1' })
  for (let i = 1; i <= 3; i++) {
    await log.append(batchOf([{ value: 'a' }]))
    expect(synced.count).toBe(i)
  }
  await Promise.all(Array.from({ length: 10 }, () => log.append(batchOf([{ value: 'a' }]))))
  expect(synced.count).toBeLessThan(13)
  await log.close({ save: true })
})

test('flush.messages counts records, flush.ms their waiting', async () => {
  const parts = testParts()
  const log = await openLog(await tempFolder(), { 'flush.messages': '5', 'flush.ms': '1000' }, parts)
  const three = () => batchOf([{ value: 'a' }, { value: 'b' }, { value: 'c' }])
  await log.append(three())
  expect(synced.count).toBe(0)
  await log.append(three())
  expect(synced.count).toBe(1)
  await log.append(three())
  parts.clock.time += 999
  await log.flushIfDue()
  expect(synced.count).toBe(1)
  parts.clock.time += 1
  await log.flushIfDue()
  expect(synced.count).toBe(2)
  await log.flushIfDue()
  expect(synced.count).toBe(2)
  await log.close({ save: true })
})

test('brings segments to the disk that the log has left meanwhile', async () => {
  const parts = testParts()
  const small = { 'segment.bytes': '1024', 'flush.ms': '1000' }
  const log = await openLog(await tempFolder(), { ...small, 'flush.messages': '8' }, parts)
  const append = () => log.append(batchOf([{ value: 'x'.repeat(600) }]))
  for (let i = 0; i < 8; i++) await append()
  expect(synced.count).toBe(log.segments.all.length)
  for (let i = 0; i < 5; i++) await append()
  parts.clock.time += 1000
  await log.flushIfDue()
  expect(synced.count).toBe(log.segments.all.length)
  await log.close({ save: true })
})
