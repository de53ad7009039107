import { type ConfigField, type ConfigSpec, c, type Importance } from '../api/config.ts'

export type ClientKind = 'producer' | 'consumer' | 'admin'

const of = (importance: Importance, given: object) => ({ importance, ...given })
const low = (given: object = { optional: true }) => of('LOW', given)
const medium = (given: object = { optional: true }) => of('MEDIUM', given)
const high = (given: object = { optional: true }) => of('HIGH', given)

const everyClient = {
  'bootstrap.servers': c.list('Brokers to begin with, each as host:port.', high({ default: [] })),
  'client.dns.lookup': c.string('How addresses of brokers are looked up.', medium({ default: 'use_all_dns_ips' })),
  'client.id': c.string("A name for this client in the broker's logs.", medium({ default: '' })),
  'connections.max.idle.ms': c.long('An idle connection is closed after this time.', medium({ default: 540_000 })),
  'metadata.max.age.ms': c.long('The view of the cluster is renewed after this time.', low({ default: 300_000 })),
  'receive.buffer.bytes': c.int("Size of a socket's receive buffer.", medium({ default: 32_768, min: -1 })),
  'send.buffer.bytes': c.int("Size of a socket's send buffer.", medium({ default: 131_072, min: -1 })),
  'reconnect.backoff.ms': c.long('Wait before connecting again.', low({ default: 50, min: 0 })),
  'reconnect.backoff.max.ms': c.long('Longest wait before connecting again.', low({ default: 1000, min: 0 })),
  'retry.backoff.ms': c.long('Wait before a request is sent again.', low({ default: 100, min: 0 })),
  'retry.backoff.max.ms': c.long('Longest wait before a request is sent again.', low({ default: 1000, min: 0 })),
  'request.timeout.ms': c.int('How long an answer may take.', medium({ default: 30_000, min: 0 })),
  'socket.connection.setup.timeout.ms': c.long('How long connecting may take.', medium({ default: 10_000 })),
  'socket.connection.setup.timeout.max.ms': c.long('Longest time connecting may take.', medium({ default: 30_000 })),
  'security.protocol': c.string(
    'PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.',
    medium({
      default: 'PLAINTEXT',
      values: ['PLAINTEXT', 'SASL_PLAINTEXT', 'SASL_SSL', 'SSL'],
      ignoreCase: true,
    }),
  ),
  'sasl.mechanism': c.string('How SASL authenticates.', medium({ default: 'GSSAPI' })),
  'sasl.jaas.config': c.password('Credentials of SASL.', medium()),
  'sasl.oauthbearer.token.endpoint.url': c.string('Where tokens are fetched.', medium()),
  'sasl.login.callback.handler.class': c.class('Handler of the login.', medium()),
  'sasl.client.callback.handler.class': c.class('Handler of the client.', medium()),
  'ssl.key.password': c.password('Password of the private key.', high()),
  'ssl.keystore.certificate.chain': c.password('Certificate chain, PEM.', high()),
  'ssl.keystore.key': c.password('Private key, PEM.', high()),
  'ssl.keystore.location': c.string('File of the key store.', high()),
  'ssl.keystore.password': c.password('Password of the key store.', high()),
  'ssl.keystore.type': c.string('Type of the key store.', medium({ default: 'JKS' })),
  'ssl.truststore.certificates': c.password('Trusted certificates, PEM.', high()),
  'ssl.truststore.location': c.string('File of the trust store.', high()),
  'ssl.truststore.password': c.password('Password of the trust store.', high()),
  'ssl.truststore.type': c.string('Type of the trust store.', medium({ default: 'JKS' })),
  'ssl.endpoint.identification.algorithm': c.string(
    "How the broker's name is checked; empty: not at all.",
    low({ default: 'https' }),
  ),
  'ssl.protocol': c.string('TLS version to begin with.', medium({ default: 'TLSv1.3' })),
  'ssl.enabled.protocols': c.list('TLS versions that may be used.', medium({ default: ['TLSv1.2', 'TLSv1.3'] })),
} as const satisfies Record<string, ConfigField<unknown>>

