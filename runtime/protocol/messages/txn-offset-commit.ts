import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Stores group offsets as part of a transaction. */
export const txnOffsetCommit = api({
  key: 28,
  name: 'TxnOffsetCommit',
  versions: [0, 5],
  flexible: 3,
  request: struct({
    transactionalId: f.string('0+'),
    groupId: f.string('0+'),
    producerId: f.int64('0+'),
    producerEpoch: f.int16('0+'),
    generationId: f.int32('3+', { default: -1 }),
    memberId: f.string('3+'),
    groupInstanceId: f.string('3+', { nullable: '3+', default: null }),
    topics: f.array(
      struct({
        name: f.string('0+'),
        partitions: f.array(
          struct({
            partitionIndex: f.int32('0+'),
            committedOffset: f.int64('0+'),
            committedLeaderEpoch: f.int32('2+', { default: -1, ignorable: true }),
            committedMetadata: f.string('0+', { nullable: '0+' }),
          }),
          '0+',
        ),
      }),
      '0+',
    ),
  }),
  response: struct({
    throttleTimeMs: f.int32('0+'),
    topics: f.array(
      struct({
        name: f.string('0+'),
        partitions: f.array(struct({ partitionIndex: f.int32('0+'), errorCode: f.int16('0+') }), '0+'),
      }),
      '0+',
    ),
  }),
})
