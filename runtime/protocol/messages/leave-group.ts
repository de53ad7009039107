import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Leaves a group: one member up to version 2, several from version 3 on. */
export const leaveGroup = api({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 5],
  flexible: 4,
  request: struct({
    groupId: f.string('0+'),
    memberId: f.string('0-2'),
    members: f.array(
      struct({
        memberId: f.string('3+'),
        groupInstanceId: f.string('3+', { nullable: '3+', default: null }),
        reason: f.string('5+', { nullable: '5+', default: null, ignorable: true }),
      }),
      '3+',
    ),
  }),
  response: struct({
    throttleTimeMs: f.int32('1+', { ignorable: true }),
    errorCode: f.int16('0+'),
    members: f.array(
      struct({
        memberId: f.string('3+'),
        groupInstanceId: f.string('3+', { nullable: '3+' }),
        errorCode: f.int16('3+'),
      }),
      '3+',
    ),
  }),
})
