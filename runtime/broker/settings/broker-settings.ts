import { KafkaProtocolError } from '../../protocol/error-codes.ts'
import { checkSetting, type Definitions, SettingsView } from './definition.ts'

const LONG_MAX = '9223372036854775807'

/** Settings of the broker itself; names, meanings and defaults are Kafka's where the text says nothing else. */
export const brokerDefinitions: Definitions = {
  'auto.create.topics.enable': {
    type: 'boolean',
    default: 'true',
    doc: 'Create a topic when a client asks for its metadata and allows it.',
  },
  'num.partitions': { type: 'int', default: '1', min: 1, doc: 'Partitions of a topic when its creator names none.' },
  'millrace.broker.accept.replication.factor': {
    type: 'boolean',
    default: 'true',
    doc: 'Accept replication factors above 1, although every partition has one replica: this is one machine.',
  },
  'message.max.bytes': { type: 'int', default: '1048588', min: 0, doc: 'Largest record batch.' },
  'socket.request.max.bytes': { type: 'int', default: '104857600', min: 1, doc: 'Largest request.' },
  'fetch.max.bytes': { type: 'int', default: '57671680', min: 1024, doc: 'Most bytes in one fetch answer.' },
  'connections.max.idle.ms': {
    type: 'long',
    default: '600000',
    doc: 'Connections without a request for so long are closed.',
  },
  'offset.metadata.max.bytes': { type: 'int', default: '4096', doc: 'Largest metadata beside a committed offset.' },
  'offsets.retention.minutes': {
    type: 'int',
    default: '10080',
    min: 1,
    doc: 'How long offsets of a group without members are kept.',
  },
  'offsets.retention.check.interval.ms': {
    type: 'long',
    default: '600000',
    min: 1,
    doc: 'How often expired offsets are looked for.',
  },
  'offsets.topic.num.partitions': {
    type: 'int',
    default: '1',
    min: 1,
    max: 1,
    doc: 'Partitions of __consumer_offsets. Always 1: one broker coordinates all groups.',
  },
  'group.min.session.timeout.ms': { type: 'int', default: '6000', doc: 'Shortest session a member may ask for.' },
  'group.max.session.timeout.ms': { type: 'int', default: '1800000', doc: 'Longest session a member may ask for.' },
  'group.initial.rebalance.delay.ms': {
    type: 'int',
    default: '0',
    min: 0,
    doc: 'How long the first rebalance of an empty group waits for more members. Kafka: 3000.',
  },
  'group.max.size': { type: 'int', default: '2147483647', min: 1, doc: 'Most members of a group.' },
  'producer.id.expiration.ms': {
    type: 'int',
    default: '86400000',
    min: 1,
    doc: 'How long the sequence of a silent producer is remembered.',
  },
  'transaction.max.timeout.ms': {
    type: 'int',
    default: '900000',
    min: 1,
    doc: 'Longest transaction.timeout.ms a producer may ask for.',
  },
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': {
    type: 'int',
    default: '1000',
    min: 1,
    doc: 'How often transactions that took too long are looked for. Kafka: 10000.',
  },
  'transactional.id.expiration.ms': {
    type: 'int',
    default: '604800000',
    min: 1,
    doc: 'How long a transactional id is remembered after its last transaction.',
  },
  'log.retention.check.interval.ms': {
    type: 'long',
    default: '300000',
    min: 1,
    doc: 'How often logs are looked at for segments to delete.',
  },
  'log.cleaner.enable': { type: 'boolean', default: 'true', doc: 'Compact topics with cleanup.policy=compact.' },
  'log.cleaner.backoff.ms': { type: 'long', default: '15000', min: 0, doc: 'How often dirty logs are looked for.' },
  'log.cleaner.dedupe.buffer.size': {
    type: 'long',
    default: '67108864',
    min: 65_536,
    doc: 'Most memory for the keys of one cleaning. Kafka: 134217728.',
  },
  'log.flush.offset.checkpoint.interval.ms': {
    type: 'int',
    default: '60000',
    min: 1,
    doc: 'How often logs are brought to the disk and noted as whole, so that recovery reads only what came later.',
  },
  'log.cleanup.policy': { type: 'list', default: 'delete', oneOf: ['delete', 'compact'], doc: 'See cleanup.policy.' },
  'log.cleaner.delete.retention.ms': { type: 'long', default: '86400000', min: 0, doc: 'See delete.retention.ms.' },
  'log.cleaner.min.cleanable.ratio': {
    type: 'double',
    default: '0.5',
    min: 0,
    max: 1,
    doc: 'See min.cleanable.dirty.ratio.',
  },
  'log.cleaner.min.compaction.lag.ms': { type: 'long', default: '0', min: 0, doc: 'See min.compaction.lag.ms.' },
  'log.cleaner.max.compaction.lag.ms': { type: 'long', default: LONG_MAX, min: 1, doc: 'See max.compaction.lag.ms.' },
  'log.retention.ms': { type: 'long', default: '604800000', min: -1, doc: 'See retention.ms.' },
  'log.retention.bytes': { type: 'long', default: '-1', min: -1, doc: 'See retention.bytes.' },
  'log.segment.bytes': { type: 'int', default: '1073741824', min: 1024, doc: 'See segment.bytes.' },
  'log.roll.ms': { type: 'long', default: '604800000', min: 1, doc: 'See segment.ms.' },
  'log.index.interval.bytes': { type: 'int', default: '4096', min: 0, doc: 'See index.interval.bytes.' },
  'log.flush.interval.messages': { type: 'long', default: LONG_MAX, min: 1, doc: 'See flush.messages.' },
  'log.flush.interval.ms': { type: 'long', default: LONG_MAX, min: 0, doc: 'See flush.ms.' },
  'log.message.timestamp.type': {
    type: 'string',
    default: 'CreateTime',
    oneOf: ['CreateTime', 'LogAppendTime'],
    doc: 'See message.timestamp.type.',
  },
  'log.message.timestamp.before.max.ms': {
    type: 'long',
    default: LONG_MAX,
    min: 0,
    doc: 'See message.timestamp.before.max.ms.',
  },
  'log.message.timestamp.after.max.ms': {
    type: 'long',
    default: '3600000',
    min: 0,
    doc: 'See message.timestamp.after.max.ms.',
  },
  'compression.type': {
    type: 'string',
    default: 'producer',
    oneOf: ['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'],
    doc: 'See the topic setting of this name.',
  },
  'min.insync.replicas': { type: 'int', default: '1', min: 1, doc: 'Taken, without effect: there is one replica.' },
}

