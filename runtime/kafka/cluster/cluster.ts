import { setMaxListeners } from 'node:events'
import type { Log } from '../../api/context.ts'
import { sleep } from '../../base/abort.ts'
import { backoffDelay } from '../../base/backoff.ts'
import type { Api, ResponseOf } from '../../protocol/api.ts'
import { errorCodes, KafkaProtocolError } from '../../protocol/error-codes.ts'
import { metadata as metadataApi } from '../../protocol/messages/metadata.ts'
import { Connection, type RequestBody, type RequestOptions } from '../connection/connection.ts'
import { saslMechanism } from '../connection/sasl.ts'
import type { SaslMechanism } from '../connection/sasl-exchange.ts'
import { asError, closedError, isRetriable, KafkaClientError } from '../errors.ts'
import { type RetryOptions, retrying } from '../retry.ts'
import type { Address, ClientConfig } from '../settings.ts'
import { Metadata } from './metadata.ts'

/** Connections to one broker that must not wait for each other: a fetch or a join may be parked for long. */
export type Lane = 'main' | 'produce' | 'fetch' | 'tail' | 'group'

interface Node {
  connection: Connection | null
  opening: Promise<Connection> | null
  /** Since the last success. */
  failures: number
  /** No earlier try, by `performance.now()`. */
  notBefore: number
}

/**
 * One client's view of a cluster: its brokers, connections to them, topics and their leaders. Topics that were asked for
 * once stay watched. When no known broker can be reached, the bootstrap list is asked again.
 */
export class Cluster {
  readonly config: ClientConfig
  readonly metadata = new Metadata()
  readonly log: Log | undefined
  readonly #mechanism: SaslMechanism | null
  readonly #onClose: (() => void) | undefined
  readonly #nodes = new Map<string, Node>()
  readonly #topics = new Set<string>()
  readonly #listeners = new Set<() => void>()
  #allTopics = false
  #autoCreate = false
  #refreshing: Promise<void> | null = null
  #queued: Promise<void> | null = null
  #refreshedAt = Number.NEGATIVE_INFINITY
  readonly #closing = new AbortController()

