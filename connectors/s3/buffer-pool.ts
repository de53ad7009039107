const KiB = 1024
/** Few sizes, so that a buffer given back fits the next one who asks: fresh large buffers make V8 collect everything. */
const sizes: readonly [number, number, number] = [4 * KiB, 64 * KiB, 1024 * KiB]
/** The largest block: what is compressed at once. */
export const blockBytes = sizes[2]
export const smallest = sizes[0]

/** Buffers for what is on its way to S3, counted against a budget. */
export class BufferPool {
  readonly budget: number
  readonly #free: Buffer[][] = sizes.map(() => [])
  #used = 0
  #kept = 0
  #waiting: (() => void)[] = []

  constructor(budget: number) {
    this.budget = budget
  }

  /** Bytes handed out now. */
  get used(): number {
    return this.#used
  }

  get full(): boolean {
    return this.#used > this.budget
  }

  /** A buffer of at least `bytes`; never waits: who writes a record needs room for it now. */
  take(bytes: number): Buffer {
    const size = sizes.findIndex(each => each >= bytes)
    const kept = size < 0 ? undefined : this.#free[size]!.pop()
    if (kept !== undefined) this.#kept -= kept.length
    const buffer = kept ?? Buffer.allocUnsafeSlow(sizes[size] ?? bytes)
    this.#used += buffer.length
    return buffer
  }

  /** Gives a buffer of `take` back; nobody may touch it any more. */
  give(buffer: Buffer): void {
    this.#used -= buffer.length
    const size = sizes.indexOf(buffer.length)
    // What is kept for later stays within the budget too.
    if (size >= 0 && this.#kept + buffer.length <= this.budget) {
      this.#free[size]!.push(buffer)
      this.#kept += buffer.length
    }
    this.notify()
  }

  /** Wakes whoever waits for a change. */
  notify(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }

  /** Resolves at the next `give` or `notify`. */
  changed(): Promise<void> {
    return new Promise(resolve => this.#waiting.push(resolve))
  }
}
