const brand = Symbol.for('millrace.LazyValue')

/**
 * A value that can be written as JSON before its object exists. A converter that wants the JSON never builds the object;
 * whoever needs the object calls `get`. The object is the meaning: `writeJson` must give exactly the bytes that the JSON
 * converter with its default settings (decimal.format=BASE64, replace.null.with.default=true) writes for `get()`'s
 * payload under the record's schema.
 */
export abstract class LazyValue {
  /** On the prototype: values are made by the million. */
  get [brand](): true {
    return true
  }

  /** Builds the object on the first call and keeps it. Throws DataError when the bytes are no such value. */
  abstract get(): unknown

  /** Upper bound of what `writeJson` writes, in bytes. */
  abstract readonly maxJsonBytes: number

  /** Writes the JSON at `at` and returns the end position; the caller has made room for `maxJsonBytes`. */
  abstract writeJson(target: Buffer, at: number): number
}

export const isLazy = (value: unknown): value is LazyValue =>
  typeof value === 'object' && value !== null && brand in value

/** The plain value behind a possibly lazy one. */
export const resolveLazy = (value: unknown): unknown => (isLazy(value) ? value.get() : value)
