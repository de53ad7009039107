import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Commits or aborts a transaction. */
export const endTxn = api({
  key: 26,
  name: 'EndTxn',
  versions: [0, 5],
  flexible: 3,
  request: struct({
    transactionalId: f.string('0+'),
    producerId: f.int64('0+'),
    producerEpoch: f.int16('0+'),
    committed: f.boolean('0+'),
  }),
  response: struct({
    throttleTimeMs: f.int32('0+'),
    errorCode: f.int16('0+'),
    producerId: f.int64('5+', { default: -1, ignorable: true }),
    producerEpoch: f.int16('5+', { default: -1, ignorable: true }),
  }),
})
