import { describe, expect, it } from 'vitest'
import { Cluster } from '../../../../runtime/kafka/cluster/cluster.ts'
import { byLeader, byTopic } from '../../../../runtime/kafka/cluster/offsets.ts'
import { clientConfig } from '../../../../runtime/kafka/settings.ts'
import { decodeResponse, encodeResponse } from '../../../../runtime/protocol/api.ts'
import { metadata } from '../../../../runtime/protocol/messages/metadata.ts'

const partitions = (...list: readonly string[]) => list.map(text => ({ topic: text[0]!, partition: Number(text[1]) }))

it('groups by topic, in order', () => {
  const [a1, b0, a0] = partitions('a1', 'b0', 'a0')
  expect([...byTopic([a1!, b0!, a0!])]).toEqual([
    ['a', [a1, a0]],
    ['b', [b0]],
  ])
})

describe('by leader', () => {
  const cluster = new Cluster(clientConfig({ 'bootstrap.servers': 'localhost:1' }))
  const topics = [
    { name: 'a', partitions: [2, 1, -1].map((leaderId, partitionIndex) => ({ partitionIndex, leaderId })) },
    { name: 'f', errorCode: 29 },
  ]
  const frame = Buffer.concat(encodeResponse(metadata, 9, 1, { topics })).subarray(4)
  cluster.metadata.update(decodeResponse(metadata, 9, frame), true)

  it('finds each its broker', () => {
    expect([...byLeader(cluster, partitions('a0', 'a1')).keys()]).toEqual([2, 1])
  })

  it.each([
    ['a2', 'LEADER_NOT_AVAILABLE', true],
    ['a7', 'UNKNOWN_TOPIC_OR_PARTITION', true],
    ['b0', 'UNKNOWN_TOPIC_OR_PARTITION', true],
    ['f0', 'TOPIC_AUTHORIZATION_FAILED', false],
  ])('%s: %s', (text, kafkaCode, retriable) => {
    const [one] = partitions(text)
    const find = (): unknown => byLeader(cluster, [one!])
    expect(find).toThrow(expect.objectContaining({ kafkaCode, retriable, ...one }))
  })
})
