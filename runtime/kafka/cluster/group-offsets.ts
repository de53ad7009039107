import type { TopicPartition, TopicPartitionOffset } from '../../api/record.ts'
import { offsetFetch } from '../../protocol/messages/offset-fetch.ts'
import type { GroupCoordinator } from './coordinator.ts'
import { byTopic } from './offsets.ts'

/** Committed by name; the versions after it go by topic id. */
const NEWEST_BY_NAME = 9

/**
 * What a group has committed, one try; partitions without a commit are left out. `partitions` null: all. With `stable` an
 * open transaction's pending commits are an error to try again (UNSTABLE_OFFSET_COMMIT) instead of being overlooked.
 */
export async function committedOffsets(
  coordinator: GroupCoordinator,
  partitions: readonly TopicPartition[] | null,
  stable: boolean,
): Promise<TopicPartitionOffset[]> {
  const { groupId } = coordinator
  const topics =
    partitions === null
      ? null
      : [...byTopic(partitions)].map(([name, list]) => ({
          name,
          partitionIndexes: list.map(({ partition }) => partition),
        }))
  const response = await coordinator.request(
    offsetFetch,
    version => ({
      ...(version >= 8
        ? { groups: [{ groupId, topics }] }
        : { groupId, topics: version < 2 ? (topics ?? []) : topics }),
      ...(version >= 7 ? { requireStable: stable } : {}),
    }),
    { maxVersion: NEWEST_BY_NAME },
  )
  const group = response.groups[0] ?? response
  coordinator.check(group.errorCode, { api: offsetFetch.name, detail: `group ${groupId}` })
  const found: TopicPartitionOffset[] = []
  for (const { name, partitions: answers } of group.topics) {
    for (const { partitionIndex, committedOffset, errorCode } of answers) {
      const place = { api: offsetFetch.name, topic: name, partition: partitionIndex, detail: `group ${groupId}` }
      coordinator.check(errorCode, place)
      if (committedOffset >= 0) found.push({ topic: name, partition: partitionIndex, offset: committedOffset })
    }
  }
  return found
}
