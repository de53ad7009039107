import type { Api, ResponseOf } from '../../protocol/api.ts'
import { errorCodes, KafkaProtocolError, throwOnError } from '../../protocol/error-codes.ts'
import { createPartitions as createPartitionsApi } from '../../protocol/messages/create-partitions.ts'
import { createTopics as createTopicsApi } from '../../protocol/messages/create-topics.ts'
import { deleteTopics as deleteTopicsApi } from '../../protocol/messages/delete-topics.ts'
import { describeCluster as describeClusterApi } from '../../protocol/messages/describe-cluster.ts'
import { metadata as metadataApi } from '../../protocol/messages/metadata.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { RequestBody } from '../connection/connection.ts'
import type { Admin, NewTopic, TopicDescription } from '../ports.ts'
import type { Retrying } from './retrying.ts'

type TopicAdmin = Pick<
  Admin,
  'describeCluster' | 'listTopics' | 'describeTopics' | 'createTopics' | 'createPartitions' | 'deleteTopics'
>

/** Clusters and topics. */
export function topicAdmin(cluster: Cluster, retrying: Retrying): TopicAdmin {
  /** KRaft brokers pass it on; before, only the controller itself takes such requests. */
  const toController = async <A extends Api>(api: A, body: RequestBody<A>): Promise<ResponseOf<A>> => {
    if (cluster.metadata.controllerId < 0) await cluster.refresh()
    const { controllerId, brokers } = cluster.metadata
    if (!brokers.has(controllerId)) return (await cluster.any()).request(api, body)
    return cluster.request(controllerId, 'main', api, body)
  }
  const timeoutMs = cluster.config.requestTimeoutMs

  /** `names` null: all. */
  const readTopics = async (names: readonly string[] | null): Promise<ResponseOf<typeof metadataApi>['topics']> => {
    const connection = await cluster.any()
    const response = await connection.request(metadataApi, version => ({
      topics: names === null ? (version === 0 ? [] : null) : names.map(name => ({ name })),
      ...(version >= 4 ? { allowAutoTopicCreation: false } : {}),
    }))
    throwOnError(response.errorCode, { api: metadataApi.name })
    return response.topics
  }

  const create = async (topics: readonly NewTopic[], results: Map<string, boolean>): Promise<void> => {
    const response = await toController(createTopicsApi, {
      timeoutMs,
      topics: topics.map(({ name, partitions, replicationFactor, configs }) => ({
        name,
        numPartitions: partitions,
        replicationFactor,
        configs: Object.entries(configs ?? {}).map(([key, value]) => ({ name: key, value })),
      })),
    })
    for (const { name, errorCode, errorMessage } of response.topics) {
      if (errorCode === errorCodes.TOPIC_ALREADY_EXISTS) {
        // A try whose answer was lost may have made it: then it is ours.
        if (!results.has(name)) results.set(name, false)
      } else {
        throwOnError(errorCode, { api: createTopicsApi.name, topic: name, detail: errorMessage })
        results.set(name, true)
      }
    }
  }

  return {
    describeCluster: () =>
      retrying(async () => {
        const connection = await cluster.any()
        if (!connection.speaks(describeClusterApi)) {
          await cluster.refresh()
          const { clusterId, controllerId, brokers } = cluster.metadata
          return { clusterId, controllerId, brokers: [...brokers].map(([id, address]) => ({ id, ...address })) }
        }
        const response = await connection.request(describeClusterApi, {})
        throwOnError(response.errorCode, { api: describeClusterApi.name, detail: response.errorMessage })
        const { clusterId, controllerId } = response
        const brokers = response.brokers.map(({ brokerId, host, port }) => ({ id: brokerId, host, port }))
        return { clusterId, controllerId, brokers }
      }),

    listTopics: () =>
      retrying(async () => (await readTopics(null)).flatMap(({ name }) => (name === null ? [] : [name]))),

    describeTopics: names =>
      retrying(async () => {
        if (names.length === 0) return []
        const found: TopicDescription[] = []
        for (const { name, errorCode, partitions } of await readTopics(names)) {
          if (name === null || errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION) continue
          throwOnError(errorCode, { api: metadataApi.name, topic: name })
          found.push({
            name,
            partitions: partitions
              .map(({ partitionIndex, leaderId, replicaNodes, isrNodes }) => ({
                partition: partitionIndex,
                leader: leaderId,
                replicas: replicaNodes,
                isr: isrNodes,
              }))
              .sort((a, b) => a.partition - b.partition),
          })
        }
        return found
      }),

    async createTopics(topics) {
      const results = new Map<string, boolean>()
      if (topics.length > 0) {
        await retrying(() =>
          create(
            topics.filter(({ name }) => !results.has(name)),
            results,
          ),
        )
      }
      return results
    },

    createPartitions: (topic, total) =>
      retrying(async () => {
        const response = await toController(createPartitionsApi, {
          timeoutMs,
          topics: [{ name: topic, count: total, assignments: null }],
        })
        for (const { errorCode, errorMessage } of response.results) {
          throwOnError(errorCode, { api: createPartitionsApi.name, topic, detail: errorMessage })
        }
      }),

    async deleteTopics(names) {
      let left = [...names]
      let lost = false
      if (left.length === 0) return
      await retrying(async () => {
        const response = await toController(deleteTopicsApi, version =>
          version >= 6 ? { timeoutMs, topics: left.map(name => ({ name })) } : { timeoutMs, topicNames: left },
        ).catch(error => {
          lost = true
          throw error
        })
        let failure: KafkaProtocolError | undefined
        for (const { name, errorCode, errorMessage } of response.responses) {
          // A try whose answer was lost may have deleted it.
          if (errorCode === 0 || (lost && errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION)) {
            left = left.filter(topic => topic !== name)
          } else {
            const place = { api: deleteTopicsApi.name, topic: name ?? undefined, detail: errorMessage }
            failure ??= new KafkaProtocolError(errorCode, place)
          }
        }
        if (failure !== undefined) throw failure
      })
    },
  }
}
