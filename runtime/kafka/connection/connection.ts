import type { Socket } from 'node:net'
import { race } from '../../base/abort.ts'
import {
  type Api,
  decodeResponse,
  encodeRequest,
  type RequestInputOf,
  type ResponseOf,
  responseCorrelationId,
} from '../../protocol/api.ts'
import { asError, closedError, KafkaClientError } from '../errors.ts'
import type { Address, ClientConfig } from '../settings.ts'
import { type ApiRanges, commonVersion, negotiate } from './api-ranges.ts'
import { authenticate } from './authenticate.ts'
import type { BufferPool } from './buffer-pool.ts'
import { Framer } from './framer.ts'
import type { SaslMechanism } from './sasl-exchange.ts'
import { connectError, openSocket } from './socket.ts'

export interface RequestOptions {
  /** Default `request.timeout.ms`. When it is over, the whole connection is given up: its answers come in order. */
  readonly timeoutMs?: number
  /** The newest version that will do. */
  readonly maxVersion?: number
}

/** A body, or how to make it for the version that both sides speak. */
export type RequestBody<A extends Api> = RequestInputOf<A> | ((version: number) => RequestInputOf<A>)

/** An answer whose bytes the caller looks after. */
export interface RawAnswer {
  readonly version: number
  /** One frame without its size. */
  readonly frame: Buffer
  /** The pooled buffer under `frame`; null: it is no pool's. */
  readonly pooled: Buffer | null
}

interface Pending {
  readonly api: Api
  readonly version: number
  readonly correlationId: number
  readonly pool: BufferPool | null
  readonly timer: NodeJS.Timeout
  readonly resolve: (answer: RawAnswer) => void
  readonly reject: (error: Error) => void
}

const NEVER = new AbortController().signal

/**
 * One authenticated connection to one broker. Requests go out in order, several at a time, and are answered in order.
 * A rejection means that the socket is gone: nothing reads the request's buffers any more.
 */
export class Connection {
  readonly address: Address
  readonly nodeId: number
  readonly #config: ClientConfig
  readonly #mechanism: SaslMechanism | null
  readonly #pending: Pending[] = []
  readonly #framer: Framer
  readonly #onClosed = new Set<(reason: Error) => void>()
  #socket: Socket | null = null
  #ranges: ApiRanges = new Map()
  #closed: KafkaClientError | null = null
  #correlationId = 0
  /** Requests wait for it: the broker throttles us, or we authenticate again. */
  #gate: Promise<void> | null = null
  /** When to authenticate again, by `performance.now()`. */
  #authenticateAt = Number.POSITIVE_INFINITY
  #lastUsed = performance.now()
  #idleTimer: NodeJS.Timeout | null = null
  /** The pooled buffer of the frame that is arriving. */
  #arriving: Buffer | null = null

