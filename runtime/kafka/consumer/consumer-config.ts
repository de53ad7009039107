import { KafkaClientError } from '../errors.ts'
import type { Assignor } from '../group/assignor.ts'
import { assignorOf, DEFAULT_ASSIGNORS } from '../group/assignors.ts'
import { type ClientConfig, invalid } from '../settings.ts'

/** Kafka's consumer settings that concern the group; times in milliseconds. */
export interface GroupConfig {
  readonly groupInstanceId: string | null
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly maxPollIntervalMs: number
  readonly assignors: readonly Assignor[]
  /** Members keep what they have during a rebalance: when all assignors allow it. */
  readonly cooperative: boolean
  readonly autoCreateTopics: boolean
}

export function groupConfig({ reader }: ClientConfig): GroupConfig {
  const protocol = reader.oneOf('group.protocol', 'classic', ['classic', 'consumer'])
  if (protocol !== 'classic') {
    throw new KafkaClientError('UNSUPPORTED', 'group.protocol: consumer is not supported yet, classic is')
  }
  const sessionTimeoutMs = reader.integer('session.timeout.ms', 45_000, 1)
  const heartbeatIntervalMs = reader.integer('heartbeat.interval.ms', 3000, 1)
  if (heartbeatIntervalMs >= sessionTimeoutMs) {
    throw invalid(
      'heartbeat.interval.ms',
      String(heartbeatIntervalMs),
      `below session.timeout.ms (${sessionTimeoutMs})`,
    )
  }
  const names = reader.list('partition.assignment.strategy', DEFAULT_ASSIGNORS)
  const assignors = names.map(name => {
    const found = assignorOf(name)
    if (found === undefined) {
      throw invalid('partition.assignment.strategy', name, 'of range, roundrobin, sticky, cooperative-sticky')
    }
    return found
  })
  return {
    groupInstanceId: reader.text('group.instance.id') ?? null,
    sessionTimeoutMs,
    heartbeatIntervalMs,
    maxPollIntervalMs: reader.integer('max.poll.interval.ms', 300_000, 1),
    assignors,
    cooperative: assignors.every(({ cooperative }) => cooperative),
    autoCreateTopics: reader.boolean('allow.auto.create.topics', true),
  }
}
