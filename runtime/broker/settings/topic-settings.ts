import type { CompressionType } from '../../protocol/compression.ts'
import { KafkaProtocolError } from '../../protocol/error-codes.ts'
import type { BrokerSettings } from './broker-settings.ts'
import { checkSetting, type Definitions, SettingsView } from './definition.ts'

const LONG_MAX = '9223372036854775807'

/** Settings of topics: Kafka's names, meanings and defaults. */
export const topicDefinitions: Definitions = {
  'cleanup.policy': {
    type: 'list',
    default: 'delete',
    oneOf: ['delete', 'compact'],
    brokerName: 'log.cleanup.policy',
    doc: 'delete removes old segments, compact keeps the last record of each key; both may be given.',
  },
  'compression.type': {
    type: 'string',
    default: 'producer',
    oneOf: ['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'],
    brokerName: 'compression.type',
    doc: 'How batches are stored; producer keeps them as they come.',
  },
  'delete.retention.ms': {
    type: 'long',
    default: '86400000',
    min: 0,
    brokerName: 'log.cleaner.delete.retention.ms',
    doc: 'How long tombstones stay after the first compaction that saw them.',
  },
  'flush.messages': {
    type: 'long',
    default: LONG_MAX,
    min: 1,
    brokerName: 'log.flush.interval.messages',
    doc: 'fsync after so many records, before they are acknowledged.',
  },
  'flush.ms': {
    type: 'long',
    default: LONG_MAX,
    min: 0,
    brokerName: 'log.flush.interval.ms',
    doc: 'fsync what has waited so long.',
  },
  'index.interval.bytes': {
    type: 'int',
    default: '4096',
    min: 0,
    brokerName: 'log.index.interval.bytes',
    doc: 'Bytes between two entries of a segment index.',
  },
  'max.compaction.lag.ms': {
    type: 'long',
    default: LONG_MAX,
    min: 1,
    brokerName: 'log.cleaner.max.compaction.lag.ms',
    doc: 'Records older than this are compacted whatever the dirty ratio.',
  },
  'max.message.bytes': {
    type: 'int',
    default: '1048588',
    min: 0,
    brokerName: 'message.max.bytes',
    doc: 'Largest record batch.',
  },
  'message.timestamp.after.max.ms': {
    type: 'long',
    default: '3600000',
    min: 0,
    brokerName: 'log.message.timestamp.after.max.ms',
    doc: 'How far in the future a record timestamp may be.',
  },
  'message.timestamp.before.max.ms': {
    type: 'long',
    default: LONG_MAX,
    min: 0,
    brokerName: 'log.message.timestamp.before.max.ms',
    doc: 'How far in the past a record timestamp may be.',
  },
  'message.timestamp.type': {
    type: 'string',
    default: 'CreateTime',
    oneOf: ['CreateTime', 'LogAppendTime'],
    brokerName: 'log.message.timestamp.type',
    doc: "Whether records keep the producer's time or get the broker's.",
  },
  'min.cleanable.dirty.ratio': {
    type: 'double',
    default: '0.5',
    min: 0,
    max: 1,
    brokerName: 'log.cleaner.min.cleanable.ratio',
    doc: 'Share of a log that must not be compacted yet before it is.',
  },
  'min.compaction.lag.ms': {
    type: 'long',
    default: '0',
    min: 0,
    brokerName: 'log.cleaner.min.compaction.lag.ms',
    doc: 'Records younger than this are not compacted.',
  },
  'min.insync.replicas': {
    type: 'int',
    default: '1',
    min: 1,
    brokerName: 'min.insync.replicas',
    doc: 'Taken, without effect: there is one replica.',
  },
  'retention.bytes': {
    type: 'long',
    default: '-1',
    min: -1,
    brokerName: 'log.retention.bytes',
    doc: 'Oldest segments go when a partition has more; -1: no limit.',
  },
  'retention.ms': {
    type: 'long',
    default: '604800000',
    min: -1,
    brokerName: 'log.retention.ms',
    doc: 'Segments go when their newest record is older; -1: never.',
  },
  'segment.bytes': {
    type: 'int',
    default: '1073741824',
    min: 1024,
    brokerName: 'log.segment.bytes',
    doc: 'A new segment file begins at this size.',
  },
  'segment.ms': {
    type: 'long',
    default: '604800000',
    min: 1,
    brokerName: 'log.roll.ms',
    doc: 'A new segment file begins at this age.',
  },
  // Meant for clusters or other file handling: accepted, so that a topic can be created as its owner does elsewhere.
  ...Object.fromEntries(
    (
      [
        ['file.delete.delay.ms', 'long', '60000'],
        ['follower.replication.throttled.replicas', 'list', ''],
        ['leader.replication.throttled.replicas', 'list', ''],
        ['preallocate', 'boolean', 'false'],
        ['segment.index.bytes', 'int', '10485760'],
        ['segment.jitter.ms', 'long', '0'],
        ['unclean.leader.election.enable', 'boolean', 'false'],
      ] as const
    ).map(([name, type, initial]) => [name, { type, default: initial, doc: 'Taken, without effect on one machine.' }]),
  ),
}

