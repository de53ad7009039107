import type { RequestOf, ResponseInputOf } from '../../protocol/api.ts'
import { errorCodes, KafkaProtocolError } from '../../protocol/error-codes.ts'
import { createPartitions } from '../../protocol/messages/create-partitions.ts'
import { createTopics } from '../../protocol/messages/create-topics.ts'
import { deleteRecords } from '../../protocol/messages/delete-records.ts'
import { deleteTopics } from '../../protocol/messages/delete-topics.ts'
import { describeProducers } from '../../protocol/messages/describe-producers.ts'
import { ZERO_UUID } from '../../protocol/primitives.ts'
import { type BrokerParts, errorFields, type Served, serve } from '../serve.ts'
import { internalTopics, type NewTopic } from '../topics/topics.ts'
import { describeTopicConfigs } from './topic-configs.ts'

type AskedTopic = RequestOf<typeof createTopics>['topics'][number]
type CreatedTopic = NonNullable<ResponseInputOf<typeof createTopics>['topics']>[number]

const DEFAULT = -1

export function serveTopicAdmin(parts: BrokerParts): Served[] {
  let warned = false
  /** Connect asks for three replicas of its topics by default: taken on one machine, and said once. */
  const checkReplicas = (factor: number): void => {
    if (factor === DEFAULT || factor === 1) return
    if (factor > 1 && parts.settings.boolean('millrace.broker.accept.replication.factor')) {
      if (!warned) {
        parts.log.warn('Topics are asked for with more than one replica; this broker is one machine and keeps one', {
          replicationFactor: factor,
          setting: 'millrace.broker.accept.replication.factor',
        })
      }
      warned = true
      return
    }
    const detail = factor > 1 ? `${factor} replicas on 1 broker` : `${factor} replicas`
    throw new KafkaProtocolError('INVALID_REPLICATION_FACTOR', { detail })
  }

  return [
    serve(createTopics, [0, 7], async request => {
      const names = request.topics.map(topic => topic.name)
      const topics: CreatedTopic[] = []
      for (const asked of request.topics) {
        try {
          if (names.indexOf(asked.name) !== names.lastIndexOf(asked.name)) throw twice(asked.name)
          checkReplicas(replicasOf(asked, parts.nodeId))
          const topic = newTopic(asked, parts)
          let topicId = ZERO_UUID
          if (request.validateOnly) parts.topics.check(topic)
          else topicId = (await parts.topics.create(topic)).id
          topics.push({
            name: asked.name,
            topicId,
            errorCode: 0,
            errorMessage: null,
            numPartitions: topic.partitions,
            replicationFactor: 1,
            configs: describeTopicConfigs(topic.configs ?? {}, parts.settings),
          })
        } catch (error) {
          topics.push({ name: asked.name, ...errorFields(error, parts.log) })
        }
      }
      return { topics }
    }),

    serve(deleteTopics, [0, 6], async (request, { version }) => {
      const responses = []
      const asked = version >= 6 ? request.topics : request.topicNames.map(name => ({ name, topicId: ZERO_UUID }))
      for (const { name, topicId } of asked) {
        const found = name ?? parts.topics.byId(topicId)?.name
        try {
          if (found === undefined) throw new KafkaProtocolError('UNKNOWN_TOPIC_ID')
          if (internalTopics.has(found)) {
            throw new KafkaProtocolError('INVALID_TOPIC_EXCEPTION', {
              topic: found,
              detail: 'it belongs to the broker',
            })
          }
          const id = parts.topics.get(found)?.id ?? topicId
          await parts.topics.delete(found)
          await parts.groups.topicDeleted(found)
          responses.push({ name: found, topicId: id, errorCode: 0 })
        } catch (error) {
          responses.push({ name, topicId, ...errorFields(error, parts.log) })
        }
      }
      return { responses }
    }),

    serve(createPartitions, [0, 3], async ({ topics, validateOnly }) => {
      const results = []
      for (const { name, count, assignments } of topics) {
        try {
          const has = parts.topics.get(name)?.partitions.length
          if (has === undefined) throw new KafkaProtocolError('UNKNOWN_TOPIC_OR_PARTITION', { topic: name })
          if (assignments !== null && assignments.length !== count - has) {
            const detail = `${assignments.length} assignments for ${count - has} new partitions`
            throw new KafkaProtocolError('INVALID_REPLICA_ASSIGNMENT', { detail })
          }
          for (const { brokerIds } of assignments ?? []) checkAssignment(brokerIds, parts.nodeId)
          if (count <= has) {
            const detail = `the topic has ${has} partitions, and ${count} are asked for`
            throw new KafkaProtocolError('INVALID_PARTITIONS', { topic: name, detail })
          }
          if (!validateOnly) await parts.topics.addPartitions(name, count)
          results.push({ name, errorCode: 0 })
        } catch (error) {
          results.push({ name, ...errorFields(error, parts.log) })
        }
      }
      return { results }
    }),

    serve(deleteRecords, [0, 2], async ({ topics }) => {
      const answers = []
      for (const { name, partitions } of topics) {
        const results = []
        for (const { partitionIndex, offset } of partitions) {
          try {
            const log = parts.topics.partition(name, partitionIndex)
            // A log that is compacted only would look compacted to its beginning, and not be.
            if (!log.config.delete) {
              throw new KafkaProtocolError('POLICY_VIOLATION', { detail: 'cleanup.policy does not include delete' })
            }
            results.push({ partitionIndex, lowWatermark: await log.deleteRecords(offset), errorCode: 0 })
          } catch (error) {
            results.push({ partitionIndex, lowWatermark: -1, errorCode: errorFields(error, parts.log).errorCode })
          }
        }
        answers.push({ name, partitions: results })
      }
      return { topics: answers }
    }),

    serve(describeProducers, [0, 0], ({ topics }) => ({
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map(partitionIndex => {
          const log = parts.topics.get(name)?.partitions[partitionIndex]
          if (log === undefined) return { partitionIndex, errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION }
          const activeProducers = [...log.producers.values()].map(({ id, epoch, lastTimestamp, batches }) => ({
            producerId: id,
            producerEpoch: epoch,
            lastSequence: batches.at(-1)!.lastSequence,
            lastTimestamp,
            coordinatorEpoch: -1,
          }))
          return { partitionIndex, errorCode: 0, activeProducers }
        }),
      })),
    })),
  ]
}

