import type { RequestOf, ResponseInputOf } from '../../protocol/api.ts'
import { errorCodes, KafkaProtocolError } from '../../protocol/error-codes.ts'
import { produce } from '../../protocol/messages/produce.ts'
import type { Admission } from '../log/partition-log.ts'
import { type BrokerParts, errorFields, type RequestContext, type Served, serve } from '../serve.ts'
import type { Topic } from '../topics/topics.ts'

type TopicData = RequestOf<typeof produce>['topicData'][number]
type TopicResponse = NonNullable<ResponseInputOf<typeof produce>['responses']>[number]
type PartitionResponse = NonNullable<TopicResponse['partitionResponses']>[number]

/** Appends run in the order of requests; the answers wait for the writes, the next request does not (invariant 5). */
export const serveProduce = (parts: BrokerParts): Served =>
  serve(produce, [0, 13], (request, context) => handle(request, context, parts), { isPipelined: true })

async function handle(
  request: RequestOf<typeof produce>,
  context: RequestContext,
  parts: BrokerParts,
): Promise<ResponseInputOf<typeof produce> | null> {
  const { acks } = request
  const refusal = refusalOf(request)
  const responses = await Promise.all(
    request.topicData.map(async (data): Promise<TopicResponse> => {
      const topic = context.version >= 13 ? parts.topics.byId(data.topicId) : parts.topics.get(data.name)
      const partitionResponses = await Promise.all(
        data.partitionData.map(partition => append(partition, topic, request.transactionalId, refusal, context, parts)),
      )
      return { name: data.name, topicId: data.topicId, partitionResponses }
    }),
  )
  if (acks !== 0) return { responses }
  // Who wants no answer learns of a failure by the end of the connection, as with Kafka.
  for (const { partitionResponses = [] } of responses) {
    for (const { errorCode = 0, errorMessage } of partitionResponses) {
      if (errorCode !== 0) throw new Error(`produce with acks=0 failed: ${errorMessage}`)
    }
  }
  return null
}

function refusalOf({ acks }: RequestOf<typeof produce>): KafkaProtocolError | null {
  if (acks < -1 || acks > 1) return new KafkaProtocolError('INVALID_REQUIRED_ACKS', { detail: `acks is ${acks}` })
  return null
}

async function append(
  { index, records }: TopicData['partitionData'][number],
  topic: Topic | undefined,
  transactionalId: string | null,
  refusal: KafkaProtocolError | null,
  context: RequestContext,
  parts: BrokerParts,
): Promise<PartitionResponse> {
  try {
    if (refusal !== null) throw refusal
    const log = topic?.partitions[index]
    if (topic === undefined || log === undefined) {
      const unknownId = context.version >= 13 && topic === undefined
      throw new KafkaProtocolError(unknownId ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION', { partition: index })
    }
    if (topic.isInternal) {
      const detail = 'it belongs to the broker: commit offsets instead'
      throw new KafkaProtocolError('INVALID_TOPIC_EXCEPTION', { topic: topic.name, detail })
    }
    const { baseOffset, logAppendTime } = await log.append(
      records,
      admission(transactionalId, topic.name, index, parts),
    )
    return { index, errorCode: 0, baseOffset, logAppendTimeMs: logAppendTime, logStartOffset: log.startOffset }
  } catch (error) {
    const { errorCode: code, errorMessage } = errorFields(error, parts.log)
    // By its epoch is how clients know a fenced producer in this answer.
    const errorCode = code === errorCodes.PRODUCER_FENCED ? errorCodes.INVALID_PRODUCER_EPOCH : code
    const isRecordError = errorCode === errorCodes.INVALID_RECORD
    const recordErrors = isRecordError ? [{ batchIndex: 0, batchIndexErrorMessage: errorMessage }] : []
    return { index, errorCode, baseOffset: -1, errorMessage, recordErrors }
  }
}

function admission(
  transactionalId: string | null,
  topic: string,
  partition: number,
  { transactions }: BrokerParts,
): Admission | null {
  if (transactionalId === null) return null
  return (producerId, producerEpoch) =>
    transactions.admit({ transactionalId, producerId, producerEpoch }, topic, partition)
}
