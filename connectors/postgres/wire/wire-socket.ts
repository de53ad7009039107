import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { ConnectionLost } from './pg-error.ts'

const chunkBytes = 2 * 1024 * 1024
/** A read is not started into less room than this. */
const leastRoom = 64 * 1024
/** Memory that is kept to be read into again. */
const keptChunks = 8
/** A read takes no more at once: unread bytes have to be moved when the chunk is full. */
const mostRead = 256 * 1024
/** Unread bytes at which the socket is paused until someone reads on. */
const highWater = 512 * 1024
/** A read below this is a small one. */
const smallRead = 64 * 1024

export interface Address {
  readonly host: string
  readonly port: number
  readonly keepAlive: boolean
  readonly connectTimeoutMs: number
}

type State = { error: Error | undefined; wake: (() => void) | undefined }

/**
 * Bytes of a connection, read with as few and as large reads as possible. Unread bytes are `buf[start..end)`; the reader moves
 * `start`. What was read stays where it is until `recycle`, so that records may point into it. `buf` is another one after an
 * `await`.
 */
export class WireSocket {
  buf: Buffer = Buffer.allocUnsafeSlow(chunkBytes)
  start = 0
  end = 0
  /** Bytes read so far. */
  arrived = 0
  /**
   * Wait this many ms after a small read. The walsender sends each message on its own: without a pause a reader that
   * keeps up pays one read per record.
   */
  paceMs = 0
  readonly #socket: Socket
  readonly #state: State
  /** Full, and perhaps still pointed into. */
  #full: Buffer[] = []
  readonly #free: Buffer[] = []
  #paused = false
  #timer: NodeJS.Timeout | undefined

  private constructor(socket: Socket, state: State, direct: boolean) {
    this.#socket = socket
    this.#state = state
    if (!direct) socket.on('data', chunk => this.#copyIn(chunk))
    socket.on('error', error => this.#fail(new ConnectionLost(describe(error), { cause: error })))
    socket.on('close', () => this.#fail(new ConnectionLost('The server closed the connection')))
  }

  /** A plain connection, read into memory of ours. */
  static async plain(address: Address): Promise<WireSocket> {
    const state: State = { error: undefined, wake: undefined }
    const holder: { wire: WireSocket | undefined; first: Buffer } = {
      wire: undefined,
      first: Buffer.allocUnsafeSlow(0),
    }
    const socket = connectTcp({
      host: address.host,
      port: address.port,
      keepAlive: address.keepAlive,
      noDelay: true,
      onread: {
        buffer: () =>
          holder.wire === undefined ? (holder.first = Buffer.allocUnsafeSlow(leastRoom)) : holder.wire.#room(),
        callback: bytes => {
          if (holder.wire === undefined) return true
          return holder.wire.#arrived(bytes)
        },
      },
    })
    await opened(socket, 'connect', address)
    const wire = new WireSocket(socket, state, true)
    // The buffer of the first read was chosen before the connection stood.
    if (holder.first.length > 0) wire.buf = holder.first
    holder.wire = wire
    return wire
  }

  /** A connection that may become a TLS one: `upgrade` it, or drop it and connect again. */
  static async askForTls(address: Address, request: Buffer): Promise<{ socket: Socket; offered: boolean }> {
    const socket = connectTcp({ host: address.host, port: address.port, keepAlive: address.keepAlive, noDelay: true })
    await opened(socket, 'connect', address)
    socket.write(request)
    const answer = await new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => {
        socket.destroy()
        reject(
          new ConnectionLost(`No answer from ${address.host}:${address.port} within ${address.connectTimeoutMs} ms`),
        )
      }, address.connectTimeoutMs)
      const settle = (act: () => void) => {
        clearTimeout(timer)
        socket.removeAllListeners('error').removeAllListeners('close')
        act()
      }
      socket.once('readable', () => settle(() => resolve((socket.read(1) as Buffer | null)?.[0] ?? 0)))
      socket.once('error', error => settle(() => reject(new ConnectionLost(describe(error), { cause: error }))))
      socket.once('close', () => settle(() => reject(new ConnectionLost('The server closed the connection'))))
    })
    return { socket, offered: answer === 0x53 }
  }

  static async tls(plain: Socket, address: Address, options: ConnectionOptions): Promise<WireSocket> {
    const socket = connectTls({ ...options, socket: plain })
    await opened(socket, 'secureConnect', address)
    return new WireSocket(socket, { error: undefined, wake: undefined }, false)
  }

