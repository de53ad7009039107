import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'

/** The algorithms of `x-amz-checksum-*`, by the last part of the header's name. */
export const checksumAlgorithms = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number]

export interface RunningChecksum {
  update(bytes: Buffer): void
  digest(): Buffer
}

const crc = (next: (bytes: Buffer, before: number) => number): RunningChecksum => {
  let sum = 0
  return {
    update(bytes) {
      sum = next(bytes, sum)
    },
    digest() {
      const out = Buffer.alloc(4)
      out.writeUInt32BE(sum >>> 0)
      return out
    },
  }
}

let crc64Table: BigUint64Array | undefined

/** CRC-64/NVME: reflected, polynomial 9a6c9329ac4bc9b5. */
const crc64 = (): RunningChecksum => {
  crc64Table ??= BigUint64Array.from({ length: 256 }, (_, index) => {
    let value = BigInt(index)
    for (let bit = 0; bit < 8; bit++) value = (value & 1n) === 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n
    return value
  })
  const table = crc64Table
  let sum = 0xffff_ffff_ffff_ffffn
  return {
    update(bytes) {
      for (const byte of bytes) sum = table[Number(sum & 0xffn) ^ byte]! ^ (sum >> 8n)
    },
    digest() {
      const out = Buffer.alloc(8)
      out.writeBigUInt64BE(sum ^ 0xffff_ffff_ffff_ffffn)
      return out
    },
  }
}

const hash = (made: Hash): RunningChecksum => ({
  update: bytes => void made.update(bytes),
  digest: () => made.digest(),
})

export const startChecksum = (algorithm: ChecksumAlgorithm): RunningChecksum => {
  switch (algorithm) {
    case 'crc32':
      return crc((bytes, before) => crc32(bytes, before))
    case 'crc32c':
      return crc((bytes, before) => crc32c(bytes, before))
    case 'crc64nvme':
      return crc64()
    default:
      return hash(createHash(algorithm))
  }
}

export const isChecksumAlgorithm = (name: string): name is ChecksumAlgorithm =>
  (checksumAlgorithms as readonly string[]).includes(name)

/** The checksum of a multipart object: that of its parts' checksums, and how many there were. */
export const compositeChecksum = (algorithm: ChecksumAlgorithm, parts: readonly string[]): string => {
  const sum = startChecksum(algorithm)
  for (const part of parts) sum.update(Buffer.from(part, 'base64'))
  return `${sum.digest().toString('base64')}-${parts.length}`
}
