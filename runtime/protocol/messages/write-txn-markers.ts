import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Writes commit or abort markers into partitions; spoken between brokers. */
export const writeTxnMarkers = api({
  key: 27,
  name: 'WriteTxnMarkers',
  versions: [1, 2],
  flexible: 1,
  request: struct({
    markers: f.array(
      struct({
        producerId: f.int64('0+'),
        producerEpoch: f.int16('0+'),
        transactionResult: f.boolean('0+'),
        topics: f.array(struct({ name: f.string('0+'), partitionIndexes: f.array('int32', '0+') }), '0+'),
        coordinatorEpoch: f.int32('0+'),
        transactionVersion: f.int8('2+', { ignorable: true }),
      }),
      '0+',
    ),
  }),
  response: struct({
    markers: f.array(
      struct({
        producerId: f.int64('0+'),
        topics: f.array(
          struct({
            name: f.string('0+'),
            partitions: f.array(struct({ partitionIndex: f.int32('0+'), errorCode: f.int16('0+') }), '0+'),
          }),
          '0+',
        ),
      }),
      '0+',
    ),
  }),
})
