/** Topics whose schemas are kept; beyond that the one used longest ago is forgotten. */
const MOST_TOPICS = 10_000

interface Expiring {
  /** By `performance.now()`. */
  readonly expiresAt: number
}

/** The newest stays last. */
const remember = <K, V>(map: Map<K, V>, key: K, value: V): void => {
  map.delete(key)
  map.set(key, value)
}

/** Forgets the oldest. */
const trim = (map: Map<unknown, unknown>, most: number): void => {
  for (const key of map.keys()) {
    if (map.size <= most) return
    map.delete(key)
  }
}

/** What is known of schemas, by topic: at most `most` for each, but always all that a batch has just asked for. */
export class SchemaCache<K, V extends Expiring> {
  readonly #most: number
  readonly #topics = new Map<string, Map<K, V>>()

  constructor(most: number) {
    this.#most = most
  }

  get(topic: string, key: K): V | undefined {
    return this.#topics.get(topic)?.get(key)
  }

  /** Makes what is not there, or no longer good. */
  async renew(topic: string, keys: ReadonlySet<K>, make: (key: K) => Promise<V>): Promise<void> {
    const known = this.#topics.get(topic) ?? new Map<K, V>()
    remember(this.#topics, topic, known)
    const now = performance.now()
    for (const key of keys) {
      const before = known.get(key)
      remember(known, key, before !== undefined && before.expiresAt > now ? before : await make(key))
    }
    trim(known, Math.max(this.#most, keys.size))
    trim(this.#topics, MOST_TOPICS)
  }
}
