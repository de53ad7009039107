import type { Log } from '../../api/context.ts'
import type { ClusterConfigStore } from '../../stores/ports.ts'
import { newSessionKey } from './signing.ts'

/** Times in ms; a lifetime of 0 has no end. */
export interface KeySettings {
  readonly keyAlgorithm: string
  readonly keyBits: number | undefined
  readonly keyTtlMs: number
}

const longestTimerMs = 2 ** 31 - 1
const retryMs = 60_000

/** The leader's duty: a session key that is too old, or of another algorithm, gives way to a new one. */
export class SessionKeys {
  readonly #configs: Pick<ClusterConfigStore, 'sessionKey' | 'putSessionKey'>
  readonly #settings: KeySettings
  readonly #isLeader: () => boolean
  readonly #log: Log
  #timer: NodeJS.Timeout | undefined
  #renewing = false
  #stopped = false

  constructor(
    configs: Pick<ClusterConfigStore, 'sessionKey' | 'putSessionKey'>,
    settings: KeySettings,
    isLeader: () => boolean,
    log: Log,
  ) {
    this.#configs = configs
    this.#settings = settings
    this.#isLeader = isLeader
    this.#log = log
  }

  /** To be called after every assignment; from then on it looks after itself while this worker leads. */
  check(): void {
    clearTimeout(this.#timer)
    // One key at a time; the round under way looks again when it is through.
    if (this.#stopped || this.#renewing || !this.#isLeader()) return
    const left = this.#left()
    if (left > 0) this.#later(left)
    else void this.#renew()
  }

  /** For good: a key that is being stored starts no timer any more. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #left(): number {
    const { keyAlgorithm, keyTtlMs } = this.#settings
    const key = this.#configs.sessionKey
    if (key?.algorithm !== keyAlgorithm) return 0
    return keyTtlMs === 0 ? longestTimerMs : key.createdMs + keyTtlMs - Date.now()
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => this.check(), Math.min(ms, longestTimerMs))
  }

  async #renew(): Promise<void> {
    const { keyAlgorithm, keyBits } = this.#settings
    this.#renewing = true
    try {
      await this.#configs.putSessionKey(newSessionKey(keyAlgorithm, Date.now(), keyBits))
      this.#renewing = false
      this.check()
    } catch (error) {
      this.#renewing = false
      if (this.#stopped) return
      this.#log.error('No session key could be stored, this is tried again', { error, inMs: retryMs })
      this.#later(retryMs)
    }
  }
}
