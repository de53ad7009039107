import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Enters a group, or its next generation. */
export const joinGroup = api({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 9],
  flexible: 6,
  request: struct({
    groupId: f.string('0+'),
    sessionTimeoutMs: f.int32('0+'),
    rebalanceTimeoutMs: f.int32('1+', { default: -1, ignorable: true }),
    memberId: f.string('0+'),
    groupInstanceId: f.string('5+', { nullable: '5+', default: null }),
    protocolType: f.string('0+'),
    protocols: f.array(struct({ name: f.string('0+'), metadata: f.bytes('0+') }), '0+'),
    reason: f.string('8+', { nullable: '8+', default: null, ignorable: true }),
  }),
  response: struct({
    throttleTimeMs: f.int32('2+', { ignorable: true }),
    errorCode: f.int16('0+'),
    generationId: f.int32('0+', { default: -1 }),
    protocolType: f.string('7+', { nullable: '7+', default: null, ignorable: true }),
    protocolName: f.string('0+', { nullable: '7+' }),
    leader: f.string('0+'),
    skipAssignment: f.boolean('9+'),
    memberId: f.string('0+'),
    members: f.array(
      struct({
        memberId: f.string('0+'),
        groupInstanceId: f.string('5+', { nullable: '5+', default: null, ignorable: true }),
        metadata: f.bytes('0+'),
      }),
      '0+',
    ),
  }),
})
