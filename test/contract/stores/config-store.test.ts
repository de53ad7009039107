import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fileConfigStore } from '../../../runtime/stores/file-config-store.ts'
import { kafkaConfigStore } from '../../../runtime/stores/kafka-config-store.ts'
import { memoryConfigStore } from '../../../runtime/stores/memory-config-store.ts'
import type { ConfigStore } from '../../../runtime/stores/ports.ts'
import { type StoreBroker, storeBroker } from '../../support/kafka-stores.ts'

let broker: StoreBroker
beforeAll(async () => {
  broker = await storeBroker()
})
afterAll(() => broker.close())

const implementations: readonly { name: string; lasting: boolean; make: (folder: string) => ConfigStore }[] = [
  { name: 'memory', lasting: false, make: () => memoryConfigStore() },
  { name: 'file', lasting: true, make: folder => fileConfigStore(join(folder, 'configs')) },
  { name: 'kafka', lasting: true, make: folder => kafkaConfigStore(broker.parts('config', basename(folder))) },
]

describe.each(implementations)('a config store ($name)', ({ make, lasting }) => {
  let folder: string
  let store: ConfigStore

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-configs-'))
    store = make(folder)
    await store.start()
  })
  afterEach(async () => {
    await store.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('a new connector is STARTED, without tasks, unless told otherwise', async () => {
    await store.putConnector('a', { name: 'a', topic: null })
    await store.putConnector('b', { name: 'b' }, 'STOPPED')
    expect(store.get('a')).toEqual({ props: { name: 'a', topic: null }, targetState: 'STARTED', tasks: [] })
    expect(store.get('b')?.targetState).toBe('STOPPED')
    expect(store.get('c')).toBeUndefined()
  })

  test('a changed connector keeps its target state and its tasks', async () => {
    await store.putConnector('a', { v: '1' })
    await store.putTasks('a', [{ task: '0' }, { task: '1' }])
    await store.putTargetState('a', 'PAUSED')
    await store.putConnector('a', { v: '2' })
    expect(store.get('a')).toEqual({
      props: { v: '2' },
      targetState: 'PAUSED',
      tasks: [{ task: '0' }, { task: '1' }],
    })
  })

  test('lists names in order of creation; one that is created again comes last', async () => {
    for (const name of ['b', 'a', 'c']) await store.putConnector(name, {})
    await store.putConnector('a', { changed: 'yes' })
    expect(store.connectors()).toEqual(['b', 'a', 'c'])
    await store.removeConnector('b')
    await store.putConnector('b', {})
    expect(store.connectors()).toEqual(['a', 'c', 'b'])
  })

  test('removing takes tasks and target state along', async () => {
    await store.putConnector('a', {}, 'STOPPED')
    await store.putTasks('a', [{ task: '0' }])
    await store.removeConnector('a')
    await store.removeConnector('never')
    expect(store.get('a')).toBeUndefined()
    await store.putConnector('a', {})
    expect(store.get('a')).toEqual({ props: {}, targetState: 'STARTED', tasks: [] })
  })

  test('tasks and target state of a connector that is not there change nothing', async () => {
    await store.putTasks('none', [{}])
    await store.putTargetState('none', 'PAUSED')
    expect(store.connectors()).toEqual([])
  })

  if (lasting)
    test('a new store of the same place knows it all, order included', async () => {
      for (const name of ['b', 'a', 'ü"\n']) await store.putConnector(name, { name, 'null.one': null }, 'PAUSED')
      await store.putTasks('a', [{ task: '0' }])
      await store.removeConnector('b')
      await store.stop()
      store = make(folder)
      await store.start()
      expect(store.connectors()).toEqual(['a', 'ü"\n'])
      expect(store.get('a')).toEqual({
        props: { name: 'a', 'null.one': null },
        targetState: 'PAUSED',
        tasks: [{ task: '0' }],
      })
    })
})
