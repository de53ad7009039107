/** Exponential delays with jitter: attempt 0 waits about `initialMs`, each further one `factor` times longer, at most `maxMs`. */
export interface BackoffOptions {
  readonly initialMs: number
  readonly maxMs: number
  readonly factor?: number
  /** Share of the delay that is random, 0 to 1. */
  readonly jitter?: number
}

export const backoffDelay = (options: BackoffOptions, attempt: number, random: () => number = Math.random): number => {
  const { initialMs, maxMs, factor = 2, jitter = 0.2 } = options
  const delay = Math.min(maxMs, initialMs * factor ** attempt)
  return Math.min(maxMs, Math.max(0, delay * (1 - jitter + 2 * jitter * random())))
}
