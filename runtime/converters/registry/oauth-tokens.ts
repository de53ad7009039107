import { ConfigError, RetriableError } from '../../api/errors.ts'
import type { ConnectionConfig } from './connection-settings.ts'
import type { Exchange } from './http-exchange.ts'

/** A token is replaced at the latest when this share of its life is over. */
const LATEST_SHARE = 0.8
/** Life of a token that does not say it, s. */
const UNSAID_LIFE_S = 3600

const required = (value: string | undefined, key: string): string => {
  if (value !== undefined && value.trim() !== '') return value.trim()
  throw new ConfigError(
    `Missing required configuration "${key}": bearer.auth.credentials.source=OAUTHBEARER needs it`,
    {
      key,
    },
  )
}

interface TokenAnswer {
  readonly access_token?: unknown
  readonly expires_in?: unknown
}

const parsed = (text: string): TokenAnswer => {
  try {
    return (JSON.parse(text) ?? {}) as TokenAnswer
  } catch {
    return {}
  }
}

/**
 * Tokens of an OAuth server by client credentials (RFC 6749, 4.4), each kept for as long as it is good. Throws ConfigError for
 * missing settings; its function throws ConfigError when the server refuses, RetriableError when it cannot be asked.
 */
export const oauthTokens = (
  config: ConnectionConfig,
): ((exchange: Exchange, signal: AbortSignal) => Promise<string>) => {
  const key = 'bearer.auth.issuer.endpoint.url'
  const url = required(config.bearerAuthIssuerEndpointUrl, key)
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new ConfigError(`${key} is no http or https address`, { key })
  const id = required(config.bearerAuthClientId, 'bearer.auth.client.id')
  const secret = required(config.bearerAuthClientSecret?.reveal(), 'bearer.auth.client.secret')
  const scope = config.bearerAuthScope?.trim() ?? ''
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scope !== '' && { scope }) }).toString()
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': Buffer.byteLength(body),
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  }
  let token = ''
  let goodUntil = 0
  return async (exchange, signal) => {
    const now = performance.now()
    if (now < goodUntil) return token
    const { status, text } = await exchange('POST', url, headers, body, signal).catch((cause: Error) => {
      throw cause.name === 'AbortedError'
        ? cause
        : new RetriableError(`The OAuth server ${url} cannot be asked: ${cause.message}`, { cause })
    })
    if (status === 429 || status >= 500)
      throw new RetriableError(`The OAuth server ${url} answered with status ${status}`)
    const { access_token: given, expires_in: life } = parsed(text)
    // Invariant 10: the answer is not repeated, it may hold a secret.
    if (status !== 200 || typeof given !== 'string' || given === '')
      throw new ConfigError(`The OAuth server ${url} gave no token (status ${status}): check bearer.auth.client.id`, {
        key,
      })
    const lifeMs = (typeof life === 'number' && life > 0 ? life : UNSAID_LIFE_S) * 1000
    const bufferMs = config.bearerAuthCacheExpiryBufferSeconds * 1000
    const share = LATEST_SHARE * lifeMs
    goodUntil = now + (bufferMs < lifeMs ? Math.min(share, lifeMs - bufferMs) : share)
    token = given
    return token
  }
}
