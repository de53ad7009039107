import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Deletes empty groups. */
export const deleteGroups = api({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexible: 2,
  request: struct({ groupsNames: f.array('string', '0+') }),
  response: struct({
    throttleTimeMs: f.int32('0+'),
    results: f.array(struct({ groupId: f.string('0+'), errorCode: f.int16('0+') }), '0+'),
  }),
})
