/**
 * One thing after another for each connector, in the order they were asked for; what takes long for one connector holds up no
 * other. One that fails does not stop the next.
 */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  run<T>(connector: string, operation: () => Promise<T>): Promise<T> {
    const next = (this.#last.get(connector) ?? Promise.resolve()).then(operation, operation)
    const settled = next.then(
      () => {},
      () => {},
    )
    this.#last.set(connector, settled)
    void settled.then(() => {
      if (this.#last.get(connector) === settled) this.#last.delete(connector)
    })
    return next
  }

  /** Resolves when nothing that was asked for so far is left to do. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values())
  }
}
