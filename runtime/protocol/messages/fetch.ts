import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/**
 * Reads record batches from partitions, waiting for them up to `maxWaitMs`.
 * `highWatermark` of a request partition is a bigint: its default means "not supported" and is beyond 2^53.
 */
export const fetch = api({
  key: 1,
  name: 'Fetch',
  versions: [0, 18],
  flexible: 12,
  request: struct({
    clusterId: f.string('12+', { nullable: '12+', tag: 0, tagged: '12+', default: null, ignorable: true }),
    replicaId: f.int32('0-14', { default: -1 }),
    replicaState: f.struct(
      struct({ replicaId: f.int32('15+', { default: -1 }), replicaEpoch: f.int64('15+', { default: -1 }) }),
      '15+',
      { tag: 1, tagged: '15+' },
    ),
    maxWaitMs: f.int32('0+'),
    minBytes: f.int32('0+'),
    maxBytes: f.int32('3+', { default: 0x7fff_ffff, ignorable: true }),
    isolationLevel: f.int8('4+', { ignorable: true }),
    sessionId: f.int32('7+', { ignorable: true }),
    sessionEpoch: f.int32('7+', { default: -1, ignorable: true }),
    topics: f.array(
      struct({
        topic: f.string('0-12', { ignorable: true }),
        topicId: f.uuid('13+', { ignorable: true }),
        partitions: f.array(
          struct({
            partition: f.int32('0+'),
            currentLeaderEpoch: f.int32('9+', { default: -1, ignorable: true }),
            fetchOffset: f.int64('0+'),
            lastFetchedEpoch: f.int32('12+', { default: -1 }),
            logStartOffset: f.int64('5+', { default: -1, ignorable: true }),
            partitionMaxBytes: f.int32('0+'),
            replicaDirectoryId: f.uuid('17+', { tag: 0, tagged: '17+', ignorable: true }),
            highWatermark: f.bigint64('18+', {
              tag: 1,
              tagged: '18+',
              default: 9_223_372_036_854_775_807n,
              ignorable: true,
            }),
          }),
          '0+',
        ),
      }),
      '0+',
    ),
    forgottenTopicsData: f.array(
      struct({
        topic: f.string('7-12', { ignorable: true }),
        topicId: f.uuid('13+', { ignorable: true }),
        partitions: f.array('int32', '7+'),
      }),
      '7+',
    ),
    rackId: f.string('11+', { ignorable: true }),
  }),
  response: struct({
    throttleTimeMs: f.int32('1+', { ignorable: true }),
    errorCode: f.int16('7+', { ignorable: true }),
    sessionId: f.int32('7+'),
    responses: f.array(
      struct({
        topic: f.string('0-12', { ignorable: true }),
        topicId: f.uuid('13+', { ignorable: true }),
        partitions: f.array(
          struct({
            partitionIndex: f.int32('0+'),
            errorCode: f.int16('0+'),
            highWatermark: f.int64('0+'),
            lastStableOffset: f.int64('4+', { default: -1, ignorable: true }),
            logStartOffset: f.int64('5+', { default: -1, ignorable: true }),
            divergingEpoch: f.struct(
              struct({ epoch: f.int32('12+', { default: -1 }), endOffset: f.int64('12+', { default: -1 }) }),
              '12+',
              { tag: 0, tagged: '12+' },
            ),
            currentLeader: f.struct(
              struct({ leaderId: f.int32('12+', { default: -1 }), leaderEpoch: f.int32('12+', { default: -1 }) }),
              '12+',
              { tag: 1, tagged: '12+' },
            ),
            snapshotId: f.struct(
              struct({ endOffset: f.int64('0+', { default: -1 }), epoch: f.int32('0+', { default: -1 }) }),
              '12+',
              { tag: 2, tagged: '12+' },
            ),
            abortedTransactions: f.array(struct({ producerId: f.int64('4+'), firstOffset: f.int64('4+') }), '4+', {
              nullable: '4+',
              ignorable: true,
            }),
            preferredReadReplica: f.int32('11+', { default: -1 }),
            records: f.records('0+', { nullable: '0+' }),
          }),
          '0+',
        ),
      }),
      '0+',
    ),
    nodeEndpoints: f.array(
      struct({
        nodeId: f.int32('16+'),
        host: f.string('16+'),
        port: f.int32('16+'),
        rack: f.string('16+', { nullable: '16+', default: null }),
      }),
      '16+',
      { tag: 0, tagged: '16+' },
    ),
  }),
})
