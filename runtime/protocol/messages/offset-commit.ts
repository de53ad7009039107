import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Stores the offsets of a group. */
export const offsetCommit = api({
  key: 8,
  name: 'OffsetCommit',
  versions: [0, 10],
  flexible: 8,
  request: struct({
    groupId: f.string('0+'),
    generationIdOrMemberEpoch: f.int32('1+', { default: -1, ignorable: true }),
    memberId: f.string('1+', { ignorable: true }),
    groupInstanceId: f.string('7+', { nullable: '7+', default: null }),
    retentionTimeMs: f.int64('2-4', { default: -1, ignorable: true }),
    topics: f.array(
      struct({
        name: f.string('0-9', { ignorable: true }),
        topicId: f.uuid('10+', { ignorable: true }),
        partitions: f.array(
          struct({
            partitionIndex: f.int32('0+'),
            committedOffset: f.int64('0+'),
            committedLeaderEpoch: f.int32('6+', { default: -1, ignorable: true }),
            commitTimestamp: f.int64('1', { default: -1, ignorable: true }),
            committedMetadata: f.string('0+', { nullable: '0+' }),
          }),
          '0+',
        ),
      }),
      '0+',
    ),
  }),
  response: struct({
    throttleTimeMs: f.int32('3+', { ignorable: true }),
    topics: f.array(
      struct({
        name: f.string('0-9', { ignorable: true }),
        topicId: f.uuid('10+', { ignorable: true }),
        partitions: f.array(struct({ partitionIndex: f.int32('0+'), errorCode: f.int16('0+') }), '0+'),
      }),
      '0+',
    ),
  }),
})
