import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

const topicPartitions = struct({ topicId: f.uuid('0+'), topicName: f.string('0+'), partitions: f.array('int32', '0+') })

const assignment = struct({ topicPartitions: f.array(topicPartitions, '0+') })

/** State and members of groups of the newer consumer protocol. */
export const consumerGroupDescribe = api({
  key: 69,
  name: 'ConsumerGroupDescribe',
  versions: [0, 1],
  flexible: 0,
  request: struct({ groupIds: f.array('string', '0+'), includeAuthorizedOperations: f.boolean('0+') }),
  response: struct({
    throttleTimeMs: f.int32('0+'),
    groups: f.array(
      struct({
        errorCode: f.int16('0+'),
        errorMessage: f.string('0+', { nullable: '0+', default: null }),
        groupId: f.string('0+'),
        groupState: f.string('0+'),
        groupEpoch: f.int32('0+'),
        assignmentEpoch: f.int32('0+'),
        assignorName: f.string('0+'),
        members: f.array(
          struct({
            memberId: f.string('0+'),
            instanceId: f.string('0+', { nullable: '0+', default: null }),
            rackId: f.string('0+', { nullable: '0+', default: null }),
            memberEpoch: f.int32('0+'),
            clientId: f.string('0+'),
            clientHost: f.string('0+'),
            subscribedTopicNames: f.array('string', '0+'),
            subscribedTopicRegex: f.string('0+', { nullable: '0+', default: null }),
            assignment: f.struct(assignment, '0+'),
            targetAssignment: f.struct(assignment, '0+'),
            memberType: f.int8('1+', { default: -1, ignorable: true }),
          }),
          '0+',
        ),
        authorizedOperations: f.int32('0+', { default: -2147483648 }),
      }),
      '0+',
    ),
  }),
})
