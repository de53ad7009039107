import type { TopicPartition, TopicPartitionOffset } from '../../api/record.ts'
import { KafkaProtocolError, throwOnError } from '../../protocol/error-codes.ts'
import { listOffsets as listOffsetsApi } from '../../protocol/messages/list-offsets.ts'
import type { Cluster } from './cluster.ts'

const EARLIEST = -2
const LATEST = -1

export type OffsetPlace = 'earliest' | 'latest' | number

/** Groups partitions by topic, the shape most requests want; order is kept. */
export function byTopic<T extends TopicPartition>(partitions: readonly T[]): Map<string, T[]> {
  const topics = new Map<string, T[]>()
  for (const partition of partitions) {
    const list = topics.get(partition.topic)
    if (list === undefined) topics.set(partition.topic, [partition])
    else list.push(partition)
  }
  return topics
}

/**
 * Partitions grouped by the broker that leads them now. Throws a retriable KafkaProtocolError naming the first that has no
 * leader, or UNKNOWN_TOPIC_OR_PARTITION.
 */
export function byLeader<T extends TopicPartition>(cluster: Cluster, partitions: readonly T[]): Map<number, T[]> {
  const leaders = new Map<number, T[]>()
  for (const entry of partitions) {
    const { topic, partition } = entry
    const info = cluster.metadata.partition(topic, partition)
    if (info === undefined) {
      const known = cluster.metadata.errorOf(topic)
      throw new KafkaProtocolError(known === 0 ? 'UNKNOWN_TOPIC_OR_PARTITION' : known, { topic, partition })
    }
    if (info.leader < 0) throw new KafkaProtocolError('LEADER_NOT_AVAILABLE', { topic, partition })
    const list = leaders.get(info.leader)
    if (list === undefined) leaders.set(info.leader, [entry])
    else list.push(entry)
  }
  return leaders
}

/**
 * Offsets by place or timestamp, one try, leaders as they are known. With a timestamp the first offset at or after it; the
 * end of the partition when there is none. With `readCommitted` the latest is the end of the last finished transaction.
 */
export async function listOffsets(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  place: OffsetPlace,
  readCommitted = false,
): Promise<TopicPartitionOffset[]> {
  const timestamp = place === 'earliest' ? EARLIEST : place === 'latest' ? LATEST : place
  const found: TopicPartitionOffset[] = []
  const ask = async ([nodeId, led]: [number, TopicPartition[]]): Promise<void> => {
    const connection = await cluster.connect(nodeId, 'main')
    const response = await connection.request(listOffsetsApi, version => ({
      replicaId: -1,
      ...(version >= 2 ? { isolationLevel: readCommitted ? 1 : 0 } : {}),
      topics: [...byTopic(led)].map(([name, list]) => ({
        name,
        partitions: list.map(({ topic, partition }) => ({
          partitionIndex: partition,
          currentLeaderEpoch: cluster.metadata.partition(topic, partition)?.leaderEpoch ?? -1,
          timestamp,
        })),
      })),
      ...(version >= 10 ? { timeoutMs: cluster.config.requestTimeoutMs } : {}),
    }))
    for (const { name, partitions: answers } of response.topics) {
      for (const { partitionIndex, errorCode, offset, oldStyleOffsets } of answers) {
        throwOnError(errorCode, { api: listOffsetsApi.name, topic: name, partition: partitionIndex })
        found.push({ topic: name, partition: partitionIndex, offset: oldStyleOffsets[0] ?? offset })
      }
    }
  }
  await Promise.all([...byLeader(cluster, partitions)].map(ask))
  const beyond = found.filter(({ offset }) => offset < 0)
  if (beyond.length > 0 && typeof place === 'number') {
    const ends = await listOffsets(cluster, beyond, 'latest', readCommitted)
    return [...found.filter(({ offset }) => offset >= 0), ...ends]
  }
  return found
}
