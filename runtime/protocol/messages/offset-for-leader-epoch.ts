import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Where a leader epoch ended in the log. */
export const offsetForLeaderEpoch = api({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: [0, 4],
  flexible: 4,
  request: struct({
    replicaId: f.int32('3+', { default: -2, ignorable: true }),
    topics: f.array(
      struct({
        topic: f.string('0+'),
        partitions: f.array(
          struct({
            partition: f.int32('0+'),
            currentLeaderEpoch: f.int32('2+', { default: -1, ignorable: true }),
            leaderEpoch: f.int32('0+'),
          }),
          '0+',
        ),
      }),
      '0+',
    ),
  }),
  response: struct({
    throttleTimeMs: f.int32('2+', { ignorable: true }),
    topics: f.array(
      struct({
        topic: f.string('0+'),
        partitions: f.array(
          struct({
            errorCode: f.int16('0+'),
            partition: f.int32('0+'),
            leaderEpoch: f.int32('1+', { default: -1, ignorable: true }),
            endOffset: f.int64('0+', { default: -1 }),
          }),
          '0+',
        ),
      }),
      '0+',
    ),
  }),
})
