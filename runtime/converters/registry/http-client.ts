import { ConfigError, RetriableError } from '../../api/errors.ts'
import { AbortedError, sleep } from '../../base/abort.ts'
import { backoffDelay } from '../../base/backoff.ts'
import type { ConnectionConfig } from './connection-settings.ts'
import { type Credentials, credentialsOf, placesOf } from './credentials.ts'
import { type Answer, type Exchange, exchangeOf } from './http-exchange.ts'
import { tlsHint, tlsRefusal } from './tls.ts'

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

const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json'
/** Characters of a reason that are repeated. */
const LONGEST_REASON = 500
const OWN_HEADER = 'request.header.'

const passing = new Set([408, 429, 500, 502, 503, 504])

/** `request.header.NAME` of the settings as given, as HTTP headers. */
const ownHeaders = (originals: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(originals).flatMap(([key, value]) =>
      key.startsWith(OWN_HEADER) ? [[key.slice(OWN_HEADER.length), value]] : [],
    ),
  )

/** Asks a schema registry over HTTP: one place after the other, and again after trouble that may pass. */
export class RegistryHttp {
  readonly #places: readonly { readonly url: string; readonly credentials: Credentials }[]
  readonly #exchange: Exchange
  readonly #config: ConnectionConfig
  readonly #headers: Readonly<Record<string, string>>
  readonly #closing = new AbortController()
  /** The place that answered last. */
  #current = 0

  /** Throws ConfigError. */
  constructor(config: ConnectionConfig, originals: Readonly<Record<string, string>>) {
    this.#config = config
    this.#headers = ownHeaders(originals)
    const credentials = credentialsOf(config)
    this.#places = placesOf(config).map(place => ({ url: place.url, credentials: credentials(place) }))
    const issuer = config.bearerAuthIssuerEndpointUrl ?? []
    this.#exchange = exchangeOf(config, this.#places.map(({ url }) => url).concat(issuer))
    if (config.schemaRegistryUrlRandomize) this.#current = Math.floor(Math.random() * this.#places.length)
  }

  /** Ends requests and waits for them with AbortedError, as does `signal`. */
  close(): void {
    this.#closing.abort()
  }

  /** The answer's JSON. Throws RegistryError for a refusal, RetriableError when nobody could be asked, AbortedError. */
  async ask(method: 'GET' | 'POST', path: string, signal: AbortSignal | undefined, body?: unknown): Promise<unknown> {
    const { maxRetries, retriesWaitMs, retriesMaxWaitMs } = this.#config
    const closing = this.#closing.signal
    const ends = signal === undefined ? closing : AbortSignal.any([closing, signal])
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#round(method, path, body, ends)
      } catch (error) {
        if (!(error instanceof RetriableError) || attempt >= maxRetries) throw error
      }
      await sleep(backoffDelay({ initialMs: retriesWaitMs, maxMs: retriesMaxWaitMs }, attempt), ends)
    }
  }

  /** Every place once, until one answers. */
  async #round(method: string, path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    let trouble: RetriableError | undefined
    for (let turn = 0; turn < this.#places.length; turn++) {
      const { url, credentials } = this.#places[this.#current]!
      try {
        const answer = await this.#send(url + path, await credentials(this.#exchange, signal), method, body, signal)
        if (!passing.has(answer.status)) return read(answer, url + path)
        trouble = new RetriableError(`${url}${path} answered with status ${answer.status}${said(answer)}`)
      } catch (cause) {
        if (cause instanceof AbortedError || cause instanceof ConfigError || cause instanceof RegistryError) throw cause
        if (cause instanceof RetriableError) trouble = cause
        else {
          const untrusted = tlsRefusal(url, cause as Error)
          if (untrusted !== undefined) throw untrusted
          trouble = new RetriableError(
            `${url} cannot be asked: ${(cause as Error).message}${tlsHint(url, cause as Error)}`,
            { cause },
          )
        }
      }
      this.#current = (this.#current + 1) % this.#places.length
    }
    throw trouble!
  }

  #send(
    url: string,
    credentials: Readonly<Record<string, string>>,
    method: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = {
      accept: `${CONTENT_TYPE}, application/json`,
      ...(text !== undefined && { 'content-type': CONTENT_TYPE, 'content-length': Buffer.byteLength(text) }),
      ...this.#headers,
      ...credentials,
    }
    return this.#exchange(method, url, headers, text, signal)
  }
}

interface Refusal {
  readonly message?: unknown
  readonly error_code?: unknown
}

/** Undefined for what is no JSON. */
const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The reason in an answer, where it gives one. */
const said = ({ text }: Answer): string => {
  const { message } = (jsonOf(text) ?? {}) as Refusal
  return typeof message === 'string' ? `: ${message.slice(0, LONGEST_REASON)}` : ''
}

/** The body of a success. Throws RegistryError. */
const read = ({ status, text }: Answer, url: string): unknown => {
  const body = jsonOf(text)
  if (body === undefined)
    throw new RegistryError(
      `${url} answered with status ${status} and no JSON: is it a schema registry?`,
      status,
      status,
    )
  if (status < 300) return body
  const { message, error_code: code } = (body ?? {}) as Refusal
  throw new RegistryError(
    typeof message === 'string' ? message : `status ${status}`,
    status,
    typeof code === 'number' ? code : status,
  )
}
