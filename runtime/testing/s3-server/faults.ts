import type { S3Request } from './request.ts'
import { S3Error } from './s3-error.ts'

/** What a fault's `match` sees of a request. */
export interface FaultTarget {
  readonly operation: string
  readonly method: string
  readonly bucket: string | undefined
  readonly key: string | undefined
}

/** Something that goes wrong on purpose. */
export interface Fault {
  /** The status of the error answer; needed unless `cut` is given. */
  readonly status?: number
  readonly code?: string
  readonly message?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of an answer the connection is cut: before anything was done, or after it was done (a lost acknowledgement). */
  readonly cut?: 'before' | 'after'
  /** Waits this long before anything else. */
  readonly delayMs?: number
  /** How often it strikes; default: until stopped. */
  readonly times?: number
  /** How long it is in force, from now. */
  readonly forMs?: number
  /** Which requests it strikes; default: all. */
  readonly match?: (target: FaultTarget) => boolean
}

/** The faults in force; the first that matches strikes. */
export class Faults {
  #active: { fault: Fault; left: number; until: number }[] = []

  add(fault: Fault): () => void {
    const entry = { fault, left: fault.times ?? Infinity, until: Date.now() + (fault.forMs ?? Infinity) }
    this.#active.push(entry)
    return () => {
      this.#active = this.#active.filter(other => other !== entry)
    }
  }

  strike(request: S3Request): Fault | undefined {
    const { operation, method, bucket, key } = request
    this.#active = this.#active.filter(entry => entry.left > 0 && entry.until > Date.now())
    const entry = this.#active.find(({ fault }) => fault.match?.({ operation, method, bucket, key }) ?? true)
    if (entry === undefined) return undefined
    entry.left--
    return entry.fault
  }
}

export const errorOf = (fault: Fault): S3Error | undefined => {
  if (fault.status === undefined) return undefined
  const { status, code = status === 503 ? 'SlowDown' : 'InternalError', message, headers = {} } = fault
  return new S3Error(code, message, { status, headers })
}
