import { describe, expect, it } from 'vitest'
import { Metadata } from '../../../../runtime/kafka/cluster/metadata.ts'
import {
  decodeResponse,
  encodeResponse,
  type ResponseInputOf,
  type ResponseOf,
} from '../../../../runtime/protocol/api.ts'
import { metadata as api } from '../../../../runtime/protocol/messages/metadata.ts'

const answer = (body: ResponseInputOf<typeof api>): ResponseOf<typeof api> =>
  decodeResponse(api, 12, Buffer.concat(encodeResponse(api, 12, 1, body)).subarray(4))

const A = 'AAAAAAAAAAAAAAAAAAAAAQ'
const B = 'AAAAAAAAAAAAAAAAAAAAAg'
const topic = (topicId: string, leaders: readonly (readonly [leader: number, epoch: number])[]) => ({
  name: 't',
  topicId,
  partitions: leaders.map(([leaderId, leaderEpoch], partitionIndex) => ({ partitionIndex, leaderId, leaderEpoch })),
})
const leaderOf = (metadata: Metadata, partition = 0): number | undefined => metadata.partition('t', partition)?.leader

describe('metadata', () => {
  it('knows brokers, topics and leaders', () => {
    const metadata = new Metadata()
    metadata.update(
      answer({
        clusterId: 'c',
        controllerId: 2,
        brokers: [{ nodeId: 2, host: 'h', port: 9 }],
        topics: [
          topic(A, [
            [2, 0],
            [1, 3],
          ]),
        ],
      }),
      false,
    )
    expect([metadata.clusterId, metadata.controllerId]).toEqual(['c', 2])
    expect(metadata.brokers.get(2)).toEqual({ host: 'h', port: 9 })
    expect([leaderOf(metadata, 0), leaderOf(metadata, 1), leaderOf(metadata, 2)]).toEqual([2, 1, undefined])
    expect(metadata.nameOf(A)).toBe('t')
  })

  it('does not go back to an older leader, but takes a topic made anew', () => {
    const metadata = new Metadata()
    metadata.update(answer({ topics: [topic(A, [[1, 5]])] }), false)
    metadata.update(answer({ topics: [topic(A, [[2, 4]])] }), false)
    expect(leaderOf(metadata)).toBe(1)
    metadata.update(answer({ topics: [topic(A, [[2, 6]])] }), false)
    expect(leaderOf(metadata)).toBe(2)
    metadata.update(answer({ topics: [topic(B, [[3, 0]])] }), false)
    expect([leaderOf(metadata), metadata.nameOf(A), metadata.nameOf(B)]).toEqual([3, undefined, 't'])
  })

  it('remembers why a topic is not known, until it is', () => {
    const metadata = new Metadata()
    metadata.update(answer({ topics: [{ name: 't', errorCode: 3 }] }), false)
    expect([metadata.topic('t'), metadata.errorOf('t'), metadata.errorOf('u')]).toEqual([undefined, 3, 0])
    metadata.update(answer({ topics: [topic(A, [[1, 0]])] }), false)
    expect([metadata.errorOf('t'), leaderOf(metadata)]).toEqual([0, 1])
    metadata.update(answer({ topics: [{ name: 't', errorCode: 29 }] }), false)
    expect([metadata.errorOf('t'), metadata.topic('t')]).toEqual([29, undefined])
  })

  it('forgets what a full answer does not name', () => {
    const metadata = new Metadata()
    metadata.update(answer({ topics: [topic(A, [[1, 0]])] }), false)
    metadata.update(answer({ topics: [] }), false)
    expect(leaderOf(metadata)).toBe(1)
    metadata.update(answer({ topics: [] }), true)
    expect(metadata.topic('t')).toBeUndefined()
  })
})
