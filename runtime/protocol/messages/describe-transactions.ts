import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** State of transactional ids. */
export const describeTransactions = api({
  key: 65,
  name: 'DescribeTransactions',
  versions: [0, 0],
  flexible: 0,
  request: struct({ transactionalIds: f.array('string', '0+') }),
  response: struct({
    throttleTimeMs: f.int32('0+'),
    transactionStates: f.array(
      struct({
        errorCode: f.int16('0+'),
        transactionalId: f.string('0+'),
        transactionState: f.string('0+'),
        transactionTimeoutMs: f.int32('0+'),
        transactionStartTimeMs: f.int64('0+'),
        producerId: f.int64('0+'),
        producerEpoch: f.int16('0+'),
        topics: f.array(struct({ topic: f.string('0+'), partitions: f.array('int32', '0+') }), '0+'),
      }),
      '0+',
    ),
  }),
})
