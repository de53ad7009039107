import { promisify } from 'node:util'
import { constants, gzip, zstdCompress } from 'node:zlib'

/** Compresses one block; blocks one after the other are one stream (gzip members, zstd frames). Runs off the event loop. */
export interface Codec {
  /** Appended to the names of objects. */
  readonly extension: string
  /** Undefined: bytes are stored as they are. */
  readonly compress?: (block: Buffer) => Promise<Buffer>
}

const gzipBlock = promisify<Buffer, { level: number; chunkSize: number }, Buffer>(gzip)
const zstdBlock = promisify<Buffer, { params: Record<number, number>; chunkSize: number }, Buffer>(zstdCompress)

/** Output is made in pieces of this size: small ones cost copies, large ones memory. */
const chunkSize = 256 * 1024

export const noCodec: Codec = { extension: '' }

/** `level`: 0 to 9, -1 for zlib's default (6). */
export const gzipCodec = (level: number): Codec => ({
  extension: '.gz',
  compress: block => gzipBlock(block, { level, chunkSize }),
})

export const zstdCodec = (level: number): Codec => ({
  extension: '.zst',
  compress: block => zstdBlock(block, { params: { [constants.ZSTD_c_compressionLevel]: level }, chunkSize }),
})
