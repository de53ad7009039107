import {
  Admin,
  ConfigResourceTypes,
  Consumer,
  IncrementalAlterConfigOperationTypes,
  ListOffsetTimestamps,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestBroker, testBroker } from '../../support/test-broker.ts'

/** @platformatic/kafka asks for the newest versions: flexible ones, topics by id. */
describe('@platformatic/kafka on the embedded broker', () => {
  let server: TestBroker
  let admin: Admin
  const options = () => ({ clientId: 'witness', bootstrapBrokers: [server.broker.bootstrap] })

  beforeAll(async () => {
    server = await testBroker()
    admin = new Admin(options())
  })
  afterAll(async () => {
    await admin.close()
    await server.remove()
  })

  const produce = async (topic: string, values: readonly string[], idempotent = false, partition?: number) => {
    const producer = new Producer({ ...options(), serializers: stringSerializers, idempotent })
    try {
      const messages = values.map(value => ({
        topic,
        key: `k${value}`,
        value,
        ...(partition === undefined ? {} : { partition }),
      }))
      await producer.send({ messages, ...(idempotent ? {} : { acks: -1 }) })
    } finally {
      await producer.close()
    }
  }

  const consume = async (topic: string, groupId: string, count: number): Promise<string[]> => {
    const consumer = new Consumer({ ...options(), groupId, deserializers: stringDeserializers })
    const values: string[] = []
    try {
      const stream = await consumer.consume({
        topics: [topic],
        mode: 'committed',
        fallbackMode: 'earliest',
        maxWaitTime: 200,
      })
      for await (const message of stream) {
        values.push(message.value)
        await message.commit()
        if (values.length === count) break
      }
    } finally {
      await consumer.close(true)
    }
    return values
  }

  test('produces idempotently and consumes in a group', async () => {
    await admin.createTopics({ topics: ['events'], partitions: 2, replicas: 1 })
    const numbers = Array.from({ length: 100 }, (_, i) => String(i))
    await produce('events', numbers, true)
    const values = await consume('events', 'events-group', 100)
    expect(values.map(Number).sort((a, b) => a - b)).toEqual(numbers.map(Number))
    const groups = await admin.listConsumerGroupOffsets({ groups: ['events-group'] })
    const committed = groups[0]!.topics.flatMap(t => t.partitions.map(p => Number(p.committedOffset)))
    expect(committed.reduce((a, b) => a + b, 0)).toBe(100)
  })

  test('administers topics, settings, records, offsets and groups', async () => {
    const created = await admin.createTopics({
      topics: ['managed'],
      partitions: 1,
      replicas: 1,
      configs: [{ name: 'cleanup.policy', value: 'compact' }],
    })
    expect(created[0]).toMatchObject({ name: 'managed', partitions: 1, replicas: 1 })
    expect(created[0]!.configuration).toMatchObject({ 'cleanup.policy': 'compact' })
    await admin.createPartitions({ topics: [{ name: 'managed', count: 3 }] })
    await admin.incrementalAlterConfigs({
      resources: [
        {
          resourceType: ConfigResourceTypes.TOPIC,
          resourceName: 'managed',
          configs: [
            { name: 'cleanup.policy', configOperation: IncrementalAlterConfigOperationTypes.APPEND, value: 'delete' },
          ],
        },
      ],
      validateOnly: false,
    })
    const [described] = await admin.describeConfigs({
      resources: [
        { resourceType: ConfigResourceTypes.TOPIC, resourceName: 'managed', configurationKeys: ['cleanup.policy'] },
      ],
      includeSynonyms: true,
      includeDocumentation: true,
    })
    expect(described!.configs[0]).toMatchObject({ name: 'cleanup.policy', value: 'compact,delete', configSource: 1 })

    await produce('managed', ['0', '1', '2', '3', '4'], false, 0)
    const deleted = await admin.deleteRecords({
      topics: [{ name: 'managed', partitions: [{ partition: 0, offset: 2n }] }],
    })
    expect(deleted[0]!.partitions[0]).toMatchObject({ lowWatermark: 2n })
    const listed = await admin.listOffsets({
      topics: [{ name: 'managed', partitions: [{ partitionIndex: 0, timestamp: ListOffsetTimestamps.EARLIEST }] }],
    })
    expect(listed[0]!.partitions[0]).toMatchObject({ offset: 2n })

    expect(await consume('managed', 'managed-group', 3)).toEqual(['2', '3', '4'])
    const groups = await admin.describeGroups({ groups: ['managed-group'] })
    expect(groups.get('managed-group')).toMatchObject({ state: 'Empty', protocolType: 'consumer' })
    expect([...(await admin.listGroups()).keys()]).toContain('managed-group')
    await admin.alterConsumerGroupOffsets({
      groupId: 'managed-group',
      topics: [{ name: 'managed', partitionOffsets: [{ partition: 0, offset: 3n }] }],
    })
    expect(await consume('managed', 'managed-group', 2)).toEqual(['3', '4'])
    await admin.deleteGroups({ groups: ['managed-group'] })
    await admin.deleteTopics({ topics: ['managed'] })
    expect(await admin.listTopics()).not.toContain('managed')
  })
})
