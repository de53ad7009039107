import { expect, test } from 'vitest'
import { connectorOffsetStores, ownOffsetsTopic } from '../../../runtime/stores/connector-offset-stores.ts'
import { memoryOffsetStore } from '../../../runtime/stores/memory-offset-store.ts'
import type { OffsetStore } from '../../../runtime/stores/ports.ts'
import { recordingLog } from '../../support/fakes/log.ts'
import { until } from '../../support/fakes/wait.ts'

const setup = (over: Partial<OffsetStore> = {}) => {
  const shared: OffsetStore = { ...memoryOffsetStore(), ...over }
  const own = memoryOffsetStore()
  const opened: string[] = []
  const log = recordingLog()
  const stores = connectorOffsetStores({
    shared,
    topicOf: connector => (connector === 'own' ? 'own-offsets' : undefined),
    open: topic => {
      opened.push(topic)
      return own
    },
    log,
  })
  return { stores, shared, own, opened, log }
}
const at = (file: string, position: number | null) => ({
  partition: { file },
  offset: position === null ? null : { position },
})

test('only connectors with a topic of their own have one, which is opened once', async () => {
  const { stores, shared, own, opened } = setup()
  await stores.put('other', [at('a', 1)])
  expect([opened, await shared.all('other')]).toEqual([[], [at('a', 1)]])
  await Promise.all([stores.put('own', [at('a', 2)]), stores.get('own', [])])
  expect([opened, await own.all('own')]).toEqual([['own-offsets'], [at('a', 2)]])
})

test('what is not in the own topic yet is read from the shared one; the own one counts', async () => {
  const { stores, shared, own } = setup()
  await shared.put('own', [at('a', 1), at('b', 1)])
  await own.put('own', [at('b', 5)])
  expect(await stores.get('own', [{ file: 'a' }, { file: 'b' }, { file: 'c' }])).toEqual([
    { position: 1 },
    { position: 5 },
    undefined,
  ])
  expect(await stores.all('own')).toEqual([at('a', 1), at('b', 5)])
})

test('a copy goes to the shared topic; where that fails, the own one is enough', async () => {
  const { stores, shared } = setup()
  await stores.put('own', [at('a', 3)])
  await until(async () => (await shared.all('own')).length === 1)
  const broken = setup({ put: () => Promise.reject(new Error('no leader')) })
  await broken.stores.put('own', [at('a', 3)])
  await until(() => broken.log.lines.some(line => JSON.stringify(line).includes('could not be copied')))
  expect(await broken.own.all('own')).toEqual([at('a', 3)])
  // What is to be forgotten must be forgotten in both.
  await expect(broken.stores.put('own', [at('a', null)])).rejects.toThrow('no leader')
  expect(await broken.own.all('own')).toEqual([at('a', 3)])
})

test("the worker's own topic is nobody's own", () => {
  expect(ownOffsetsTopic({ 'offsets.storage.topic': ' mine ' }, 'offsets')).toBe('mine')
  for (const topic of ['offsets', '', null]) {
    expect(ownOffsetsTopic({ 'offsets.storage.topic': topic }, 'offsets')).toBe(undefined)
  }
  expect(ownOffsetsTopic({}, 'offsets')).toBe(undefined)
})
