/**
 * The 32 bit hash that Kafka's Java clients place keys with (seed 0x9747b28c), over the bytes from `start` to `end`.
 * The result is a signed 32 bit integer, as in Java.
 */
export function murmur2(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  const m = 0x5bd1_e995
  const length = end - start
  let h = 0x9747_b28c ^ length
  let at = start
  for (const blocksEnd = start + (length & ~3); at < blocksEnd; at += 4) {
    let k = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    k = Math.imul(k, m)
    k ^= k >>> 24
    h = Math.imul(h, m) ^ Math.imul(k, m)
  }
  const rest = end - at
  if (rest === 3) h ^= bytes[at + 2]! << 16
  if (rest >= 2) h ^= bytes[at + 1]! << 8
  if (rest >= 1) h = Math.imul(h ^ bytes[at]!, m)
  h ^= h >>> 13
  h = Math.imul(h, m)
  return (h ^ (h >>> 15)) | 0
}

/** The partition of a key among `count`, the same that Kafka's Java producers choose. */
export const partitionForKey = (key: Uint8Array, start: number, end: number, count: number): number =>
  count === 1 ? 0 : (murmur2(key, start, end) & 0x7fff_ffff) % count

/**
 * Where records without a key go: to one partition of the topic until its batch is sealed, then to another. Many small
 * batches become few large ones.
 */
export class StickyPartitioner {
  readonly #current = new Map<string, number>()
  readonly #random: () => number

  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  /** `count`: partitions of the topic. */
  partition(topic: string, count: number): number {
    const current = this.#current.get(topic)
    return current !== undefined && current < count ? current : this.#choose(topic, count, -1)
  }

  /** A batch of this partition was sealed: the next record without a key starts one elsewhere. */
  sealed(topic: string, partition: number, count: number): void {
    if (this.#current.get(topic) === partition) this.#choose(topic, count, partition)
  }

  #choose(topic: string, count: number, not: number): number {
    let next = Math.floor(this.#random() * (not >= 0 && count > 1 ? count - 1 : count))
    if (not >= 0 && count > 1 && next >= not) next++
    this.#current.set(topic, next)
    return next
  }
}
