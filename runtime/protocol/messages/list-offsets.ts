import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/**
 * Looks up offsets by timestamp; -1 asks for the end of the log, -2 for its start, -3 for the largest timestamp.
 * Version 0 answers `oldStyleOffsets`, a list, where later ones answer one timestamp and offset.
 */
export const listOffsets = api({
  key: 2,
  name: 'ListOffsets',
  versions: [0, 11],
  flexible: 6,
  request: struct({
    replicaId: f.int32('0+'),
    isolationLevel: f.int8('2+'),
    topics: f.array(
      struct({
        name: f.string('0+'),
        partitions: f.array(
          struct({
            partitionIndex: f.int32('0+'),
            currentLeaderEpoch: f.int32('4+', { default: -1, ignorable: true }),
            timestamp: f.int64('0+'),
            maxNumOffsets: f.int32('0', { default: 1, ignorable: true }),
          }),
          '0+',
        ),
      }),
      '0+',
    ),
    timeoutMs: f.int32('10+', { ignorable: true }),
  }),
  response: struct({
    throttleTimeMs: f.int32('2+', { ignorable: true }),
    topics: f.array(
      struct({
        name: f.string('0+'),
        partitions: f.array(
          struct({
            partitionIndex: f.int32('0+'),
            errorCode: f.int16('0+'),
            oldStyleOffsets: f.array('int64', '0'),
            timestamp: f.int64('1+', { default: -1 }),
            offset: f.int64('1+', { default: -1 }),
            leaderEpoch: f.int32('4+', { default: -1 }),
          }),
          '0+',
        ),
      }),
      '0+',
    ),
  }),
})
