import { errorCodes, KafkaProtocolError } from '../../protocol/error-codes.ts'
import { addOffsetsToTxn } from '../../protocol/messages/add-offsets-to-txn.ts'
import { addPartitionsToTxn } from '../../protocol/messages/add-partitions-to-txn.ts'
import { describeProducers } from '../../protocol/messages/describe-producers.ts'
import { describeTransactions } from '../../protocol/messages/describe-transactions.ts'
import { endTxn } from '../../protocol/messages/end-txn.ts'
import { initProducerId } from '../../protocol/messages/init-producer-id.ts'
import { listTransactions } from '../../protocol/messages/list-transactions.ts'
import { type BrokerParts, errorFields, type Served, serve } from '../serve.ts'
import { OFFSETS_TOPIC } from '../topics/topics.ts'
import { transactionStates } from '../transactions/transaction-records.ts'

/** Clients before this version of an API know a fenced producer by its epoch only. */
function fencedSince(firstVersion: number, version: number, error: unknown, parts: BrokerParts): number {
  const { errorCode } = errorFields(error, parts.log)
  if (errorCode !== errorCodes.PRODUCER_FENCED || version >= firstVersion) return errorCode
  return errorCodes.INVALID_PRODUCER_EPOCH
}

/**
 * Versions end before the second protocol of transactions (an epoch for each, partitions entered by producing), which
 * clients use only where a broker says that it is on.
 */
export const serveTransactions = (parts: BrokerParts): Served[] => [
  serve(initProducerId, [0, 5], async (request, { version }) => {
    // For idempotence only: always a new id, for such a producer raises its epoch itself.
    if (request.transactionalId === null) {
      return { errorCode: 0, producerId: await parts.producerIds.next(), producerEpoch: 0 }
    }
    try {
      const { transactionalId, transactionTimeoutMs } = request
      const { producerId, producerEpoch } = await parts.transactions.initProducer(
        transactionalId,
        transactionTimeoutMs,
        request,
      )
      return { errorCode: 0, producerId, producerEpoch }
    } catch (error) {
      return { errorCode: fencedSince(4, version, error, parts), producerId: -1, producerEpoch: -1 }
    }
  }),

  serve(addPartitionsToTxn, [0, 3], async (request, { version }) => {
    const topics = request.v3AndBelowTopics
    const isKnown = (name: string, partition: number) => parts.topics.get(name)?.partitions[partition] !== undefined
    const areAllKnown = topics.every(({ name, partitions }) => partitions.every(p => isKnown(name, p)))
    let errorCode = 0
    try {
      const producer = {
        transactionalId: request.v3AndBelowTransactionalId,
        producerId: request.v3AndBelowProducerId,
        producerEpoch: request.v3AndBelowProducerEpoch,
      }
      if (areAllKnown) await parts.transactions.addPartitions(producer, topics)
    } catch (error) {
      errorCode = fencedSince(2, version, error, parts)
    }
    const codeFor = (name: string, partition: number) => {
      if (areAllKnown) return errorCode
      return isKnown(name, partition) ? errorCodes.OPERATION_NOT_ATTEMPTED : errorCodes.UNKNOWN_TOPIC_OR_PARTITION
    }
    return {
      resultsByTopicV3AndBelow: topics.map(({ name, partitions }) => ({
        name,
        resultsByPartition: partitions.map(partitionIndex => ({
          partitionIndex,
          partitionErrorCode: codeFor(name, partitionIndex),
        })),
      })),
    }
  }),

  serve(addOffsetsToTxn, [0, 4], async (request, { version }) => {
    try {
      if (request.groupId === '') throw new KafkaProtocolError('INVALID_GROUP_ID')
      // All groups' offsets are in one partition.
      await parts.transactions.addPartitions(request, [{ name: OFFSETS_TOPIC, partitions: [0] }])
      return { errorCode: 0 }
    } catch (error) {
      return { errorCode: fencedSince(2, version, error, parts) }
    }
  }),

  serve(endTxn, [0, 4], async (request, { version }) => {
    try {
      await parts.transactions.end(request, request.committed)
      return { errorCode: 0 }
    } catch (error) {
      return { errorCode: fencedSince(2, version, error, parts) }
    }
  }),

  serve(listTransactions, [0, 2], request => {
    const { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern: pattern } = request
    const now = parts.clock.now()
    let matches: RegExp | null = null
    try {
      if (pattern !== null && pattern !== '') matches = new RegExp(`^(?:${pattern})$`)
    } catch {
      return { errorCode: errorCodes.INVALID_REGULAR_EXPRESSION }
    }
    const found = [...parts.transactions.all()].filter(
      ([id, { state, producerId, startedAt }]) =>
        (stateFilters.length === 0 || stateFilters.includes(state)) &&
        (producerIdFilters.length === 0 || producerIdFilters.includes(producerId)) &&
        (durationFilter < 0 || (startedAt >= 0 && now - startedAt > durationFilter)) &&
        (matches === null || matches.test(id)),
    )
    return {
      errorCode: 0,
      unknownStateFilters: stateFilters.filter(name => !transactionStates.some(state => state === name)),
      transactionStates: found.map(([transactionalId, { producerId, state }]) => ({
        transactionalId,
        producerId,
        transactionState: state,
      })),
    }
  }),

  serve(describeTransactions, [0, 0], request => ({
    transactionStates: request.transactionalIds.map(transactionalId => {
      const found = parts.transactions.all().get(transactionalId)
      if (found === undefined) return { transactionalId, errorCode: errorCodes.TRANSACTIONAL_ID_NOT_FOUND }
      return {
        transactionalId,
        errorCode: 0,
        transactionState: found.state,
        transactionTimeoutMs: found.timeoutMs,
        transactionStartTimeMs: found.startedAt,
        producerId: found.producerId,
        producerEpoch: found.producerEpoch,
        topics: [...found.partitions].map(([topic, partitions]) => ({ topic, partitions: [...partitions] })),
      }
    }),
  })),

  serve(describeProducers, [0, 0], request => ({
    topics: request.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map(partitionIndex => {
        const log = parts.topics.get(name)?.partitions[partitionIndex]
        if (log === undefined) return { partitionIndex, errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION }
        const activeProducers = [...log.producers.values()].map(({ id, epoch, lastTimestamp, batches }) => ({
          producerId: id,
          producerEpoch: epoch,
          lastSequence: batches.at(-1)?.lastSequence ?? -1,
          lastTimestamp,
          coordinatorEpoch: 0,
          currentTxnStartOffset: log.transactions.openOf(id) ?? -1,
        }))
        return { partitionIndex, errorCode: 0, activeProducers }
      }),
    })),
  })),
]
