import type { Log } from '../api/context.ts'
import { ConfigError } from '../api/errors.ts'
import type { Admin } from '../kafka/ports.ts'

/** A topic that workers keep state in. */
export interface InternalTopic {
  readonly name: string
  /** `config`, `offset` or `status`: the prefix of its settings. */
  readonly what: 'config' | 'offset' | 'status'
  /** -1: the broker's default. */
  readonly partitions: number
  readonly replicationFactor: number
  /** `{what}.storage.NAME` settings, for when it is created. */
  readonly configs?: Readonly<Record<string, string>>
}

const kept = { config: 'connector configurations', offset: 'source connector offsets', status: 'connector statuses' }

/**
 * Creates the topic when it is not there, compacted; checks one that is. Throws ConfigError for a topic that would lose state:
 * not (only) compacted, or a config topic of several partitions, whose order is none.
 */
export const prepareTopic = async (admin: Admin, topic: InternalTopic, log: Log): Promise<void> => {
  const { name, what, partitions, replicationFactor, configs } = topic
  const policy = configs?.['cleanup.policy']
  if (policy !== undefined && policy !== 'compact')
    log.warn(`${what}.storage.cleanup.policy=${policy} is not used: the topic must be compacted`, { topic: name })
  let [described] = await admin.describeTopics([name])
  if (described === undefined) {
    await admin.createTopics([
      { name, partitions, replicationFactor, configs: { ...configs, 'cleanup.policy': 'compact' } },
    ])
    ;[described] = await admin.describeTopics([name])
  }
  const key = `${what}.storage.topic`
  const count = described?.partitions.length ?? partitions
  if (what === 'config' && count !== 1)
    throw new ConfigError(
      `Topic '${name}' supplied via the '${key}' property is required to have a single partition in order to guarantee consistency of connector configurations, but found ${count} partitions. Name another topic in ${key}.`,
      { key },
    )
  const found = await cleanupPolicy(admin, name, log)
  if (found === undefined || found === 'compact') return
  throw new ConfigError(
    `Topic '${name}' supplied via the '${key}' property is required to have 'cleanup.policy=compact' to guarantee consistency and durability of ${kept[what]}, but found the topic currently has 'cleanup.policy=${found}'. Going on would in the end lose ${kept[what]}. Change the topic's cleanup.policy to compact, or name another topic in ${key}.`,
    { key },
  )
}

/** undefined: not known, since we may not ask. */
const cleanupPolicy = async (admin: Admin, topic: string, log: Log): Promise<string | undefined> => {
  try {
    return (await admin.topicConfigs(topic)).get('cleanup.policy') ?? undefined
  } catch (error) {
    const code = (error as { kafkaCode?: string }).kafkaCode
    if (
      code !== 'TOPIC_AUTHORIZATION_FAILED' &&
      code !== 'CLUSTER_AUTHORIZATION_FAILED' &&
      code !== 'UNSUPPORTED_VERSION'
    )
      throw error
    log.warn('The settings of a topic cannot be read: make sure that it has cleanup.policy=compact', {
      topic,
      reason: code,
    })
    return undefined
  }
}
