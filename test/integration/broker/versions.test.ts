import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Api, encodeRequest, isDescribed } from '../../../runtime/protocol/api.ts'
import { apiOf } from '../../../runtime/protocol/apis.ts'
import { errorCodes } from '../../../runtime/protocol/error-codes.ts'
import { apiVersions } from '../../../runtime/protocol/messages/api-versions.ts'
import { createTopics } from '../../../runtime/protocol/messages/create-topics.ts'
import { deleteTopics } from '../../../runtime/protocol/messages/delete-topics.ts'
import { describeConfigs } from '../../../runtime/protocol/messages/describe-configs.ts'
import { describeGroups } from '../../../runtime/protocol/messages/describe-groups.ts'
import { fetch } from '../../../runtime/protocol/messages/fetch.ts'
import { findCoordinator } from '../../../runtime/protocol/messages/find-coordinator.ts'
import { heartbeat } from '../../../runtime/protocol/messages/heartbeat.ts'
import { initProducerId } from '../../../runtime/protocol/messages/init-producer-id.ts'
import { joinGroup } from '../../../runtime/protocol/messages/join-group.ts'
import { leaveGroup } from '../../../runtime/protocol/messages/leave-group.ts'
import { listOffsets } from '../../../runtime/protocol/messages/list-offsets.ts'
import { metadata } from '../../../runtime/protocol/messages/metadata.ts'
import { offsetCommit } from '../../../runtime/protocol/messages/offset-commit.ts'
import { offsetFetch } from '../../../runtime/protocol/messages/offset-fetch.ts'
import { produce } from '../../../runtime/protocol/messages/produce.ts'
import { syncGroup } from '../../../runtime/protocol/messages/sync-group.ts'
import { RecordBatchReader } from '../../../runtime/protocol/record-batch-reader.ts'
import { RecordBatchWriter } from '../../../runtime/protocol/record-batch-writer.ts'
import { type TestBroker, testBroker } from '../../support/test-broker.ts'
import { WireClient } from '../../support/wire-client.ts'

