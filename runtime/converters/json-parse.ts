import { Decimal } from '../api/decimal.ts'
import { DataError } from '../api/errors.ts'
import { LazyValue } from '../api/lazy.ts'

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown

// The third argument is newer than the library's declaration.
const parseWith = JSON.parse as (text: string, reviver: Reviver) => unknown

/** Integers beyond 2^53 become bigint (invariant 9). */
const exactIntegers: Reviver = (_, value, { source }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
    ? BigInt(source)
    : value

/** Also fractions that a double would change become Decimal. */
const exactNumbers: Reviver = function (key, value, context) {
  const { source } = context
  if (typeof value !== 'number' || source === undefined) return value
  if (/^-?\d+$/.test(source)) return exactIntegers.call(this, key, value, context)
  return String(value) === source ? value : Decimal.parse(source)
}

const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses JSON bytes without losing digits: integers beyond 2^53 as bigint; with `fractions`, decimals that a double cannot
 * hold as they are written as Decimal. Throws DataError.
 */
export const parseJson = (bytes: Uint8Array, fractions = false): unknown => {
  try {
    const source = text.decode(bytes)
    // A long run of digits is rare: without one the plain parser is exact.
    if (fractions ? /\d\.\d|\d[eE]|\d{16}/.test(source) : /\d{16}/.test(source))
      return parseWith(source, fractions ? exactNumbers : exactIntegers)
    return JSON.parse(source)
  } catch (cause) {
    throw new DataError('Converting byte[] to Kafka Connect data failed due to serialization error: ', { cause })
  }
}

/** Checked JSON bytes that stay bytes until someone asks for the object. */
export class JsonBytes extends LazyValue {
  readonly #bytes: Buffer
  #value: unknown
  #parsed = false

  constructor(bytes: Buffer) {
    super()
    this.#bytes = bytes
  }

  get(): unknown {
    if (!this.#parsed) {
      this.#value = parseJson(this.#bytes)
      this.#parsed = true
    }
    return this.#value
  }

  get maxJsonBytes(): number {
    return this.#bytes.length
  }

  writeJson(target: Buffer, at: number): number {
    target.set(this.#bytes, at)
    return at + this.#bytes.length
  }
}
