import { ConfigError } from '../api/errors.ts'
import type { Admin, Kafka, TopicLog } from '../kafka/ports.ts'
import type { RegistryStore } from './store.ts'

/** Creates the topic, compacted, when it is not there. Throws ConfigError for one that would lose schemas or their order. */
const prepareTopic = async (admin: Admin, topic: string): Promise<void> => {
  await admin.createTopics([
    { name: topic, partitions: 1, replicationFactor: -1, configs: { 'cleanup.policy': 'compact' } },
  ])
  const [described] = await admin.describeTopics([topic])
  if (described !== undefined && described.partitions.length !== 1)
    throw new ConfigError(
      `The topic ${topic} of the schema registry has ${described.partitions.length} partitions and must have one: name another topic`,
    )
  const policy = (await admin.topicConfigs(topic)).get('cleanup.policy')
  if (policy !== undefined && policy !== 'compact')
    throw new ConfigError(
      `The topic ${topic} of the schema registry has cleanup.policy=${policy}, which would in the end lose schemas: set it to compact`,
    )
}

/**
 * A topic in the form of Confluent's registry, by default of its name. Several registries may read it; one at a time may
 * write, since none is elected: two that decide on an id at the same instant could take the same one.
 */
export const topicStore = (kafka: Kafka, topic = '_schemas'): RegistryStore => {
  let log: TopicLog | undefined
  let failure: Error | undefined
  const started = (): TopicLog => {
    if (failure !== undefined) throw failure
    if (log === undefined) throw new Error('The store of the schema registry is not started')
    return log
  }
  const sync = async (): Promise<void> => {
    await started().readToEnd()
    if (failure !== undefined) throw failure
  }
  return {
    async start(onRecord) {
      const admin = kafka.admin()
      try {
        await prepareTopic(admin, topic)
      } finally {
        await admin.close()
      }
      log = kafka.topicLog({
        topic,
        onRecord({ key, value }) {
          // Compaction needs keys; a record without one is not ours.
          if (key === null) return
          onRecord({ key: key.toString(), value: value?.toString() ?? null })
        },
        onError(error) {
          failure ??= error
        },
      })
      try {
        await log.start()
        if (failure !== undefined) throw failure
      } catch (error) {
        await log.stop()
        throw error
      }
    },
    sync,
    async append(records) {
      await started().append(
        records.map(({ key, value }) => ({
          key: Buffer.from(key),
          value: value === null ? null : Buffer.from(value),
        })),
      )
      await sync()
    },
    async stop() {
      await log?.stop()
    },
  }
}
