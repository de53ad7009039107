import type { TopicPartitionOffset } from '../../api/record.ts'
import { offsetCommit } from '../../protocol/messages/offset-commit.ts'
import type { GroupCoordinator } from './coordinator.ts'
import { byTopic } from './offsets.ts'

/** By name; the versions after it go by topic id. */
const NEWEST_BY_NAME = 9

export interface CommitAs {
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}

/** For a group without members. */
export const NO_MEMBER: CommitAs = { generationId: -1, memberId: '', groupInstanceId: null }

/** Commits, one try. Throws KafkaProtocolError naming the partition. */
export async function commitOffsets(
  coordinator: GroupCoordinator,
  as: CommitAs,
  offsets: readonly TopicPartitionOffset[],
): Promise<void> {
  const { groupId } = coordinator
  const response = await coordinator.request(
    offsetCommit,
    version => ({
      groupId,
      ...(version >= 1 ? { generationIdOrMemberEpoch: as.generationId, memberId: as.memberId } : {}),
      ...(version >= 7 ? { groupInstanceId: as.groupInstanceId } : {}),
      topics: [...byTopic(offsets)].map(([name, list]) => ({
        name,
        partitions: list.map(({ partition, offset }) => ({
          partitionIndex: partition,
          committedOffset: offset,
          committedMetadata: '',
        })),
      })),
    }),
    { maxVersion: NEWEST_BY_NAME },
  )
  for (const { name, partitions } of response.topics) {
    for (const { partitionIndex, errorCode } of partitions) {
      const place = { api: offsetCommit.name, topic: name, partition: partitionIndex, detail: `group ${groupId}` }
      coordinator.check(errorCode, place)
    }
  }
}
