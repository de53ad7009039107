import { describe, expect, it } from 'vitest'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../runtime/protocol/consumer-protocol.ts'
import { ProtocolError } from '../../../runtime/protocol/protocol-error.ts'
import { kafkajs } from './kafkajs-internals.ts'

const subscription = {
  topics: ['a', 'b'],
  userData: Buffer.from('mine'),
  ownedPartitions: [{ topic: 'a', partitions: [0, 4] }],
  generationId: 8,
  rackId: 'r1',
}

describe('a subscription', () => {
  it.each([0, 1, 2, 3])('of version %i comes back with what the version carries', version => {
    expect(decodeSubscription(encodeSubscription(subscription, version))).toEqual({
      ...subscription,
      ...(version < 1 ? { ownedPartitions: [] } : {}),
      ...(version < 2 ? { generationId: -1 } : {}),
      ...(version < 3 ? { rackId: null } : {}),
    })
  })

  it('of a newer version is read as far as it is known', () => {
    const newer = Buffer.concat([encodeSubscription(subscription, 3), Buffer.from('more')])
    newer.writeInt16BE(9, 0)
    expect(decodeSubscription(newer)).toEqual(subscription)
  })

  it('is the same for kafkajs', () => {
    const { MemberMetadata } = kafkajs.assigner
    expect(MemberMetadata.decode(encodeSubscription(subscription))).toEqual({
      version: 1,
      topics: ['a', 'b'],
      userData: Buffer.from('mine'),
    })
    const theirs = MemberMetadata.encode({ version: 0, topics: ['a'], userData: Buffer.from('x') })
    expect(decodeSubscription(theirs)).toMatchObject({ topics: ['a'], userData: Buffer.from('x'), ownedPartitions: [] })
  })

  it('is refused when it is cut off, or of no version', () => {
    expect(() => decodeSubscription(encodeSubscription(subscription).subarray(0, 9))).toThrow(ProtocolError)
    expect(() => decodeSubscription(Buffer.from('ffff', 'hex'))).toThrow('consumer subscription: version -1')
    expect(() => encodeSubscription(subscription, 4)).toThrow('version 4 is not spoken')
  })
})

describe('an assignment', () => {
  const assignment = { assignedPartitions: [{ topic: 'a', partitions: [1, 2] }], userData: null }

  it.each([0, 1, 2, 3])('of version %i comes back', version => {
    expect(decodeAssignment(encodeAssignment(assignment, version))).toEqual(assignment)
  })

  it('is the same for kafkajs', () => {
    const { MemberAssignment } = kafkajs.assigner
    expect(MemberAssignment.decode(encodeAssignment(assignment)).assignment).toEqual({ a: [1, 2] })
    const theirs = MemberAssignment.encode({ version: 1, assignment: { b: [3] } })
    expect(decodeAssignment(theirs)).toEqual({
      assignedPartitions: [{ topic: 'b', partitions: [3] }],
      userData: Buffer.alloc(0),
    })
  })

  it('may be no bytes at all', () => {
    expect(decodeAssignment(Buffer.alloc(0)).assignedPartitions).toEqual([])
  })
})
