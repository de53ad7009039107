import type { Log, TopicFollower, TopicFollowing } from '../api/context.ts'
import { createKafka } from '../kafka/kafka.ts'
import { baseSettings } from './client-settings.ts'

/**
 * Follows a topic for a plugin, without being a member of the group: several may follow with the same group id, each sees all.
 * What the worker knows of its own cluster, secrets included, goes to no other one.
 */
export const followTopic = async (
  worker: Readonly<Record<string, string>>,
  { topic, groupId, settings, onMessage, onError }: TopicFollowing,
  log: Log,
): Promise<TopicFollower> => {
  const elsewhere = settings['bootstrap.servers'] !== undefined
  const kafka = createKafka(elsewhere ? settings : { ...baseSettings(worker), ...settings }, { log })
  try {
    const admin = kafka.admin()
    if ((await admin.describeTopics([topic])).length === 0)
      await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: -1 }])
    const handled = new Map(
      (await admin.groupOffsets(groupId))
        .filter(entry => entry.topic === topic)
        .map(({ partition, offset }) => [partition, offset]),
    )
    const records = kafka.topicLog({
      topic,
      isolation: 'read_committed',
      onError,
      onRecord(record) {
        if (record.offset >= (handled.get(record.partition) ?? 0)) onMessage({ topic, ...record })
      },
    })
    // What is there already comes while the caller goes on: it may be much.
    const started = records.start().catch((error: unknown) => onError(error as Error))
    return {
      async handled({ partition, offset }) {
        await admin.alterGroupOffsets(groupId, [{ topic, partition, offset: offset + 1 }])
      },
      async close() {
        await records.stop()
        await started
        await kafka.close()
      },
    }
  } catch (error) {
    await kafka.close()
    throw error
  }
}
