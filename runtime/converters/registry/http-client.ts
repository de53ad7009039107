import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { createSecureContext } from 'node:tls'
import { ConfigError, RetriableError } from '../../api/errors.ts'
import { sleep } from '../../base/abort.ts'
import { backoffDelay } from '../../base/backoff.ts'
import type { RegistryConfig } from './settings.ts'

/** The registry's answer to a request that it refused. `code`: its own number, such as 40403; the status where it gave none. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  readonly status: number
  readonly code: number

  constructor(message: string, status: number, code: number) {
    super(message)
    this.status = status
    this.code = code
  }
}

interface Answer {
  readonly status: number
  readonly text: string
}

const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json'

const mayPass = (status: number): boolean => status === 408 || status === 429 || status >= 500

const fileOf = (location: string, key: string): Buffer => {
  try {
    return readFileSync(location)
  } catch (cause) {
    throw new ConfigError(`${key}: ${(cause as Error).message}`, { key, cause })
  }
}

const tlsOf = (config: RegistryConfig): RequestOptions => {
  const options: RequestOptions = {}
  const trust = config.schemaRegistrySslTruststoreLocation
  if (trust !== undefined) {
    const key = 'schema.registry.ssl.truststore.location'
    const bytes = fileOf(trust, key)
    if (!bytes.includes('-----BEGIN'))
      throw new ConfigError(`${key}: ${trust} is no PEM file: export it as PEM`, { key })
    options.ca = bytes
  }
  const own = config.schemaRegistrySslKeystoreLocation
  if (own !== undefined) {
    const bytes = fileOf(own, 'schema.registry.ssl.keystore.location')
    if (bytes.includes('-----BEGIN')) Object.assign(options, { cert: bytes, key: bytes })
    else options.pfx = bytes
    const { schemaRegistrySslKeyPassword: ofKey, schemaRegistrySslKeystorePassword: ofStore } = config
    const password = options.pfx === undefined ? (ofKey ?? ofStore) : (ofStore ?? ofKey)
    if (password !== undefined) options.passphrase = password.reveal()
    try {
      createSecureContext(options)
    } catch (cause) {
      const key = 'schema.registry.ssl.keystore.location'
      throw new ConfigError(`${key}: ${own} cannot be opened (${(cause as Error).message})`, { key, cause })
    }
  }
  if (config.schemaRegistrySslEndpointIdentificationAlgorithm.trim() === '')
    options.checkServerIdentity = () => undefined
  return options
}

interface Place {
  /** Ends without a slash, holds no credentials. */
  readonly url: string
  readonly authorization: string | undefined
}

/** As it is where it is no escaped text. */
const unescaped = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const placesOf = (config: RegistryConfig): readonly Place[] => {
  const basic = (user: string) => `Basic ${Buffer.from(user).toString('base64')}`
  const source = config.basicAuthCredentialsSource
  if (source === 'SASL_INHERIT')
    throw new ConfigError('SASL_INHERIT is not supported: use USER_INFO', { key: 'basic.auth.credentials.source' })
  const info = config.basicAuthUserInfo.reveal()
  const token = config.bearerAuthToken?.reveal() ?? ''
  return config.schemaRegistryUrl.map(text => {
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
    const inUrl = url.username === '' ? undefined : `${unescaped(url.username)}:${unescaped(url.password)}`
    const user = source === 'USER_INFO' ? info : inUrl
    const authorization = user !== undefined && user !== '' ? basic(user) : token !== '' ? `Bearer ${token}` : undefined
    url.username = ''
    url.password = ''
    return { url: `${url.origin}${url.pathname.replace(/\/$/, '')}`, authorization }
  })
}

/** Asks a schema registry over HTTP: one place after the other, and again after trouble that may pass. */
export class RegistryHttp {
  readonly #places: readonly Place[]
  readonly #tls: RequestOptions
  readonly #config: RegistryConfig
  /** The place that answered last. */
  #current = 0

  /** Throws ConfigError. */
  constructor(config: RegistryConfig) {
    this.#config = config
    this.#places = placesOf(config)
    this.#tls = this.#places.some(({ url }) => url.startsWith('https:')) ? tlsOf(config) : {}
  }

  /** The answer's JSON. Throws RegistryError for a refusal, RetriableError when nobody could be asked. */
  async ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    const { maxRetries, retriesWaitMs, retriesMaxWaitMs } = this.#config
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.#round(method, path, body)
      if (!(outcome instanceof Error)) return outcome
      if (!(outcome instanceof RetriableError)) throw outcome
      if (attempt >= maxRetries) throw outcome
      await sleep(backoffDelay({ initialMs: retriesWaitMs, maxMs: retriesMaxWaitMs }, attempt))
    }
  }

  /** Every place once, until one answers. */
  async #round(method: string, path: string, body: unknown): Promise<unknown> {
    let trouble: Error | undefined
    for (let turn = 0; turn < this.#places.length; turn++) {
      const place = this.#places[this.#current]!
      try {
        const answer = await this.#send(place, method, path, body)
        if (!mayPass(answer.status)) return read(answer, place.url + path)
        trouble = new RetriableError(`${place.url}${path} answered with status ${answer.status}`)
      } catch (cause) {
        trouble = new RetriableError(`${place.url} cannot be asked: ${(cause as Error).message}`, { cause })
      }
      this.#current = (this.#current + 1) % this.#places.length
    }
    return trouble
  }

  #send({ url, authorization }: Place, method: string, path: string, body: unknown): Promise<Answer> {
    const { httpConnectTimeoutMs, httpReadTimeoutMs } = this.#config
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = {
      accept: `${CONTENT_TYPE}, application/json`,
      ...(text !== undefined && { 'content-type': CONTENT_TYPE, 'content-length': Buffer.byteLength(text) }),
      ...(authorization !== undefined && { authorization }),
    }
    const send = url.startsWith('https:') ? httpsRequest : httpRequest
    const timeoutMs = httpConnectTimeoutMs + httpReadTimeoutMs
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(timeoutMs)
      const request = send(url + path, { method, headers, signal, ...this.#tls }, response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
        response.on('error', reject)
      })
      request.on('error', error =>
        reject(signal.aborted ? new Error(`no answer within ${timeoutMs} ms`, { cause: error }) : error),
      )
      request.end(text)
    })
  }
}

/** The body of a success; a RegistryError otherwise. */
const read = ({ status, text }: Answer, url: string): unknown => {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return new RegistryError(
      `${url} answered with status ${status} and no JSON: is it a schema registry?`,
      status,
      status,
    )
  }
  if (status < 300) return body
  const { message, error_code: code } = (body ?? {}) as { message?: unknown; error_code?: unknown }
  return new RegistryError(
    typeof message === 'string' ? message : `status ${status}`,
    status,
    typeof code === 'number' ? code : status,
  )
}
