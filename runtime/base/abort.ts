/** The longest that a timer of Node.js waits; told to wait longer, it does not wait at all. */
const LONGEST_MS = 2 ** 31 - 1
const waitable = (ms: number): number => Math.min(ms, LONGEST_MS)

/** Thrown by whatever was waiting when its signal aborted. */
export class AbortedError extends Error {
  override readonly name = 'AbortedError'
}

export const throwIfAborted = (signal: AbortSignal): void => {
  if (signal.aborted) throw new AbortedError('Aborted', { cause: signal.reason })
}

/** Resolves after `ms`; rejects with AbortedError when the signal aborts first. */
export const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new AbortedError('Aborted', { cause: signal.reason }))
    const onAbort = () => {
      clearTimeout(timer)
      reject(new AbortedError('Aborted', { cause: signal?.reason }))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, waitable(ms))
    signal?.addEventListener('abort', onAbort, { once: true })
  })

/** The promise, or AbortedError as soon as the signal aborts; leaves no listener behind. */
export const race = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise<T>((resolve, reject) => {
    if (signal.aborted) {
      promise.catch(() => {})
      return reject(new AbortedError('Aborted', { cause: signal.reason }))
    }
    const onAbort = () => reject(new AbortedError('Aborted', { cause: signal.reason }))
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })

/** The promise, or an error made by `late` after `ms`. The promise itself goes on. */
export const deadline = <T>(promise: Promise<T>, ms: number, late: () => Error): Promise<T> => {
  let timer: NodeJS.Timeout
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), waitable(ms))
  })
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}

/** Resolves when the promise has settled either way, or after `ms`; leaves no timer behind that would keep the process alive. */
export const settledWithin = (promise: Promise<unknown>, ms: number): Promise<void> =>
  new Promise(resolve => {
    const timer = setTimeout(resolve, waitable(ms))
    promise
      .catch(() => {})
      .finally(() => {
        clearTimeout(timer)
        resolve()
      })
  })
