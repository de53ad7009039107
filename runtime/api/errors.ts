// Branded by Symbol.for, so that errors of a plugin with its own copy of this package still classify.
const retriableBrand = Symbol.for('millrace.RetriableError')
const dataBrand = Symbol.for('millrace.DataError')
const configBrand = Symbol.for('millrace.ConfigError')

/** Any failure of a connector; fails the task. */
export class ConnectError extends Error {
  override readonly name: string = 'ConnectError'
}

/** The same call may succeed later: the runtime gives the same batch again after `retryAfterMs` (or its own backoff). */
export class RetriableError extends ConnectError {
  override readonly name: string = 'RetriableError'
  readonly [retriableBrand] = true
  readonly retryAfterMs: number | undefined

  constructor(message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options)
    this.retryAfterMs = options.retryAfterMs
  }
}

/** A value that does not fit its schema, type or format: concerns one record, never the outside system. */
export class DataError extends ConnectError {
  override readonly name: string = 'DataError'
  readonly [dataBrand] = true
}

/** A configuration that cannot work; `key` names the setting, the message the remedy. Never put a secret's value in it. */
export class ConfigError extends ConnectError {
  override readonly name: string = 'ConfigError'
  readonly [configBrand] = true
  readonly key: string | undefined

  constructor(message: string, options: ErrorOptions & { key?: string } = {}) {
    super(message, options)
    this.key = options.key
  }
}

const branded = (error: unknown, brand: symbol): boolean =>
  typeof error === 'object' && error !== null && brand in error

export const isRetriable = (error: unknown): error is RetriableError => branded(error, retriableBrand)
export const isDataError = (error: unknown): error is DataError => branded(error, dataBrand)
export const isConfigError = (error: unknown): error is ConfigError => branded(error, configBrand)
