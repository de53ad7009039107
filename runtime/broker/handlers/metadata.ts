import type { RequestOf, ResponseInputOf } from '../../protocol/api.ts'
import { errorCodes } from '../../protocol/error-codes.ts'
import { describeCluster } from '../../protocol/messages/describe-cluster.ts'
import { describeTopicPartitions } from '../../protocol/messages/describe-topic-partitions.ts'
import { metadata } from '../../protocol/messages/metadata.ts'
import { ZERO_UUID } from '../../protocol/primitives.ts'
import { LEADER_EPOCH } from '../log/partition-log.ts'
import { type BrokerParts, errorFields, type Served, serve } from '../serve.ts'
import { internalTopics, type Topic } from '../topics/topics.ts'
import { operations } from './operations.ts'

type Request = RequestOf<typeof metadata>
type TopicResponse = NonNullable<ResponseInputOf<typeof metadata>['topics']>[number]

export const serveMetadata = (parts: BrokerParts): Served[] => [
  serve(metadata, [0, 13], async (request, { version }) => {
    const topics: TopicResponse[] = []
    if (request.topics === null || (version === 0 && request.topics.length === 0)) {
      for (const topic of parts.topics.all()) topics.push(describe(topic, request, parts))
    } else {
      for (const { name, topicId } of request.topics) topics.push(await lookUp(name, topicId, request, version, parts))
    }
    return {
      brokers: [{ nodeId: parts.nodeId, ...parts.address() }],
      clusterId: parts.clusterId,
      controllerId: parts.nodeId,
      topics,
      ...(request.includeClusterAuthorizedOperations ? { clusterAuthorizedOperations: operations.cluster } : {}),
    }
  }),

  serve(describeCluster, [0, 2], ({ includeClusterAuthorizedOperations, endpointType }, { version }) => {
    // 1 asks for brokers, 2 for controllers, which are asked elsewhere.
    if (endpointType !== 1) {
      const errorMessage = 'Asked for controllers on the listener for clients.'
      return { errorCode: errorCodes.MISMATCHED_ENDPOINT_TYPE, errorMessage, clusterId: parts.clusterId }
    }
    const { host, port } = parts.address()
    return {
      ...(version >= 1 ? { endpointType } : {}),
      clusterId: parts.clusterId,
      controllerId: parts.nodeId,
      brokers: [{ brokerId: parts.nodeId, host, port }],
      ...(includeClusterAuthorizedOperations ? { clusterAuthorizedOperations: operations.cluster } : {}),
    }
  }),

  serve(describeTopicPartitions, [0, 0], ({ topics: asked, cursor, responsePartitionLimit }) => {
    const names = (asked.length === 0 ? parts.topics.all().map(t => t.name) : asked.map(t => t.name)).sort()
    const topics = []
    let left = Math.max(1, Math.min(responsePartitionLimit, 2000))
    for (const name of names) {
      if (cursor !== null && name < cursor.topicName) continue
      const first = cursor?.topicName === name ? cursor.partitionIndex : 0
      if (left === 0) return { topics, nextCursor: { topicName: name, partitionIndex: first } }
      const topic = parts.topics.get(name)
      if (topic === undefined) {
        topics.push({ errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION, name, topicId: ZERO_UUID })
        continue
      }
      const { id: topicId, isInternal } = topic
      const partitions = partitionsOf(topic, parts)
        .slice(first, first + left)
        .map(partition => ({ ...partition, eligibleLeaderReplicas: [], lastKnownElr: [] }))
      left -= partitions.length
      topics.push({ name, topicId, isInternal, partitions, topicAuthorizedOperations: operations.topic })
      const next = first + partitions.length
      if (next < topic.partitions.length) return { topics, nextCursor: { topicName: name, partitionIndex: next } }
    }
    return { topics }
  }),
]

/** A topic that does not exist is created when broker and client allow it. */
async function lookUp(
  name: string | null,
  topicId: string,
  request: Request,
  version: number,
  parts: BrokerParts,
): Promise<TopicResponse> {
  // From version 12 on a name of null means that the id counts.
  if (name === null || (version >= 12 && topicId !== ZERO_UUID && name === '')) {
    const topic = parts.topics.byId(topicId)
    if (topic !== undefined) return describe(topic, request, parts)
    return { errorCode: errorCodes.UNKNOWN_TOPIC_ID, name: version >= 12 ? null : '', topicId }
  }
  const topic = parts.topics.get(name)
  if (topic !== undefined) return describe(topic, request, parts)
  const mayCreate = request.allowAutoTopicCreation && parts.settings.boolean('auto.create.topics.enable')
  if (!mayCreate || internalTopics.has(name)) return { errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION, name }
  try {
    const partitions = parts.settings.number('num.partitions')
    return describe(await parts.topics.create({ name, partitions }), request, parts)
  } catch (error) {
    // Two clients may have asked at once.
    const made = parts.topics.get(name)
    if (made !== undefined) return describe(made, request, parts)
    return { errorCode: errorFields(error, parts.log).errorCode, name }
  }
}

function describe(topic: Topic, request: Request, parts: BrokerParts): TopicResponse {
  return {
    errorCode: 0,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.isInternal,
    partitions: partitionsOf(topic, parts),
    ...(request.includeTopicAuthorizedOperations ? { topicAuthorizedOperations: operations.topic } : {}),
  }
}

const partitionsOf = (topic: Topic, { nodeId }: BrokerParts) =>
  topic.partitions.map((_, partitionIndex) => ({
    errorCode: 0,
    partitionIndex,
    leaderId: nodeId,
    leaderEpoch: LEADER_EPOCH,
    replicaNodes: [nodeId],
    isrNodes: [nodeId],
    offlineReplicas: [],
  }))
