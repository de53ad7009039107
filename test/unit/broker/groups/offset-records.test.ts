import { expect, test } from 'vitest'
import type { GroupSnapshot } from '../../../../runtime/broker/groups/group-snapshot.ts'
import {
  decodeGroup,
  decodeKey,
  decodeOffset,
  encodeGroup,
  encodeKey,
  encodeOffset,
} from '../../../../runtime/broker/groups/offset-records.ts'

const hex = (bytes: Buffer): string => bytes.toString('hex')

test("offsets are stored in Kafka's bytes", () => {
  const key = { kind: 'offset', group: 'gg', topic: 'kc', partition: 3 } as const
  expect(hex(encodeKey(key))).toBe('0001' + '0002' + '6767' + '0002' + '6b63' + '00000003')
  expect(decodeKey(encodeKey(key))).toEqual(key)
  const value = { offset: 1000, leaderEpoch: 0, metadata: 'm', committedAt: 1_795_395_661_324 }
  expect(hex(encodeOffset(value))).toBe('0003' + '00000000000003e8' + '00000000' + '0001' + '6d' + '000001a205ebae0c')
  expect(decodeOffset(encodeOffset(value))).toEqual(value)
})

test('older offsets and unknown kinds of keys are understood or stepped over', () => {
  const old = Buffer.from('0001' + '0000000000000007' + '0000' + '0000000000000009' + '000000000000000a', 'hex')
  expect(decodeOffset(old)).toEqual({ offset: 7, leaderEpoch: -1, metadata: '', committedAt: 9 })
  expect(decodeKey(Buffer.from('0003' + '0001' + '67', 'hex'))).toBe(null)
  expect(() => decodeOffset(Buffer.from('0004', 'hex'))).toThrow(/version 4/)
  expect(() => decodeGroup(Buffer.from('0009', 'hex'))).toThrow(/version 9/)
})

test('groups come back as they were stored', () => {
  const group: GroupSnapshot = {
    protocolType: 'connect',
    generation: 12,
    protocol: 'sessioned',
    leader: 'a',
    since: 1_795_395_661_324,
    members: ['a', 'b'].map(memberId => ({
      memberId,
      instanceId: memberId === 'a' ? null : 'instance',
      clientId: 'client',
      clientHost: '/127.0.0.1',
      rebalanceTimeoutMs: 60_000,
      sessionTimeoutMs: 10_000,
      subscription: Buffer.from('about'),
      assignment: Buffer.from([0, 255]),
    })),
  }
  expect(decodeGroup(encodeGroup(group))).toEqual(group)
  const empty: GroupSnapshot = { ...group, protocol: null, leader: null, members: [] }
  expect(decodeGroup(encodeGroup(empty))).toEqual(empty)
})
