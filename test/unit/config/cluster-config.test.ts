import { expect, test } from 'vitest'
import { clusterConfig, topicSettings } from '../../../runtime/config/cluster-config.ts'

const least = {
  'group.id': 'g',
  'config.storage.topic': 'c',
  'offset.storage.topic': 'o',
  'status.storage.topic': 's',
}

test('without group.id a worker is on its own', () => {
  expect(clusterConfig({ 'config.storage.topic': 'c' })).toBeUndefined()
})

test("the defaults are Kafka Connect's", () => {
  expect(clusterConfig(least)).toMatchObject({
    groupId: 'g',
    connectProtocol: 'sessioned',
    sessionTimeoutMs: 10_000,
    heartbeatIntervalMs: 3000,
    rebalanceTimeoutMs: 60_000,
    scheduledRebalanceMaxDelayMs: 300_000,
    offsetStoragePartitions: 25,
    statusStoragePartitions: 5,
    configStorageReplicationFactor: 3,
    interWorkerKeyTtlMs: 3_600_000,
  })
})

test.each([
  [{ 'config.storage.topic': undefined }, 'config.storage.topic'],
  [{ 'status.storage.topic': undefined }, 'status.storage.topic'],
  [{ 'connect.protocol': 'lazy' }, 'connect.protocol'],
  [{ 'exactly.once.source.support': 'ENABLED' }, 'exactly.once.source.support'],
  [{ 'inter.worker.signature.algorithm': 'HmacSHA512' }, 'inter.worker.verification.algorithms'],
])('%j is refused', (change, message) => {
  const props = Object.fromEntries(Object.entries({ ...least, ...change }).filter(([, value]) => value !== undefined))
  expect(() => clusterConfig(props as Record<string, string>)).toThrow(message)
})

test('settings of the topics are what is left under their prefix', () => {
  const props = {
    ...least,
    'offset.storage.segment.bytes': '7',
    'offset.storage.partitions': '3',
    'status.storage.x': '1',
  }
  expect(topicSettings(props, 'offset')).toEqual({ 'segment.bytes': '7' })
})
