import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** The transactional ids of a coordinator. */
export const listTransactions = api({
  key: 66,
  name: 'ListTransactions',
  versions: [0, 2],
  flexible: 0,
  request: struct({
    stateFilters: f.array('string', '0+'),
    producerIdFilters: f.array('int64', '0+'),
    durationFilter: f.int64('1+', { default: -1 }),
    transactionalIdPattern: f.string('2+', { nullable: '2+', default: null }),
  }),
  response: struct({
    throttleTimeMs: f.int32('0+'),
    errorCode: f.int16('0+'),
    unknownStateFilters: f.array('string', '0+'),
    transactionStates: f.array(
      struct({ transactionalId: f.string('0+'), producerId: f.int64('0+'), transactionState: f.string('0+') }),
      '0+',
    ),
  }),
})
