import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { kafkaStatusStore } from '../../../runtime/stores/kafka-status-store.ts'
import { memoryStatusStore } from '../../../runtime/stores/memory-status-store.ts'
import type { Status, StatusStore } from '../../../runtime/stores/ports.ts'
import { type StoreBroker, storeBroker } from '../../support/kafka-stores.ts'

const status = (state: Status['state'], trace?: string): Status => ({
  state,
  workerId: 'w:8083',
  generation: 1,
  ...(trace !== undefined && { trace }),
})

let broker: StoreBroker
let topics = 0
beforeAll(async () => {
  broker = await storeBroker()
})
afterAll(() => broker.close())

const implementations: readonly { name: string; make: () => StatusStore }[] = [
  { name: 'memory', make: memoryStatusStore },
  { name: 'kafka', make: () => kafkaStatusStore(broker.parts('status', `statuses-${topics++}`)) },
]

describe.each(implementations)('a status store ($name)', ({ make }) => {
  let store: StatusStore

  beforeEach(async () => {
    store = make()
    await store.start()
  })
  afterEach(() => store.stop())

  test('keeps the last status of connectors and tasks', () => {
    store.putConnector('c', status('RUNNING'))
    store.putConnector('c', status('FAILED', 'why'))
    store.putTask('c', 0, status('RUNNING'))
    expect(store.connector('c')).toEqual(status('FAILED', 'why'))
    expect(store.task('c', 0)).toEqual(status('RUNNING'))
    expect(store.task('c', 1)).toBeUndefined()
    expect(store.connector('d')).toBeUndefined()
  })

  test('lists tasks ascending, as numbers', () => {
    for (const task of [10, 2, 0]) store.putTask('c', task, status('RUNNING'))
    expect(store.tasks('c').map(({ task }) => task)).toEqual([0, 2, 10])
    store.removeTask('c', 2)
    expect(store.tasks('c').map(({ task }) => task)).toEqual([0, 10])
    expect(store.tasks('d')).toEqual([])
  })

  test('removing a connector forgets its status, not that of others', () => {
    store.putConnector('c', status('RUNNING'))
    store.putConnector('d', status('RUNNING'))
    store.removeConnector('c')
    expect(store.connector('c')).toBeUndefined()
    expect(store.connector('d')).toBeDefined()
  })

  test('topics are there once each, until reset', () => {
    store.addTopic('c', 0, 't')
    store.addTopic('c', 1, 't')
    store.addTopic('c', 0, 'u')
    store.addTopic('d', 0, 'v')
    expect([...store.topics('c')].sort()).toEqual(['t', 'u'])
    store.resetTopics('c')
    expect(store.topics('c')).toEqual([])
    expect(store.topics('d')).toEqual(['v'])
  })
})
