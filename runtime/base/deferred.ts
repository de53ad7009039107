/** A promise that someone else settles. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
}

export const deferred = <T = void>(): Deferred<T> => Promise.withResolvers<T>() as Deferred<T>
