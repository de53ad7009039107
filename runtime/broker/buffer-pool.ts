/** Bytes on loan: `bytes` has the size asked for and belongs to the borrower until `release`, which may be called once. */
export interface Lease {
  readonly bytes: Buffer
  release(): void
}

const SMALLEST = 32 * 1024
const LARGEST = 64 * 1024 * 1024

/**
 * Buffers for requests and fetch answers, by powers of two. Fresh large buffers trigger full garbage collections; these
 * are used again. Keeps at most `maxIdleBytes` that nobody uses.
 */
export class BufferPool {
  readonly #maxIdleBytes: number
  readonly #idle = new Map<number, Buffer[]>()
  #idleBytes = 0

  constructor(maxIdleBytes = 24 * 1024 * 1024) {
    this.#maxIdleBytes = maxIdleBytes
  }

  get idleBytes(): number {
    return this.#idleBytes
  }

  take(size: number): Lease {
    // Small ones are cheap and short-lived, huge ones too rare to be kept.
    if (size <= SMALLEST / 4 || size > LARGEST) return { bytes: Buffer.allocUnsafe(size), release: () => {} }
    const capacity = Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(size)))
    const buffer = this.#take(capacity)
    let lent = true
    return {
      bytes: size === capacity ? buffer : buffer.subarray(0, size),
      release: () => {
        if (lent) this.#give(buffer)
        lent = false
      },
    }
  }

  #take(capacity: number): Buffer {
    const buffer = this.#idle.get(capacity)?.pop()
    if (buffer === undefined) return Buffer.allocUnsafeSlow(capacity)
    this.#idleBytes -= capacity
    return buffer
  }

  #give(buffer: Buffer): void {
    if (this.#idleBytes + buffer.length > this.#maxIdleBytes) return
    const kept = this.#idle.get(buffer.length)
    if (kept === undefined) this.#idle.set(buffer.length, [buffer])
    else kept.push(buffer)
    this.#idleBytes += buffer.length
  }
}
