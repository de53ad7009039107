import type { RequestInputOf, ResponseOf } from '../../protocol/api.ts'
import { BatchLayout, LOG_OVERHEAD, readBaseOffset, wholeBatchSize } from '../../protocol/batch-header.ts'
import { throwOnError } from '../../protocol/error-codes.ts'
import { fetch as fetchApi } from '../../protocol/messages/fetch.ts'
import { ZERO_UUID } from '../../protocol/primitives.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { BufferPool } from '../connection/buffer-pool.ts'
import type { Connection } from '../connection/connection.ts'
import type { FetchConfig } from './fetch-config.ts'
import type { FetchPartition } from './fetch-partition.ts'

/** Topics by id from this version on. */
const BY_ID = 13

/** A partition in a request, and what was asked for it. */
export interface Asked {
  readonly state: FetchPartition
  readonly epoch: number
  readonly offset: number
}

export type PartitionAnswer = ResponseOf<typeof fetchApi>['responses'][number]['partitions'][number]

export interface FetchAnswer {
  /** In the order of `asked`; null: the broker said nothing of it. */
  readonly partitions: readonly (PartitionAnswer | null)[]
  readonly frameBytes: number
  readonly pooled: Buffer | null
}

/** One fetch without a session. The answer's record sets are views of a pooled buffer, which is the caller's then. */
export async function sendFetch(
  connection: Connection,
  cluster: Cluster,
  asked: readonly Asked[],
  config: FetchConfig,
  pool: BufferPool,
  limits: { readonly maxWaitMs: number; readonly maxBytes: number },
): Promise<FetchAnswer> {
  const ids = new Map<string, string>()
  for (const { state } of asked) ids.set(state.topic, cluster.metadata.topic(state.topic)?.id ?? ZERO_UUID)
  const withIds = [...ids.values()].every(id => id !== ZERO_UUID)
  const body = (version: number): RequestInputOf<typeof fetchApi> => ({
    maxWaitMs: limits.maxWaitMs,
    minBytes: config.minBytes,
    maxBytes: limits.maxBytes,
    isolationLevel: config.readCommitted ? 1 : 0,
    topics: topicRequests(version, cluster, asked, ids, Math.min(config.maxPartitionBytes, limits.maxBytes)),
  })
  const answer = await connection.send(
    fetchApi,
    body,
    {
      timeoutMs: cluster.config.requestTimeoutMs + limits.maxWaitMs,
      ...(withIds ? {} : { maxVersion: BY_ID - 1 }),
    },
    pool,
  )
  const giveBack = (): void => {
    if (answer.pooled !== null) pool.give(answer.pooled)
  }
  try {
    const response = connection.decode(fetchApi, answer)
    throwOnError(response.errorCode, { api: fetchApi.name })
    const found = new Map<string, PartitionAnswer>()
    for (const topic of response.responses) {
      const key = answer.version >= BY_ID ? topic.topicId : topic.topic
      for (const partition of topic.partitions) found.set(`${key}/${partition.partitionIndex}`, partition)
    }
    const keyOf = ({ topic, partition }: FetchPartition): string =>
      `${answer.version >= BY_ID ? ids.get(topic)! : topic}/${partition}`
    return {
      partitions: asked.map(({ state }) => found.get(keyOf(state)) ?? null),
      frameBytes: answer.frame.length,
      pooled: answer.pooled,
    }
  } catch (error) {
    giveBack()
    throw error
  }
}

type TopicRequest = NonNullable<RequestInputOf<typeof fetchApi>['topics']>[number]
type PartitionRequest = NonNullable<TopicRequest['partitions']>[number]

function topicRequests(
  version: number,
  cluster: Cluster,
  asked: readonly Asked[],
  ids: ReadonlyMap<string, string>,
  partitionMaxBytes: number,
): TopicRequest[] {
  const topics = new Map<string, PartitionRequest[]>()
  for (const { state, offset } of asked) {
    let list = topics.get(state.topic)
    if (list === undefined) topics.set(state.topic, (list = []))
    list.push({
      partition: state.partition,
      currentLeaderEpoch: cluster.metadata.partition(state.topic, state.partition)?.leaderEpoch ?? -1,
      fetchOffset: offset,
      partitionMaxBytes,
    })
  }
  return [...topics].map(([topic, partitions]) =>
    version >= BY_ID ? { topicId: ids.get(topic)!, partitions } : { topic, partitions },
  )
}

/**
 * The offset after the whole batches in `records`, by their headers alone; `offset` when there is none. Damaged headers end
 * the look ahead: who decodes them says so.
 */
export function offsetAfter(records: Buffer, offset: number): number {
  let next = offset
  for (let pos = 0; ; ) {
    let size: number
    try {
      size = wholeBatchSize(records, pos, records.length)
    } catch {
      return next
    }
    if (size < LOG_OVERHEAD) return next
    const last = readBaseOffset(records, pos) + records.readInt32BE(pos + BatchLayout.LAST_OFFSET_DELTA)
    if (last >= next) next = last + 1
    pos += size
  }
}
