import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Enters a group's offsets into a transaction. */
export const addOffsetsToTxn = api({
  key: 25,
  name: 'AddOffsetsToTxn',
  versions: [0, 4],
  flexible: 3,
  request: struct({
    transactionalId: f.string('0+'),
    producerId: f.int64('0+'),
    producerEpoch: f.int16('0+'),
    groupId: f.string('0+'),
  }),
  response: struct({ throttleTimeMs: f.int32('0+'), errorCode: f.int16('0+') }),
})
