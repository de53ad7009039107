import { type ConfigOf, c } from '../api/config.ts'
import { ConfigError } from '../api/errors.ts'
import { parseConfig } from './parse.ts'

const replication = (what: string) =>
  c.int(`Copies of the ${what} topic when it is created; -1: the broker's default.`, { default: 3, min: -1 })

/** What a worker of a cluster needs beyond one of its own: Kafka Connect's keys with their defaults. */
export const clusterSpec = {
  'group.id': c.string('Name of the group of workers that share connectors and tasks.', { importance: 'HIGH' }),
  'config.storage.topic': c.string('Topic of connector and task configurations.', { importance: 'HIGH' }),
  'config.storage.replication.factor': replication('config'),
  'offset.storage.topic': c.string('Topic of source offsets.', { importance: 'HIGH' }),
  'offset.storage.partitions': c.int('Partitions of the offset topic when it is created.', { default: 25, min: -1 }),
  'offset.storage.replication.factor': replication('offset'),
  'status.storage.topic': c.string('Topic of statuses.', { importance: 'HIGH' }),
  'status.storage.partitions': c.int('Partitions of the status topic when it is created.', { default: 5, min: -1 }),
  'status.storage.replication.factor': replication('status'),
  'session.timeout.ms': c.int('A worker that is silent for this time has left the group.', { default: 10_000, min: 1 }),
  'heartbeat.interval.ms': c.int('Time between two signs of life.', { default: 3000, min: 1 }),
  'rebalance.timeout.ms': c.int('How long a rebalance waits for a worker.', { default: 60_000, min: 1 }),
  'connect.protocol': c.string('How work is shared out: eager, compatible or sessioned.', {
    values: ['eager', 'compatible', 'sessioned'],
    ignoreCase: true,
    default: 'sessioned',
  }),
  'scheduled.rebalance.max.delay.ms': c.int('How long the work of a worker that died waits for it.', {
    default: 300_000,
    min: 0,
  }),
  'worker.sync.timeout.ms': c.int('How long a worker may take to read what the others have read.', {
    default: 3000,
    min: 0,
  }),
  'millrace.assignor.load': c.boolean(
    'Whether tasks are shared out by what they cost, as their workers measure it, rather than by number. For all workers of a group.',
    { default: false },
  ),
  'millrace.assignor.load.interval.ms': c.int(
    'With millrace.assignor.load: how often the leader looks whether the load lies evenly, and moves tasks if it does not.',
    { default: 300_000, min: 1000, max: 2 ** 31 - 1 },
  ),
  'inter.worker.key.generation.algorithm': c.string('Algorithm of the session key.', { default: 'HmacSHA256' }),
  'inter.worker.key.size': c.int("Bits of the session key; default: the algorithm's.", { optional: true, min: 8 }),
  'inter.worker.key.ttl.ms': c.int('How long a session key is used; 0: for ever.', { default: 3_600_000, min: 0 }),
  'inter.worker.signature.algorithm': c.string('How requests between workers are signed.', { default: 'HmacSHA256' }),
  'inter.worker.verification.algorithms': c.list('Signatures that are accepted.', { default: ['HmacSHA256'] }),
  'exactly.once.source.support': c.string(
    'Whether sources write their records and offsets in transactions. Set preparing on all workers of a group first, then enabled.',
    { values: ['disabled', 'preparing', 'enabled'], default: 'disabled' },
  ),
} as const

export type ClusterConfig = ConfigOf<typeof clusterSpec>

/** undefined: a worker of its own, without `group.id`. Throws ConfigError that lists every problem. */
export const clusterConfig = (props: Readonly<Record<string, string>>): ClusterConfig | undefined => {
  if (props['group.id'] === undefined) return undefined
  const { config, problems } = parseConfig(clusterSpec, props)
  if (problems.length > 0)
    throw new ConfigError(
      [
        ...problems.map(({ message }) => message),
        'group.id makes this a worker of a cluster: remove it for one on its own',
      ].join('\n'),
      { key: problems[0]!.key },
    )
  const parsed = config as unknown as ClusterConfig
  if (!parsed.interWorkerVerificationAlgorithms.includes(parsed.interWorkerSignatureAlgorithm))
    throw new ConfigError(
      'inter.worker.verification.algorithms must contain inter.worker.signature.algorithm: a worker has to accept its own requests',
      { key: 'inter.worker.verification.algorithms' },
    )
  return parsed
}

/** `{what}.storage.NAME` settings, for when the topic is created. */
export const topicSettings = (
  props: Readonly<Record<string, string>>,
  what: 'config' | 'offset' | 'status',
): Record<string, string> => {
  const prefix = `${what}.storage.`
  const own = ['topic', 'partitions', 'replication.factor', 'file.filename']
  return Object.fromEntries(
    Object.entries(props).flatMap(([key, value]) => {
      const name = key.startsWith(prefix) ? key.slice(prefix.length) : ''
      return name === '' || own.includes(name) ? [] : [[name, value]]
    }),
  )
}
