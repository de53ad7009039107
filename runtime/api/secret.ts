const inspect = Symbol.for('nodejs.util.inspect.custom')

/** Text that never shows itself: logs, JSON and templates print `[hidden]` (invariant 10). */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text itself, for the call that needs it. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return '[hidden]'
  }

  toJSON(): string {
    return '[hidden]'
  }

  [inspect](): string {
    return '[hidden]'
  }
}
