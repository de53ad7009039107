/** When a batch was processed here; `ts_ms`, `ts_us`, `ts_ns` of the envelope, shared by its records. */
export class Moment {
  readonly ms: number
  readonly micros: number
  /** `"ts_ms":1,"ts_us":1000,"ts_ns":1000000}` */
  readonly json: Buffer

  constructor(nowMs: number = performance.timeOrigin + performance.now()) {
    this.micros = Math.floor(nowMs * 1000)
    this.ms = Math.floor(nowMs)
    this.json = Buffer.from(`"ts_ms":${this.ms},"ts_us":${this.micros},"ts_ns":${this.micros}000}`)
  }

  get nanos(): bigint {
    return BigInt(this.micros) * 1000n
  }
}
