const newline = 10
const carriageReturn = 13

/** One line and the position in the byte stream after its end. */
export interface Line {
  readonly text: string
  readonly end: number
}

/**
 * Cuts a stream of bytes into lines ended by `\n`, `\r\n` or `\r`, and counts bytes, not characters: a position can be
 * used to open the file there again, whatever its text. A line without an end is kept until its end comes.
 */
export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0)
  /** Position of the first byte of `#rest`. */
  #start: number
  /** Bytes of `#rest` known to hold no line end. */
  #scanned = 0

  constructor(position: number) {
    this.#start = position
  }

  /** Bytes that wait for the end of their line. */
  get pending(): number {
    return this.#rest.length
  }

  /** The position up to which bytes were given. */
  get position(): number {
    return this.#start + this.#rest.length
  }

  push(bytes: Uint8Array): Line[] {
    this.#rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes])
    const lines: Line[] = []
    const all = this.#rest
    let from = 0
    let at = this.#scanned
    while (at < all.length) {
      const byte = all[at]
      if (byte !== newline && byte !== carriageReturn) {
        at++
        continue
      }
      // Whether a last `\r` ends a line alone or with a `\n` shows with the next byte.
      if (byte === carriageReturn && at + 1 === all.length) break
      const next = byte === carriageReturn && all[at + 1] === newline ? at + 2 : at + 1
      lines.push({ text: all.toString('utf8', from, at), end: this.#start + next })
      from = next
      at = next
    }
    this.#rest = Buffer.from(all.subarray(from))
    this.#start += from
    this.#scanned = at - from
    return lines
  }
}
