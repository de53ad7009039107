import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Replaces all settings of a resource. */
export const alterConfigs = api({
  key: 33,
  name: 'AlterConfigs',
  versions: [0, 2],
  flexible: 2,
  request: struct({
    resources: f.array(
      struct({
        resourceType: f.int8('0+'),
        resourceName: f.string('0+'),
        configs: f.array(struct({ name: f.string('0+'), value: f.string('0+', { nullable: '0+' }) }), '0+'),
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
