import { type Log, type OffsetMap, type SourceRecord, s } from 'millrace'
import type { Settings } from '../settings/settings.ts'

// Names, versions, field order: part of the contract with consumers.

const keySchema = s.struct({ id: s.string() }, { name: 'io.debezium.connector.common.NotificationKey', version: 1 })

const valueSchema = s.struct(
  {
    id: s.string(),
    type: s.string(),
    aggregate_type: s.string(),
    additional_data: s.map(s.string(), s.string(), { optional: true }),
    timestamp: s.int64(),
  },
  { name: 'io.debezium.connector.common.Notification', version: 1 },
)

export interface Notification {
  readonly id: string
  readonly aggregate: 'Initial Snapshot' | 'Incremental Snapshot'
  readonly type:
    | 'STARTED'
    | 'IN_PROGRESS'
    | 'TABLE_SCAN_COMPLETED'
    | 'COMPLETED'
    | 'PAUSED'
    | 'RESUMED'
    | 'ABORTED'
    | 'SKIPPED'
  readonly data: NotificationData
}

/** In the order in which they are written. */
const members = [
  'current_collection_in_progress',
  'scanned_collection',
  'connector_name',
  'total_rows_scanned',
  'maximum_key',
  'last_processed_key',
  'data_collections',
  'status',
] as const

export type NotificationData = Readonly<Partial<Record<(typeof members)[number], string>>>

/** Tells how snapshots go, where notification.enabled.channels wants it told. */
export class Notifier {
  readonly #settings: Settings
  readonly #log: Log
  readonly #partition: OffsetMap

  constructor(settings: Settings, log: Log, partition: OffsetMap) {
    this.#settings = settings
    this.#log = log
    this.#partition = partition
  }

  /** The records to send: one, or none where no topic is set. `offset`: the position that is stored with it. */
  notify({ id, aggregate, type, data }: Notification, offset: OffsetMap): readonly SourceRecord[] {
    const { signals, prefix } = this.#settings
    const all: NotificationData = { ...data, connector_name: prefix }
    const told = members.flatMap(member => (all[member] === undefined ? [] : [[member, all[member]] as const]))
    if (signals.notifyLog) this.#log.info(`Notification: ${aggregate} ${type}`, { id, ...Object.fromEntries(told) })
    if (signals.notifyTopic === undefined) return []
    return [
      {
        topic: signals.notifyTopic,
        keySchema,
        key: { id },
        valueSchema,
        value: { id, type, aggregate_type: aggregate, additional_data: new Map(told), timestamp: Date.now() },
        headers: [],
        sourcePartition: this.#partition,
        sourceOffset: offset,
      },
    ]
  }
}
