const SMALLEST = 4096

/**
 * Keeps large buffers for the next use: allocating them afresh drives full garbage collections. Sizes are powers of two.
 * What was taken and never given back is the garbage collector's.
 */
export class BufferPool {
  readonly #maxBytes: number
  readonly #free = new Map<number, Buffer[]>()
  #bytes = 0

  /** `maxBytes`: how much the pool itself holds at most. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** At least `size` bytes of any content. */
  take(size: number): Buffer {
    const capacity = size <= SMALLEST ? SMALLEST : 2 ** Math.ceil(Math.log2(size))
    const buffer = this.#free.get(capacity)?.pop()
    if (buffer === undefined) return Buffer.allocUnsafeSlow(capacity)
    this.#bytes -= capacity
    return buffer
  }

  /** `buffer` came from `take`, whole; nobody reads it any more. */
  give(buffer: Buffer): void {
    if (this.#bytes + buffer.length > this.#maxBytes) return
    let list = this.#free.get(buffer.length)
    if (list === undefined) this.#free.set(buffer.length, (list = []))
    list.push(buffer)
    this.#bytes += buffer.length
  }
}
