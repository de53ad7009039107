import { hash } from 'node:crypto'

/** Per key: 16 bytes of its hash and its offset. */
const SLOT_BYTES = 24
const MAX_LOAD = 0.75

/**
 * The last offset of each key, for compaction: an open hash table over 128 bits of SHA-1 instead of the keys, so that a
 *million keys take 32 MB whatever their size.
 */
export class KeyOffsets {
  readonly #maxKeys: number
  #slots = 1024
  #hashes = new BigUint64Array(2 * 1024)
  #offsets = new Float64Array(1024).fill(-1)
  #count = 0

  constructor(maxBytes: number) {
    this.#maxKeys = Math.floor((maxBytes / SLOT_BYTES) * MAX_LOAD)
  }

  get count(): number {
    return this.#count
  }

  /** Whether so many more keys stay within `maxBytes`; the table itself refuses none. */
  hasRoomFor(keys: number): boolean {
    return this.#count + keys <= this.#maxKeys
  }

  set(key: Buffer, offset: number): void {
    if (this.#count >= this.#slots * MAX_LOAD) this.#grow()
    const digest = hash('sha1', key, 'buffer')
    const high = digest.readBigUInt64LE(0)
    const low = digest.readBigUInt64LE(8)
    const slot = this.#find(high, low)
    if (this.#offsets[slot]! < 0) this.#count++
    this.#hashes[2 * slot] = high
    this.#hashes[2 * slot + 1] = low
    this.#offsets[slot] = offset
  }

  /** -1: the key is not there. */
  get(key: Buffer): number {
    const digest = hash('sha1', key, 'buffer')
    return this.#offsets[this.#find(digest.readBigUInt64LE(0), digest.readBigUInt64LE(8))]!
  }

  /** The slot of the key, or the free one where it belongs. */
  #find(high: bigint, low: bigint): number {
    const mask = this.#slots - 1
    let slot = Number(high & 0xffff_ffffn) & mask
    while (this.#offsets[slot]! >= 0) {
      if (this.#hashes[2 * slot] === high && this.#hashes[2 * slot + 1] === low) return slot
      slot = (slot + 1) & mask
    }
    return slot
  }

  #grow(): void {
    const hashes = this.#hashes
    const offsets = this.#offsets
    this.#slots *= 2
    this.#hashes = new BigUint64Array(2 * this.#slots)
    this.#offsets = new Float64Array(this.#slots).fill(-1)
    for (let i = 0; i < offsets.length; i++) {
      if (offsets[i]! < 0) continue
      const slot = this.#find(hashes[2 * i]!, hashes[2 * i + 1]!)
      this.#hashes[2 * slot] = hashes[2 * i]!
      this.#hashes[2 * slot + 1] = hashes[2 * i + 1]!
      this.#offsets[slot] = offsets[i]!
    }
  }
}
