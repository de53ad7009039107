import { readFile } from 'node:fs/promises'
import type { Log } from '../../api/context.ts'
import { asError, KafkaClientError } from '../errors.ts'
import { SettingsReader } from '../settings.ts'
import type { JaasConfig } from './jaas.ts'
import type { SaslMechanism } from './sasl-exchange.ts'
import { tokenRequest } from './token-request.ts'

interface Token {
  readonly value: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  readonly renewAt: number
}

/**
 * OAUTHBEARER with the login handlers of Kafka's own: unsecured tokens made from the JAAS options (the default), a client
 * credentials grant at `sasl.oauthbearer.token.endpoint.url`, or a token from a file (`file:` URL). A token is shared by
 * all connections and fetched anew when `sasl.login.refresh.window.factor` of its life is over.
 */
export function oauthBearer(reader: SettingsReader, jaas: JaasConfig, log: Log | undefined): SaslMechanism {
  const endpoint = reader.text('sasl.oauthbearer.token.endpoint.url')
  const fetchToken = endpoint === undefined ? unsecured(jaas) : fromEndpoint(endpoint, reader, jaas)
  const factor = reader.decimal('sasl.login.refresh.window.factor', 0.8, 0.5, 1)
  const extensions = Object.entries(jaas.options)
    .filter(([name]) => /^(unsecuredLoginExtension_|extension_)/.test(name))
    .map(([name, value]) => `${name.slice(name.indexOf('_') + 1)}=${value}\x01`)
    .join('')

  let token: Token | null = null
  let fetching: Promise<Token> | null = null
  const renew = (): Promise<Token> => {
    fetching ??= fetchToken()
      .then(value => (token = lifeOf(value, factor)))
      .finally(() => (fetching = null))
    return fetching
  }
  const current = async (): Promise<Token> => {
    const now = Date.now()
    if (token !== null && now < token.renewAt) return token
    const held = token
    if (held === null || now >= held.expiresAt) return renew()
    // Good for a while yet: a token server that is away for a moment must not stop us.
    return renew().catch(error => {
      log?.warn('The OAuth token could not be renewed, the old one is used', { reason: asError(error).message })
      return held
    })
  }
  return {
    name: 'OAUTHBEARER',
    begin: () => ({
      first: async () => Buffer.from(`n,,\x01auth=Bearer ${(await current()).value}\x01${extensions}\x01`),
      // A challenge is the broker's reason, as JSON; it wants one byte before it says the same as an error.
      next: async challenge => (challenge.length === 0 ? null : Buffer.from([1])),
    }),
  }
}

/** A token that names no expiry is taken for good for a minute. */
function lifeOf(value: string, factor: number): Token {
  const now = Date.now()
  const part = value.split('.')[1]
  let expiresAt = now + 60_000
  if (part !== undefined) {
    try {
      const { exp } = JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as { exp?: unknown }
      if (typeof exp === 'number') expiresAt = exp * 1000
    } catch {
      // An opaque token is as good as a JWT; it only does not say how long it lives.
    }
  }
  return { value, expiresAt, renewAt: now + Math.max(0, expiresAt - now) * factor }
}

function unsecured({ options }: JaasConfig): () => Promise<string> {
  const prefix = 'unsecuredLogin'
  const lifeSeconds = Number(options[`${prefix}LifetimeSeconds`] ?? 3600)
  const principalClaim = options[`${prefix}PrincipalClaimName`] ?? 'sub'
  const claims: Record<string, unknown> = {}
  for (const [name, text] of Object.entries(options)) {
    const claim = name.replace(/^unsecuredLogin(String|Number|List)Claim_/, '')
    if (claim === name) continue
    if (name.startsWith(`${prefix}Number`)) claims[claim] = Number(text)
    else if (name.startsWith(`${prefix}List`)) claims[claim] = text.slice(1).split(text[0] ?? ',')
    else claims[claim] = text
  }
  if (claims[principalClaim] === undefined) {
    throw new KafkaClientError(
      'CONFIG',
      `sasl.jaas.config: OAUTHBEARER needs ${prefix}StringClaim_${principalClaim}, or sasl.oauthbearer.token.endpoint.url`,
    )
  }
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return async () => {
    const iat = Date.now() / 1000
    return `${encode({ alg: 'none' })}.${encode({ ...claims, iat, exp: iat + lifeSeconds })}.`
  }
}

function fromEndpoint(endpoint: string, reader: SettingsReader, jaas: JaasConfig): () => Promise<string> {
  const url = URL.parse(endpoint)
  if (url === null || !/^(https?|file):$/.test(url.protocol)) {
    // Not the text itself: it may hold a password (invariant 10).
    throw new KafkaClientError('CONFIG', 'sasl.oauthbearer.token.endpoint.url: it must be an http, https or file URL')
  }
  if (url.protocol === 'file:') return async () => (await readFile(url, 'utf8')).trim()
  const id = reader.text('sasl.oauthbearer.client.credentials.client.id') ?? jaas.options['clientId']
  const secret = reader.text('sasl.oauthbearer.client.credentials.client.secret') ?? jaas.options['clientSecret']
  if (id === undefined || secret === undefined) {
    throw new KafkaClientError(
      'CONFIG',
      'sasl.jaas.config: the token endpoint needs the options clientId and clientSecret',
    )
  }
  const scope = reader.text('sasl.oauthbearer.scope') ?? jaas.options['scope']
  const encodeHeader = reader.boolean('sasl.oauthbearer.header.urlencode', false)
  return tokenRequest({
    url,
    id: encodeHeader ? encodeURIComponent(id) : id,
    secret: encodeHeader ? encodeURIComponent(secret) : secret,
    scope,
    tls: new SettingsReader(jaas.options),
    connectTimeoutMs: reader.integer('sasl.login.connect.timeout.ms', 10_000, 1),
    readTimeoutMs: reader.integer('sasl.login.read.timeout.ms', 10_000, 1),
    backoff: {
      initialMs: reader.integer('sasl.login.retry.backoff.ms', 100),
      maxMs: reader.integer('sasl.login.retry.backoff.max.ms', 10_000),
    },
  })
}
