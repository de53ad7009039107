import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** The producers with state in partitions. */
export const describeProducers = api({
  key: 61,
  name: 'DescribeProducers',
  versions: [0, 0],
  flexible: 0,
  request: struct({
    topics: f.array(struct({ name: f.string('0+'), partitionIndexes: f.array('int32', '0+') }), '0+'),
  }),
  response: struct({
    throttleTimeMs: f.int32('0+'),
    topics: f.array(
      struct({
        name: f.string('0+'),
        partitions: f.array(
          struct({
            partitionIndex: f.int32('0+'),
            errorCode: f.int16('0+'),
            errorMessage: f.string('0+', { nullable: '0+', default: null }),
            activeProducers: f.array(
              struct({
                producerId: f.int64('0+'),
                producerEpoch: f.int32('0+'),
                lastSequence: f.int32('0+', { default: -1 }),
                lastTimestamp: f.int64('0+', { default: -1 }),
                coordinatorEpoch: f.int32('0+'),
                currentTxnStartOffset: f.int64('0+', { default: -1 }),
              }),
              '0+',
            ),
          }),
          '0+',
        ),
      }),
      '0+',
    ),
  }),
})
