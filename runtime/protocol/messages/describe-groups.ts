import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** State and members of groups. */
export const describeGroups = api({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 6],
  flexible: 5,
  request: struct({ groups: f.array('string', '0+'), includeAuthorizedOperations: f.boolean('3+') }),
  response: struct({
    throttleTimeMs: f.int32('1+', { ignorable: true }),
    groups: f.array(
      struct({
        errorCode: f.int16('0+'),
        errorMessage: f.string('6+', { nullable: '6+', default: null }),
        groupId: f.string('0+'),
        groupState: f.string('0+'),
        protocolType: f.string('0+'),
        protocolData: f.string('0+'),
        members: f.array(
          struct({
            memberId: f.string('0+'),
            groupInstanceId: f.string('4+', { nullable: '4+', default: null, ignorable: true }),
            clientId: f.string('0+'),
            clientHost: f.string('0+'),
            memberMetadata: f.bytes('0+'),
            memberAssignment: f.bytes('0+'),
          }),
          '0+',
        ),
        authorizedOperations: f.int32('3+', { default: -2147483648 }),
      }),
      '0+',
    ),
  }),
})
