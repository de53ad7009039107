import { LazyValue } from '../api/lazy.ts'
import { toBytes } from './json-bytes.ts'
import { parseJson, parseMessage } from './json-parse.ts'
import { readJson, unread } from './json-read.ts'
import { isCanonicalJson } from './json-scan.ts'
import { writeSchemaless } from './json-schemaless.ts'

const perWindow = 512
const mostCounted = 65_536

/** What becomes of values: asked for as objects, as transforms do, or passed on as bytes. */
class Demand {
  asked = 0
  #made = 0
  /** Whether most are asked for. */
  objects = false

  /** Another value. */
  count(): void {
    if (++this.#made % perWindow !== 0) return
    this.objects = this.asked * 2 >= this.#made
    if (this.#made < mostCounted) return
    this.asked /= 2
    this.#made /= 2
  }
}

/** JSON bytes that were checked: by a scan, then they stay bytes until someone asks for the object, or by reading them. */
class JsonBytes extends LazyValue {
  readonly #bytes: Buffer
  readonly #demand: Demand
  #value: unknown
  #asked = false
  /** What `writeJson` writes, when it is known. */
  #json: Uint8Array | undefined

  /** `value`: `unread` says that the bytes are canonical JSON. */
  constructor(bytes: Buffer, demand: Demand, value: unknown) {
    super()
    this.#bytes = bytes
    this.#demand = demand
    this.#value = value
    this.#json = value === unread ? bytes : undefined
    demand.count()
  }

  get(): unknown {
    if (!this.#asked) {
      this.#asked = true
      this.#demand.asked++
      if (this.#value === unread) this.#value = parseJson(this.#bytes)
    }
    return this.#value
  }

  #written(): Uint8Array {
    const bytes = this.#bytes
    this.#json ??= isCanonicalJson(bytes, 0, bytes.length) ? bytes : toBytes(writeSchemaless, this.#value)
    return this.#json
  }

  get maxJsonBytes(): number {
    return this.#written().length
  }

  writeJson(target: Buffer, at: number): number {
    const json = this.#written()
    target.set(json, at)
    return at + json.length
  }
}

/**
 * Reads messages without a schema: values are lazy where the bytes can be passed on as they are. Each is checked here, so that
 * `get` cannot fail later: throws DataError. Reading costs less than a scan and parsing later, so it comes first once most values are asked for.
 */
export const plainReader = (): ((bytes: Buffer) => unknown) => {
  const demand = new Demand()
  return bytes => {
    if (demand.objects) {
      const value = readJson(bytes)
      if (value === unread) return parseMessage(bytes)
      return value === null ? null : new JsonBytes(bytes, demand, value)
    }
    if (!isCanonicalJson(bytes, 0, bytes.length)) return parseMessage(bytes)
    // Without a schema null is a tombstone, not the text of it.
    return bytes.length === 4 && bytes[0] === 0x6e ? null : new JsonBytes(bytes, demand, unread)
  }
}
