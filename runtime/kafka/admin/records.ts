import { throwOnError } from '../../protocol/error-codes.ts'
import { deleteRecords as deleteRecordsApi } from '../../protocol/messages/delete-records.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { byLeader, byTopic, listOffsets } from '../cluster/offsets.ts'
import type { Admin } from '../ports.ts'
import type { Retrying } from './retrying.ts'

/** What is asked of the leaders of partitions. */
export function recordAdmin(cluster: Cluster, retrying: Retrying): Pick<Admin, 'deleteRecords' | 'listOffsets'> {
  /** Partitions of topics not seen before. */
  const learn = async (topics: Iterable<string>): Promise<void> => {
    const unknown = [...topics].filter(topic => cluster.metadata.topic(topic) === undefined)
    if (unknown.length === 0) return
    cluster.watch(unknown)
    await cluster.refresh()
  }
  return {
    deleteRecords: before =>
      retrying(async () => {
        await learn(new Set(before.map(({ topic }) => topic)))
        const ask = async ([nodeId, led]: [number, typeof before]): Promise<void> => {
          const response = await cluster.request(nodeId, 'main', deleteRecordsApi, {
            timeoutMs: cluster.config.requestTimeoutMs,
            topics: [...byTopic(led)].map(([name, list]) => ({
              name,
              partitions: list.map(({ partition, offset }) => ({ partitionIndex: partition, offset })),
            })),
          })
          for (const { name, partitions } of response.topics) {
            for (const { partitionIndex, errorCode } of partitions) {
              throwOnError(errorCode, { api: deleteRecordsApi.name, topic: name, partition: partitionIndex })
            }
          }
        }
        await Promise.all([...byLeader(cluster, before)].map(ask))
      }),

    listOffsets: (partitions, at) =>
      retrying(async () => {
        await learn(new Set(partitions.map(({ topic }) => topic)))
        return listOffsets(cluster, partitions, at)
      }),
  }
}
