import { ConfigError } from '../api/errors.ts'
import { partitionForKey } from '../kafka/partitioner.ts'
import type { ClientSettings, Delivery, TransactionalProducer } from '../kafka/ports.ts'
import { ownOffsetsTopic } from '../stores/connector-offset-stores.ts'
import { offsetEntries } from '../stores/offset-entries.ts'
import type { SourceOffset } from '../stores/ports.ts'
import type { TransactionBoundary, TransactionParts } from '../task/source-transactions.ts'
import { TransactionAsks } from '../task/transaction-asks.ts'
import type { TaskMaterial } from './task-material.ts'
import { flushSettings } from './task-parts.ts'

type Props = Readonly<Record<string, string>>

/** How a source task writes exactly once. */
export interface ExactlyOnce {
  /** `<group.id>-<connector>-<task>`: whoever takes it fences the one before. */
  readonly transactionalId: string
  readonly offsetsTopic: string
  readonly boundary: TransactionBoundary
}

/** Name under which a task's producer is known; Kafka Connect's. */
export const transactionalIdOf = (groupId: string, connector: string, task: number): string =>
  `${groupId}-${connector}-${task}`

export const supportsExactlyOnce = (worker: Props): boolean =>
  worker['group.id'] !== undefined && worker['exactly.once.source.support']?.trim() === 'enabled'

/** undefined: this worker has no exactly-once support switched on. Throws ConfigError for settings that are not valid. */
export const exactlyOnce = (
  worker: Props,
  connectorProps: Props,
  { connector, task }: { readonly connector: string; readonly task: number },
): ExactlyOnce | undefined => {
  if (!supportsExactlyOnce(worker)) return undefined
  const shared = worker['offset.storage.topic']!.trim()
  return {
    transactionalId: transactionalIdOf(worker['group.id']!.trim(), connector, task),
    offsetsTopic: ownOffsetsTopic(connectorProps, shared) ?? shared,
    boundary: boundaryOf(worker, connectorProps),
  }
}

const boundaryOf = (worker: Props, connectorProps: Props): TransactionBoundary => {
  const kind = connectorProps['transaction.boundary']?.trim().toLowerCase() ?? 'poll'
  if (kind === 'poll' || kind === 'connector') return { kind }
  const key = 'transaction.boundary.interval.ms'
  if (kind !== 'interval')
    throw new ConfigError(
      `Invalid value ${kind} for configuration transaction.boundary: use poll, interval or connector`,
      {
        key: 'transaction.boundary',
      },
    )
  const text = connectorProps[key]?.trim()
  const ms = text === undefined || text === '' ? flushSettings(worker).flushIntervalMs : Number(text)
  if (!Number.isInteger(ms) || ms < 0) throw new ConfigError(`Invalid value ${text} for configuration ${key}`, { key })
  return { kind, ms }
}

const TIMEOUT = 'transaction.timeout.ms'
const DEFAULT_TIMEOUT_MS = 60_000
/** What brokers allow unless they are told otherwise. */
const MAX_TIMEOUT_MS = 900_000

/** A producer that has the task's transactional id: nothing that ran before it can write any more (invariant 7). */
export const openTransactions = async (
  { transactionalId, offsetsTopic, boundary }: ExactlyOnce,
  { request, kafka, clients }: TaskMaterial,
): Promise<{ readonly producer: TransactionalProducer; readonly transactions: TransactionParts }> => {
  const { start, main, log } = request
  const fixed: ClientSettings = { acks: 'all', 'enable.idempotence': 'true', 'transactional.id': transactionalId }
  for (const [key, value] of Object.entries(fixed)) {
    const given = clients.producer[key]
    if (given !== undefined && given !== value && !(key === 'acks' && given === '-1'))
      log.warn(`Exactly-once support needs ${key}=${value}; what is configured is not used`, { key, given })
  }
  // A transaction lasts as long as its boundary says: the brokers must not abort it before.
  const needed = boundary.kind === 'interval' ? Math.min(MAX_TIMEOUT_MS, 2 * boundary.ms) : 0
  const timeout = { [TIMEOUT]: String(Math.max(DEFAULT_TIMEOUT_MS, needed)) }
  await main.fence(start.run, start.id)
  const producer = kafka.transactionalProducer({ ...timeout, ...clients.producer, ...fixed })
  await producer.init()
  await main.confirm(start.run, start.id)
  // Asking for nothing makes sure that the topic is there.
  await main.offsets(start.run, start.id, [])
  await producer.prepare([offsetsTopic])
  const { connector } = start.id
  const transactions: TransactionParts = {
    boundary,
    requests: new TransactionAsks(),
    commit: offsets => commit(producer, offsetsTopic, connector, offsets),
    abort: () => producer.abort(),
  }
  return { producer, transactions }
}

/** A failed write ends the producer, which the commit then says. */
const untold: Delivery = { acknowledged() {}, failed() {} }

/** Offsets go to their topic in the transaction of their records. */
const commit = async (
  producer: TransactionalProducer,
  topic: string,
  connector: string,
  offsets: readonly SourceOffset[],
): Promise<void> => {
  const now = Date.now()
  const partitions = producer.partitionCount(topic)!
  for (const [key, value] of offsetEntries(connector, offsets)) {
    const bytes = Buffer.from(key)
    const partition = partitionForKey(bytes, 0, bytes.length, partitions)
    producer.open(topic, partition).add(now, bytes, value === null ? null : Buffer.from(value))
    producer.appended(topic, partition, untold)
  }
  await producer.commit()
}
