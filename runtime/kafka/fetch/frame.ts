import type { BufferPool } from '../connection/buffer-pool.ts'

/**
 * The bytes of one fetch answer while chunks of it wait and while what was handed over refers to it. The memory goes back
 * to the pool after the last `release`; the budget is free again after the last `release` or `forget`.
 */
export class Frame {
  readonly #buffer: Buffer | null
  readonly #pool: BufferPool
  readonly #onFree: (bytes: number) => void
  readonly bytes: number
  #users = 0
  #accounts = 0

  /** `buffer` is the pool's; null: nobody's. */
  constructor(bytes: number, buffer: Buffer | null, pool: BufferPool, onFree: (bytes: number) => void) {
    this.bytes = bytes
    this.#buffer = buffer
    this.#pool = pool
    this.#onFree = onFree
  }

  retain(): void {
    this.#users++
    this.#accounts++
  }

  release(): void {
    this.forget()
    this.reuse()
  }

  /** Someone keeps it, perhaps for long, and is not asked any more. */
  forget(): void {
    if (--this.#accounts === 0) this.#onFree(this.bytes)
  }

  /** The second half of `release`, after `forget`. */
  reuse(): void {
    if (--this.#users === 0 && this.#buffer !== null) this.#pool.give(this.#buffer)
  }
}