export type BrokerSettings = SettingsView & { readonly given: Readonly<Record<string, string>> }

/** Settings this broker does not have, but that Kafka's property files usually do; they say how a cluster is built. */
const withoutMeaning =
  /^(listeners|advertised\.|listener\.|inter\.broker|controller\.|process\.roles|node\.id|broker\.id|log\.dirs?|num\.(network|io|recovery|replica)|socket\.(send|receive)|transaction\.(state|remove)|offsets\.topic\.replication|default\.replication)/

/** The same in coarser units: counts when the finer one is not given. */
const coarser: readonly (readonly [name: string, finer: string, factor: number])[] = [
  ['log.retention.hours', 'log.retention.minutes', 60],
  ['log.retention.minutes', 'log.retention.ms', 60_000],
  ['log.roll.hours', 'log.roll.ms', 3_600_000],
]

function inMilliseconds(given: Readonly<Record<string, string>>): Record<string, string> {
  const values = { ...given }
  for (const [name, finer, factor] of coarser) {
    const value = values[name]
    if (value === undefined) continue
    delete values[name]
    if (!/^-?\d+$/.test(value)) throw new Error(`Broker setting ${name}=${value}: a whole number is wanted`)
    values[finer] ??= Number(value) < 0 ? '-1' : String(Number(value) * factor)
  }
  return values
}

/** Checks names and values. Throws an Error that names the setting; `ignored` are those that mean nothing here. */
export function brokerSettings(given: Readonly<Record<string, string>>): {
  readonly settings: BrokerSettings
  readonly ignored: readonly string[]
} {
  const known: Record<string, string> = {}
  const ignored: string[] = []
  for (const [name, value] of Object.entries(inMilliseconds(given))) {
    const definition = brokerDefinitions[name]
    if (definition === undefined) {
      if (!withoutMeaning.test(name)) throw new Error(`${name} is no setting of the embedded broker`)
      ignored.push(name)
      continue
    }
    try {
      checkSetting(name, definition, value)
    } catch (error) {
      if (error instanceof KafkaProtocolError) throw new Error(`Broker setting ${error.message}`, { cause: error })
      throw error
    }
    known[name] = value
  }
  return { settings: Object.assign(new SettingsView(brokerDefinitions, known), { given: known }), ignored }
}
