import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Keeps a member in its group and tells it of a rebalance. */
export const heartbeat = api({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexible: 4,
  request: struct({
    groupId: f.string('0+'),
    generationId: f.int32('0+'),
    memberId: f.string('0+'),
    groupInstanceId: f.string('3+', { nullable: '3+', default: null }),
  }),
  response: struct({ throttleTimeMs: f.int32('1+', { ignorable: true }), errorCode: f.int16('0+') }),
})
