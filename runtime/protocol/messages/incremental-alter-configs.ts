import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Changes single settings: `configOperation` 0 sets, 1 deletes, 2 appends, 3 subtracts. */
export const incrementalAlterConfigs = api({
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: [0, 1],
  flexible: 1,
  request: struct({
    resources: f.array(
      struct({
        resourceType: f.int8('0+'),
        resourceName: f.string('0+'),
        configs: f.array(
          struct({ name: f.string('0+'), configOperation: f.int8('0+'), value: f.string('0+', { nullable: '0+' }) }),
          '0+',
        ),
      }),
      '0+',
    ),
    validateOnly: f.boolean('0+'),
  }),
  response: struct({
    throttleTimeMs: f.int32('0+'),
    responses: f.array(
      struct({
        errorCode: f.int16('0+'),
        errorMessage: f.string('0+', { nullable: '0+' }),
        resourceType: f.int8('0+'),
        resourceName: f.string('0+'),
      }),
      '0+',
    ),
  }),
})
