/** Runs one thing after another, in the order they were asked for; one that fails does not stop the next. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(operation: () => Promise<T>): Promise<T> {
    const next = this.#last.then(operation, operation)
    this.#last = next.catch(() => {})
    return next
  }
}
