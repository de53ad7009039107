import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startBroker } from '../../../runtime/broker/broker.ts'
import { errorCodes } from '../../../runtime/protocol/error-codes.ts'
import { createTopics } from '../../../runtime/protocol/messages/create-topics.ts'
import { deleteTopics } from '../../../runtime/protocol/messages/delete-topics.ts'
import { describeProducers } from '../../../runtime/protocol/messages/describe-producers.ts'
import { fetch } from '../../../runtime/protocol/messages/fetch.ts'
import { initProducerId } from '../../../runtime/protocol/messages/init-producer-id.ts'
import { metadata } from '../../../runtime/protocol/messages/metadata.ts'
import { offsetCommit } from '../../../runtime/protocol/messages/offset-commit.ts'
import { offsetForLeaderEpoch } from '../../../runtime/protocol/messages/offset-for-leader-epoch.ts'
import { produce } from '../../../runtime/protocol/messages/produce.ts'
import { RecordBatchWriter } from '../../../runtime/protocol/record-batch-writer.ts'
import { type TestBroker, testBroker } from '../../support/test-broker.ts'
import { WireClient } from '../../support/wire-client.ts'

const batch = (bytes: number): Buffer => {
  const writer = new RecordBatchWriter()
  writer.add(Date.now(), null, Buffer.alloc(bytes))
  return Buffer.from(writer.finish())
}