  /**
   * Resolves when bytes have arrived since `arrived` had this value; rejects when the connection is over. One waiter at a
   * time; `interrupt` resolves it as well.
   */
  more(since = this.arrived): Promise<void> {
    if (this.arrived > since) return Promise.resolve()
    const { error } = this.#state
    if (error !== undefined) return Promise.reject(error)
    return new Promise((resolve, reject) => {
      this.#state.wake = () => (this.#state.error === undefined ? resolve() : reject(this.#state.error))
      this.#resume()
    })
  }

  /** Waits until `bytes` unread bytes are there. */
  async need(bytes: number): Promise<void> {
    // Room for more is made after each read, never before: the next read's place is already fixed.
    while (this.end - this.start < bytes) await this.more()
  }

  /** Whoever waits for more goes on without it. */
  interrupt(): void {
    this.#wakeUp()
  }

  /**
   * Nobody reads any more what lies before `start`: its memory is read into again. Fresh memory for everything that arrives
   * would cost a full collection every few dozen MB.
   */
  recycle(): void {
    for (const chunk of this.#full) if (this.#free.length < keptChunks) this.#free.push(chunk)
    this.#full = []
  }

  get failed(): Error | undefined {
    return this.#state.error
  }

  write(bytes: Uint8Array): void {
    if (this.#state.error === undefined) this.#socket.write(bytes)
  }

  /** Sends what was written, then closes; nobody can read on. */
  finish(reason: Error): void {
    this.#fail(reason)
    this.#socket.destroySoon()
  }

  destroy(reason: Error): void {
    this.#fail(reason)
    this.#socket.destroy()
  }

  #fail(error: Error): void {
    clearTimeout(this.#timer)
    this.#state.error ??= error
    this.#wakeUp()
  }

  #wakeUp(): void {
    const { wake } = this.#state
    this.#state.wake = undefined
    wake?.()
  }

  #resume(): void {
    if (!this.#paused || this.#timer !== undefined) return
    this.#paused = false
    this.#socket.resume()
  }

  /** Where the next read goes; asked for right after each read. */
  #room(): Buffer {
    if (this.buf.length - this.end < leastRoom) this.#grow(this.end - this.start + leastRoom)
    return this.buf.subarray(this.end, this.end + mostRead)
  }

  /** Goes on in new memory with room for at least `bytes` from `start` on. What was read before stays where it is. */
  #grow(bytes: number): void {
    const capacity = bytes > chunkBytes / 2 ? bytes * 2 : chunkBytes
    const next = (capacity === chunkBytes ? this.#free.pop() : undefined) ?? Buffer.allocUnsafeSlow(capacity)
    this.buf.copy(next, 0, this.start, this.end)
    if (this.buf.length === chunkBytes && this.#full.length < keptChunks) this.#full.push(this.buf)
    this.end -= this.start
    this.start = 0
    this.buf = next
  }

  #arrived(bytes: number): boolean {
    this.end += bytes
    this.arrived += bytes
    this.#wakeUp()
    if (this.paceMs > 0 && bytes < smallRead) {
      this.#paused = true
      this.#timer = setTimeout(() => {
        this.#timer = undefined
        if (this.end - this.start < highWater || this.#state.wake !== undefined) this.#resume()
      }, this.paceMs)
      return false
    }
    if (this.end - this.start < highWater) return true
    this.#paused = true
    return false
  }

  #copyIn(chunk: Buffer): void {
    if (this.buf.length - this.end < chunk.length) this.#grow(this.end - this.start + chunk.length)
    this.buf.set(chunk, this.end)
    if (!this.#arrived(chunk.length)) this.#socket.pause()
  }
}

const opened = (socket: Socket, event: string, address: Address): Promise<void> =>
  new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(timer)
      socket.removeListener(event, done).removeListener('error', failed)
      act()
    }
    const done = () => settle(resolve)
    const failed = (error: Error) => settle(() => reject(new ConnectionLost(describe(error), { cause: error })))
    const timer = setTimeout(() => {
      socket.destroy()
      failed(new Error(`No connection to ${address.host}:${address.port} within ${address.connectTimeoutMs} ms`))
    }, address.connectTimeoutMs)
    socket.once(event, done).once('error', failed)
  })

/** Node's error of several addresses has an empty message of its own. */
const describe = (error: Error): string =>
  error instanceof AggregateError && error.message === '' ? error.errors.map(String).join('; ') : error.message
