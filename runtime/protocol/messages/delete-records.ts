import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Moves the start of partitions forward. */
export const deleteRecords = api({
  key: 21,
  name: 'DeleteRecords',
  versions: [0, 2],
  flexible: 2,
  request: struct({
    topics: f.array(
      struct({
        name: f.string('0+'),
        partitions: f.array(struct({ partitionIndex: f.int32('0+'), offset: f.int64('0+') }), '0+'),
      }),
      '0+',
    ),
    timeoutMs: f.int32('0+'),
  }),
  response: struct({
    throttleTimeMs: f.int32('0+'),
    topics: f.array(
      struct({
        name: f.string('0+'),
        partitions: f.array(
          struct({ partitionIndex: f.int32('0+'), lowWatermark: f.int64('0+'), errorCode: f.int16('0+') }),
          '0+',
        ),
      }),
      '0+',
    ),
  }),
})
