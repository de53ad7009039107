import { LazyValue } from 'millrace'
import { type RowLayout, splitLine, splitTuple } from './row-layout.ts'

/** The key of a row: a COPY line up to `end`, or, with `end` -1, the tuple at `at` beside the old one at `oldAt`. */
export class RowKey extends LazyValue {
  readonly #layout: RowLayout
  readonly #fields: number
  readonly #buf: Buffer
  readonly #at: number
  readonly #oldAt: number
  readonly #end: number
  #object: unknown

  constructor(layout: RowLayout, fields: number, buf: Buffer, at: number, oldAt: number, end: number) {
    super()
    this.#layout = layout
    this.#fields = fields
    this.#buf = buf
    this.#at = at
    this.#oldAt = oldAt
    this.#end = end
  }

  #split(): void {
    if (this.#end >= 0) splitLine(this.#buf, this.#at, this.#end, this.#fields)
    else splitTuple(this.#buf, this.#at, this.#oldAt, this.#fields)
  }

  override get(): unknown {
    if (this.#object === undefined) {
      this.#split()
      this.#object = this.#layout.toObject(this.#buf)
    }
    return this.#object
  }

  override get maxJsonBytes(): number {
    this.#split()
    return this.#layout.maxBytes()
  }

  override writeJson(target: Buffer, at: number): number {
    this.#split()
    return this.#layout.write(this.#buf, target, at)
  }
}
