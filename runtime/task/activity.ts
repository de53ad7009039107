import { type Clock, systemClock } from '../base/clock.ts'

/** A call that takes longer is shown in the status (invariant 8). */
const SLOW_MS = 10_000

/**
 * What a task is busy with, in one line for its status: a call that takes long, what the runtime is about to try again, or
 * what the plugin says itself, in this order.
 */
export class Activity {
  /** What the plugin says (`ctx.progress`). */
  told: string | undefined
  /** What the plugin measures (`ctx.gauge`). */
  readonly gauges: Record<string, number> = {}
  /** What the runtime waits for or tries again. */
  note: string | undefined
  readonly #clock: Clock
  #what: string | undefined
  #since = 0

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** A call of the plugin or of Kafka begins. Calls do not nest: the last one counts. */
  begin(what: string): void {
    this.#what = what
    this.#since = this.#clock.monotonic()
  }

  end(): void {
    this.#what = undefined
  }

  /** Milliseconds that the call under way has taken; 0 when there is none. */
  busyMs(): number {
    return this.#what === undefined ? 0 : this.#clock.monotonic() - this.#since
  }

  describe(): string | undefined {
    const busy = this.busyMs()
    const slow = busy < SLOW_MS ? undefined : `${this.#what} has taken ${Math.round(busy / 1000)} s`
    const parts = [slow, this.note, this.told].filter(part => part !== undefined && part !== '')
    return parts.length === 0 ? undefined : parts.join('; ')
  }
}

/** One line of an error for a status or a note: its message, cut; the whole stands in the log. */
export const briefly = (error: unknown): string => {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1)
  return line.length > 200 ? `${line.slice(0, 200)}...` : line
}
