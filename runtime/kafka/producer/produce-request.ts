import type { RequestInputOf, ResponseOf } from '../../protocol/api.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { ZERO_UUID } from '../../protocol/primitives.ts'
import type { Metadata } from '../cluster/metadata.ts'
import type { Connection } from '../connection/connection.ts'
import type { Batch } from './batch.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { ProducerConfig } from './producer-config.ts'

/** Topics by id from this version on. */
const BY_ID = 13

/** The last version whose transactions are of the protocol that we speak. */
const LAST_IN_TRANSACTION = 11

/** One batch of a request. */
export interface Entry {
  readonly queue: PartitionQueue
  readonly batch: Batch
  readonly bytes: Buffer
  readonly topicId: string
}

export interface PartitionAnswer {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly baseOffset: number
  readonly logStartOffset: number
  /** What the broker says of single records. */
  readonly recordErrors: string
}

/** Sends batches of different partitions in one request; resolves with an answer per entry, null where the broker gave none. */
export async function sendProduce(
  connection: Connection,
  entries: readonly Entry[],
  config: ProducerConfig,
  timeoutMs: number,
): Promise<(PartitionAnswer | null)[]> {
  const withIds = entries.every(({ topicId }) => topicId !== ZERO_UUID)
  const { transactionalId } = config
  const options =
    transactionalId !== undefined ? { maxVersion: LAST_IN_TRANSACTION } : withIds ? {} : { maxVersion: BY_ID - 1 }
  const body = (version: number): RequestInputOf<typeof produce> => produceBody(version, entries, config, timeoutMs)
  if (config.acks === 0) {
    // Nobody answers: what the operating system took counts as delivered, as acks=0 asks for.
    await connection.post(produce, body, options)
    const sent = { errorCode: 0, errorMessage: null, baseOffset: -1, logStartOffset: -1, recordErrors: '' }
    return entries.map(() => sent)
  }
  const answer = await connection.send(produce, body, options, null)
  return answersOf(connection.decode(produce, answer), entries, answer.version >= BY_ID)
}

export const topicIdOf = (metadata: Metadata, topic: string): string => metadata.topic(topic)?.id ?? ZERO_UUID

function produceBody(
  version: number,
  entries: readonly Entry[],
  { acks, transactionalId }: ProducerConfig,
  timeoutMs: number,
): RequestInputOf<typeof produce> {
  const topics = new Map<
    string,
    { name?: string; topicId?: string; partitionData: { index: number; records: Buffer }[] }
  >()
  for (const { queue, bytes, topicId } of entries) {
    let topic = topics.get(queue.topic)
    if (topic === undefined) {
      topic = version >= BY_ID ? { topicId, partitionData: [] } : { name: queue.topic, partitionData: [] }
      topics.set(queue.topic, topic)
    }
    topic.partitionData.push({ index: queue.partition, records: bytes })
  }
  const topicData = [...topics.values()]
  return { acks, timeoutMs, topicData, ...(transactionalId === undefined ? {} : { transactionalId }) }
}

function answersOf(
  response: ResponseOf<typeof produce>,
  entries: readonly Entry[],
  byId: boolean,
): (PartitionAnswer | null)[] {
  const found = new Map<string, PartitionAnswer>()
  for (const topic of response.responses) {
    const key = byId ? topic.topicId : topic.name
    for (const {
      index,
      errorCode,
      errorMessage,
      baseOffset,
      logStartOffset,
      recordErrors,
    } of topic.partitionResponses) {
      const texts = recordErrors.map(
        ({ batchIndex, batchIndexErrorMessage }) => `record ${batchIndex}: ${batchIndexErrorMessage ?? 'refused'}`,
      )
      found.set(`${key}/${index}`, {
        errorCode,
        errorMessage,
        baseOffset,
        logStartOffset,
        recordErrors: texts.slice(0, 5).join(', '),
      })
    }
  }
  return entries.map(({ queue, topicId }) => found.get(`${byId ? topicId : queue.topic}/${queue.partition}`) ?? null)
}
