import type { Socket } from 'node:net'
import type { BufferPool, Lease } from './buffer-pool.ts'

/** A whole request, without its size; `release` when nothing reads its bytes any more. */
export interface Frame {
  readonly bytes: Buffer
  release(): void
}

/** Sent as they are, one behind the other; `sent` runs when the bytes have left, or never will. */
export interface Reply {
  readonly buffers: readonly Buffer[]
  sent(): void
}

export interface Begun {
  /** The next request may begin before this one is answered. */
  readonly isPipelined: boolean
  readonly reply: Promise<Reply | null>
}

export interface ConnectionOptions {
  readonly pool: BufferPool
  readonly maxRequestBytes: number
  /**
   * Begins a request; `reply` resolves with what to send (null: nothing). Throws or rejects when the connection has to end.
   */
  handle(frame: Frame, signal: AbortSignal): Begun
  /** The connection ends because of this. */
  failed(error: Error): void
}

/** Requests being worked on or waiting: reading goes on below these. */
const MAX_PENDING_REQUESTS = 32
const MAX_PENDING_BYTES = 8 * 1024 * 1024

/**
 * One client's connection: cuts the stream into requests, begins them in order and answers them in order. Memory is
 * bounded: while large or many requests are pending, or the client does not read its answers, nothing more is read.
 */
export class Connection {
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  /** Bytes of a size or of a request that is not complete. */
  readonly #sizeBytes = Buffer.alloc(4)
  #sizeFilled = 0
  #partial: { readonly lease: Lease; filled: number } | null = null
  readonly #queue: Frame[] = []
  #queuedBytes = 0
  #pendingRequests = 0
  #pendingBytes = 0
  #starting = false
  #replies: Promise<void> = Promise.resolve()
  readonly #closing = new AbortController()
  #ended = false

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
    socket.setNoDelay(true)
    socket.on('data', chunk => this.#read(chunk as Buffer))
    socket.on('drain', () => this.#regulate())
    socket.on('close', () => this.#end())
  }

  /** Ends at once; replies that wait are dropped. */
  destroy(error?: Error): void {
    if (error !== undefined && !this.#ended) this.#options.failed(error)
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.#ended) {
      if (this.#partial !== null) {
        const { lease } = this.#partial
        const copied = chunk.copy(lease.bytes, this.#partial.filled, at)
        at += copied
        this.#partial.filled += copied
        if (this.#partial.filled < lease.bytes.length) break
        this.#partial = null
        this.#push({ bytes: lease.bytes, release: lease.release })
        continue
      }
      if (this.#sizeFilled < 4) {
        const copied = chunk.copy(this.#sizeBytes, this.#sizeFilled, at, at + 4 - this.#sizeFilled)
        at += copied
        this.#sizeFilled += copied
        if (this.#sizeFilled < 4) break
      }
      const size = this.#sizeBytes.readInt32BE(0)
      if (size < 8 || size > this.#options.maxRequestBytes) {
        const limit = this.#options.maxRequestBytes
        this.destroy(new Error(`a request of ${size} bytes; from 8 to socket.request.max.bytes=${limit} are taken`))
        return
      }
      this.#sizeFilled = 0
      if (chunk.length - at >= size) {
        this.#push({ bytes: chunk.subarray(at, at + size), release: () => {} })
        at += size
      } else {
        this.#partial = { lease: this.#options.pool.take(size), filled: 0 }
      }
    }
    this.#regulate()
  }

  #push(frame: Frame): void {
    this.#queue.push(frame)
    this.#queuedBytes += frame.bytes.length
    void this.#start()
  }

  /** Begins requests one after another. */
  async #start(): Promise<void> {
    if (this.#starting) return
    this.#starting = true
    while (this.#queue.length > 0 && !this.#ended) {
      const frame = this.#queue.shift()!
      const size = frame.bytes.length
      this.#queuedBytes -= size
      this.#pendingRequests++
      this.#pendingBytes += size
      let begun: Begun
      try {
        begun = this.#options.handle(frame, this.#closing.signal)
      } catch (error) {
        this.#done(frame)
        this.destroy(error instanceof Error ? error : new Error(String(error)))
        break
      }
      const answered = this.#answer(this.#replies, begun.reply, frame)
      this.#replies = answered
      if (!begun.isPipelined) await answered
      // Answers may be large: none is made while the client does not read the ones before.
      while (this.#socket.writableNeedDrain && !this.#ended) await this.#drained()
    }
    this.#starting = false
  }

  #drained(): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        this.#socket.off('drain', done)
        this.#socket.off('close', done)
        resolve()
      }
      this.#socket.on('drain', done)
      this.#socket.on('close', done)
    })
  }

  async #answer(before: Promise<void>, reply: Promise<Reply | null>, frame: Frame): Promise<void> {
    let made: Reply | null = null
    try {
      // Both are awaited whatever happens: the bytes of the request are in use until its work has ended.
      const [result] = await Promise.allSettled([reply, before])
      if (result.status === 'rejected') throw result.reason
      made = result.value
      if (made !== null && !this.#ended) this.#send(made)
      else made?.sent()
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)))
    } finally {
      this.#done(frame)
    }
  }

  #send({ buffers, sent }: Reply): void {
    this.#socket.cork()
    const last = buffers.length - 1
    for (let i = 0; i < last; i++) this.#socket.write(buffers[i]!)
    this.#socket.write(buffers[last]!, sent)
    this.#socket.uncork()
  }

  #done(frame: Frame): void {
    this.#pendingRequests--
    this.#pendingBytes -= frame.bytes.length
    frame.release()
    this.#regulate()
  }

  #regulate(): void {
    if (this.#ended) return
    const requests = this.#pendingRequests + this.#queue.length
    const bytes = this.#pendingBytes + this.#queuedBytes
    const isFull =
      requests >= MAX_PENDING_REQUESTS || bytes >= MAX_PENDING_BYTES || this.#socket.writableNeedDrain === true
    if (isFull && !this.#socket.isPaused()) this.#socket.pause()
    else if (!isFull && this.#socket.isPaused()) this.#socket.resume()
  }

  #end(): void {
    this.#ended = true
    this.#closing.abort()
    this.#partial?.lease.release()
    this.#partial = null
    for (const frame of this.#queue) frame.release()
    this.#queue.length = 0
  }
}
