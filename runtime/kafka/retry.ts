import { sleep } from '../base/abort.ts'
import { type BackoffOptions, backoffDelay } from '../base/backoff.ts'
import { asError, isRetriable, KafkaClientError } from './errors.ts'

export interface RetryOptions {
  readonly backoff: BackoffOptions
  /** All tries together; named `setting` in the error. */
  readonly timeoutMs: number
  readonly setting: string
  /** For some errors less than all the time, in ms from the first try; then they are thrown as they are. */
  readonly patience?: (error: unknown) => number | undefined
  readonly signal?: AbortSignal | undefined
  /** Before each further try: forget what may be out of date. */
  readonly again?: (error: Error) => Promise<void> | void
}

/** Runs `operation` until it succeeds, fails for good, or the time is up; then throws its last error under a TIMEOUT. */
export async function retrying<T>(operation: () => Promise<T>, options: RetryOptions): Promise<T> {
  const start = performance.now()
  for (let attempt = 0; ; attempt++) {
    try {
      return await operation()
    } catch (error) {
      if (!isRetriable(error)) throw error
      const reason = asError(error)
      const delay = backoffDelay(options.backoff, attempt)
      const elapsed = performance.now() + delay - start
      const patience = options.patience?.(error)
      if (patience !== undefined && elapsed > patience) throw error
      if (elapsed > options.timeoutMs) {
        const limit = `${options.timeoutMs} ms (${options.setting})`
        throw new KafkaClientError('TIMEOUT', `${reason.message}; tried for ${limit}`, { cause: error })
      }
      await sleep(delay, options.signal)
      await options.again?.(reason)
    }
  }
}
