import { readFile } from 'node:fs/promises'
import { type ConfigOf, c } from '../api/config.ts'
import { ConfigError } from '../api/errors.ts'
import { type ClusterConfig, clusterConfig, clusterSpec } from './cluster-config.ts'
import { parseConfig } from './parse.ts'
import { parseProperties } from './properties.ts'

/** What a worker's properties may say: Kafka Connect's keys with their defaults, and ours. */
export const workerSpec = {
  'bootstrap.servers': c.list(
    'Kafka brokers, each as host:port; or embedded[:FOLDER] for a broker that the worker brings.',
    { default: ['localhost:9092'], importance: 'HIGH' },
  ),
  'client.id': c.string("A name for this worker in the broker's logs.", { default: '' }),
  'key.converter': c.class('Converter of record keys.', { importance: 'HIGH' }),
  'value.converter': c.class('Converter of record values.', { importance: 'HIGH' }),
  'header.converter': c.class('Converter of record headers.', {
    default: 'org.apache.kafka.connect.storage.SimpleHeaderConverter',
  }),
  'task.shutdown.graceful.timeout.ms': c.long('How long tasks may take to stop, all together.', {
    default: 5000,
    min: 0,
  }),
  'offset.flush.interval.ms': c.long('Time between two commits of offsets.', { default: 60_000, min: 1 }),
  'offset.flush.timeout.ms': c.long('How long storing offsets may take.', { default: 5000, min: 1 }),
  'offset.storage.file.filename': c.string(
    'File of source offsets; connectors submitted over REST are kept beside it.',
    { optional: true, importance: 'HIGH' },
  ),
  'config.storage.file.filename': c.string(
    "File of connectors submitted over REST. Default: the offset file's name with .configs.",
    { optional: true },
  ),
  'plugin.path': c.list('Folders with plugins: .ts or .js files, or packages.', { optional: true }),
  'millrace.script.inline': c.boolean(
    'Whether the Script transformation may run code that stands in a connector config. It runs with all rights of the worker: whoever may submit a connector can then do what the worker can.',
    { default: false },
  ),
  'plugin.discovery': c.string('Accepted for compatibility: plugins are found by their manifests and files.', {
    values: ['only_scan', 'hybrid_warn', 'hybrid_fail', 'service_load'],
    ignoreCase: true,
    default: 'hybrid_warn',
  }),
  'config.providers': c.list('Names of config providers.', { default: [] }),
  'connector.client.config.override.policy': c.string(
    'Which client settings a connector may override: All, None or Principal.',
    { default: 'All' },
  ),
  'topic.creation.enable': c.boolean('Whether sources may create topics with their topic.creation settings.', {
    default: true,
  }),
  'topic.tracking.enable': c.boolean('Whether the topics a connector uses are tracked.', { default: true }),
  'topic.tracking.allow.reset': c.boolean('Whether tracked topics may be reset over REST.', { default: true }),
  listeners: c.list('Where REST listens: http://host:port, port 0 for a free one.', { default: ['http://:8083'] }),
  'rest.advertised.host.name': c.string('Host name that is part of the worker id.', { optional: true }),
  'rest.advertised.port': c.int('Port that is part of the worker id.', { optional: true }),
  'rest.advertised.listener': c.string('Scheme of the advertised URL.', { optional: true }),
  'admin.listeners': c.list('Where /admin is served; unset: with the rest, empty: nowhere.', { optional: true }),
  'schema.registry.listeners': c.list('Where the worker hosts a schema registry of its own: one http://host:port.', {
    optional: true,
  }),
  'access.control.allow.origin': c.string('Origins that browsers may call from.', { default: '' }),
  'access.control.allow.methods': c.string('Methods that browsers may use.', { default: '' }),
  'response.http.headers.config': c.string('Headers put on every answer.', { default: '' }),
  'rest.extension.classes': c.list(
    "BasicAuthSecurityRestExtension (with its package) asks callers of REST for a user's name and password.",
    { default: [] },
  ),
  'rest.jaas.file': c.string(
    'JAAS file whose entry KafkaConnect names the file of users; default: java.security.auth.login.config in KAFKA_OPTS.',
    { optional: true },
  ),
  'rest.roles': c.list(
    'Roles of users, each as user:role with read, operate or admin; empty: every user is an admin. When set, who is not named may do nothing.',
    { default: [] },
  ),
  'rest.tokens.file': c.string('File of bearer tokens for REST: lines of NAME=ROLE TOKEN, or NAME=ROLE sha256:HEX.', {
    optional: true,
  }),
  'rest.mask.secrets': c.boolean(
    'Whether REST shows secrets of connector configurations as [hidden]; a write that brings [hidden] back keeps what is stored.',
    { default: false },
  ),
  'metrics.prometheus.names': c.list(
    "Names in /metrics: full (kafka_connect_source_task_metrics_...), as Confluent's JMX exporter rules give them, short (kafka_connect_source_task_...), as Strimzi's and Debezium's do.",
    { values: ['full', 'short'], default: ['full', 'short'] },
  ),
  'task.threads': c.int(
    'Threads that run tasks; 0 runs them in the main thread. Default: the number of cores less one, at least 1.',
    { optional: true, min: 0, max: 256 },
  ),
  'millrace.memory.bytes': c.long('Memory for records on their way, shared by the tasks.', {
    default: 192 * 1024 * 1024,
    min: 1024 * 1024,
  }),
} as const

