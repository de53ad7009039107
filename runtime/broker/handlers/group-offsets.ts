import type { RequestOf, ResponseInputOf } from '../../protocol/api.ts'
import { errorCodes } from '../../protocol/error-codes.ts'
import { offsetCommit } from '../../protocol/messages/offset-commit.ts'
import { offsetDelete } from '../../protocol/messages/offset-delete.ts'
import { offsetFetch } from '../../protocol/messages/offset-fetch.ts'
import { codeOf, type OffsetToCommit } from '../groups/coordinator.ts'
import type { CommittedOffset } from '../groups/offset-records.ts'
import { type BrokerParts, errorFields, type Served, serve } from '../serve.ts'

type FetchedGroup = NonNullable<ResponseInputOf<typeof offsetFetch>['groups']>[number]
type AskedGroup = RequestOf<typeof offsetFetch>['groups'][number]

/** Ids of topics in place of names. */
const BY_ID = 10

export const serveGroupOffsets = (parts: BrokerParts): Served[] => [
  serve(offsetCommit, [0, 10], async (request, { version }) => {
    const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch } = request
    const refusal = codeOf(parts.groups.checkCommit(groupId, memberId, groupInstanceId, generationIdOrMemberEpoch))
    const maxMetadata = parts.settings.number('offset.metadata.max.bytes')
    const offsets: OffsetToCommit[] = []
    const topics = request.topics.map(asked => {
      const topic = version >= BY_ID ? parts.topics.byId(asked.topicId) : parts.topics.get(asked.name)
      return {
        name: asked.name,
        topicId: asked.topicId,
        partitions: asked.partitions.map(partition => {
          const { partitionIndex, committedMetadata } = partition
          const answer = (errorCode: number) => ({ partitionIndex, errorCode })
          if (refusal !== 0) return answer(refusal)
          if (topic === undefined && version >= BY_ID) return answer(errorCodes.UNKNOWN_TOPIC_ID)
          if (topic?.partitions[partitionIndex] === undefined) return answer(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
          const metadata = committedMetadata ?? ''
          if (Buffer.byteLength(metadata) > maxMetadata) return answer(errorCodes.OFFSET_METADATA_TOO_LARGE)
          offsets.push({
            topic: topic.name,
            partition: partitionIndex,
            offset: partition.committedOffset,
            leaderEpoch: partition.committedLeaderEpoch,
            metadata,
          })
          return answer(0)
        }),
      }
    })
    if (offsets.length === 0) return { topics }
    try {
      await parts.groups.commit(groupId, offsets)
      return { topics }
    } catch (error) {
      const { errorCode } = errorFields(error, parts.log)
      return { topics: topics.map(t => ({ ...t, partitions: t.partitions.map(p => ({ ...p, errorCode })) })) }
    }
  }),

  serve(offsetFetch, [1, 10], (request, { version }) => {
    if (version >= 8)
      return { groups: request.groups.map(group => fetchGroup(group, version, request.requireStable, parts)) }
    const { groupId, topics, requireStable } = request
    const asked = topics?.map(t => ({ name: t.name, topicId: '', partitionIndexes: t.partitionIndexes })) ?? null
    const { topics: found = [] } = fetchGroup(
      { groupId, memberId: null, memberEpoch: -1, topics: asked },
      version,
      requireStable,
      parts,
    )
    return { errorCode: 0, topics: found.map(({ name, partitions }) => ({ name, partitions })) }
  }),

  serve(offsetDelete, [0, 0], async ({ groupId, topics }) => {
    const errorCode = codeOf(parts.groups.checkOffsetDelete(groupId))
    if (errorCode !== 0) return { errorCode }
    const entry = parts.groups.get(groupId)
    const partitions: { topic: string; partition: number }[] = []
    const answers = topics.map(topic => {
      const isSubscribed = entry?.isSubscribedTo(topic.name) ?? false
      return {
        name: topic.name,
        partitions: topic.partitions.map(({ partitionIndex }) => {
          if (isSubscribed) return { partitionIndex, errorCode: errorCodes.GROUP_SUBSCRIBED_TO_TOPIC }
          partitions.push({ topic: topic.name, partition: partitionIndex })
          return { partitionIndex, errorCode: 0 }
        }),
      }
    })
    await parts.groups.deleteOffsets(groupId, partitions)
    return { errorCode: 0, topics: answers }
  }),
]

/** What a group committed: for the partitions asked for, or with null for all. */
function fetchGroup(
  { groupId, topics }: AskedGroup,
  version: number,
  requireStable: boolean,
  parts: BrokerParts,
): FetchedGroup {
  const entry = parts.groups.get(groupId)
  const answer = (topic: string, partition: number, found: CommittedOffset | undefined) =>
    requireStable && parts.groups.isUnstable(groupId, topic, partition)
      ? committed(partition, undefined, errorCodes.UNSTABLE_OFFSET_COMMIT)
      : committed(partition, found)
  if (topics === null) {
    const all = [...(entry?.topics() ?? [])].map(([name, partitions]) => ({
      name,
      topicId: parts.topics.get(name)?.id,
      partitions: [...partitions].map(([partition, offset]) => answer(name, partition, offset)),
    }))
    return { groupId, errorCode: 0, topics: version >= BY_ID ? all.filter(t => t.topicId !== undefined) : all }
  }
  return {
    groupId,
    errorCode: 0,
    topics: topics.map(({ name, topicId, partitionIndexes }) => {
      const known = version >= BY_ID ? parts.topics.byId(topicId)?.name : name
      return {
        name,
        ...(version >= BY_ID ? { topicId } : {}),
        partitions: partitionIndexes.map(partition =>
          known === undefined
            ? committed(partition, undefined, errorCodes.UNKNOWN_TOPIC_ID)
            : answer(known, partition, entry?.offset(known, partition)),
        ),
      }
    }),
  }
}

const committed = (partitionIndex: number, found: CommittedOffset | undefined, errorCode = 0) => ({
  partitionIndex,
  committedOffset: found?.offset ?? -1,
  committedLeaderEpoch: found?.leaderEpoch ?? -1,
  metadata: found?.metadata ?? '',
  errorCode,
})
