import { setImmediate as nextTurn } from 'node:timers/promises'

const LONGEST_TURN_MS = 8

/**
 * For loops that are driven by promises which may all be settled already: without a turn of the event loop in between,
 * sockets are not read and timers (heartbeats!) do not run.
 */
export class Yielding {
  #since = performance.now()

  /** null while the turn is short, else what to await. */
  due(): Promise<void> | null {
    const now = performance.now()
    if (now - this.#since < LONGEST_TURN_MS) return null
    return nextTurn().then(() => {
      this.#since = performance.now()
    })
  }
}
