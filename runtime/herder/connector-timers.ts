const LONGEST_MS = 2 ** 31 - 1

/** What is due later for a connector, one thing each: a new one takes the place of the one before. */
export class ConnectorTimers {
  readonly #timers = new Map<string, NodeJS.Timeout>()

  set(connector: string, ms: number, run: () => void): void {
    this.cancel(connector)
    const due = () => {
      this.#timers.delete(connector)
      run()
    }
    this.#timers.set(connector, setTimeout(due, Math.min(ms, LONGEST_MS)))
  }

  cancel(connector: string): void {
    clearTimeout(this.#timers.get(connector))
    this.#timers.delete(connector)
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }
}
