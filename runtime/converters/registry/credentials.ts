import { ConfigError } from '../../api/errors.ts'
import type { ConnectionConfig } from './connection-settings.ts'
import type { Exchange } from './http-exchange.ts'
import { oauthTokens } from './oauth-tokens.ts'

/** Headers that say who asks; asked for before each request, since tokens end. */
export type Credentials = (exchange: Exchange, signal: AbortSignal) => Promise<Readonly<Record<string, string>>>

/** An address of the registry. */
export interface Place {
  /** Ends without a slash, holds no credentials. */
  readonly url: string
  /** `user:password` of the address; undefined where it holds none. */
  readonly user: string | undefined
}

/** As it is where it is no escaped text. */
const unescaped = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Throws ConfigError. Invariant 10: the message does not repeat an address, which may hold a password. */
export const placesOf = (config: ConnectionConfig): readonly Place[] =>
  config.schemaRegistryUrl.map(text => {
    let url: URL
    try {
      url = new URL(text)
      if (!/^https?:$/.test(url.protocol)) throw new TypeError('it begins with neither http:// nor https://')
    } catch {
      throw new ConfigError(
        'Invalid value for configuration schema.registry.url: give addresses such as http://localhost:8081',
        { key: 'schema.registry.url' },
      )
    }
    const user = url.username === '' ? undefined : `${unescaped(url.username)}:${unescaped(url.password)}`
    return { url: `${url.origin}${url.pathname.replace(/\/$/, '')}`, user }
  })

const basic = (user: string) => ({ authorization: `Basic ${Buffer.from(user).toString('base64')}` })

/** By place, from `basic.auth.*` (which wins) and `bearer.auth.*`. Throws ConfigError for a source that is not supported. */
export const credentialsOf = (config: ConnectionConfig): ((place: Place) => Credentials) => {
  const { basicAuthCredentialsSource: source, bearerAuthCredentialsSource: bearer } = config
  if (source === 'SASL_INHERIT')
    throw new ConfigError('SASL_INHERIT is not supported: use USER_INFO', { key: 'basic.auth.credentials.source' })
  if (bearer === 'SASL_OAUTHBEARER_INHERIT' || bearer === 'CUSTOM')
    throw new ConfigError(`${bearer} is not supported: use OAUTHBEARER or STATIC_TOKEN`, {
      key: 'bearer.auth.credentials.source',
    })
  const info = config.basicAuthUserInfo.reveal()
  const { bearerAuthLogicalCluster: cluster, bearerAuthIdentityPoolId: pool } = config
  const withToken = (token: string) => ({
    authorization: `Bearer ${token}`,
    ...(cluster !== undefined && { 'target-sr-cluster': cluster }),
    ...(pool !== undefined && { 'Confluent-Identity-Pool-Id': pool }),
  })
  const token = config.bearerAuthToken?.reveal() ?? ''
  const tokens = bearer === 'OAUTHBEARER' ? oauthTokens(config) : undefined
  return ({ user: inUrl }) => {
    const user = source === 'USER_INFO' ? info : inUrl
    if (user !== undefined && user !== '') return async () => basic(user)
    if (tokens !== undefined) return async (exchange, signal) => withToken(await tokens(exchange, signal))
    return async () => (token === '' ? {} : withToken(token))
  }
}
