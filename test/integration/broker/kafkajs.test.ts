import { type Consumer, Kafka, logLevel, type Producer } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type TestBroker, testBroker } from '../../support/test-broker.ts'

/** kafkajs shares no code with the broker: what it can do here it can do because the broker speaks Kafka's protocol. */
describe('kafkajs on the embedded broker', () => {
  let server: TestBroker
  let kafka: Kafka

  beforeAll(async () => {
    server = await testBroker()
    kafka = new Kafka({ clientId: 'witness', brokers: [server.broker.bootstrap], logLevel: logLevel.NOTHING })
  })
  afterAll(() => server.remove())

  const withAdmin = async <T>(work: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> => {
    const admin = kafka.admin()
    await admin.connect()
    try {
      return await work(admin)
    } finally {
      await admin.disconnect()
    }
  }

  const withProducer = async (work: (producer: Producer) => Promise<void>, idempotent = false): Promise<void> => {
    const producer = kafka.producer({ idempotent, allowAutoTopicCreation: true })
    await producer.connect()
    try {
      await work(producer)
    } finally {
      await producer.disconnect()
    }
  }

  /** Values by partition, until `count` came. */
  const consume = async (topic: string, groupId: string, count: number): Promise<Map<number, string[]>> => {
    const consumer = kafka.consumer({ groupId })
    const values = new Map<number, string[]>()
    await consumer.connect()
    try {
      await consumer.subscribe({ topic, fromBeginning: true })
      let seen = 0
      await new Promise<void>((resolve, reject) => {
        consumer.on('consumer.crash', event => reject(event.payload.error))
        consumer
          .run({
            eachMessage: async ({ partition, message }) => {
              values.set(partition, [...(values.get(partition) ?? []), message.value?.toString() ?? 'null'])
              if (++seen === count) resolve()
            },
          })
          .catch(reject)
      })
    } finally {
      await consumer.disconnect()
    }
    return values
  }

  test('produces and consumes in a group, in order within each partition, with keys, headers, nulls and gzip', async () => {
    await withAdmin(admin => admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 3 }] }))
    await withProducer(async producer => {
      for (let round = 0; round < 5; round++) {
        const messages = Array.from({ length: 30 }, (_, i) => ({
          key: `k${i}`,
          value: String(round * 30 + i),
          partition: i % 3,
          headers: { round: String(round) },
        }))
        await producer.send({ topic: 'orders', messages, compression: round % 2 === 0 ? 0 : 1 })
      }
    }, true)
    const values = await consume('orders', 'orders-group', 150)
    expect([...values.keys()].sort()).toEqual([0, 1, 2])
    for (const list of values.values()) {
      const numbers = list.map(Number)
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
      expect(numbers.length).toBe(50)
    }
    const offsets = await withAdmin(admin => admin.fetchOffsets({ groupId: 'orders-group', topics: ['orders'] }))
    expect(offsets[0]!.partitions.map(p => p.offset).sort()).toEqual(['50', '50', '50'])
    await withAdmin(async admin => {
      expect((await admin.listGroups()).groups).toContainEqual({ groupId: 'orders-group', protocolType: 'consumer' })
      await admin.deleteGroups(['orders-group'])
      expect((await admin.listGroups()).groups).toEqual([])
    })
  })

  test('creates a topic by asking for it, and tells unknown partitions', async () => {
    await withProducer(async producer => {
      const [sent] = await producer.send({ topic: 'made-on-demand', messages: [{ value: 'x' }] })
      expect(sent).toMatchObject({ topicName: 'made-on-demand', partition: 0, errorCode: 0, baseOffset: '0' })
    })
    const topics = await withAdmin(admin => admin.listTopics())
    expect(topics).toContain('made-on-demand')
  })

  test('administers topics, partitions, settings and records', async () => {
    await withAdmin(async admin => {
      const configEntries = [{ name: 'retention.ms', value: '1000000' }]
      expect(await admin.createTopics({ topics: [{ topic: 'admin', numPartitions: 1, configEntries }] })).toBe(true)
      expect(await admin.createTopics({ topics: [{ topic: 'admin' }] })).toBe(false)
      await admin.createPartitions({ topicPartitions: [{ topic: 'admin', count: 4 }] })
      const { topics } = await admin.fetchTopicMetadata({ topics: ['admin'] })
      expect(topics[0]!.partitions.map(p => p.partitionId).sort()).toEqual([0, 1, 2, 3])

      const config = async () => {
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: 2, name: 'admin', configNames: ['retention.ms', 'cleanup.policy'] }],
        })
        return Object.fromEntries(resources[0]!.configEntries.map(e => [e.configName, e.configValue]))
      }
      expect(await config()).toEqual({ 'retention.ms': '1000000', 'cleanup.policy': 'delete' })
      await admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: 2, name: 'admin', configEntries: [{ name: 'cleanup.policy', value: 'compact,delete' }] }],
      })
      expect(await config()).toEqual({ 'retention.ms': '604800000', 'cleanup.policy': 'compact,delete' })

      await withProducer(async producer => {
        const messages = Array.from({ length: 10 }, (_, i) => ({ key: `k${i}`, value: String(i), partition: 2 }))
        await producer.send({ topic: 'admin', messages })
      })
      await admin.deleteTopicRecords({ topic: 'admin', partitions: [{ partition: 2, offset: '4' }] })
      const offsets = await admin.fetchTopicOffsets('admin')
      expect(offsets.find(o => o.partition === 2)).toMatchObject({ low: '4', high: '10' })

      await admin.deleteTopics({ topics: ['admin'] })
      expect(await admin.listTopics()).not.toContain('admin')
    })
  })

  test('finds offsets by timestamp', async () => {
    await withAdmin(admin => admin.createTopics({ topics: [{ topic: 'timed' }] }))
    const start = Date.now() - 100_000
    await withProducer(async producer => {
      for (let i = 0; i < 20; i++) {
        await producer.send({ topic: 'timed', messages: [{ value: 'x', timestamp: String(start + i * 1000) }] })
      }
    })
    await withAdmin(async admin => {
      const at = async (time: number) => (await admin.fetchTopicOffsetsByTimestamp('timed', time))[0]!.offset
      expect(await at(start)).toBe('0')
      expect(await at(start + 6_500)).toBe('7')
      expect(await at(start + 19_000)).toBe('19')
      expect(await at(start + 19_001)).toBe('20')
    })
  })

  test('shares partitions among members, and hands them over when one leaves', async () => {
    await withAdmin(admin => admin.createTopics({ topics: [{ topic: 'shared', numPartitions: 4 }] }))
    const assignments = new Map<string, number[]>()
    const seen: string[] = []
    const join = async (name: string): Promise<Consumer> => {
      const consumer = kafka.consumer({ groupId: 'shared-group', heartbeatInterval: 100, maxWaitTimeInMs: 100 })
      consumer.on('consumer.group_join', e => assignments.set(name, e.payload.memberAssignment['shared'] ?? []))
      await consumer.connect()
      await consumer.subscribe({ topic: 'shared', fromBeginning: true })
      await consumer.run({ eachMessage: async ({ message }) => void seen.push(message.value!.toString()) })
      return consumer
    }
    const first = await join('first')
    await vi.waitUntil(() => assignments.get('first')?.length === 4, { timeout: 10_000 })
    const second = await join('second')
    await vi.waitUntil(() => assignments.get('first')?.length === 2 && assignments.get('second')?.length === 2, {
      timeout: 20_000,
    })
    const { groups } = await withAdmin(admin => admin.describeGroups(['shared-group']))
    expect(groups[0]).toMatchObject({ state: 'Stable', protocolType: 'consumer', protocol: 'RoundRobinAssigner' })
    expect(groups[0]!.members.length).toBe(2)
    await second.disconnect()
    await vi.waitUntil(() => assignments.get('first')?.length === 4, { timeout: 20_000 })
    await withProducer(async producer => {
      const messages = Array.from({ length: 40 }, (_, i) => ({ value: String(i), partition: i % 4 }))
      await producer.send({ topic: 'shared', messages })
    })
    await vi.waitUntil(() => seen.length >= 40, { timeout: 20_000 })
    expect(seen.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i))
    await first.disconnect()
  })

  test('keeps topics, records and committed offsets over a restart', async () => {
    await withProducer(async producer => {
      await producer.send({ topic: 'lasting', messages: [{ value: 'one' }, { value: 'two' }] })
    })
    expect([...(await consume('lasting', 'lasting-group', 2)).values()]).toEqual([['one', 'two']])
    await server.restart()
    await withProducer(async producer => {
      await producer.send({ topic: 'lasting', messages: [{ value: 'three' }] })
    })
    expect([...(await consume('lasting', 'lasting-group', 1)).values()]).toEqual([['three']])
    expect([...(await consume('lasting', 'another-group', 3)).values()]).toEqual([['one', 'two', 'three']])
  })
})
