import { Agent as HttpAgent, request as httpRequest, type OutgoingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { ConfigError } from '../../api/errors.ts'
import { AbortedError } from '../../base/abort.ts'
import type { ConnectionConfig } from './connection-settings.ts'
import { type TlsOptions, tlsOf } from './tls.ts'

export interface Answer {
  readonly status: number
  readonly text: string
}

/** One request and its answer, whatever its status. Rejects with what Node.js says, AbortedError when the signal aborts. */
export type Exchange = (
  method: string,
  url: string,
  headers: OutgoingHttpHeaders,
  body: string | undefined,
  signal: AbortSignal,
) => Promise<Answer>

/** The first release of Node.js whose agents know of proxies. */
const PROXY_SINCE = [24, 5] as const

/** `host:port` of the proxy, where one is set. Throws ConfigError. */
const proxyOf = ({ proxyHost, proxyPort }: ConnectionConfig): string | undefined => {
  const host = proxyHost.trim().replace(/^https?:\/\//, '')
  if (host === '' || proxyPort <= 0) return undefined
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < PROXY_SINCE[0] || (major === PROXY_SINCE[0] && minor < PROXY_SINCE[1]))
    throw new ConfigError(`proxy.host needs Node.js ${PROXY_SINCE.join('.')} or newer: this is ${process.version}`, {
      key: 'proxy.host',
    })
  return `http://${host}:${proxyPort}`
}

/** `urls`: those that will be asked; TLS is set up where one needs it. Throws ConfigError. */
export const exchangeOf = (config: ConnectionConfig, urls: readonly string[]): Exchange => {
  const tls: TlsOptions = urls.some(url => url.startsWith('https:')) ? tlsOf(config) : {}
  const proxy = proxyOf(config)
  const proxyEnv = proxy === undefined ? undefined : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy }
  const plain = { send: httpRequest, ...(proxyEnv && { agent: new HttpAgent({ proxyEnv }) }) }
  const secure = { send: httpsRequest, ...(proxyEnv && { agent: new HttpsAgent({ proxyEnv, ...tls }) }) }
  const timeoutMs = config.httpConnectTimeoutMs + config.httpReadTimeoutMs
  return (method, url, headers, body, signal) => {
    const { send, ...agent } = url.startsWith('https:') ? secure : plain
    return new Promise((resolve, reject) => {
      const late = AbortSignal.timeout(timeoutMs)
      const ends = AbortSignal.any([late, signal])
      const request = send(url, { method, headers, signal: ends, ...tls, ...agent }, response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
        response.on('error', failed)
      })
      const failed = (error: Error) => {
        if (signal.aborted) reject(new AbortedError('Aborted', { cause: error }))
        else reject(late.aborted ? new Error(`no answer within ${timeoutMs} ms`, { cause: error }) : error)
      }
      request.on('error', failed)
      request.end(body)
    })
  }
}
