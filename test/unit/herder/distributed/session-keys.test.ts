import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SessionKeys } from '../../../../runtime/herder/distributed/session-keys.ts'
import type { SessionKey } from '../../../../runtime/stores/ports.ts'
import { recordingLog } from '../../../support/fakes/log.ts'

let stored: SessionKey[]
let leads: boolean
let broken: boolean
const configs = {
  get sessionKey() {
    return stored.at(-1)
  },
  putSessionKey: async (key: SessionKey) => {
    if (broken) throw new Error('no broker')
    stored.push(key)
  },
}
const log = recordingLog()
const keysOf = (keyTtlMs: number, keyAlgorithm = 'HmacSHA256') =>
  new SessionKeys(configs, { keyAlgorithm, keyBits: undefined, keyTtlMs }, () => leads, log)

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  stored = []
  leads = true
  broken = false
})
afterEach(() => vi.useRealTimers())

test('the leader makes a key when there is none, and another when its time is over', async () => {
  const keys = keysOf(1000)
  keys.check()
  await vi.advanceTimersByTimeAsync(999)
  expect(stored.map(key => key.createdMs)).toEqual([1_000_000])
  await vi.advanceTimersByTimeAsync(1)
  expect(stored.map(key => key.createdMs)).toEqual([1_000_000, 1_001_000])
  keys.stop()
  await vi.advanceTimersByTimeAsync(5000)
  expect(stored).toHaveLength(2)
})

test('a key of another algorithm gives way at once; without an end it stays', async () => {
  const first = keysOf(0)
  first.check()
  await vi.advanceTimersByTimeAsync(10_000_000)
  expect(stored).toHaveLength(1)
  first.stop()
  const second = keysOf(0, 'HmacSHA512')
  second.check()
  await vi.advanceTimersByTimeAsync(0)
  expect(stored.map(key => key.algorithm)).toEqual(['HmacSHA256', 'HmacSHA512'])
  second.stop()
})

test('who does not lead, or leads no more, makes none', async () => {
  const keys = keysOf(1000)
  leads = false
  keys.check()
  await vi.advanceTimersByTimeAsync(5000)
  expect(stored).toEqual([])
  leads = true
  keys.check()
  await vi.advanceTimersByTimeAsync(0)
  leads = false
  await vi.advanceTimersByTimeAsync(5000)
  expect(stored).toHaveLength(1)
})

test('a key that could not be stored is tried again', async () => {
  broken = true
  const keys = keysOf(1000)
  keys.check()
  await vi.advanceTimersByTimeAsync(59_000)
  broken = false
  await vi.advanceTimersByTimeAsync(1000)
  expect(stored).toHaveLength(1)
  keys.stop()
})

test('assignments while a key is being stored make no second one, and a stop meanwhile leaves no timer', async () => {
  const keys = keysOf(1000)
  keys.check()
  keys.check()
  keys.stop()
  await vi.advanceTimersByTimeAsync(0)
  expect(stored).toHaveLength(1)
  expect(vi.getTimerCount()).toBe(0)
})
