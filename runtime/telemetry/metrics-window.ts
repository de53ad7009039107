/**
 * Measures over a sliding window of two samples, as Kafka Connect's (metrics.sample.window.ms, 30 s). Adding is a few plain
 * additions; all else happens when somebody reads. Times: milliseconds of a clock that never goes back.
 */
const SAMPLE_MS = 30_000

/** A count that only grows, and its rate per second. */
export class Total {
  total = 0
  #olderAt: number
  #older = 0
  #newerAt: number
  #newer = 0

  constructor(now: number) {
    this.#olderAt = now
    this.#newerAt = now
  }

  rate(now: number): number {
    if (now - this.#newerAt >= SAMPLE_MS) {
      this.#olderAt = this.#newerAt
      this.#older = this.#newer
      this.#newerAt = now
      this.#newer = this.total
    }
    const seconds = (now - this.#olderAt) / 1000
    return seconds <= 0 ? 0 : (this.total - this.#older) / seconds
  }
}

/** The largest and the average of what was added; 0 when nothing was added lately. */
export class Series {
  #count = 0
  #sum = 0
  #max = 0
  #min = Number.POSITIVE_INFINITY
  #olderCount = 0
  #olderSum = 0
  #olderMax = 0
  #olderMin = Number.POSITIVE_INFINITY
  #since: number

  constructor(now: number) {
    this.#since = now
  }

  add(value: number): void {
    this.#count++
    this.#sum += value
    if (value > this.#max) this.#max = value
    if (value < this.#min) this.#min = value
  }

  /** All 0 when nothing was added. */
  read(now: number): { readonly max: number; readonly min: number; readonly avg: number } {
    const count = this.#count + this.#olderCount
    const answer = {
      max: Math.max(this.#max, this.#olderMax),
      min: count === 0 ? 0 : Math.min(this.#min, this.#olderMin),
      avg: count === 0 ? 0 : (this.#sum + this.#olderSum) / count,
    }
    if (now - this.#since >= SAMPLE_MS) {
      this.#olderCount = this.#count
      this.#olderSum = this.#sum
      this.#olderMax = this.#max
      this.#olderMin = this.#min
      this.#count = 0
      this.#sum = 0
      this.#max = 0
      this.#min = Number.POSITIVE_INFINITY
      this.#since = now
    }
    return answer
  }
}

/** Which share of the time since the start was spent in each state, 0 to 1. */
export class Shares<S extends string> {
  readonly #spent = new Map<S, number>()
  #state: S
  #since: number

  constructor(state: S, now: number) {
    this.#state = state
    this.#since = now
  }

  enter(state: S, now: number): void {
    this.#spent.set(this.#state, (this.#spent.get(this.#state) ?? 0) + now - this.#since)
    this.#state = state
    this.#since = now
  }

  share(state: S, now: number): number {
    let whole = now - this.#since
    for (const spent of this.#spent.values()) whole += spent
    const open = state === this.#state ? now - this.#since : 0
    return whole <= 0 ? 0 : ((this.#spent.get(state) ?? 0) + open) / whole
  }
}
