import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Brings the leader's assignments and fetches the member's own. */
export const syncGroup = api({
  key: 14,
  name: 'SyncGroup',
  versions: [0, 5],
  flexible: 4,
  request: struct({
    groupId: f.string('0+'),
    generationId: f.int32('0+'),
    memberId: f.string('0+'),
    groupInstanceId: f.string('3+', { nullable: '3+', default: null }),
    protocolType: f.string('5+', { nullable: '5+', default: null, ignorable: true }),
    protocolName: f.string('5+', { nullable: '5+', default: null, ignorable: true }),
    assignments: f.array(struct({ memberId: f.string('0+'), assignment: f.bytes('0+') }), '0+'),
  }),
  response: struct({
    throttleTimeMs: f.int32('1+', { ignorable: true }),
    errorCode: f.int16('0+'),
    protocolType: f.string('5+', { nullable: '5+', default: null, ignorable: true }),
    protocolName: f.string('5+', { nullable: '5+', default: null, ignorable: true }),
    assignment: f.bytes('0+'),
  }),
})
