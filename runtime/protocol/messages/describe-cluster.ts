import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Cluster id, controller and brokers. */
export const describeCluster = api({
  key: 60,
  name: 'DescribeCluster',
  versions: [0, 2],
  flexible: 0,
  request: struct({
    includeClusterAuthorizedOperations: f.boolean('0+'),
    endpointType: f.int8('1+', { default: 1 }),
    includeFencedBrokers: f.boolean('2+'),
  }),
  response: struct({
    throttleTimeMs: f.int32('0+'),
    errorCode: f.int16('0+'),
    errorMessage: f.string('0+', { nullable: '0+', default: null }),
    endpointType: f.int8('1+', { default: 1 }),
    clusterId: f.string('0+'),
    controllerId: f.int32('0+', { default: -1 }),
    brokers: f.array(
      struct({
        brokerId: f.int32('0+'),
        host: f.string('0+'),
        port: f.int32('0+'),
        rack: f.string('0+', { nullable: '0+', default: null }),
        isFenced: f.boolean('2+'),
      }),
      '0+',
    ),
    clusterAuthorizedOperations: f.int32('0+', { default: -2147483648 }),
  }),
})
