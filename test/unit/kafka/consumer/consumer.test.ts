import type { Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { createKafka } from '../../../../runtime/kafka/kafka.ts'
import type { RequestOf } from '../../../../runtime/protocol/api.ts'
import { encodeAssignment } from '../../../../runtime/protocol/consumer-protocol.ts'
import { errorCodes } from '../../../../runtime/protocol/error-codes.ts'
import { fetch } from '../../../../runtime/protocol/messages/fetch.ts'
import { findCoordinator } from '../../../../runtime/protocol/messages/find-coordinator.ts'
import { heartbeat } from '../../../../runtime/protocol/messages/heartbeat.ts'
import { joinGroup } from '../../../../runtime/protocol/messages/join-group.ts'
import { leaveGroup } from '../../../../runtime/protocol/messages/leave-group.ts'
import { listOffsets } from '../../../../runtime/protocol/messages/list-offsets.ts'
import { metadata } from '../../../../runtime/protocol/messages/metadata.ts'
import { offsetCommit } from '../../../../runtime/protocol/messages/offset-commit.ts'
import { offsetFetch } from '../../../../runtime/protocol/messages/offset-fetch.ts'
import { syncGroup } from '../../../../runtime/protocol/messages/sync-group.ts'
import { scriptedBroker } from '../connection/scripted-broker.ts'

it('commits and leaves while its own join waits for other members', async () => {
  const apis = [metadata, findCoordinator, joinGroup, syncGroup, heartbeat, leaveGroup]
  const broker = await scriptedBroker([...apis, offsetFetch, offsetCommit, listOffsets, fetch])
  const self = { nodeId: 1, host: broker.host, port: broker.port }
  /** Like a broker, which answers in order: nothing comes after a join that waits. */
  const parked = new Set<Socket>()
  const left: string[] = []
  let rebalancing = false
  let commitCode: number = errorCodes.NONE
  broker.onRequest = asked => {
    if (parked.has(asked.socket)) return
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, leaderId: 1 }] }]
    const at = (more: object = {}) => [{ name: 't', partitions: [{ partitionIndex: 0, ...more }] }]
    const errorCode = rebalancing ? errorCodes.REBALANCE_IN_PROGRESS : 0
    switch (asked.api) {
      case metadata:
        return asked.answer(metadata, { brokers: [self], topics })
      case findCoordinator:
        return asked.answer(findCoordinator, { coordinators: [{ key: 'g', ...self, errorMessage: null }] })
      case joinGroup:
        if (rebalancing) parked.add(asked.socket)
        else
          asked.answer(joinGroup, { generationId: 5, memberId: 'm', leader: 'x', protocolName: 'cooperative-sticky' })
        return
      case syncGroup: {
        const assignedPartitions = [{ topic: 't', partitions: [0] }]
        return asked.answer(syncGroup, { assignment: encodeAssignment({ assignedPartitions, userData: null }) })
      }
      case heartbeat:
        return asked.answer(heartbeat, { errorCode })
      case offsetFetch:
        return asked.answer(offsetFetch, { groups: [{ groupId: 'g', topics: [] }] })
      case listOffsets:
        return asked.answer(listOffsets, { topics: at({ offset: 0 }) })
      case leaveGroup:
        left.push(...(asked.body as RequestOf<typeof leaveGroup>).members.map(({ memberId }) => memberId))
        return asked.answer(leaveGroup, {})
      case offsetCommit:
        return asked.answer(offsetCommit, { topics: at({ errorCode: commitCode }) })
    }
  }
  const kafka = createKafka({ 'bootstrap.servers': broker.bootstrap, 'request.timeout.ms': '2000' })
  onTestFinished(async () => {
    await kafka.close()
    await broker.close()
  })
  const settings = {
    'partition.assignment.strategy': 'cooperative-sticky',
    'heartbeat.interval.ms': '5',
    'auto.offset.reset': 'earliest',
  }
  const consumer = kafka.consumer({ groupId: 'g', topics: ['t'], settings })
  const pollUntil = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await consumer.poll(5)
  }
  await pollUntil(() => consumer.assignment().length > 0)
  rebalancing = true
  await pollUntil(() => parked.size > 0)
  expect(consumer.assignment()).toEqual([{ topic: 't', partition: 0 }])
  await consumer.commit([{ topic: 't', partition: 0, offset: 7 }])
  // Nor did the join end for it.
  expect([...parked].map(({ destroyed }) => destroyed)).toEqual([false])
  // The group may be in its next generation before we hear of it.
  commitCode = errorCodes.ILLEGAL_GENERATION
  const late = consumer.commit([{ topic: 't', partition: 0, offset: 8 }])
  await expect(late).rejects.toMatchObject({ kind: 'REBALANCE', retriable: true })
  await consumer.poll(5)
  expect(consumer.assignment()).toEqual([{ topic: 't', partition: 0 }])
  commitCode = errorCodes.NONE
  await consumer.close()
  expect(left).toEqual(['m'])
})
