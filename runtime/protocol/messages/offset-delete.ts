import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Deletes committed offsets of a group. */
export const offsetDelete = api({
  key: 47,
  name: 'OffsetDelete',
  versions: [0, 0],

  request: struct({
    groupId: f.string('0+'),
    topics: f.array(
      struct({ name: f.string('0+'), partitions: f.array(struct({ partitionIndex: f.int32('0+') }), '0+') }),
      '0+',
    ),
  }),
  response: struct({
    errorCode: f.int16('0+'),
    throttleTimeMs: f.int32('0+', { ignorable: true }),
    topics: f.array(
      struct({
        name: f.string('0+'),
        partitions: f.array(struct({ partitionIndex: f.int32('0+'), errorCode: f.int16('0+') }), '0+'),
      }),
      '0+',
    ),
  }),
})
