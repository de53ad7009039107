import type { TopicPartition, TopicPartitionOffset } from '../api/record.ts'
import { CodedError } from '../base/errors.ts'
import type { Admin } from '../kafka/ports.ts'
import type { ConnectorOffset } from './entities.ts'

const bad = (reason: string): CodedError => new CodedError('BAD_REQUEST', { reason })

/** Kafka Connect takes numbers in text as well. */
const integer = (value: unknown): number | undefined => {
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined
  return typeof value === 'string' && /^[+-]?\d+$/.test(value) ? Number(value) : undefined
}

const partitionOf = (partition: Readonly<Record<string, unknown>> | null | undefined): TopicPartition => {
  if (partition === null || partition === undefined)
    throw bad('The partition for a sink connector offset cannot be null or missing')
  if (!('kafka_topic' in partition) || !('kafka_partition' in partition))
    throw bad("The partition for a sink connector offset must contain the keys 'kafka_topic' and 'kafka_partition'")
  const { kafka_topic: topic, kafka_partition: number } = partition
  if (topic === null) throw bad('Kafka topic names must be valid strings and may not be null')
  if (number === null) throw bad('Kafka partitions must be valid numbers and may not be null')
  const parsed = integer(number)
  if (parsed === undefined)
    throw bad(
      `Failed to parse the following Kafka partition value in the provided offsets: '${number}'. Partition values for sink connectors need to be integers.`,
    )
  return { topic: String(topic), partition: parsed }
}

/** A sink's offsets as users give them. `reset` holds those to forget. Throws CodedError with Kafka Connect's texts. */
export const parseSinkOffsets = (
  offsets: readonly ConnectorOffset[],
): { readonly set: readonly TopicPartitionOffset[]; readonly reset: readonly TopicPartition[] } => {
  const set: TopicPartitionOffset[] = []
  const reset: TopicPartition[] = []
  for (const { partition, offset } of offsets) {
    const at = partitionOf(partition)
    if (offset === null || offset === undefined) {
      reset.push(at)
      continue
    }
    if (!('kafka_offset' in offset))
      throw bad("The offset for a sink connector should either be null or contain the key 'kafka_offset'")
    const value = offset['kafka_offset']
    const parsed = integer(value)
    if (parsed === undefined)
      throw bad(
        `Failed to parse the following Kafka offset value in the provided offsets: '${value}'. Offset values for sink connectors need to be integers.`,
      )
    set.push({ ...at, offset: parsed })
  }
  return { set, reset }
}

/** What a group has committed, as REST shows it. */
export const sinkOffsets = async (admin: Admin, groupId: string): Promise<readonly ConnectorOffset[]> => {
  const committed = await admin.groupOffsets(groupId)
  return committed
    .filter(({ offset }) => offset >= 0)
    .map(({ topic, partition, offset }) => ({
      partition: { kafka_topic: topic, kafka_partition: partition },
      offset: { kafka_offset: offset },
    }))
}

/** Sets and forgets a sink's offsets; null: the whole group. The group has no member any more. */
export const alterSinkOffsets = async (
  admin: Admin,
  connector: string,
  groupId: string,
  offsets: readonly ConnectorOffset[] | null,
): Promise<void> => {
  const failed = (cause: unknown, what: 'alter' | 'reset') =>
    new CodedError(
      'INTERNAL',
      {
        reason: `Failed to ${what} consumer group offsets for connector ${connector}${notEmpty(cause) ? busy(what) : ''}`,
      },
      { cause, ...(cause instanceof Error && { hint: cause.message }) },
    )
  if (offsets === null) {
    await admin.deleteGroups([groupId]).catch(cause => {
      throw failed(cause, 'reset')
    })
    return
  }
  const { set, reset } = parseSinkOffsets(offsets)
  if (set.some(({ offset }) => offset < 0))
    throw new CodedError('INTERNAL', { reason: `Failed to modify offsets for sink connector ${connector}` })
  try {
    const known = await admin.describeTopics([...new Set(set.map(({ topic }) => topic))])
    for (const { topic, partition } of set) {
      if (!known.some(one => one.name === topic && one.partitions.some(each => each.partition === partition)))
        throw new Error(`There is no partition ${topic}-${partition}`)
    }
    if (set.length > 0) await admin.alterGroupOffsets(groupId, set)
    if (reset.length > 0) await admin.deleteGroupOffsets(groupId, reset)
  } catch (cause) {
    throw failed(cause, 'alter')
  }
}

const busy = (what: 'alter' | 'reset'): string =>
  ` either because its tasks haven't stopped completely yet or the connector was resumed before the request to ${what} its offsets could be successfully completed. If the connector is in a stopped state, this operation can be safely retried. If it doesn't eventually succeed, the Connect cluster may need to be restarted to get rid of the zombie sink tasks.`

const notEmpty = (error: unknown): boolean =>
  (error as { kafkaCode?: string } | undefined)?.kafkaCode === 'NON_EMPTY_GROUP'
