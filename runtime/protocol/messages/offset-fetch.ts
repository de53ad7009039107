import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** The committed offsets of groups: one group up to version 7 (`groupId`, `topics`), several from version 8 on (`groups`). */
export const offsetFetch = api({
  key: 9,
  name: 'OffsetFetch',
  versions: [1, 10],
  flexible: 6,
  request: struct({
    groupId: f.string('0-7'),
    topics: f.array(struct({ name: f.string('0-7'), partitionIndexes: f.array('int32', '0-7') }), '0-7', {
      nullable: '2-7',
    }),
    groups: f.array(
      struct({
        groupId: f.string('8+'),
        memberId: f.string('9+', { nullable: '9+', default: null, ignorable: true }),
        memberEpoch: f.int32('9+', { default: -1, ignorable: true }),
        topics: f.array(
          struct({
            name: f.string('8-9', { ignorable: true }),
            topicId: f.uuid('10+', { ignorable: true }),
            partitionIndexes: f.array('int32', '8+'),
          }),
          '8+',
          { nullable: '8+' },
        ),
      }),
      '8+',
    ),
    requireStable: f.boolean('7+'),
  }),
  response: struct({
    throttleTimeMs: f.int32('3+', { ignorable: true }),
    topics: f.array(
      struct({
        name: f.string('0-7'),
        partitions: f.array(
          struct({
            partitionIndex: f.int32('0-7'),
            committedOffset: f.int64('0-7'),
            committedLeaderEpoch: f.int32('5-7', { default: -1, ignorable: true }),
            metadata: f.string('0-7', { nullable: '0-7' }),
            errorCode: f.int16('0-7'),
          }),
          '0-7',
        ),
      }),
      '0-7',
    ),
    errorCode: f.int16('2-7', { ignorable: true }),
    groups: f.array(
      struct({
        groupId: f.string('8+'),
        topics: f.array(
          struct({
            name: f.string('8-9', { ignorable: true }),
            topicId: f.uuid('10+', { ignorable: true }),
            partitions: f.array(
              struct({
                partitionIndex: f.int32('8+'),
                committedOffset: f.int64('8+'),
                committedLeaderEpoch: f.int32('8+', { default: -1, ignorable: true }),
                metadata: f.string('8+', { nullable: '8+' }),
                errorCode: f.int16('8+'),
              }),
              '8+',
            ),
          }),
          '8+',
        ),
        errorCode: f.int16('8+'),
      }),
      '8+',
    ),
  }),
})