  private constructor(address: Address, nodeId: number, config: ClientConfig, mechanism: SaslMechanism | null) {
    this.address = address
    this.nodeId = nodeId
    this.#config = config
    this.#mechanism = mechanism
    this.#framer = new Framer(
      size => this.#frameBuffer(size),
      frame => this.#onFrame(frame),
    )
  }

  /** Connects, learns the broker's versions, authenticates. `nodeId` -1: not known (bootstrap). `signal` gives up the attempt. */
  static async open(
    address: Address,
    nodeId: number,
    config: ClientConfig,
    mechanism: SaslMechanism | null,
    signal: AbortSignal = NEVER,
  ): Promise<Connection> {
    const connection = new Connection(address, nodeId, config, mechanism)
    const socket = await openSocket(address, config, (bytes, length) => connection.#onRead(bytes, length), signal)
    connection.#attach(socket)
    const negotiated = negotiate((api, version, body) => connection.#raw(api, version, body, null))
    try {
      connection.#ranges = await race(negotiated, signal)
      if (mechanism !== null) await race(connection.#authenticate(mechanism), signal)
    } catch (error) {
      connection.close(signal.aborted ? closedError('Kafka client') : undefined)
      throw error
    }
    connection.#watchIdle()
    return connection
  }

  get isOpen(): boolean {
    return this.#closed === null
  }

  /** Requests not yet answered. */
  get inFlight(): number {
    return this.#pending.length
  }

  /** Called once, when the connection is gone for whatever reason. */
  onClosed(listener: (reason: Error) => void): void {
    this.#onClosed.add(listener)
  }

  /** The newest version that both sides speak. Throws KafkaClientError UNSUPPORTED naming what each speaks. */
  versionOf(api: Api, maxVersion?: number): number {
    return commonVersion(this.#ranges, api, this.#name(), maxVersion)
  }

  speaks(api: Api): boolean {
    return this.#ranges.has(api.key)
  }

  /** Sends and decodes. Error codes in the answer are the caller's business. */
  async request<A extends Api>(api: A, body: RequestBody<A>, options: RequestOptions = {}): Promise<ResponseOf<A>> {
    const answer = await this.send(api, body, options, null)
    return this.decode(api, answer)
  }

  decode<A extends Api>(api: A, answer: RawAnswer): ResponseOf<A> {
    const response = decodeResponse(api, answer.version, answer.frame)
    const { throttleTimeMs } = response as { throttleTimeMs?: unknown }
    if (typeof throttleTimeMs === 'number' && throttleTimeMs > 0) this.#hold(this.#pause(throttleTimeMs))
    return response
  }

  /**
   * Sends; resolves with the bytes of the answer, in a buffer of `pool`. Record sets in the body are not copied: they must
   * not change before the promise settles. Goes out at once unless the connection is held.
   */
  send<A extends Api>(
    api: A,
    body: RequestBody<A>,
    options: RequestOptions,
    pool: BufferPool | null,
  ): Promise<RawAnswer> {
    if (this.#gate === null && performance.now() >= this.#authenticateAt && this.#mechanism !== null) {
      this.#authenticateAt = Number.POSITIVE_INFINITY
      this.#hold(this.#authenticate(this.#mechanism))
    }
    if (this.#gate !== null) return this.#gate.then(() => this.send(api, body, options, pool))
    try {
      const version = this.versionOf(api, options.maxVersion)
      const made = typeof body === 'function' ? body(version) : body
      return this.#raw(api, version, made, pool, options.timeoutMs)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** For requests that are not answered (produce with acks=0): resolves when the bytes are with the operating system. */
  async post<A extends Api>(api: A, body: RequestBody<A>, options: RequestOptions = {}): Promise<void> {
    while (this.#gate !== null) await this.#gate
    const version = this.versionOf(api, options.maxVersion)
    const made = typeof body === 'function' ? body(version) : body
    const chunks = encodeRequest(api, version, { correlationId: this.#nextId(), clientId: this.#config.clientId }, made)
    await new Promise<void>((resolve, reject) => {
      const socket = this.#usable()
      this.#lastUsed = performance.now()
      socket.write(Buffer.concat(chunks), error => (error ? reject(this.#failure(api)) : resolve()))
    })
  }

  /** Gives up what is in flight. */
  close(reason?: KafkaClientError): void {
    const name = this.#name()
    this.#closed ??= reason ?? new KafkaClientError('CONNECTION', `Connection to ${name} was closed`)
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    this.#socket?.destroy()
  }

  #raw<A extends Api>(
    api: A,
    version: number,
    body: RequestInputOf<A>,
    pool: BufferPool | null,
    timeoutMs: number = this.#config.requestTimeoutMs,
  ): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const socket = this.#usable()
      const correlationId = this.#nextId()
      const chunks = encodeRequest(api, version, { correlationId, clientId: this.#config.clientId }, body)
      const timer = setTimeout(() => this.#expire(correlationId, timeoutMs), timeoutMs)
      this.#pending.push({ api, version, correlationId, pool, timer, resolve, reject })
      this.#lastUsed = performance.now()
      if (chunks.length > 1) socket.cork()
      for (const chunk of chunks) socket.write(chunk)
      if (chunks.length > 1) socket.uncork()
    })
  }

  #nextId(): number {
    this.#correlationId = (this.#correlationId + 1) & 0x7fff_ffff
    return this.#correlationId
  }

  #usable(): Socket {
    if (this.#closed !== null || this.#socket === null) throw this.#closed ?? new Error('The socket is not there yet')
    return this.#socket
  }

  #attach(socket: Socket): void {
    this.#socket = socket
    let failure: KafkaClientError | null = null
    socket.on('error', error => {
      failure = connectError(error, this.address, this.#config.securityProtocol.endsWith('SSL'))
    })
    const onClose = (): void => {
      this.#closed ??= failure ?? new KafkaClientError('CONNECTION', `${this.#name()} closed the connection`)
      this.#settleClosed(this.#closed)
    }
    socket.on('close', onClose)
    if (socket.closed) onClose()
  }

  #settleClosed(reason: KafkaClientError): void {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    for (const pending of this.#pending.splice(0)) {
      clearTimeout(pending.timer)
      pending.reject(this.#failure(pending.api))
    }
    for (const listener of this.#onClosed) listener(reason)
    this.#onClosed.clear()
  }

  #failure(api: Api): KafkaClientError {
    const reason = this.#closed ?? new KafkaClientError('CONNECTION', 'the connection ended')
    return new KafkaClientError(reason.kind, `${api.name}: no answer: ${reason.message}`, { cause: reason })
  }

  #expire(correlationId: number, timeoutMs: number): void {
    // After a long turn of the event loop the answer may be there, only not read yet: look first.
    setImmediate(() => {
      const pending = this.#pending.find(candidate => candidate.correlationId === correlationId)
      if (pending === undefined) return
      const text = `${this.#name()} was silent for ${timeoutMs} ms (request.timeout.ms)`
      this.close(new KafkaClientError('TIMEOUT', text))
    })
  }

  #onRead(bytes: Uint8Array, length: number): void {
    if (this.#closed !== null) return
    try {
      this.#framer.push(bytes, length)
    } catch (error) {
      this.close(new KafkaClientError('CONNECTION', `${this.#name()} sent ${asError(error).message}`, { cause: error }))
    }
  }

  #frameBuffer(size: number): Buffer {
    const pool = this.#pending[0]?.pool ?? null
    if (pool === null) return Buffer.allocUnsafe(size)
    return (this.#arriving = pool.take(size))
  }

  #onFrame(frame: Buffer): void {
    const pooled = this.#arriving
    this.#arriving = null
    const pending = this.#pending.shift()
    if (pending === undefined) throw new KafkaClientError('CONNECTION', 'an answer that nobody asked for')
    clearTimeout(pending.timer)
    this.#lastUsed = performance.now()
    const correlationId = responseCorrelationId(frame)
    if (correlationId !== pending.correlationId) {
      const error = new KafkaClientError(
        'CONNECTION',
        `${pending.api.name}: answer ${correlationId} came where ${pending.correlationId} was due`,
      )
      pending.reject(error)
      throw error
    }
    pending.resolve({ version: pending.version, frame, pooled })
  }

  async #authenticate(mechanism: SaslMechanism): Promise<void> {
    const ask = async <A extends Api>(api: A, body: RequestInputOf<A>): Promise<ResponseOf<A>> =>
      this.decode(api, await this.#raw(api, this.versionOf(api), body, null))
    const lifetimeMs = await authenticate(mechanism, ask, this.#name())
    // As Kafka's client: somewhere before the session ends, and not all connections at once.
    if (lifetimeMs > 0) this.#authenticateAt = performance.now() + lifetimeMs * (0.85 + 0.1 * Math.random())
  }

  /** Requests wait until `until` has settled; if it fails, so does the connection. */
  #hold(until: Promise<void>): void {
    const before = this.#gate ?? Promise.resolve()
    const gate: Promise<void> = Promise.all([before, until]).then(
      () => {
        if (this.#gate === gate) this.#gate = null
      },
      error => {
        const failure = error instanceof KafkaClientError ? error : connectError(asError(error), this.address, false)
        this.close(failure)
        if (this.#gate === gate) this.#gate = null
      },
    )
    this.#gate = gate
  }

  /** Resolves after `ms`, or when the connection is gone. */
  #pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const done = (): void => {
        clearTimeout(timer)
        this.#onClosed.delete(done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#onClosed.add(done)
    })
  }

  #watchIdle(): void {
    const { maxIdleMs } = this.#config
    if (maxIdleMs < 0 || this.#closed !== null) return
    const rest = this.#pending.length > 0 ? maxIdleMs : this.#lastUsed + maxIdleMs - performance.now()
    if (rest <= 0) {
      this.close(new KafkaClientError('CONNECTION', `Connection to ${this.#name()} was idle (connections.max.idle.ms)`))
      return
    }
    this.#idleTimer = setTimeout(() => this.#watchIdle(), Math.min(rest + 1, 0x7fff_ffff))
    this.#idleTimer.unref()
  }

  #name(): string {
    const { host, port } = this.address
    return this.nodeId < 0 ? `${host}:${port}` : `${host}:${port} (node ${this.nodeId})`
  }
}
