import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** The groups a broker coordinates. */
export const listGroups = api({
  key: 16,
  name: 'ListGroups',
  versions: [0, 5],
  flexible: 3,
  request: struct({ statesFilter: f.array('string', '4+'), typesFilter: f.array('string', '5+') }),
  response: struct({
    throttleTimeMs: f.int32('1+', { ignorable: true }),
    errorCode: f.int16('0+'),
    groups: f.array(
      struct({
        groupId: f.string('0+'),
        protocolType: f.string('0+'),
        groupState: f.string('4+', { ignorable: true }),
        groupType: f.string('5+', { ignorable: true }),
      }),
      '0+',
    ),
  }),
})
