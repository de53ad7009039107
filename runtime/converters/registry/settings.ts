import { type ConfigOf, c } from '../../api/config.ts'

const registry = { group: 'Schema Registry' } as const
const naming = 'io.confluent.kafka.serializers.subject.TopicNameStrategy'

/** The settings that the three converters share, with the names and defaults of Confluent's. */
export const registrySpec = {
  'schema.registry.url': c.list('Addresses of the schema registry, tried in turn.', {
    nonEmpty: true,
    importance: 'HIGH',
    ...registry,
  }),
  'auto.register.schemas': c.boolean('Schemas of what is written are registered; otherwise they must be there.', {
    default: true,
    importance: 'MEDIUM',
    ...registry,
  }),
  'normalize.schemas': c.boolean('The registry brings schemas to their normal form before it compares them.', {
    default: false,
    importance: 'MEDIUM',
    ...registry,
  }),
  'use.schema.id': c.int('Without registering: values are written with the schema of this id; -1: no such one.', {
    default: -1,
    importance: 'LOW',
    ...registry,
  }),
  'id.compatibility.strict': c.boolean("The schema of use.schema.id must be able to read what the record's own says.", {
    default: true,
    importance: 'LOW',
    ...registry,
  }),
  'use.latest.version': c.boolean('Without registering: values are written with the newest schema of the subject.', {
    default: false,
    importance: 'LOW',
    ...registry,
  }),
  'latest.compatibility.strict': c.boolean("The newest schema must be able to read what the record's own says.", {
    default: true,
    importance: 'LOW',
    ...registry,
  }),
  'latest.cache.ttl.sec': c.int(
    'How long the newest schema of a subject counts as such, s; -1: as long as the task runs.',
    {
      default: -1,
      importance: 'LOW',
      ...registry,
    },
  ),
  'key.subject.name.strategy': c.class(
    'Subjects of keys: TopicNameStrategy, RecordNameStrategy or TopicRecordNameStrategy.',
    { default: naming, importance: 'MEDIUM', ...registry },
  ),
  'value.subject.name.strategy': c.class(
    'Subjects of values: TopicNameStrategy, RecordNameStrategy or TopicRecordNameStrategy.',
    { default: naming, importance: 'MEDIUM', ...registry },
  ),
  'basic.auth.credentials.source': c.string('Where user and password are: in the URL, or in basic.auth.user.info.', {
    default: 'URL',
    values: ['URL', 'USER_INFO', 'SASL_INHERIT'],
    importance: 'MEDIUM',
    ...registry,
  }),
  'basic.auth.user.info': c.password('`user:password` for the registry.', {
    default: '',
    aliases: ['schema.registry.basic.auth.user.info'],
    importance: 'MEDIUM',
    ...registry,
  }),
  'bearer.auth.credentials.source': c.string('Where the token is: in bearer.auth.token.', {
    default: 'STATIC_TOKEN',
    values: ['STATIC_TOKEN'],
    importance: 'MEDIUM',
    ...registry,
  }),
  'bearer.auth.token': c.password('A token for the registry.', { optional: true, importance: 'MEDIUM', ...registry }),
  'http.connect.timeout.ms': c.int('Longest wait for a connection to the registry, ms.', {
    default: 60_000,
    min: 1,
    importance: 'LOW',
    ...registry,
  }),
  'http.read.timeout.ms': c.int('Longest wait for an answer of the registry, ms.', {
    default: 60_000,
    min: 1,
    importance: 'LOW',
    ...registry,
  }),
  'max.retries': c.int('How often a request is sent again after trouble that may pass.', {
    default: 3,
    min: 0,
    importance: 'LOW',
    ...registry,
  }),
  'retries.wait.ms': c.int('The wait before the first of them, ms; each further one waits twice as long.', {
    default: 1000,
    min: 0,
    importance: 'LOW',
    ...registry,
  }),
  'retries.max.wait.ms': c.int('The longest of these waits, ms.', {
    default: 20_000,
    min: 0,
    importance: 'LOW',
    ...registry,
  }),
  'schema.registry.ssl.truststore.location': c.string('A PEM file with the authorities to trust.', {
    optional: true,
    importance: 'MEDIUM',
    ...registry,
  }),
  'schema.registry.ssl.keystore.location': c.string('A PEM or PKCS12 file with our key and certificate.', {
    optional: true,
    importance: 'MEDIUM',
    ...registry,
  }),
  'schema.registry.ssl.keystore.password': c.password('Opens the key store.', {
    optional: true,
    importance: 'MEDIUM',
    ...registry,
  }),
  'schema.registry.ssl.key.password': c.password('Opens the key.', {
    optional: true,
    importance: 'MEDIUM',
    ...registry,
  }),
  'schema.registry.ssl.endpoint.identification.algorithm': c.string(
    "How the registry's host name is checked; empty: not at all.",
    { default: 'https', importance: 'LOW', ...registry },
  ),
} as const

export type RegistryConfig = ConfigOf<typeof registrySpec>
