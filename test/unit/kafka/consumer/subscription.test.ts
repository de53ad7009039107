import { describe, expect, it } from 'vitest'
import { Cluster } from '../../../../runtime/kafka/cluster/cluster.ts'
import { Subscription } from '../../../../runtime/kafka/consumer/subscription.ts'
import { assignorOf } from '../../../../runtime/kafka/group/assignors.ts'
import { clientConfig } from '../../../../runtime/kafka/settings.ts'
import { decodeResponse, encodeResponse } from '../../../../runtime/protocol/api.ts'
import { decodeAssignment, decodeSubscription } from '../../../../runtime/protocol/consumer-protocol.ts'
import { metadata } from '../../../../runtime/protocol/messages/metadata.ts'

/** A cluster whose metadata a test sets; nothing is connected. */
const clusterWith = () => {
  const cluster = new Cluster(clientConfig({ 'bootstrap.servers': 'localhost:1' }))
  const set = (topics: Readonly<Record<string, number>>): void => {
    const body = {
      topics: Object.entries(topics).map(([name, count]) => ({
        name,
        isInternal: name.startsWith('__'),
        partitions: Array.from({ length: count }, (_, partitionIndex) => ({ partitionIndex, leaderId: 1 })),
      })),
    }
    const frame = Buffer.concat(encodeResponse(metadata, 9, 1, body)).subarray(4)
    cluster.metadata.update(decodeResponse(metadata, 9, frame), true)
  }
  cluster.refresh = async () => {}
  return { cluster, set }
}

describe('subscription', () => {
  it('takes topics that a pattern matches whole, but no internal ones', () => {
    const { cluster, set } = clusterWith()
    set({ orders: 1, 'orders.dlq': 1, 'my-orders': 1, __orders: 1 })
    expect(new Subscription(cluster, /orders(\..*)?/g, [], true).topics()).toEqual(['orders', 'orders.dlq'])
    expect(new Subscription(cluster, /__orders|my-.*/, [], true).topics()).toEqual(['my-orders'])
    expect(new Subscription(cluster, ['not-there-yet'], [], true).topics()).toEqual(['not-there-yet'])
  })

  it('says what the member has as its assignor wants it said', () => {
    const { cluster } = clusterWith()
    const assignors = ['range', 'sticky', 'cooperative-sticky'].map(name => assignorOf(name)!)
    const subscription = new Subscription(cluster, ['a'], assignors, true)
    const had = [{ topic: 'a', partition: 3 }]
    const [range, sticky, cooperative] = subscription
      .protocols(had, had, 5)
      .map(({ metadata: bytes }) => decodeSubscription(bytes))
    expect(range).toMatchObject({ topics: ['a'], ownedPartitions: [], generationId: 5 })
    expect(sticky?.userData?.length).toBeGreaterThan(0)
    expect(cooperative?.ownedPartitions).toEqual([{ topic: 'a', partitions: [3] }])
  })

  it('assigns for all members as the leader', async () => {
    const { cluster, set } = clusterWith()
    set({ a: 4 })
    const subscription = new Subscription(cluster, ['a'], [assignorOf('range')!], true)
    const [{ metadata: bytes } = { metadata: Buffer.alloc(0) }] = subscription.protocols([], [], -1)
    const members = ['x', 'y'].map(memberId => ({ memberId, groupInstanceId: null, metadata: bytes }))
    const assigned = await subscription.assign('range', members)
    expect([...assigned].map(([id, given]) => [id, decodeAssignment(given).assignedPartitions])).toEqual([
      ['x', [{ topic: 'a', partitions: [0, 1] }]],
      ['y', [{ topic: 'a', partitions: [2, 3] }]],
    ])
    await expect(subscription.assign('sticky', members)).rejects.toThrow(/'sticky'/)
  })

  it('notices new topics and, as the leader, new partitions', async () => {
    const { cluster, set } = clusterWith()
    set({ 'a-1': 2 })
    const subscription = new Subscription(cluster, /a-.*/, [assignorOf('range')!], true)
    const [{ metadata: bytes } = { metadata: Buffer.alloc(0) }] = subscription.protocols([], [], -1)
    expect(subscription.staleBecause()).toBeNull()
    set({ 'a-1': 3 })
    expect(subscription.staleBecause()).toBeNull()
    await subscription.assign('range', [{ memberId: 'x', groupInstanceId: null, metadata: bytes }])
    expect(subscription.staleBecause()).toBeNull()
    set({ 'a-1': 4 })
    expect(subscription.staleBecause()).toMatch(/a-1/)
    set({ 'a-1': 3, 'a-2': 1 })
    expect(subscription.staleBecause()).toMatch(/topics/)
  })
})