  /** `onClose`: after every close. */
  constructor(config: ClientConfig, log?: Log, onClose?: () => void) {
    this.config = config
    this.#onClose = onClose
    this.log = log
    this.#mechanism = saslMechanism(config, log)
    // One for each connection that is being opened.
    setMaxListeners(0, this.#closing.signal)
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted
  }

  /** Topics to keep an eye on; `autoCreate` lets the broker create them when it may. */
  watch(topics: Iterable<string>, autoCreate = false): void {
    for (const topic of topics) this.#topics.add(topic)
    if (autoCreate) this.#autoCreate = true
  }

  watchAll(): void {
    this.#allTopics = true
  }

  /** Called after each successful refresh; returns how to stop it. */
  onRefresh(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Milliseconds since the metadata was read last. */
  get metadataAge(): number {
    return performance.now() - this.#refreshedAt
  }

  /** An open connection, if there is one. */
  connected(nodeId: number, lane: Lane): Connection | null {
    const connection = this.#nodes.get(nodeKey(nodeId, lane))?.connection
    return connection?.isOpen ? connection : null
  }

  /** The connection to a broker; opened when needed, after the backoff of earlier failures. Throws KafkaClientError. */
  connect(nodeId: number, lane: Lane): Promise<Connection> {
    const address = this.metadata.brokers.get(nodeId)
    if (address === undefined) {
      return Promise.reject(new KafkaClientError('CONNECTION', `Node ${nodeId} is not in the metadata of the cluster`))
    }
    return this.#connectTo(nodeKey(nodeId, lane), address, nodeId)
  }

  /** A connection to whichever broker answers: open ones first, then known ones, then the bootstrap list. */
  async any(): Promise<Connection> {
    for (const [key, { connection }] of this.#nodes) {
      // On the other lanes a request may be parked for long.
      if (connection?.isOpen && !/\/(fetch|tail|group)$/.test(key)) return connection
    }
    const failures: string[] = []
    const known = shuffled([...this.metadata.brokers])
    for (const [nodeId, address] of known) {
      const found = await this.#try(nodeKey(nodeId, 'main'), address, nodeId, failures)
      if (found !== null) return found
    }
    for (const address of shuffled(this.config.bootstrap)) {
      const found = await this.#try(`${address.host}:${address.port}`, address, -1, failures)
      if (found !== null) {
        // None of those we knew is there: they may be others by now.
        if (known.length > 0) this.metadata.forgetBrokers()
        return found
      }
    }
    throw new KafkaClientError('CONNECTION', `No broker can be reached (bootstrap.servers): ${failures.join('; ')}`)
  }

  async #try(key: string, address: Address, nodeId: number, failures: string[]): Promise<Connection | null> {
    try {
      return await this.#connectTo(key, address, nodeId)
    } catch (error) {
      if (!isRetriable(error)) throw error
      failures.push(asError(error).message)
      return null
    }
  }

  #connectTo(key: string, address: Address, nodeId: number): Promise<Connection> {
    if (this.#closed) return Promise.reject(closedError('Kafka client'))
    let node = this.#nodes.get(key)
    if (node === undefined) {
      this.#nodes.set(key, (node = { connection: null, opening: null, failures: 0, notBefore: 0 }))
    }
    const { connection } = node
    if (connection !== null && sameAddress(connection.address, address)) {
      if (connection.isOpen) return Promise.resolve(connection)
    } else connection?.close()
    const entry = node
    entry.opening ??= this.#open(entry, address, nodeId).finally(() => (entry.opening = null))
    return entry.opening
  }

  async #open(node: Node, address: Address, nodeId: number): Promise<Connection> {
    const { signal } = this.#closing
    const wait = node.notBefore - performance.now()
    try {
      if (wait > 0) await sleep(wait, signal)
      const connection = await Connection.open(address, nodeId, this.config, this.#mechanism, signal)
      node.failures = 0
      node.notBefore = performance.now() + this.config.reconnectBackoff.initialMs
      node.connection = connection
      if (this.#closed) connection.close()
      return connection
    } catch (error) {
      if (this.#closed) throw closedError('Kafka client')
      node.notBefore = performance.now() + backoffDelay(this.config.reconnectBackoff, node.failures++)
      throw error
    }
  }

  /**
   * Reads the metadata of all watched topics. A call during a running refresh gets the next one, since the running one may
   * have begun before what the caller knows. Throws when no broker can be reached.
   */
  refresh(): Promise<void> {
    if (this.#refreshing === null) {
      this.#refreshing = this.#refresh().finally(() => (this.#refreshing = null))
      return this.#refreshing
    }
    const running = this.#refreshing
    this.#queued ??= running.then(nothing, nothing).then(() => {
      this.#queued = null
      // One that another caller has begun by now began after we asked.
      return this.#refreshing ?? this.refresh()
    })
    return this.#queued
  }

  async #refresh(): Promise<void> {
    const connection = await this.any()
    const all = this.#allTopics
    const names = [...this.#topics]
    const response = await connection.request(metadataApi, version => ({
      topics: all ? (version === 0 ? [] : null) : names.map(name => ({ name })),
      ...(version >= 4 ? { allowAutoTopicCreation: this.#autoCreate } : {}),
    }))
    if (response.errorCode === errorCodes.REBOOTSTRAP_REQUIRED) {
      this.metadata.forgetBrokers()
      connection.close()
    }
    if (response.errorCode !== 0) throw new KafkaProtocolError(response.errorCode, { api: metadataApi.name })
    this.metadata.update(response, all)
    this.#refreshedAt = performance.now()
    for (const listener of [...this.#listeners]) listener()
  }

  /** One request to one broker; KafkaClientError CONNECTION when it cannot be reached. */
  async request<A extends Api>(
    nodeId: number,
    lane: Lane,
    api: A,
    body: RequestBody<A>,
    options?: RequestOptions,
  ): Promise<ResponseOf<A>> {
    const connection = await this.connect(nodeId, lane)
    return connection.request(api, body, options)
  }

  /** Tries again, on fresh metadata, for `default.api.timeout.ms`. */
  retrying<T>(operation: () => Promise<T>, options: Partial<RetryOptions> = {}): Promise<T> {
    return retrying(operation, {
      backoff: this.config.retryBackoff,
      timeoutMs: this.config.apiTimeoutMs,
      setting: 'default.api.timeout.ms',
      again: () => this.refresh().catch(ignoreRetriable),
      ...options,
    })
  }

  /** Resolves when every socket is closed: no buffer of a request is read any more. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#listeners.clear()
    const closing: Promise<void>[] = []
    for (const node of this.#nodes.values()) {
      const { connection } = node
      if (connection?.isOpen) {
        closing.push(new Promise(resolve => connection.onClosed(() => resolve())))
        connection.close()
      }
      if (node.opening !== null) {
        closing.push(
          node.opening.then(
            opened => opened.close(),
            () => {},
          ),
        )
      }
    }
    await Promise.all(closing)
    this.#onClose?.()
  }
}

const nodeKey = (nodeId: number, lane: Lane): string => `${nodeId}/${lane}`

const nothing = (): void => {}

/** A refresh that cannot reach anyone is tried again by whoever needs it. */
const ignoreRetriable = (error: unknown): void => {
  if (!isRetriable(error)) throw error
}

const sameAddress = (a: Address, b: Address): boolean => a.host === b.host && a.port === b.port

function shuffled<T>(items: readonly T[]): T[] {
  const list = [...items]
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[list[i], list[j]] = [list[j]!, list[i]!]
  }
  return list
}
