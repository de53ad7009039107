import type { ClientSettings } from '../kafka/ports.ts'

type Props = Readonly<Record<string, string>>

/** What a worker's own properties say about reaching and trusting the brokers; holds for every client unless it says otherwise. */
const connection = /^(bootstrap\.servers|client\.dns\.lookup|security\.protocol|sasl\..+|ssl\..+)$/
/** What besides is meant for the worker's own clients, and so for the admin client. */
const tuning =
  /^(request\.timeout\.ms|retry\.backoff\.(max\.)?ms|reconnect\.backoff\.(max\.)?ms|metadata\.max\.age\.ms|connections\.max\.idle\.ms|socket\.connection\.setup\.timeout\.(max\.)?ms|(send|receive)\.buffer\.bytes|default\.api\.timeout\.ms)$/

const matching = (props: Props, pattern: RegExp): Props =>
  Object.fromEntries(Object.entries(props).filter(([key]) => pattern.test(key)))

const prefixed = (props: Readonly<Record<string, string | null | undefined>>, prefix: string): Props =>
  Object.fromEntries(
    Object.entries(props).flatMap(([key, value]) =>
      key.startsWith(prefix) && typeof value === 'string' ? [[key.slice(prefix.length), value]] : [],
    ),
  )

/** The settings every client of the worker starts from. */
export const baseSettings = (worker: Props): ClientSettings => matching(worker, connection)

/**
 * The settings of a task's clients, in Kafka Connect's layers: what the runtime needs, the worker's `producer.*` /
 * `consumer.*` / `admin.*`, the connector's `*.override.*` last. Producers keep their idempotence here, unlike Kafka Connect's:
 * it costs nothing and keeps a resent batch from being stored twice.
 */
export const taskClientSettings = (
  worker: Props,
  connectorProps: Readonly<Record<string, string | null | undefined>>,
  connector: string,
  task: number,
  memoryBytes: number,
): {
  readonly producer: ClientSettings
  readonly deadLetterProducer: ClientSettings
  readonly consumer: ClientSettings
  readonly admin: ClientSettings
  readonly groupId: string
} => {
  const producer = (role: string): ClientSettings => ({
    acks: 'all',
    'delivery.timeout.ms': '2147483647',
    'buffer.memory': String(Math.min(memoryBytes, 16 * 1024 * 1024)),
    'client.id': `connector-${role}-${connector}-${task}`,
    ...prefixed(worker, 'producer.'),
    ...prefixed(connectorProps, 'producer.override.'),
  })
  const consumer: ClientSettings = {
    'auto.offset.reset': 'earliest',
    'client.id': `connector-consumer-${connector}-${task}`,
    ...prefixed(worker, 'consumer.'),
    ...prefixed(connectorProps, 'consumer.override.'),
    'enable.auto.commit': 'false',
  }
  return {
    producer: producer('producer'),
    deadLetterProducer: producer('dlq-producer'),
    consumer,
    admin: {
      ...matching(worker, tuning),
      'client.id': `connector-adminclient-${connector}-${task}`,
      ...prefixed(worker, 'admin.'),
      ...prefixed(connectorProps, 'admin.override.'),
    },
    groupId: consumer['group.id'] ?? `connect-${connector}`,
  }
}
