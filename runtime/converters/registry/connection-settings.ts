import { type ConfigOf, c } from '../../api/config.ts'

const group = 'Schema Registry'
const high = { importance: 'HIGH', group } as const
const medium = { importance: 'MEDIUM', group } as const
const low = { importance: 'LOW', group } as const
const optional = { optional: true, ...medium } as const

/** How the registry is reached and who asks it: names and defaults of Confluent's client. Besides, `request.header.NAME`. */
export const connectionSpec = {
  'schema.registry.url': c.list('Addresses of the schema registry, tried in turn.', { nonEmpty: true, ...high }),
  'schema.registry.url.randomize': c.boolean('The address to begin with is a random one of them.', {
    default: false,
    ...low,
  }),
  'basic.auth.credentials.source': c.string('Where user and password are: in the URL, or in basic.auth.user.info.', {
    default: 'URL',
    values: ['URL', 'USER_INFO', 'SASL_INHERIT'],
    ...medium,
  }),
  'basic.auth.user.info': c.password('`user:password` for the registry.', {
    default: '',
    aliases: ['schema.registry.basic.auth.user.info'],
    ...medium,
  }),
  'bearer.auth.credentials.source': c.string(
    'Where tokens come from: bearer.auth.token (STATIC_TOKEN), or an OAuth server, by client credentials (OAUTHBEARER).',
    {
      values: ['STATIC_TOKEN', 'OAUTHBEARER', 'SASL_OAUTHBEARER_INHERIT', 'CUSTOM'],
      default: 'STATIC_TOKEN',
      ...medium,
    },
  ),
  'bearer.auth.token': c.password('A token for the registry.', optional),
  'bearer.auth.issuer.endpoint.url': c.string("The OAuth server's address for tokens.", optional),
  'bearer.auth.client.id': c.string('Who asks the OAuth server.', optional),
  'bearer.auth.client.secret': c.password('The secret of bearer.auth.client.id.', optional),
  'bearer.auth.scope': c.string('The scope that is asked for.', optional),
  'bearer.auth.logical.cluster': c.string('Sent with a token, as target-sr-cluster.', optional),
  'bearer.auth.identity.pool.id': c.string('Sent with a token, as Confluent-Identity-Pool-Id.', optional),
  'bearer.auth.cache.expiry.buffer.seconds': c.int('How long before its end a token is replaced, s.', {
    default: 300,
    min: 0,
    ...low,
  }),
  'proxy.host': c.string('A host through which the registry is asked.', { default: '', ...low }),
  'proxy.port': c.int('The port of proxy.host.', { default: -1, ...low }),
  'http.connect.timeout.ms': c.int('Longest wait for a connection to the registry, ms.', {
    default: 60_000,
    min: 1,
    ...low,
  }),
  'http.read.timeout.ms': c.int('Longest wait for an answer of the registry, ms.', { default: 60_000, min: 1, ...low }),
  'max.retries': c.int('How often a request is sent again after trouble that may pass.', {
    default: 3,
    min: 0,
    ...low,
  }),
  'retries.wait.ms': c.int('The wait before the first of them, ms; each further one waits twice as long.', {
    default: 1000,
    min: 0,
    ...low,
  }),
  'retries.max.wait.ms': c.int('The longest of these waits, ms.', { default: 20_000, min: 0, ...low }),
  'schema.registry.ssl.truststore.location': c.string('A PEM file with the authorities to trust.', optional),
  'schema.registry.ssl.truststore.certificates': c.password('The authorities to trust, as PEM text.', optional),
  'schema.registry.ssl.keystore.location': c.string('A PEM or PKCS12 file with our key and certificate.', optional),
  'schema.registry.ssl.keystore.key': c.password('Our key, as PEM text.', optional),
  'schema.registry.ssl.keystore.certificate.chain': c.password('Our certificate, as PEM text.', optional),
  'schema.registry.ssl.keystore.password': c.password('Opens the key store.', optional),
  'schema.registry.ssl.key.password': c.password('Opens the key.', optional),
  'schema.registry.ssl.endpoint.identification.algorithm': c.string(
    "How the registry's host name is checked; empty: not at all.",
    { default: 'https', ...low },
  ),
} as const

export type ConnectionConfig = ConfigOf<typeof connectionSpec>