/** The entries of `plugin.path`, from properties as text. */
export const pluginFolders = (props: Readonly<Record<string, string | undefined>>): readonly string[] =>
  (props['plugin.path'] ?? '')
    .split(',')
    .map(path => path.trim())
    .filter(path => path !== '')

export interface WorkerConfig extends ConfigOf<typeof workerSpec> {
  /** Every property as text, variables resolved, prefixes (`producer.` ...) included. */
  readonly props: Readonly<Record<string, string>>
  /** Set when the worker brings its broker: the folder of its topics. */
  readonly embeddedBroker: string | undefined
  /** undefined: a worker of its own. */
  readonly cluster: ClusterConfig | undefined
}

// What Kafka Connect's images take: one underscore a dot, two a dash, three an underscore.
const propertyName = (variable: string): string =>
  variable
    .toLowerCase()
    .split('___')
    .map(part =>
      part
        .split('__')
        .map(word => word.replaceAll('_', '.'))
        .join('-'),
    )
    .join('_')

/** Properties from `CONNECT_*` variables: CONNECT_BOOTSTRAP_SERVERS is bootstrap.servers. */
export const environmentProperties = (
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      name.startsWith('CONNECT_') && name !== 'CONNECT_' && value !== undefined
        ? [[propertyName(name.slice('CONNECT_'.length)), value]]
        : [],
    ),
  )

const logLevel = 'millrace.log.level'

/** `millrace.log.level` and `millrace.log.level.LOGGER`: the levels to begin with, by logger (`root` for the first). */
export const logLevels = (props: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(props).flatMap(([key, value]) => {
      if (key === logLevel) return [['root', value.trim().toUpperCase()]]
      return key.startsWith(`${logLevel}.`) ? [[key.slice(logLevel.length + 1), value.trim().toUpperCase()]] : []
    }),
  )

const embedded = /^embedded(?::(.*))?$/

/** Checks properties (variables already resolved). Throws ConfigError that lists every problem. */
export const workerConfig = (props: Readonly<Record<string, string>>): WorkerConfig => {
  const { config, problems } = parseConfig(workerSpec, props)
  if (problems.length > 0)
    throw new ConfigError(problems.map(({ message }) => message).join('\n'), { key: problems[0]!.key })
  const parsed = config as unknown as ConfigOf<typeof workerSpec>
  const match = embedded.exec(parsed.bootstrapServers.join(','))
  if (match === null && parsed.bootstrapServers.length === 0)
    throw new ConfigError('bootstrap.servers is empty: name a broker as host:port, or embedded:FOLDER', {
      key: 'bootstrap.servers',
    })
  const cluster = clusterConfig(props)
  if (cluster === undefined && parsed.offsetStorageFileFilename === undefined) {
    throw new ConfigError(
      'Missing required configuration "offset.storage.file.filename" which has no default value. (A worker of a cluster has group.id instead.)',
      { key: 'offset.storage.file.filename' },
    )
  }
  return { ...parsed, props, cluster, embeddedBroker: match === null ? undefined : match[1] || 'data/broker' }
}

/** Reads a worker's properties file (optional) with the environment's `CONNECT_*` over it. */
export const readWorkerProperties = async (
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, string>> => {
  const text =
    file === undefined
      ? ''
      : await readFile(file, 'utf8').catch((cause: Error) => {
          throw new ConfigError(`Cannot read the worker's properties from ${file}: ${cause.message}`, { cause })
        })
  const fromFile = parseProperties(text)
  // What a JVM is told by an option, people and images keep in KAFKA_OPTS.
  const jaas = /(?:^|\s)-Djava\.security\.auth\.login\.config=(?:"([^"]*)"|(\S+))/.exec(environment['KAFKA_OPTS'] ?? '')
  return {
    ...(jaas !== null && { 'rest.jaas.file': jaas[1] ?? jaas[2]! }),
    ...fromFile,
    ...environmentProperties(environment),
  }
}

const known = new Set([...Object.keys(workerSpec), ...Object.keys(clusterSpec)])
// Prefixes that hand settings on, and client settings of the worker itself.
const passed =
  /^(producer|consumer|admin|config\.providers|key\.converter|value\.converter|header\.converter|ssl|sasl|security|listeners\.https|admin\.listeners\.https|metrics?|millrace|metric\.reporters)[.]|^(security\.protocol|metric\.reporters|client\.dns\.lookup|internal\..*|request\.timeout\.ms|retry\.backoff.*|reconnect\.backoff.*|connections\.max\.idle\.ms|metadata\.max\.age\.ms|send\.buffer\.bytes|receive\.buffer\.bytes|worker\.unsync\.backoff\.ms)$|^(config|offset|status)\.storage\./

/** Keys that mean nothing here, to be warned of once: Kafka Connect ignores them too. */
export const unknownKeys = (props: Readonly<Record<string, string>>): readonly string[] =>
  Object.keys(props).filter(key => !known.has(key) && !passed.test(key))
