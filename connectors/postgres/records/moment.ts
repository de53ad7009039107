/**
 * A batch of records: when it was processed here (`ts_ms`, `ts_us`, `ts_ns` of the envelope), and how long its records may be
 * read. They point into memory that the next batch is read into.
 */
export class Moment {
  readonly ms: number
  readonly micros: number
  /** `"ts_ms":1,"ts_us":1000,"ts_ns":1000000}` */
  readonly json: Buffer
  #over = false

  constructor(nowMs: number = performance.timeOrigin + performance.now()) {
    this.micros = Math.floor(nowMs * 1000)
    this.ms = Math.floor(nowMs)
    this.json = Buffer.from(`"ts_ms":${this.ms},"ts_us":${this.micros},"ts_ns":${this.micros}000}`)
  }

  /** The next batch was asked for: the records of this one are no longer what they were. */
  end(): void {
    this.#over = true
  }

  /** Throws for a record that someone kept beyond its batch: better than the bytes of another. */
  check(): void {
    if (this.#over)
      throw new Error(
        'A record of an earlier batch was read after the next one was asked for: take its key and value before',
      )
  }

  get nanos(): bigint {
    return BigInt(this.micros) * 1000n
  }
}
