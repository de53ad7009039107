import { LazyValue } from 'millrace'
import type { TextSource } from '../types/codec.ts'
import type { Moment } from './moment.ts'
import { type RowLayout, splitLine, splitTuple } from './row-layout.ts'

/** The key of a row, a COPY line or the tuple at `at`: the part of a row up to the last key column is all that is looked at. */
export class RowKey extends LazyValue {
  readonly #layout: RowLayout
  readonly #buf: Buffer
  readonly #at: number
  readonly #oldAt: number
  readonly #end: number
  readonly #source: TextSource
  readonly #moment: Moment
  #object: unknown

  /** `oldAt`: the old tuple, which has what the new one leaves out; -1: none. `end`: of the line or message. */
  constructor(
    layout: RowLayout,
    source: TextSource,
    buf: Buffer,
    at: number,
    oldAt: number,
    end: number,
    moment: Moment,
  ) {
    super()
    this.#layout = layout
    this.#source = source
    this.#moment = moment
    this.#buf = buf
    this.#at = at
    this.#oldAt = oldAt
    this.#end = end
  }

  #split(): void {
    this.#moment.check()
    if (this.#source === 'copy') splitLine(this.#buf, this.#at, this.#end, this.#layout.fields)
    else splitTuple(this.#buf, this.#at, this.#oldAt, this.#layout.fields)
  }

  override get(): unknown {
    if (this.#object === undefined) {
      this.#split()
      this.#object = this.#layout.toObject(this.#buf)
    }
    return this.#object
  }

  override get maxJsonBytes(): number {
    const from = this.#oldAt < 0 ? this.#at : Math.min(this.#at, this.#oldAt)
    return (this.#end - from) * this.#layout.factor + this.#layout.extra
  }

  override writeJson(target: Buffer, at: number): number {
    this.#split()
    return this.#layout.write(this.#buf, target, at)
  }
}
