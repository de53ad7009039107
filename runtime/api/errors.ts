// Branded by Symbol.for, so that errors of a plugin with its own copy of this package still classify.
const retriableBrand = Symbol.for('millrace.RetriableError')
const dataBrand = Symbol.for('millrace.DataError')
const configBrand = Symbol.for('millrace.ConfigError')

export interface ConnectErrorOptions extends ErrorOptions {
  /** The Java class that stands for it in statuses and dead letters, where it is not the one of its kind. */
  readonly javaClass?: string
}

/** Any failure of a connector; fails the task. */
export class ConnectError extends Error {
  override readonly name: string = 'ConnectError'
  readonly javaClass: string | undefined

  constructor(message: string, options: ConnectErrorOptions = {}) {
    super(message, options)
    this.javaClass = options.javaClass
  }
}

/** The same call may succeed later: the runtime gives the same batch again after `retryAfterMs` (or its own backoff). */
export class RetriableError extends ConnectError {
  override readonly name: string = 'RetriableError'
  readonly [retriableBrand] = true
  readonly retryAfterMs: number | undefined

  constructor(message: string, options: ConnectErrorOptions & { retryAfterMs?: number } = {}) {
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

  constructor(message: string, options: ConnectErrorOptions & { key?: string } = {}) {
    super(message, options)
    this.key = options.key
  }
}

const branded = (error: unknown, brand: symbol): boolean =>
  typeof error === 'object' && error !== null && brand in error

export const isRetriable = (error: unknown): error is RetriableError => branded(error, retriableBrand)
export const isDataError = (error: unknown): error is DataError => branded(error, dataBrand)
export const isConfigError = (error: unknown): error is ConfigError => branded(error, configBrand)

/**
 * The Java class that stands for an error: alerts on statuses and programs that read dead letters choose by it. Others keep the
 * name they have.
 */
export const javaErrorName = (error: unknown): string => {
  if (error instanceof ConnectError && error.javaClass !== undefined) return error.javaClass
  if (isDataError(error)) return 'org.apache.kafka.connect.errors.DataException'
  if (isRetriable(error)) return 'org.apache.kafka.connect.errors.RetriableException'
  if (isConfigError(error)) return 'org.apache.kafka.common.config.ConfigException'
  if (error instanceof ConnectError) return 'org.apache.kafka.connect.errors.ConnectException'
  return error instanceof Error ? error.name : typeof error
}
