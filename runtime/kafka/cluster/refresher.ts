import { backoffDelay } from '../../base/backoff.ts'
import { asError, isRetriable } from '../errors.ts'
import type { Cluster } from './cluster.ts'

/** Asks for fresh metadata on behalf of a loop: one refresh at a time, not more often than the backoff allows. */
export class Refresher {
  readonly #cluster: Cluster
  readonly #onFresh: () => void
  readonly #onFatal: (error: Error) => void
  #running = false
  #attempts = 0
  #notBefore = 0
  #timer: NodeJS.Timeout | null = null
  #stopped = false

  /** `onFresh`: after every try, failed ones included, so that the loop looks again. */
  constructor(cluster: Cluster, onFresh: () => void, onFatal: (error: Error) => void) {
    this.#cluster = cluster
    this.#onFresh = onFresh
    this.#onFatal = onFatal
  }

  /** As soon as it may be. */
  request(): void {
    if (this.#running || this.#stopped || this.#timer !== null) return
    const wait = this.#notBefore - performance.now()
    if (wait <= 0) {
      void this.#run()
      return
    }
    this.#timer = setTimeout(() => {
      this.#timer = null
      void this.#run()
    }, wait)
  }

  /** When the metadata has become old. */
  whenOld(): void {
    if (this.#cluster.metadataAge > this.#cluster.config.metadataMaxAgeMs) this.request()
  }

  stop(): void {
    this.#stopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  async #run(): Promise<void> {
    this.#running = true
    try {
      await this.#cluster.refresh()
      this.#attempts = 0
    } catch (error) {
      this.#attempts++
      if (!isRetriable(error) && !this.#stopped) this.#onFatal(asError(error))
    }
    this.#running = false
    this.#notBefore = performance.now() + backoffDelay(this.#cluster.config.retryBackoff, this.#attempts)
    if (!this.#stopped) this.#onFresh()
  }
}
