import { createRequire } from 'node:module'
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { lz4FrameSize } from './lz4-frame.ts'
import { ProtocolError } from './protocol-error.ts'
import { frameSnappy, unframeSnappy } from './snappy-frame.ts'

/** Kafka's `compression.type`; the place in the list is the code in a batch's attributes. */
export const compressionTypes = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type CompressionType = (typeof compressionTypes)[number]

/** The most a batch may grow to unless told otherwise: a damaged or hostile batch must not take the process down. */
export const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024

/**
 * Compresses the records of a batch as Kafka's clients do: gzip, xerial-framed snappy, an lz4 frame of independent blocks,
 * zstd. `level` is `compression.gzip.level` or `compression.zstd.level`; the others have none.
 */
export function compress(type: CompressionType, bytes: Buffer, level?: number): Buffer {
  switch (type) {
    case 'none':
      return bytes
    case 'gzip':
      return gzipSync(bytes, level === undefined ? {} : { level })
    case 'snappy':
      return frameSnappy(bytes, snappy().compressSync)
    case 'lz4':
      return lz4().compressFrameSync(bytes)
    case 'zstd':
      return zstdCompressSync(
        bytes,
        level === undefined ? {} : { params: { [constants.ZSTD_c_compressionLevel]: level } },
      )
  }
}

/** Undoes `compress`. Throws ProtocolError when the bytes are damaged or become more than `maxBytes`. */
export function decompress(type: CompressionType, bytes: Buffer, maxBytes: number = MAX_DECOMPRESSED_BYTES): Buffer {
  if (type === 'none') return bytes
  const inflate = inflaters[type]()
  try {
    return inflate(bytes, maxBytes)
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new ProtocolError(`${bytes.length} bytes of ${type} cannot be decompressed: ${reason}`, '', { cause: error })
  }
}

type Inflate = (bytes: Buffer, maxBytes: number) => Buffer

/** Outside of `decompress`'s catch: a missing package is no damage of the data. */
const inflaters: Record<Exclude<CompressionType, 'none'>, () => Inflate> = {
  gzip: () => (bytes, maxBytes) => gunzipSync(bytes, { maxOutputLength: maxBytes }),
  zstd: () => (bytes, maxBytes) => zstdDecompressSync(bytes, { maxOutputLength: maxBytes }),
  snappy() {
    const { uncompressSync } = snappy()
    return (bytes, maxBytes) => unframeSnappy(bytes, maxBytes, uncompressSync)
  },
  lz4() {
    const { decompressFrameSync } = lz4()
    return (bytes, maxBytes) => {
      // The addon knows no bound: the size is counted before it starts.
      const size = lz4FrameSize(bytes)
      if (size > maxBytes) throw new ProtocolError(`lz4 frame of ${size} bytes, at most ${maxBytes} are taken`)
      return decompressFrameSync(bytes)
    }
  },
}

interface SnappyAddon {
  compressSync(bytes: Uint8Array): Buffer
  uncompressSync(bytes: Uint8Array): Buffer
}

interface Lz4Addon {
  compressFrameSync(bytes: Buffer): Buffer
  decompressFrameSync(bytes: Buffer): Buffer
}

let snappyAddon: SnappyAddon | undefined
let lz4Addon: Lz4Addon | undefined

const snappy = (): SnappyAddon => (snappyAddon ??= load<SnappyAddon>('snappy', 'snappy'))
const lz4 = (): Lz4Addon => (lz4Addon ??= load<Lz4Addon>('lz4-napi', 'lz4'))

/** On first use: most workers never need them, and each costs memory in every thread. */
function load<T>(packageName: string, type: CompressionType): T {
  try {
    return createRequire(import.meta.url)(packageName)
  } catch (error) {
    throw new Error(`Compression type ${type} needs the package ${packageName}: npm install ${packageName}`, {
      cause: error,
    })
  }
}