const batch = (...values: string[]): Buffer => {
  const writer = new RecordBatchWriter()
  for (const value of values) writer.add(Date.now(), null, Buffer.from(value))
  return Buffer.from(writer.finish())
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** What a request cannot be without. */
const leastBodies = new Map<Api, object>([
  [produce, { acks: 1 }],
  [metadata, { topics: [] }],
  [initProducerId, { transactionalId: null }],
])

describe('every version that is advertised is served', () => {
  let server: TestBroker
  let client: WireClient

  beforeAll(async () => {
    server = await testBroker()
    client = await WireClient.open(server.broker.port)
  })
  afterAll(async () => {
    client.close()
    await server.remove()
  })

  test('an empty request of each API and version has an answer that its description can read', async () => {
    const { apiKeys } = await client.call(apiVersions, 4, { clientSoftwareName: 't', clientSoftwareVersion: '1' })
    expect(apiKeys.length).toBeGreaterThan(25)
    for (const { apiKey, minVersion, maxVersion } of apiKeys) {
      const api = apiOf(apiKey)!
      for (const version of range(minVersion, maxVersion)) {
        expect(isDescribed(api, version)).toBe(true)
        const body = leastBodies.get(api) ?? {}
        await expect(client.call<Api>(api, version, body), `${api.name} v${version}`).resolves.toBeTypeOf('object')
      }
    }
    expect(server.warnings).toEqual([])
  })

  test('produce and fetch, by name and by topic id', async () => {
    const { topics } = await client.call(createTopics, 7, {
      topics: [{ name: 'data', numPartitions: 1, replicationFactor: 1 }],
    })
    const { topicId } = topics[0]!
    let next = 0
    for (const version of range(0, 13)) {
      const topic = version >= 13 ? { topicId } : { name: 'data' }
      const partitionData = [{ index: 0, records: batch(`v${version}`) }]
      const { responses } = await client.call(produce, version, { acks: -1, topicData: [{ ...topic, partitionData }] })
      expect(responses[0]!.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: next++ })
    }
    for (const version of range(4, 18)) {
      const topic = version >= 13 ? { topicId } : { topic: 'data' }
      const partitions = [{ partition: 0, fetchOffset: 3, partitionMaxBytes: 1 << 20 }]
      const { responses } = await client.call(fetch, version, { maxWaitMs: 1, topics: [{ ...topic, partitions }] })
      const answer = responses[0]!.partitions[0]!
      expect(answer).toMatchObject({ errorCode: 0, highWatermark: 14, lastStableOffset: 14 })
      const reader = new RecordBatchReader()
      reader.read(answer.records!)
      expect([reader.offset(0), reader.value(0)?.toString()]).toEqual([3, 'v3'])
      expect(version >= 13 ? responses[0]!.topicId : responses[0]!.topic).toBe(version >= 13 ? topicId : 'data')
    }
  })

  test('topics, offsets and settings', async () => {
    for (const version of range(0, 7)) {
      const name = `made-v${version}`
      const { topics } = await client.call(createTopics, version, {
        topics: [{ name, numPartitions: 2, replicationFactor: 1 }],
      })
      expect(topics[0]).toMatchObject({ name, errorCode: 0 })
    }
    for (const version of range(0, 13)) {
      const { topics, brokers } = await client.call(metadata, version, { topics: [{ name: 'made-v0' }] })
      expect(brokers[0]).toMatchObject({ nodeId: 1, port: server.broker.port })
      expect(topics[0]!.partitions.map(p => [p.partitionIndex, p.leaderId])).toEqual([
        [0, 1],
        [1, 1],
      ])
    }
    for (const version of range(0, 11)) {
      const partitions = [{ partitionIndex: 0, timestamp: -1 }]
      const { topics } = await client.call(listOffsets, version, { topics: [{ name: 'data', partitions }] })
      const { offset, oldStyleOffsets } = topics[0]!.partitions[0]!
      expect(version === 0 ? oldStyleOffsets[0] : offset).toBe(14)
    }
    for (const version of range(0, 4)) {
      const resources = [{ resourceType: 2, resourceName: 'data', configurationKeys: ['retention.ms'] }]
      const { results } = await client.call(describeConfigs, version, { resources })
      expect(results[0]!.configs).toMatchObject([{ name: 'retention.ms', value: '604800000' }])
    }
    for (const version of range(0, 6)) {
      const name = `made-v${version}`
      const body = version >= 6 ? { topics: [{ name }] } : { topicNames: [name] }
      const { responses } = await client.call(deleteTopics, version, body)
      expect(responses[0]).toMatchObject({ name, errorCode: 0 })
    }
  })

  test('groups and their offsets', async () => {
    for (const version of range(0, 6)) {
      const answer = await client.call(
        findCoordinator,
        version,
        version >= 4 ? { coordinatorKeys: ['g'] } : { key: 'g' },
      )
      const { nodeId, port } = version >= 4 ? answer.coordinators[0]! : answer
      expect([nodeId, port]).toEqual([1, server.broker.port])
    }
    for (const version of range(0, 9)) {
      const groupId = `group-v${version}`
      const join = (memberId: string) =>
        client.call(joinGroup, version, {
          groupId,
          memberId,
          sessionTimeoutMs: 10_000,
          rebalanceTimeoutMs: 10_000,
          protocolType: 'custom',
          protocols: [{ name: 'p', metadata: Buffer.from('meta') }],
        })
      let joined = await join('')
      expect(joined.errorCode).toBe(version >= 4 ? errorCodes.MEMBER_ID_REQUIRED : 0)
      if (version >= 4) joined = await join(joined.memberId)
      const { memberId, generationId } = joined
      expect(joined).toMatchObject({ errorCode: 0, generationId: 1, leader: memberId, protocolName: 'p' })
      expect(joined.members[0]!.metadata.toString()).toBe('meta')
      const member = { groupId, generationId, memberId }
      const assignments = [{ memberId, assignment: Buffer.from('mine') }]
      const synced = await client.call(syncGroup, Math.min(version, 5), { ...member, assignments })
      expect(synced.assignment.toString()).toBe('mine')
      expect((await client.call(heartbeat, Math.min(version, 4), member)).errorCode).toBe(0)
      const { topics } = await client.call(offsetCommit, Math.max(1, Math.min(version, 9)), {
        groupId,
        memberId,
        generationIdOrMemberEpoch: generationId,
        topics: [
          { name: 'data', partitions: [{ partitionIndex: 0, committedOffset: 5 + version, committedMetadata: '' }] },
        ],
      })
      expect(topics[0]!.partitions[0]!.errorCode).toBe(0)
      const { groups } = await client.call(describeGroups, Math.min(version, 6), { groups: [groupId] })
      expect(groups[0]).toMatchObject({ groupState: 'Stable', protocolType: 'custom', protocolData: 'p' })
      const leaving = Math.min(version, 5)
      const left = await client.call(
        leaveGroup,
        leaving,
        leaving >= 3 ? { groupId, members: [{ memberId }] } : { groupId, memberId },
      )
      expect([left.errorCode, left.members[0]?.errorCode ?? 0]).toEqual([0, 0])
    }
    for (const version of range(1, 9)) {
      const topics = [{ name: 'data', partitionIndexes: [0, 1] }]
      const body = version >= 8 ? { groups: [{ groupId: 'group-v3', topics }] } : { groupId: 'group-v3', topics }
      const answer = await client.call(offsetFetch, version, body)
      const found = (version >= 8 ? answer.groups[0]!.topics : answer.topics)[0]!
      expect(found.partitions.map(p => p.committedOffset)).toEqual([8, -1])
    }
  })

  test('ApiVersions in a version of the future is answered in version 0, and the connection goes on', async () => {
    const future: Api = { ...apiVersions, versions: [0, 99] }
    const socket = connect(server.broker.port, '127.0.0.1')
    const answer = new Promise<Buffer>(resolve => socket.once('data', resolve))
    const [request] = encodeRequest(future, 3, { correlationId: 77, clientId: 'x' }, {})
    request!.writeInt16BE(99, 6)
    socket.write(request!)
    const bytes = await answer
    expect(bytes.readInt32BE(4)).toBe(77)
    expect(bytes.readInt16BE(8)).toBe(errorCodes.UNSUPPORTED_VERSION)
    expect(bytes.readInt32BE(10)).toBeGreaterThan(25)
    expect(socket.destroyed).toBe(false)
    socket.destroy()
  })

  test.each([
    ['a version that is not served', (request: Buffer) => request.writeInt16BE(77, 6), /Metadata version 77; 0 to 13/],
    ['an API that is not served', (request: Buffer) => request.writeInt16BE(68, 4), /API 68, not served/],
    ['bytes that are no request', (request: Buffer) => request.fill(0x7f, 12), /request header|Metadata request/],
  ])('%s ends the connection and is logged', async (_, spoil, reason) => {
    const before = server.warnings.length
    const socket = connect(server.broker.port, '127.0.0.1')
    const [request] = encodeRequest(metadata, 5, { correlationId: 1, clientId: 'x' }, { topics: null })
    spoil(request!)
    socket.write(request!)
    await new Promise(resolve => socket.once('close', resolve))
    await vi.waitUntil(() => server.warnings.length > before)
    expect(server.warnings.at(-1)).toMatch(reason)
  })
})
