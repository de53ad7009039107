import { javaTrim } from './java-text.ts'

const delimiters = ':,{}[]"'

/** Text in tokens: a delimiter, or what lies between two; a backslash before one takes away its meaning. */
export class TextTokens {
  readonly text: string
  #at = 0
  #next: string | undefined

  constructor(text: string) {
    this.text = text
  }

  hasNext(): boolean {
    return this.#next !== undefined || this.#at < this.text.length
  }

  /** Where the token that comes next begins. */
  mark(): number {
    return this.#at - (this.#next?.length ?? 0)
  }

  rewind(mark: number): void {
    this.#at = mark
    this.#next = undefined
  }

  /** The next token; the empty text at the end. */
  take(): string {
    const token = this.#next ?? this.#read()
    this.#next = undefined
    return token
  }

  /** The text of so many tokens; undefined, and nothing taken, when there are fewer. */
  takeMany(count: number): string | undefined {
    const start = this.mark()
    for (let left = count; left > 0; left--) {
      if (!this.hasNext()) {
        this.rewind(start)
        return undefined
      }
      this.take()
    }
    return this.text.slice(start, this.mark())
  }

  /** Takes the next token that is not blank when it is the one expected, blanks around it aside. */
  takeIf(expected: string): boolean {
    if (!this.hasNext()) return false
    let token = this.#next ?? this.#read()
    while (javaTrim(token) === '' && this.#at < this.text.length) token = this.#read()
    const same = javaTrim(token) === expected
    this.#next = same ? undefined : token
    return same
  }

  #read(): string {
    const start = this.#at
    let escaped = false
    for (; this.#at < this.text.length; this.#at++) {
      const char = this.text[this.#at]!
      if (char === '\\') escaped = !escaped
      else {
        if (!escaped && delimiters.includes(char)) {
          if (start === this.#at) this.#at++
          break
        }
        escaped = false
      }
    }
    return this.text.slice(start, this.#at)
  }
}