/** Kafka's client settings by kind of client: what a connector's `*.override.*` settings are checked against. */
export const clientSpecs: Readonly<Record<ClientKind, ConfigSpec>> = {
  producer: {
    ...everyClient,
    acks: c.string('How many replicas must have a record.', low({ default: 'all', values: ['all', '-1', '0', '1'] })),
    'batch.size': c.int('Size of a batch, bytes.', medium({ default: 16_384, min: 0 })),
    'buffer.memory': c.long('Memory for records that wait, bytes.', high({ default: 33_554_432, min: 0 })),
    'compression.type': c.string(
      'How batches are compressed.',
      high({ default: 'none', values: ['none', 'gzip', 'snappy', 'lz4', 'zstd'] }),
    ),
    'compression.gzip.level': c.int('Level of gzip, -1 or 1 to 9.', medium({ default: -1 })),
    'compression.lz4.level': c.int('Level of lz4, 1 to 17.', medium({ default: 9 })),
    'compression.zstd.level': c.int('Level of zstd.', medium({ default: 3 })),
    'delivery.timeout.ms': c.int('How long delivering a record may take.', medium({ default: 120_000, min: 0 })),
    'enable.idempotence': c.boolean('Whether a resent batch is stored once.', low({ default: true })),
    'linger.ms': c.long('How long a batch waits for more records.', medium({ default: 5, min: 0 })),
    'max.block.ms': c.long('How long sending may wait for room or topics.', medium({ default: 60_000, min: 0 })),
    'max.in.flight.requests.per.connection': c.int('Requests without an answer.', low({ default: 5, min: 1 })),
    'max.request.size': c.int('Size of a request, bytes.', medium({ default: 1_048_576, min: 0 })),
    'metadata.max.idle.ms': c.long('A topic unused for this time is forgotten.', low({ default: 300_000 })),
    'partitioner.class': c.class('Chooses the partition of a record.', medium()),
    'partitioner.ignore.keys': c.boolean('Whether keys choose no partition.', low({ default: false })),
    retries: c.int('How often a request is sent again.', high({ default: 2_147_483_647, min: 0 })),
    'transaction.timeout.ms': c.int('How long a transaction may take.', low({ default: 60_000 })),
    'transactional.id': c.string('Name under which transactions are kept.', low({ optional: true, nonEmpty: true })),
  },
  consumer: {
    ...everyClient,
    'allow.auto.create.topics': c.boolean('Whether asking for a topic may create it.', medium({ default: true })),
    'auto.commit.interval.ms': c.int('Time between two automatic commits.', low({ default: 5000, min: 0 })),
    'auto.offset.reset': c.string('Where a partition without offset begins.', medium({ default: 'latest' })),
    'check.crcs': c.boolean('Whether checksums are checked.', low({ default: true })),
    'client.rack': c.string('Rack of this client.', low({ default: '' })),
    'default.api.timeout.ms': c.int('How long a call may take.', medium({ default: 60_000, min: 0 })),
    'enable.auto.commit': c.boolean('Whether offsets are committed by themselves.', medium({ default: true })),
    'exclude.internal.topics': c.boolean('Whether patterns leave out internal topics.', medium({ default: true })),
    'fetch.max.bytes': c.int('Size of a fetch answer, bytes.', medium({ default: 52_428_800, min: 0 })),
    'fetch.max.wait.ms': c.int('How long a fetch waits for bytes.', low({ default: 500, min: 0 })),
    'fetch.min.bytes': c.int('Bytes for which a fetch waits.', high({ default: 1, min: 0 })),
    'group.id': c.string('Consumer group; of a connector: connect-NAME.', high()),
    'group.instance.id': c.string(
      'Name of a member that stays in the group.',
      medium({ optional: true, nonEmpty: true }),
    ),
    'heartbeat.interval.ms': c.int('Time between two signs of life.', high({ default: 3000 })),
    'isolation.level': c.string(
      'Whether records of open transactions are read.',
      medium({ default: 'read_uncommitted', values: ['read_committed', 'read_uncommitted'], ignoreCase: true }),
    ),
    'max.partition.fetch.bytes': c.int('Size of one partition in a fetch.', high({ default: 1_048_576, min: 0 })),
    'max.poll.interval.ms': c.int('How long processing records may take.', medium({ default: 300_000, min: 1 })),
    'max.poll.records': c.int('Records given out at once.', medium({ default: 500, min: 1 })),
    'partition.assignment.strategy': c.list('How a group shares partitions.', medium({ optional: true })),
    'session.timeout.ms': c.int('A silent member is out after this time.', high({ default: 45_000 })),
  },
  admin: {
    ...everyClient,
    'default.api.timeout.ms': c.int('How long a call may take.', medium({ default: 60_000, min: 0 })),
    retries: c.int('How often a request is sent again.', low({ default: 2_147_483_647, min: 0 })),
  },
}