function newTopic(asked: AskedTopic, parts: BrokerParts): NewTopic {
  const { name, numPartitions, assignments, configs } = asked
  if (assignments.length > 0) {
    if (numPartitions !== DEFAULT) throw invalidRequest('both numPartitions and assignments are given')
    const indexes = assignments.map(a => a.partitionIndex).sort((a, b) => a - b)
    if (indexes.some((index, i) => index !== i)) {
      throw new KafkaProtocolError('INVALID_REPLICA_ASSIGNMENT', { detail: 'partitions are not numbered from 0' })
    }
    for (const { brokerIds } of assignments) checkAssignment(brokerIds, parts.nodeId)
  }
  const given: Record<string, string> = {}
  for (const { name, value } of configs) {
    if (value === null) throw new KafkaProtocolError('INVALID_CONFIG', { detail: `${name} has no value` })
    given[name] = value
  }
  const partitions =
    assignments.length > 0
      ? assignments.length
      : numPartitions === DEFAULT
        ? parts.settings.number('num.partitions')
        : numPartitions
  return { name, partitions, configs: given }
}

/** Named replicas are checked one by one; here only how many there would be. */
function replicasOf({ assignments, replicationFactor }: AskedTopic, nodeId: number): number {
  if (assignments.length === 0) return replicationFactor
  for (const { brokerIds } of assignments) checkAssignment(brokerIds, nodeId)
  return 1
}

function checkAssignment(brokerIds: readonly number[], nodeId: number): void {
  if (brokerIds.length === 1 && brokerIds[0] === nodeId) return
  const detail = `brokers ${brokerIds.join(', ')}; there is ${nodeId} only`
  throw new KafkaProtocolError('INVALID_REPLICA_ASSIGNMENT', { detail })
}

const twice = (name: string) => invalidRequest(`${name} is named twice`)

const invalidRequest = (detail: string) => new KafkaProtocolError('INVALID_REQUEST', { detail })
