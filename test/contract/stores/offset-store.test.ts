import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Log } from '../../../runtime/api/context.ts'
import { connectorOffsetStores } from '../../../runtime/stores/connector-offset-stores.ts'
import { fileOffsetStore } from '../../../runtime/stores/file-offset-store.ts'
import { kafkaOffsetStore } from '../../../runtime/stores/kafka-offset-store.ts'
import { memoryOffsetStore } from '../../../runtime/stores/memory-offset-store.ts'
import type { OffsetStore } from '../../../runtime/stores/ports.ts'
import { type StoreBroker, storeBroker } from '../../support/kafka-stores.ts'

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

let broker: StoreBroker
beforeAll(async () => {
  broker = await storeBroker()
})
afterAll(() => broker.close())

const implementations: readonly {
  name: string
  lasting: boolean
  make: (folder: string) => OffsetStore
}[] = [
  { name: 'memory', lasting: false, make: () => memoryOffsetStore() },
  { name: 'file', lasting: true, make: folder => fileOffsetStore(join(folder, 'deep', 'offsets'), silent) },
  { name: 'kafka', lasting: true, make: folder => kafkaOffsetStore(broker.parts('offset', basename(folder))) },
  {
    name: 'kafka, a topic of its own',
    lasting: true,
    make: folder =>
      connectorOffsetStores({
        shared: kafkaOffsetStore(broker.parts('offset', basename(folder))),
        topicOf: () => `own-${basename(folder)}`,
        open: topic => kafkaOffsetStore(broker.parts('offset', topic)),
        log: silent,
      }),
  },
]

describe.each(implementations)('an offset store ($name)', ({ make, lasting }) => {
  let folder: string
  let store: OffsetStore

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-offsets-'))
    store = make(folder)
    await store.start()
  })
  afterEach(async () => {
    await store.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('gives what was put, in the order of the question', async () => {
    await store.put('c', [
      { partition: { file: 'a' }, offset: { position: 1 } },
      { partition: { file: 'b' }, offset: { position: 2 } },
    ])
    expect(await store.get('c', [{ file: 'b' }, { file: 'none' }, { file: 'a' }])).toEqual([
      { position: 2 },
      undefined,
      { position: 1 },
    ])
  })

  test('keeps connectors apart, also when one name begins like the other', async () => {
    await store.put('c', [{ partition: { p: 1 }, offset: { at: 1 } }])
    await store.put('c2', [{ partition: { p: 1 }, offset: { at: 2 } }])
    await store.put('c",{', [{ partition: { p: 1 }, offset: { at: 3 } }])
    expect(await store.all('c')).toEqual([{ partition: { p: 1 }, offset: { at: 1 } }])
    expect(await store.all('c",{')).toEqual([{ partition: { p: 1 }, offset: { at: 3 } }])
    expect(await store.all('nobody')).toEqual([])
  })

  test('null forgets, and what was never there may be forgotten', async () => {
    await store.put('c', [{ partition: { p: 1 }, offset: { at: 1 } }])
    await store.put('c', [
      { partition: { p: 1 }, offset: null },
      { partition: { p: 2 }, offset: null },
    ])
    expect(await store.all('c')).toEqual([])
    expect(await store.get('c', [{ p: 1 }])).toEqual([undefined])
  })

  test('keeps values as they are: 64 bit integers, booleans, null, fractions, any text', async () => {
    const partition = { 'a"b': 'ü€😀\u0001', n: null }
    const offset = { lsn: 9007199254740993n, small: -3, yes: true, none: null, half: 0.5, text: '\\u0001 " 😀' }
    await store.put('ünï"\\ 😀', [{ partition, offset }])
    expect(await store.get('ünï"\\ 😀', [partition])).toEqual([offset])
    expect(await store.all('ünï"\\ 😀')).toEqual([{ partition, offset }])
  })

  test('a partition is its members in their order, as Kafka Connect has it', async () => {
    await store.put('c', [{ partition: { a: 1, b: 2 }, offset: { at: 1 } }])
    expect(await store.get('c', [{ b: 2, a: 1 }])).toEqual([undefined])
  })

  test('refuses an offset that is no plain value, and names the member', async () => {
    const nested = { at: { deeper: 1 } } as never
    await expect((async () => store.put('c', [{ partition: { p: 1 }, offset: nested }]))()).rejects.toThrow('at')
    expect(await store.all('c')).toEqual([])
  })

  test('many puts at once all arrive', async () => {
    await Promise.all(
      Array.from({ length: 200 }, (_, at) => store.put('c', [{ partition: { p: at % 20 }, offset: { at } }])),
    )
    const all = await store.all('c')
    expect(all.map(({ offset }) => offset['at']).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 20 }, (_, at) => 180 + at),
    )
  })

  if (lasting)
    test('a new store of the same place goes on', async () => {
      await store.put('c', [{ partition: { p: 1 }, offset: { at: 9007199254740993n } }])
      await store.put('c', [{ partition: { p: 2 }, offset: { at: 5 } }])
      await store.put('c', [{ partition: { p: 2 }, offset: null }])
      await store.stop()
      store = make(folder)
      await store.start()
      expect(await store.all('c')).toEqual([{ partition: { p: 1 }, offset: { at: 9007199254740993n } }])
    })
})
