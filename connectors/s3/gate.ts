/** Lets a limited number of jobs run at once; the others wait in order. */
export class Gate {
  readonly #limit: number
  #running = 0
  #waiting: (() => void)[] = []
  #ends: (() => void)[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Jobs under way or waiting. */
  get load(): number {
    return this.#running + this.#waiting.length
  }

  /** Resolves when the next job ends. */
  next(): Promise<void> {
    return new Promise(resolve => this.#ends.push(resolve))
  }

  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limit) await new Promise<void>(resolve => this.#waiting.push(resolve))
    else this.#running++
    try {
      return await job()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
      for (const ended of this.#ends.splice(0)) ended()
    }
  }
}
