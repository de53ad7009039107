import { createRequire } from 'node:module'

type Checksum = (bytes: Uint8Array) => number

/** CRC-32C (Castagnoli) of `bytes[start, end)`, unsigned. Native when the addon loads, in JavaScript otherwise (ten times slower). */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  native ??= load()
  return native(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
}

let native: Checksum | undefined

function load(): Checksum {
  try {
    const addon: { crc32c: Checksum } = createRequire(import.meta.url)('@node-rs/crc32')
    return bytes => addon.crc32c(bytes)
  } catch {
    // No prebuilt addon for this platform: the same sums, only slower.
    return crc32cInJavaScript
  }
}

const POLYNOMIAL = 0x82f6_3b78
let tables: Int32Array | undefined

/** Eight tables of 256: eight bytes per step. */
function sliceTables(): Int32Array {
  const made = new Int32Array(8 * 256)
  for (let i = 0; i < 256; i++) {
    let crc = i
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    made[i] = crc
  }
  for (let i = 256; i < made.length; i++) {
    const previous = made[i - 256]!
    made[i] = (previous >>> 8) ^ made[previous & 255]!
  }
  return made
}

/** The fallback, exported for its test. */
export function crc32cInJavaScript(bytes: Uint8Array): number {
  tables ??= sliceTables()
  const t = tables
  const b = bytes
  const length = bytes.length
  let crc = -1
  let i = 0
  for (const stop = length - 7; i < stop; i += 8) {
    const low = crc ^ (b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24))
    crc =
      t[1792 + (low & 255)]! ^
      t[1536 + ((low >>> 8) & 255)]! ^
      t[1280 + ((low >>> 16) & 255)]! ^
      t[1024 + (low >>> 24)]! ^
      t[768 + b[i + 4]!]! ^
      t[512 + b[i + 5]!]! ^
      t[256 + b[i + 6]!]! ^
      t[b[i + 7]!]!
  }
  for (; i < length; i++) crc = (crc >>> 8) ^ t[(crc ^ b[i]!) & 255]!
  return ~crc >>> 0
}
