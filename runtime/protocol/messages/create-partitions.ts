import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Adds partitions to topics. */
export const createPartitions = api({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexible: 2,
  request: struct({
    topics: f.array(
      struct({
        name: f.string('0+'),
        count: f.int32('0+'),
        assignments: f.array(struct({ brokerIds: f.array('int32', '0+') }), '0+', { nullable: '0+' }),
      }),
      '0+',
    ),
    timeoutMs: f.int32('0+'),
    validateOnly: f.boolean('0+'),
  }),
  response: struct({
    throttleTimeMs: f.int32('0+'),
    results: f.array(
      struct({
        name: f.string('0+'),
        errorCode: f.int16('0+'),
        errorMessage: f.string('0+', { nullable: '0+', default: null }),
      }),
      '0+',
    ),
  }),
})
