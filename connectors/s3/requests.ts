import { pause } from 'millrace'
import { Gate } from './gate.ts'
import { isLostUpload, mayRetry } from './problems.ts'

export interface RequestSettings {
  /** Attempts after the first one that count as one failure: `s3.part.retries`. */
  readonly retries: number
  /** The first of their exponential delays. */
  readonly backoffMs: number
  readonly maxBackoffMs: number
  /** The pause after all of them failed: `retry.backoff.ms`. */
  readonly pauseMs: number
}

/** Thrown out of a request that was waiting when it was stopped. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError'
}

const maxAtOnce = 8

/**
 * Sends requests, a few at once, each as often as it takes: an outage of S3 is waited out. `outage` tells meanwhile, so that
 * `write` can push back. An error that will not go away is thrown, and kept in `fatal` for the next `write`.
 */
export class Requests {
  readonly #settings: RequestSettings
  readonly #gate = new Gate(maxAtOnce)
  readonly #changed: () => void
  readonly #random: () => number
  #outage: { readonly error: unknown; readonly since: number } | undefined
  #fatal: { readonly error: unknown } | undefined
  #ended = false

  constructor(settings: RequestSettings, changed: () => void, random: () => number = Math.random) {
    this.#settings = settings
    this.#changed = changed
    this.#random = random
  }

  /** Set while requests fail again and again; gone with the first that succeeds, or when nobody is left to find out. */
  get outage(): { readonly error: unknown; readonly since: number } | undefined {
    return this.#outage
  }

  get fatal(): { readonly error: unknown } | undefined {
    return this.#fatal
  }

  /** Something that trying again does not mend. */
  fail(error: unknown): void {
    this.#fatal ??= { error }
    this.#changed()
  }

  /** No attempt begins any more; those under way are the store's to cut off. */
  end(): void {
    this.#ended = true
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Requests under way or waiting for their turn. */
  get load(): number {
    return this.#gate.load
  }

  /** `stop`: no attempt begins after it aborts; one under way is awaited, since what it does is not known before its end. */
  async send<T>(attempt: () => Promise<T>, stop: AbortSignal): Promise<T> {
    try {
      return await this.#gate.run(() => this.#repeat(attempt, stop))
    } finally {
      // The requests that failed were given up with their files: were it still an outage, no request would ever end it.
      if (this.#gate.load === 0) this.#mended()
    }
  }

  #mended(): void {
    if (this.#outage === undefined) return
    this.#outage = undefined
    this.#changed()
  }

  async #repeat<T>(attempt: () => Promise<T>, stop: AbortSignal): Promise<T> {
    for (let failures = 0; ; failures++) {
      if (stop.aborted || this.#ended) throw new StoppedError('The upload was given up')
      try {
        const answer = await attempt()
        this.#mended()
        return answer
      } catch (error) {
        if (this.#ended) throw new StoppedError('The upload was cut off', { cause: error })
        if (isLostUpload(error)) throw error
        if (!mayRetry(error)) {
          this.fail(error)
          throw error
        }
        await this.#wait(failures, error, stop)
      }
    }
  }

  async #wait(failures: number, error: unknown, stop: AbortSignal): Promise<void> {
    const { retries, backoffMs, maxBackoffMs, pauseMs } = this.#settings
    const tries = failures % (retries + 1)
    if (tries === retries) {
      this.#outage = { error, since: this.#outage?.since ?? Date.now() }
      this.#changed()
      return pause(pauseMs, stop)
    }
    const longest = Math.min(maxBackoffMs, backoffMs * 2 ** tries)
    return pause(longest * (0.5 + this.#random() / 2), stop)
  }
}
