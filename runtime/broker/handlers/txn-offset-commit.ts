import { errorCodes } from '../../protocol/error-codes.ts'
import { txnOffsetCommit } from '../../protocol/messages/txn-offset-commit.ts'
import { codeOf, type OffsetToCommit } from '../groups/coordinator.ts'
import { type BrokerParts, errorFields, type Served, serve } from '../serve.ts'
import { OFFSETS_TOPIC } from '../topics/topics.ts'

/** Offsets that count when the producer's transaction commits. */
export const serveTxnOffsetCommit = (parts: BrokerParts): Served =>
  serve(txnOffsetCommit, [0, 4], async (request, { version }) => {
    const { groupId, memberId, generationId, groupInstanceId } = request
    const maxMetadata = parts.settings.number('offset.metadata.max.bytes')
    const offsets: OffsetToCommit[] = []
    let refusal = 0
    // Who does not name a member is not asked for one: the transactional id alone fences it.
    if (generationId >= 0 || memberId !== '' || groupInstanceId !== null) {
      refusal = codeOf(parts.groups.checkCommit(groupId, memberId, groupInstanceId, generationId))
      if (version < 3 && refusal === errorCodes.REBALANCE_IN_PROGRESS) refusal = errorCodes.COORDINATOR_LOAD_IN_PROGRESS
    } else if (groupId === '') refusal = errorCodes.INVALID_GROUP_ID
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => {
        const metadata = committedMetadata ?? ''
        const answer = (errorCode: number) => ({ partitionIndex, errorCode })
        if (refusal !== 0) return answer(refusal)
        if (parts.topics.get(name)?.partitions[partitionIndex] === undefined) {
          return answer(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
        }
        if (Buffer.byteLength(metadata) > maxMetadata) return answer(errorCodes.OFFSET_METADATA_TOO_LARGE)
        const leaderEpoch = committedLeaderEpoch
        offsets.push({ topic: name, partition: partitionIndex, offset: committedOffset, leaderEpoch, metadata })
        return answer(0)
      }),
    }))
    if (offsets.length === 0) return { topics }
    try {
      parts.transactions.admit(request, OFFSETS_TOPIC, 0)
      await parts.groups.commitInTransaction(groupId, offsets, request)
      return { topics }
    } catch (error) {
      // Clients know a fenced producer by its epoch in this answer, whatever its version.
      const code = errorFields(error, parts.log).errorCode
      const errorCode = code === errorCodes.PRODUCER_FENCED ? errorCodes.INVALID_PRODUCER_EPOCH : code
      return { topics: topics.map(t => ({ ...t, partitions: t.partitions.map(p => ({ ...p, errorCode })) })) }
    }
  })