/** What a partition's log goes by. Sizes in bytes, times in milliseconds, infinity where there is no limit. */
export interface LogConfig {
  readonly compact: boolean
  readonly delete: boolean
  /** undefined: as the producer compressed. */
  readonly compression: CompressionType | undefined
  readonly deleteRetentionMs: number
  readonly flushMessages: number
  readonly flushMs: number
  readonly indexInterval: number
  readonly maxCompactionLagMs: number
  readonly maxMessageBytes: number
  readonly timestampAfterMaxMs: number
  readonly timestampBeforeMaxMs: number
  readonly logAppendTime: boolean
  readonly minDirtyRatio: number
  readonly minCompactionLagMs: number
  readonly retentionBytes: number
  readonly retentionMs: number
  readonly segmentBytes: number
  readonly segmentMs: number
}

/** The value of a topic setting where the topic has none of its own, and whether the broker's settings gave it. */
export function topicDefault(name: string, broker: BrokerSettings): { value: string; fromBroker: boolean } {
  const definition = topicDefinitions[name]
  const given = definition?.brokerName === undefined ? undefined : broker.given[definition.brokerName]
  return given === undefined
    ? { value: definition?.default ?? '', fromBroker: false }
    : { value: given, fromBroker: true }
}

/** Throws KafkaProtocolError INVALID_CONFIG naming the setting. */
export function checkTopicSettings(values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) {
    const definition = topicDefinitions[name]
    if (definition === undefined) {
      throw new KafkaProtocolError('INVALID_CONFIG', { detail: `${name} is no setting of a topic` })
    }
    checkSetting(name, definition, value)
  }
}

export function logConfig(own: Readonly<Record<string, string>>, broker: BrokerSettings): LogConfig {
  const values: Record<string, string> = {}
  for (const name of Object.keys(topicDefinitions)) values[name] = own[name] ?? topicDefault(name, broker).value
  const view = new SettingsView(topicDefinitions, values)
  const policy = view.list('cleanup.policy')
  const limit = (name: string) => (view.number(name) < 0 ? Number.POSITIVE_INFINITY : view.number(name))
  const compression = view.text('compression.type')
  return {
    compact: policy.includes('compact'),
    delete: policy.includes('delete'),
    compression:
      compression === 'producer'
        ? undefined
        : compression === 'uncompressed'
          ? 'none'
          : (compression as CompressionType),
    deleteRetentionMs: view.number('delete.retention.ms'),
    flushMessages: view.number('flush.messages'),
    flushMs: view.number('flush.ms'),
    indexInterval: view.number('index.interval.bytes'),
    maxCompactionLagMs: view.number('max.compaction.lag.ms'),
    maxMessageBytes: view.number('max.message.bytes'),
    timestampAfterMaxMs: view.number('message.timestamp.after.max.ms'),
    timestampBeforeMaxMs: view.number('message.timestamp.before.max.ms'),
    logAppendTime: view.text('message.timestamp.type') === 'LogAppendTime',
    minDirtyRatio: view.number('min.cleanable.dirty.ratio'),
    minCompactionLagMs: view.number('min.compaction.lag.ms'),
    retentionBytes: limit('retention.bytes'),
    retentionMs: limit('retention.ms'),
    segmentBytes: view.number('segment.bytes'),
    segmentMs: view.number('segment.ms'),
  }
}
