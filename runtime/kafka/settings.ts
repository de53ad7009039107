import { KafkaClientError } from './errors.ts'
import type { ClientSettings } from './ports.ts'

const MAX_INT = 2_147_483_647

/** Reads Kafka's client properties with their types; what is not valid throws KafkaClientError CONFIG naming the setting (invariant 9). */
export class SettingsReader {
  readonly #settings: ClientSettings

  constructor(settings: ClientSettings) {
    this.#settings = settings
  }

  /** Missing and empty are the same, as for most of Kafka's settings; `given` tells them apart. */
  text(key: string): string | undefined {
    const value = this.#settings[key]?.trim()
    return value === undefined || value === '' ? undefined : value
  }

  /** As written, an empty text included. */
  given(key: string): string | undefined {
    return this.#settings[key]
  }

  integer(key: string, initial: number, min = 0, max = MAX_INT): number {
    const value = this.text(key)
    if (value === undefined) return initial
    const number = Number(value)
    if (!/^[+-]?\d+$/.test(value) || number < min || number > max) {
      throw invalid(key, value, `an integer from ${min} to ${max}`)
    }
    return number
  }

  decimal(key: string, initial: number, min: number, max: number): number {
    const value = this.text(key)
    if (value === undefined) return initial
    const number = Number(value)
    if (!Number.isFinite(number) || number < min || number > max) {
      throw invalid(key, value, `a number from ${min} to ${max}`)
    }
    return number
  }

  boolean(key: string, initial: boolean): boolean {
    const value = this.text(key)?.toLowerCase()
    if (value === undefined) return initial
    if (value !== 'true' && value !== 'false') throw invalid(key, value, 'true or false')
    return value === 'true'
  }

  list(key: string, initial: readonly string[] = []): readonly string[] {
    const value = this.text(key)
    if (value === undefined) return initial
    return value
      .split(',')
      .map(item => item.trim())
      .filter(item => item !== '')
  }

  oneOf<const T extends string>(key: string, initial: T, values: readonly T[]): T {
    const value = this.text(key)
    if (value === undefined) return initial
    const found = values.find(candidate => candidate.toLowerCase() === value.toLowerCase())
    if (found === undefined) throw invalid(key, value, `one of ${values.join(', ')}`)
    return found
  }
}

export const invalid = (key: string, value: string, wanted: string): KafkaClientError =>
  new KafkaClientError('CONFIG', `${key}: '${value}' is not valid, it must be ${wanted}`)

export interface Address {
  readonly host: string
  readonly port: number
}

export const securityProtocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const

/** What every client needs, all times in milliseconds. Defaults are Kafka's. */
export interface ClientConfig {
  readonly bootstrap: readonly Address[]
  readonly clientId: string
  readonly requestTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly maxIdleMs: number
  readonly reconnectBackoff: { readonly initialMs: number; readonly maxMs: number }
  readonly retryBackoff: { readonly initialMs: number; readonly maxMs: number }
  readonly metadataMaxAgeMs: number
  /** `default.api.timeout.ms`: how long one call of the admin or consumer may take, retries included. */
  readonly apiTimeoutMs: number
  readonly securityProtocol: (typeof securityProtocols)[number]
  /** For TLS, SASL and what belongs to one client only. */
  readonly reader: SettingsReader
}

export function clientConfig(settings: ClientSettings): ClientConfig {
  const reader = new SettingsReader(settings)
  const bootstrap = reader.list('bootstrap.servers').map(parseAddress)
  if (bootstrap.length === 0) {
    throw new KafkaClientError('CONFIG', 'bootstrap.servers: missing, set it to brokers as host:port')
  }
  const retryInitial = reader.integer('retry.backoff.ms', 100)
  const reconnectInitial = reader.integer('reconnect.backoff.ms', 50)
  return {
    bootstrap,
    clientId: reader.text('client.id') ?? '',
    requestTimeoutMs: reader.integer('request.timeout.ms', 30_000, 1),
    connectTimeoutMs: reader.integer('socket.connection.setup.timeout.ms', 10_000, 1),
    maxIdleMs: reader.integer('connections.max.idle.ms', 540_000, -1),
    reconnectBackoff: {
      initialMs: reconnectInitial,
      maxMs: Math.max(reconnectInitial, reader.integer('reconnect.backoff.max.ms', 1000)),
    },
    retryBackoff: {
      initialMs: retryInitial,
      maxMs: Math.max(retryInitial, reader.integer('retry.backoff.max.ms', 1000)),
    },
    metadataMaxAgeMs: reader.integer('metadata.max.age.ms', 300_000, 1),
    apiTimeoutMs: reader.integer('default.api.timeout.ms', 60_000, 1),
    securityProtocol: reader.oneOf('security.protocol', 'PLAINTEXT', securityProtocols),
    reader,
  }
}

/** `host:port`, `[::1]:9092`, also with a listener name before it (`PLAINTEXT://host:port`). */
export function parseAddress(text: string): Address {
  const match = /^(?:[\w-]+:\/\/)?(?:\[([^[\]\s]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port < 1 || port > 65_535) throw invalid('bootstrap.servers', text, 'host:port')
  return { host: (match[1] ?? match[2])!, port }
}
