import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Admin, Kafka } from '../../../../runtime/kafka/ports.ts'
import { kafkaOf, Ledger, newTopic, type Target, unique, until, writeNumbers } from './target.ts'

export function adminContract(target: () => Target): void {
  describe('admin', () => {
    let kafka: Kafka
    let admin: Admin
    beforeAll(() => {
      kafka = kafkaOf(target().bootstrap)
      admin = kafka.admin()
    })
    afterAll(() => kafka.close())

    const filled = async (count: number): Promise<string> => {
      const topic = await newTopic(target(), 2)
      const producer = kafka.producer()
      await producer.prepare([topic])
      const ledger = new Ledger()
      writeNumbers(producer, topic, 0, 0, count, ledger)
      await producer.flush()
      expect(ledger.acked).toBe(count)
      await producer.close()
      return topic
    }

    it('describes the cluster', async () => {
      const { clusterId, controllerId, brokers } = await admin.describeCluster()
      expect(clusterId).toMatch(/^[\w-]{22}$/)
      expect(brokers.map(({ id }) => id)).toContain(controllerId)
      expect(brokers.length).toBe(target().bootstrap.split(',').length)
    })

    it('creates, lists, describes and deletes topics', async () => {
      const [a, b] = [unique('admin'), unique('admin')]
      const { replicationFactor } = target()
      const configs = { 'cleanup.policy': 'compact', 'segment.bytes': '2000000' }
      expect(await admin.createTopics([{ name: a, partitions: 3, replicationFactor, configs }])).toEqual(
        new Map([[a, true]]),
      )
      expect(
        await admin.createTopics([
          { name: a, partitions: 3, replicationFactor },
          { name: b, partitions: -1, replicationFactor: -1 },
        ]),
      ).toEqual(
        new Map([
          [a, false],
          [b, true],
        ]),
      )
      await until(async () => (await admin.listTopics()).filter(name => name === a || name === b).length === 2)
      const found = await admin.describeTopics([a, unique('missing')])
      expect(found.map(({ name, partitions }) => [name, partitions.map(({ partition }) => partition)])).toEqual([
        [a, [0, 1, 2]],
      ])
      expect(found[0]?.partitions[0]?.replicas.length).toBe(replicationFactor)
      const settings = await admin.topicConfigs(a)
      expect([settings.get('cleanup.policy'), settings.get('segment.bytes')]).toEqual(['compact', '2000000'])
      await admin.alterTopicConfigs(a, { 'retention.ms': '1234567', 'segment.bytes': null })
      const altered = await admin.topicConfigs(a)
      expect([altered.get('cleanup.policy'), altered.get('retention.ms')]).toEqual(['compact', '1234567'])
      expect(altered.get('segment.bytes')).not.toBe('2000000')
      await admin.createPartitions(a, 5)
      await until(async () => (await admin.describeTopics([a]))[0]?.partitions.length === 5)
      await admin.deleteTopics([a, b])
      await until(async () => (await admin.describeTopics([a, b])).length === 0)
    })

    it('says what is wrong, and where', async () => {
      const name = unique('admin')
      const bad = {
        name,
        partitions: 1,
        replicationFactor: target().replicationFactor,
        configs: { 'retention.ms': 'x' },
      }
      await expect(admin.createTopics([bad])).rejects.toMatchObject({ kafkaCode: 'INVALID_CONFIG', topic: name })
      const wrong = { name: 'a b', partitions: 1, replicationFactor: 1 }
      await expect(admin.createTopics([wrong])).rejects.toMatchObject({
        kafkaCode: 'INVALID_TOPIC_EXCEPTION',
        topic: 'a b',
      })
      await expect(admin.deleteTopics([name])).rejects.toMatchObject({
        kafkaCode: 'UNKNOWN_TOPIC_OR_PARTITION',
        topic: name,
      })
      await expect(admin.topicConfigs(name)).rejects.toMatchObject({
        kafkaCode: 'UNKNOWN_TOPIC_OR_PARTITION',
        topic: name,
      })
    })

    it('finds offsets and deletes records', async () => {
      const topic = await filled(50)
      const partitions = [0, 1].map(partition => ({ topic, partition }))
      const offsets = async (at: 'earliest' | 'latest' | number): Promise<number[]> => {
        const found = await admin.listOffsets(partitions, at)
        return [...found].sort((x, y) => x.partition - y.partition).map(({ offset }) => offset)
      }
      expect(await offsets('earliest')).toEqual([0, 0])
      expect(await offsets('latest')).toEqual([50, 0])
      expect(await offsets(1)).toEqual([0, 0])
      // Beyond the last record: the end.
      expect(await offsets(Date.now() + 3_600_000)).toEqual([50, 0])
      await admin.deleteRecords([{ topic, partition: 0, offset: 20 }])
      expect(await offsets('earliest')).toEqual([20, 0])
    })

    it('reads, alters and deletes the offsets of a group without members; deletes the group', async () => {
      const topic = await filled(10)
      const groupId = unique('group')
      await admin.alterGroupOffsets(groupId, [
        { topic, partition: 0, offset: 7 },
        { topic, partition: 1, offset: 0 },
      ])
      const sorted = async () => [...(await admin.groupOffsets(groupId))].sort((a, b) => a.partition - b.partition)
      expect(await sorted()).toEqual([
        { topic, partition: 0, offset: 7 },
        { topic, partition: 1, offset: 0 },
      ])
      expect((await admin.listGroups()).map(group => group.groupId)).toContain(groupId)
      expect(await admin.describeGroup(groupId)).toMatchObject({ groupId, state: 'Empty', members: [] })
      await admin.deleteGroupOffsets(groupId, [{ topic, partition: 1 }])
      expect(await sorted()).toEqual([{ topic, partition: 0, offset: 7 }])
      await admin.deleteGroups([groupId, unique('missing')])
      expect((await admin.describeGroup(groupId)).state).toBe('Dead')
      expect(await sorted()).toEqual([])
    })

    it('describes a group with a member, and does not alter its offsets', async () => {
      const topic = await filled(1)
      const groupId = unique('group')
      const consumer = kafka.consumer({ groupId, topics: [topic] })
      await until(async () => {
        await consumer.poll(20)
        return consumer.assignment().length === 2
      })
      const group = await admin.describeGroup(groupId)
      expect(group).toMatchObject({ state: 'Stable', protocolType: 'consumer' })
      expect(group.members).toMatchObject([{ clientId: 'contract' }])
      await expect(admin.alterGroupOffsets(groupId, [{ topic, partition: 0, offset: 0 }])).rejects.toMatchObject({
        kafkaCode: 'UNKNOWN_MEMBER_ID',
      })
      await expect(admin.deleteGroups([groupId])).rejects.toMatchObject({ kafkaCode: 'NON_EMPTY_GROUP' })
      await consumer.close()
    })
  })
}
