import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/**
 * Brokers, topics, partitions and their leaders.
 * All topics: an empty list in version 0, null from version 1 on.
 */
export const metadata = api({
  key: 3,
  name: 'Metadata',
  versions: [0, 13],
  flexible: 9,
  request: struct({
    topics: f.array(
      struct({ topicId: f.uuid('10+', { ignorable: true }), name: f.string('0+', { nullable: '10+' }) }),
      '0+',
      { nullable: '1+' },
    ),
    allowAutoTopicCreation: f.boolean('4+', { default: true }),
    includeClusterAuthorizedOperations: f.boolean('8-10'),
    includeTopicAuthorizedOperations: f.boolean('8+'),
  }),
  response: struct({
    throttleTimeMs: f.int32('3+', { ignorable: true }),
    brokers: f.array(
      struct({
        nodeId: f.int32('0+'),
        host: f.string('0+'),
        port: f.int32('0+'),
        rack: f.string('1+', { nullable: '1+', default: null, ignorable: true }),
      }),
      '0+',
    ),
    clusterId: f.string('2+', { nullable: '2+', default: null, ignorable: true }),
    controllerId: f.int32('1+', { default: -1, ignorable: true }),
    topics: f.array(
      struct({
        errorCode: f.int16('0+'),
        name: f.string('0+', { nullable: '12+' }),
        topicId: f.uuid('10+', { ignorable: true }),
        isInternal: f.boolean('1+', { ignorable: true }),
        partitions: f.array(
          struct({
            errorCode: f.int16('0+'),
            partitionIndex: f.int32('0+'),
            leaderId: f.int32('0+'),
            leaderEpoch: f.int32('7+', { default: -1, ignorable: true }),
            replicaNodes: f.array('int32', '0+'),
            isrNodes: f.array('int32', '0+'),
            offlineReplicas: f.array('int32', '5+', { ignorable: true }),
          }),
          '0+',
        ),
        topicAuthorizedOperations: f.int32('8+', { default: -2147483648 }),
      }),
      '0+',
    ),
    clusterAuthorizedOperations: f.int32('8-10', { default: -2147483648 }),
    errorCode: f.int16('13+', { ignorable: true }),
  }),
})
