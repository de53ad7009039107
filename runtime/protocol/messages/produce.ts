import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Appends record batches to partitions. */
export const produce = api({
  key: 0,
  name: 'Produce',
  versions: [0, 13],
  flexible: 9,
  request: struct({
    transactionalId: f.string('3+', { nullable: '3+', default: null }),
    acks: f.int16('0+'),
    timeoutMs: f.int32('0+'),
    topicData: f.array(
      struct({
        name: f.string('0-12', { ignorable: true }),
        topicId: f.uuid('13+', { ignorable: true }),
        partitionData: f.array(struct({ index: f.int32('0+'), records: f.records('0+', { nullable: '0+' }) }), '0+'),
      }),
      '0+',
    ),
  }),
  response: struct({
    responses: f.array(
      struct({
        name: f.string('0-12', { ignorable: true }),
        topicId: f.uuid('13+', { ignorable: true }),
        partitionResponses: f.array(
          struct({
            index: f.int32('0+'),
            errorCode: f.int16('0+'),
            baseOffset: f.int64('0+'),
            logAppendTimeMs: f.int64('2+', { default: -1, ignorable: true }),
            logStartOffset: f.int64('5+', { default: -1, ignorable: true }),
            recordErrors: f.array(
              struct({
                batchIndex: f.int32('8+'),
                batchIndexErrorMessage: f.string('8+', { nullable: '8+', default: null }),
              }),
              '8+',
              { ignorable: true },
            ),
            errorMessage: f.string('8+', { nullable: '8+', default: null, ignorable: true }),
            currentLeader: f.struct(
              struct({ leaderId: f.int32('10+', { default: -1 }), leaderEpoch: f.int32('10+', { default: -1 }) }),
              '10+',
              { tag: 0, tagged: '10+' },
            ),
          }),
          '0+',
        ),
      }),
      '0+',
    ),
    throttleTimeMs: f.int32('1+', { ignorable: true }),
    nodeEndpoints: f.array(
      struct({
        nodeId: f.int32('10+'),
        host: f.string('10+'),
        port: f.int32('10+'),
        rack: f.string('10+', { nullable: '10+', default: null }),
      }),
      '10+',
      { tag: 0, tagged: '10+' },
    ),
  }),
})
