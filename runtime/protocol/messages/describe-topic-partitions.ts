import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Topics and partitions, page by page. */
export const describeTopicPartitions = api({
  key: 75,
  name: 'DescribeTopicPartitions',
  versions: [0, 0],
  flexible: 0,
  request: struct({
    topics: f.array(struct({ name: f.string('0+') }), '0+'),
    responsePartitionLimit: f.int32('0+', { default: 2000 }),
    cursor: f.struct(struct({ topicName: f.string('0+'), partitionIndex: f.int32('0+') }), '0+', {
      nullable: '0+',
      default: null,
    }),
  }),
  response: struct({
    throttleTimeMs: f.int32('0+', { ignorable: true }),
    topics: f.array(
      struct({
        errorCode: f.int16('0+'),
        name: f.string('0+', { nullable: '0+' }),
        topicId: f.uuid('0+', { ignorable: true }),
        isInternal: f.boolean('0+', { ignorable: true }),
        partitions: f.array(
          struct({
            errorCode: f.int16('0+'),
            partitionIndex: f.int32('0+'),
            leaderId: f.int32('0+'),
            leaderEpoch: f.int32('0+', { default: -1, ignorable: true }),
            replicaNodes: f.array('int32', '0+'),
            isrNodes: f.array('int32', '0+'),
            eligibleLeaderReplicas: f.array('int32', '0+', { nullable: '0+', default: null }),
            lastKnownElr: f.array('int32', '0+', { nullable: '0+', default: null }),
            offlineReplicas: f.array('int32', '0+', { ignorable: true }),
          }),
          '0+',
        ),
        topicAuthorizedOperations: f.int32('0+', { default: -2147483648 }),
      }),
      '0+',
    ),
    nextCursor: f.struct(struct({ topicName: f.string('0+'), partitionIndex: f.int32('0+') }), '0+', {
      nullable: '0+',
      default: null,
    }),
  }),
})
