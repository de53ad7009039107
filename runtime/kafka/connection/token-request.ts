import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { sleep } from '../../base/abort.ts'
import { type BackoffOptions, backoffDelay } from '../../base/backoff.ts'
import { asError, KafkaClientError } from '../errors.ts'
import type { SettingsReader } from '../settings.ts'
import { tlsOptions } from './tls.ts'

export interface TokenRequest {
  readonly url: URL
  readonly id: string
  readonly secret: string
  readonly scope: string | undefined
  /** `ssl.*` of the JAAS options: whom to trust at the token endpoint. */
  readonly tls: SettingsReader
  readonly connectTimeoutMs: number
  readonly readTimeoutMs: number
  readonly backoff: BackoffOptions
}

interface Answer {
  readonly status: number
  readonly text: string
}

/** Client credentials grant (RFC 6749, 4.4). Tries again until `backoff` has reached its longest delay; a refusal is final. */
export function tokenRequest(options: TokenRequest): () => Promise<string> {
  return async () => {
    for (let attempt = 0; ; attempt++) {
      const answer = await post(options).catch(asError)
      if (!(answer instanceof Error) && answer.status === 200) return tokenOf(answer.text, options.url)
      const reason = answer instanceof Error ? answer.message : `status ${answer.status}`
      const final = !(answer instanceof Error) && answer.status >= 400 && answer.status < 500
      const delay = backoffDelay(options.backoff, attempt)
      if (final || options.backoff.initialMs * 2 ** attempt >= options.backoff.maxMs) {
        throw new KafkaClientError(
          final ? 'AUTHENTICATION' : 'CONNECTION',
          `No OAuth token from ${options.url.origin}${options.url.pathname}: ${reason}`,
        )
      }
      await sleep(delay)
    }
  }
}

function post(options: TokenRequest): Promise<Answer> {
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (options.scope !== undefined) form.set('scope', options.scope)
  const body = form.toString()
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': Buffer.byteLength(body),
    authorization: `Basic ${Buffer.from(`${options.id}:${options.secret}`).toString('base64')}`,
  }
  const send = options.url.protocol === 'https:' ? httpsRequest : httpRequest
  const tls = options.url.protocol === 'https:' ? tlsOptions(options.tls, options.url.hostname) : {}
  return new Promise((resolve, reject) => {
    const timeoutMs = options.connectTimeoutMs + options.readTimeoutMs
    const request = send(options.url, { method: 'POST', headers, timeout: timeoutMs, ...tls }, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      )
      response.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)))
    request.on('error', reject)
    request.end(body)
  })
}

function tokenOf(text: string, url: URL): string {
  try {
    const { access_token: token } = JSON.parse(text) as { access_token?: unknown }
    if (typeof token === 'string' && token !== '') return token
  } catch {
    // Said below; the text may hold a secret.
  }
  throw new KafkaClientError('AUTHENTICATION', `${url.origin}${url.pathname} answered without an access_token`)
}
