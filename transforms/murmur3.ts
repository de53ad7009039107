import type { Schema } from 'millrace'
import { javaHash } from './java-hash.ts'

const long = (value: bigint): bigint => BigInt.asUintN(64, value)
const rotate = (value: bigint, by: bigint): bigint => long(value << by) | (value >> (64n - by))
const final = (value: bigint): bigint => {
  let k = value
  k = long((k ^ (k >> 33n)) * 0xff51afd7ed558ccdn)
  k = long((k ^ (k >> 33n)) * 0xc4ceb9fe1a85ec53n)
  return k ^ (k >> 33n)
}

const seed = 9001n

/**
 * The upper 32 bits of the early MurmurHash3 (x64, 128 bits, multipliers that change with each block) that Debezium uses.
 * Bytes of the last, shorter block are widened with their sign.
 */
const murmur = (bytes: Uint8Array): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let h1 = 0x9368e53c2f6af274n ^ seed
  let h2 = 0x586dcd208f7cd3fdn ^ seed
  let c1 = 0x87c37b91114253d5n
  let c2 = 0x4cf5ad432745937fn
  const mix = (first: bigint, second: bigint): void => {
    h1 = long((h1 ^ long(rotate(long(first * c1), 23n) * c2)) + h2)
    h2 = rotate(h2, 41n)
    h2 = long((h2 ^ long(rotate(long(second * c2), 23n) * c1)) + h1)
    h1 = long(h1 * 3n + 0x52dce729n)
    h2 = long(h2 * 3n + 0x38495ab5n)
    c1 = long(c1 * 5n + 0x7b7d159cn)
    c2 = long(c2 * 5n + 0x6bce6396n)
  }
  const tail = bytes.length & ~15
  for (let at = 0; at < tail; at += 16) mix(view.getBigUint64(at, true), view.getBigUint64(at + 8, true))
  let k1 = 0n
  let k2 = 0n
  for (let at = bytes.length - 1; at >= tail; at--) {
    const shift = BigInt(((at - tail) & 7) * 8)
    const bits = long(BigInt(view.getInt8(at)) << shift)
    if (at - tail >= 8) k2 ^= bits
    else k1 ^= bits
  }
  if (tail < bytes.length) mix(k1, k2)
  h2 ^= BigInt(bytes.length)
  h1 = long(h1 + h2)
  h2 = long(h2 + h1)
  h1 = long(final(h1) + final(h2))
  return Number(BigInt.asIntN(32, h1 >> 32n))
}

// Half a surrogate pair alone counts as a question mark.
const loneSurrogate = /\p{Surrogate}/gu

const word = Buffer.alloc(4)

/** The 32 bits that Debezium's `partition.hash.function=murmur` gives for a value of this schema, not null. Throws DataError as javaHash. */
export const murmur3 = (schema: Schema, value: unknown): number => {
  if (typeof value === 'string') return murmur(Buffer.from(value.replace(loneSurrogate, '?')))
  word.writeInt32LE(javaHash(schema, value))
  return murmur(word)
}
