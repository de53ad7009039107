/** Resolves after `ms`, or at once when the signal aborts. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    // Told to wait longer, a timer of Node.js does not wait at all.
    const timer = setTimeout(done, Math.min(ms, 2 ** 31 - 1))
    signal.addEventListener('abort', done, { once: true })
  })

/**
 * Turns a function that looks for new things into a source's `read`: called again at once after a batch with records,
 * after `intervalMs` when there was nothing; ends when the signal aborts.
 */
export async function* poll<T>(
  look: () => Promise<readonly T[]> | readonly T[],
  options: { readonly intervalMs: number; readonly signal: AbortSignal },
): AsyncGenerator<readonly T[], void, void> {
  while (!options.signal.aborted) {
    const batch = await look()
    if (batch.length > 0) yield batch
    else await pause(options.intervalMs, options.signal)
  }
}
