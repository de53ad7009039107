import { KafkaClientError } from '../errors.ts'

/** Larger than any answer; what another protocol answers (HTTP, TLS) reads as a larger size. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024

/**
 * Cuts what arrives on a connection into frames. Reads come into one reused slab; each frame is put together in the buffer
 * that `allocate` gives for its size, so that large answers land in pooled memory.
 */
export class Framer {
  readonly #allocate: (size: number) => Buffer
  readonly #onFrame: (frame: Buffer) => void
  readonly #prefix = Buffer.alloc(4)
  #prefixBytes = 0
  #frame: Buffer | null = null
  #size = 0
  #have = 0

  /** `allocate` may give more than asked for. `onFrame` gets exactly one frame, its size prefix cut off. */
  constructor(allocate: (size: number) => Buffer, onFrame: (frame: Buffer) => void) {
    this.#allocate = allocate
    this.#onFrame = onFrame
  }

  /** Takes in the first `length` bytes of `chunk`, which may be overwritten afterwards. Throws for a size that no broker sends. */
  push(chunk: Uint8Array, length: number): void {
    let pos = 0
    while (pos < length) {
      if (this.#frame === null) {
        while (this.#prefixBytes < 4 && pos < length) this.#prefix[this.#prefixBytes++] = chunk[pos++]!
        if (this.#prefixBytes < 4) return
        this.#begin(this.#prefix.readInt32BE(0))
        if (pos === length) return
      }
      const frame = this.#frame!
      const take = Math.min(length - pos, this.#size - this.#have)
      frame.set(chunk.subarray(pos, pos + take), this.#have)
      pos += take
      this.#have += take
      if (this.#have === this.#size) {
        this.#frame = null
        this.#onFrame(frame.length === this.#size ? frame : frame.subarray(0, this.#size))
      }
    }
  }

  #begin(size: number): void {
    if (size < 4 || size > MAX_FRAME_BYTES) {
      throw new KafkaClientError(
        'CONNECTION',
        `an answer of ${size} bytes: what listens there is no Kafka broker, or security.protocol does not fit its listener`,
      )
    }
    this.#prefixBytes = 0
    this.#size = size
    this.#have = 0
    this.#frame = this.#allocate(size)
  }
}
