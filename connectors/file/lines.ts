import { ConnectError } from 'millrace'

const newline = 10
const carriageReturn = 13
const usualBytes = 512 * 1024
/** Far beyond what a broker takes as one record (1 MiB unless told otherwise). */
const longestLine = 64 * 1024 * 1024

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
  /** What the stream is called in errors. */
  readonly #name: string
  #buffer = Buffer.allocUnsafeSlow(usualBytes)
  /** Bytes in `#buffer`: the beginning of a line whose end has not come. */
  #length = 0
  /** Position of the first of them. */
  #start: number
  /** How many of them are known to hold no line end. */
  #scanned = 0

  constructor(name: string, position: number) {
    this.#name = name
    this.#start = position
  }

  /** The position up to which bytes were given. */
  get position(): number {
    return this.#start + this.#length
  }

  /** Throws ConnectError for a line that does not end: memory has an end. */
  push(bytes: Uint8Array): Line[] {
    this.#append(bytes)
    const all = this.#buffer
    const length = this.#length
    const lines: Line[] = []
    let from = 0
    let at = this.#scanned
    while (at < length) {
      const byte = all[at]
      if (byte !== newline && byte !== carriageReturn) {
        at++
        continue
      }
      // Whether a last `\r` ends a line alone or with a `\n` shows with the next byte.
      if (byte === carriageReturn && at + 1 === length) break
      const next = byte === carriageReturn && all[at + 1] === newline ? at + 2 : at + 1
      lines.push({ text: all.toString('utf8', from, at), end: this.#start + next })
      from = next
      at = next
    }
    this.#drop(from)
    this.#scanned = at - from
    return lines
  }

  /** The last line, when the stream has ended without ending it. */
  rest(): Line[] {
    if (this.#length === 0) return []
    const end = this.position
    // Everything before a `\r` that is still in doubt was scanned.
    const text = this.#buffer.toString('utf8', 0, this.#scanned)
    this.#drop(this.#length)
    this.#scanned = 0
    return [{ text, end }]
  }

  #append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length
    if (this.#length > longestLine) {
      throw new ConnectError(
        `The line of ${this.#name} that begins at byte ${this.#start} has no end within ${longestLine} bytes: this is no text file, or its lines do not end in \\n or \\r`,
      )
    }
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#buffer.length))
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    this.#buffer.set(bytes, this.#length)
    this.#length = length
  }

  #drop(bytes: number): void {
    if (bytes === 0) return
    const left = this.#length - bytes
    if (this.#buffer.length > usualBytes && left <= usualBytes) {
      const smaller = Buffer.allocUnsafeSlow(usualBytes)
      this.#buffer.copy(smaller, 0, bytes, this.#length)
      this.#buffer = smaller
    } else this.#buffer.copyWithin(0, bytes, this.#length)
    this.#length = left
    this.#start += bytes
  }
}