describe('the embedded broker', () => {
  let server: TestBroker
  let client: WireClient
  let other: WireClient

  beforeAll(async () => {
    server = await testBroker()
    client = await WireClient.open(server.broker.port)
    other = await WireClient.open(server.broker.port)
  })
  afterAll(async () => {
    client.close()
    other.close()
    await server.remove()
  })

  const create = async (name: string, numPartitions = 1, replicationFactor = 1): Promise<number> => {
    const { topics } = await client.call(createTopics, 7, { topics: [{ name, numPartitions, replicationFactor }] })
    return topics[0]!.errorCode
  }

  const append = async (name: string, records: Buffer, acks = -1, index = 0, by = other) => {
    const topicData = [{ name, partitionData: [{ index, records }] }]
    const { responses } = await by.call(produce, 9, { acks, topicData })
    return responses[0]!.partitionResponses[0]!
  }

  const poll = (
    topic: string,
    over: { maxWaitMs?: number; minBytes?: number; maxBytes?: number } = {},
    offsets = [0],
  ) =>
    client.call(fetch, 11, {
      maxWaitMs: 10_000,
      minBytes: 1,
      topics: [
        {
          topic,
          partitions: offsets.map((fetchOffset, partition) => ({ partition, fetchOffset, partitionMaxBytes: 1 << 20 })),
        },
      ],
      ...over,
    })

  const sizes = ({ responses }: Awaited<ReturnType<typeof poll>>): number[] =>
    responses[0]!.partitions.map(p => p.records?.length ?? 0)

  test('a waiting fetch answers as soon as there is something', async () => {
    await create('awaited')
    const waiting = poll('awaited')
    await append('awaited', batch(10))
    expect(sizes(await waiting)[0]).toBeGreaterThan(10)
  })

  test('a waiting fetch waits for so many bytes, over all its partitions', async () => {
    await create('bytes', 2)
    const one = batch(1000)
    let answered = false
    const waiting = poll('bytes', { minBytes: one.length * 3 }, [0, 0]).then(answer => {
      answered = true
      return answer
    })
    await append('bytes', Buffer.from(one), -1, 0)
    await append('bytes', Buffer.from(one), -1, 1)
    expect(answered).toBe(false)
    await append('bytes', Buffer.from(one), -1, 1)
    expect(sizes(await waiting)).toEqual([one.length, 2 * one.length])
  })

  test('a waiting fetch ends with its time, without records', async () => {
    await create('idle')
    expect(sizes(await poll('idle', { maxWaitMs: 20 }))).toEqual([0])
  })

  test('a waiting fetch holds up no other connection, and ends when its topic goes', async () => {
    await create('going')
    const waiting = poll('going')
    await other.call(metadata, 9, { topics: null })
    await other.call(deleteTopics, 5, { topicNames: ['going'] })
    const { responses } = await waiting
    expect(responses[0]!.partitions[0]!.errorCode).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
  })

  test('a fetch gives the first batch whatever its size, and no more than allowed besides', async () => {
    await create('limits', 2)
    const one = batch(5000)
    for (const partition of [0, 0, 1]) await append('limits', Buffer.from(one), -1, partition)
    expect(sizes(await poll('limits', { maxBytes: 1 }, [0, 0]))).toEqual([one.length, 0])
    expect(sizes(await poll('limits', { maxBytes: one.length * 2 + 5 }, [0, 0]))).toEqual([2 * one.length, 0])
    expect(sizes(await poll('limits', { maxBytes: one.length * 3 }, [0, 0]))).toEqual([2 * one.length, one.length])
    expect(sizes(await poll('limits', {}, [2, 0]))).toEqual([0, one.length])
  })

  test('tells what is wrong, partition by partition', async () => {
    await create('wrong')
    expect((await append('wrong', batch(10), 7)).errorCode).toBe(errorCodes.INVALID_REQUIRED_ACKS)
    expect((await append('nowhere', batch(10))).errorCode).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
    expect((await append('wrong', batch(10), -1, 5)).errorCode).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
    expect((await append('wrong', batch(2_000_000))).errorCode).toBe(errorCodes.MESSAGE_TOO_LARGE)
    const damaged = batch(10)
    damaged[65] = damaged[65]! ^ 1
    const refused = await append('wrong', damaged)
    expect(refused.errorCode).toBe(errorCodes.CORRUPT_MESSAGE)
    expect(refused.errorMessage).toMatch(/checksum/)
    const { responses } = await poll('wrong', {}, [1])
    expect(responses[0]!.partitions[0]).toMatchObject({ errorCode: errorCodes.OFFSET_OUT_OF_RANGE, highWatermark: 0 })
    const session = await client.call(fetch, 11, { sessionId: 99, sessionEpoch: 3 })
    expect(session.errorCode).toBe(errorCodes.FETCH_SESSION_ID_NOT_FOUND)
  })

  test('keeps its own topic to itself', async () => {
    await create('kept')
    const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }]
    await client.call(offsetCommit, 8, { groupId: 'keeper', topics: [{ name: 'kept', partitions }] })
    expect((await append('__consumer_offsets', batch(10))).errorCode).toBe(errorCodes.INVALID_TOPIC_EXCEPTION)
    const { responses } = await client.call(deleteTopics, 5, { topicNames: ['__consumer_offsets'] })
    expect(responses[0]!.errorCode).toBe(errorCodes.INVALID_TOPIC_EXCEPTION)
    const { topics } = await client.call(metadata, 9, { topics: [{ name: '__consumer_offsets' }] })
    expect(topics[0]!.isInternal).toBe(true)
  })

  test('acks=0 is not answered; a failure ends the connection', async () => {
    await create('unasked')
    const quiet = await WireClient.open(server.broker.port)
    const topicData = (name: string) => [{ name, partitionData: [{ index: 0, records: batch(10) }] }]
    const never = quiet.call(produce, 9, { acks: 0, topicData: topicData('unasked') })
    never.catch(() => {})
    expect(sizes(await poll('unasked'))[0]).toBeGreaterThan(0)
    await quiet.call(metadata, 9, { topics: [] })
    const lost = quiet.call(produce, 9, { acks: 0, topicData: topicData('nowhere') })
    await expect(lost).rejects.toThrow(/connection is lost/)
  })

  test('gives each idempotent producer an id of its own, over restarts too', async () => {
    const ids = new Set<number>()
    for (let i = 0; i < 2200; i++) {
      ids.add((await client.call(initProducerId, 4, { transactionalId: null })).producerId)
    }
    await server.restart()
    client = await WireClient.open(server.broker.port)
    other = await WireClient.open(server.broker.port)
    ids.add((await client.call(initProducerId, 4, { transactionalId: null })).producerId)
    expect(ids.size).toBe(2201)
    expect(ids.has(-1)).toBe(false)
  })

  test('shows what partitions know of producers, and where leader epochs end', async () => {
    await create('known')
    const { producerId } = await client.call(initProducerId, 4, { transactionalId: null })
    const writer = new RecordBatchWriter()
    for (let i = 0; i < 3; i++) writer.add(Date.now(), null, Buffer.from('x'))
    await append('known', Buffer.from(writer.finish({ producerId, producerEpoch: 0, baseSequence: 0 })))
    const producers = await client.call(describeProducers, 0, { topics: [{ name: 'known', partitionIndexes: [0, 1] }] })
    const [partition, missing] = producers.topics[0]!.partitions
    expect(partition!.activeProducers).toMatchObject([{ producerId, producerEpoch: 0, lastSequence: 2 }])
    expect(missing!.errorCode).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
    const epochs = await client.call(offsetForLeaderEpoch, 4, {
      topics: [
        {
          topic: 'known',
          partitions: [
            { partition: 0, leaderEpoch: 0 },
            { partition: 0, leaderEpoch: 5 },
            { partition: 0, currentLeaderEpoch: 5, leaderEpoch: 0 },
          ],
        },
      ],
    })
    expect(epochs.topics[0]!.partitions).toMatchObject([
      { errorCode: 0, leaderEpoch: 0, endOffset: 3 },
      { errorCode: 0, leaderEpoch: -1, endOffset: -1 },
      { errorCode: errorCodes.UNKNOWN_LEADER_EPOCH },
    ])
  })

  test('takes replication factors above 1 with one warning; 0 is refused', async () => {
    expect([await create('r3', 1, 3), await create('r2', 1, 2), await create('r0', 1, 0)]).toEqual([
      0,
      0,
      errorCodes.INVALID_REPLICATION_FACTOR,
    ])
    expect(server.warnings.filter(w => /more than one replica/.test(w)).length).toBe(1)
    const { topics } = await client.call(metadata, 9, { topics: [{ name: 'r3' }] })
    expect(topics[0]!.partitions[0]!.replicaNodes).toEqual([1])
  })

  test('settings change what it does', async () => {
    const strict = await testBroker({
      'auto.create.topics.enable': 'false',
      'millrace.broker.accept.replication.factor': 'false',
      'num.partitions': '5',
    })
    const wire = await WireClient.open(strict.broker.port)
    try {
      const asked = await wire.call(metadata, 9, { topics: [{ name: 'x' }], allowAutoTopicCreation: true })
      expect(asked.topics[0]!.errorCode).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
      const made = await wire.call(createTopics, 7, {
        topics: [
          { name: 'x', numPartitions: -1, replicationFactor: -1 },
          { name: 'y', numPartitions: 1, replicationFactor: 3 },
        ],
      })
      expect(made.topics.map(t => t.errorCode)).toEqual([0, errorCodes.INVALID_REPLICATION_FACTOR])
      expect(made.topics[0]!.numPartitions).toBe(5)
    } finally {
      wire.close()
      await strict.remove()
    }
  })

  test('compacts and deletes on its own', async () => {
    const busy = await testBroker({ 'log.cleaner.backoff.ms': '20', 'log.retention.check.interval.ms': '20' })
    const wire = await WireClient.open(busy.broker.port)
    try {
      const configs = [
        { name: 'segment.bytes', value: '2000' },
        { name: 'retention.bytes', value: '4000' },
      ]
      const compacted = [
        { name: 'segment.bytes', value: '2000' },
        { name: 'cleanup.policy', value: 'compact' },
      ]
      await wire.call(createTopics, 7, {
        topics: [
          { name: 'short', numPartitions: 1, replicationFactor: 1, configs },
          { name: 'table', numPartitions: 1, replicationFactor: 1, configs: compacted },
        ],
      })
      for (let i = 0; i < 50; i++) {
        expect((await append('short', batch(500), -1, 0, wire)).errorCode).toBe(0)
        const writer = new RecordBatchWriter()
        writer.add(Date.now(), Buffer.from('the key'), Buffer.alloc(500))
        expect((await append('table', Buffer.from(writer.finish()), -1, 0, wire)).errorCode).toBe(0)
      }
      const held = async (topic: string): Promise<number> => {
        const partitions = [{ partition: 0, fetchOffset: 50, partitionMaxBytes: 1 << 20 }]
        const { responses } = await wire.call(fetch, 11, { topics: [{ topic, partitions }] })
        const start = responses[0]!.partitions[0]!.logStartOffset
        const from = [{ partition: 0, fetchOffset: start, partitionMaxBytes: 1 << 20 }]
        const all = await wire.call(fetch, 11, { minBytes: 1, topics: [{ topic, partitions: from }] })
        return start === 50 ? 0 : (all.responses[0]!.partitions[0]!.records?.length ?? 0)
      }
      await vi.waitUntil(async () => (await held('short')) < 7000 && (await held('table')) < 7000, { timeout: 10_000 })
    } finally {
      wire.close()
      await busy.remove()
    }
    expect(busy.warnings).toEqual([])
  })

  test('one broker per folder; a second on the same port says so', async () => {
    await expect(startBroker({ dataDir: server.dataDir })).rejects.toThrow(/is used by the broker of process/)
    const folder = await mkdtemp(join(tmpdir(), 'millrace-broker-'))
    try {
      const broker = await startBroker({ dataDir: folder, clusterId: 'my-cluster' })
      expect(broker.clusterId).toBe('my-cluster')
      await broker.close()
      await broker.close()
      await expect(startBroker({ dataDir: folder, clusterId: 'another' })).rejects.toThrow(
        /belongs to cluster my-cluster/,
      )
      await expect(startBroker({ dataDir: folder, settings: { 'no.such': '1' } })).rejects.toThrow(
        /no\.such is no setting/,
      )
      const { port } = server.broker
      await expect(startBroker({ dataDir: folder, port })).rejects.toThrow(`Cannot listen on 127.0.0.1:${port}`)
      await (await startBroker({ dataDir: folder })).close()
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('gives its folder back though it cannot save what it holds', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-broker-'))
    try {
      const broker = await startBroker({ dataDir: folder })
      const wire = await WireClient.open(broker.port)
      await wire.call(createTopics, 7, { topics: [{ name: 'lost', numPartitions: 1, replicationFactor: 1 }] })
      expect((await append('lost', batch(10), -1, 0, wire)).errorCode).toBe(0)
      wire.close()
      await rm(join(folder, 'topics'), { recursive: true })
      await expect(broker.close()).rejects.toThrow(/ENOENT/)
      await (await startBroker({ dataDir: folder })).close()
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
