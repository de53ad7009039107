import { ProtocolError } from './protocol-error.ts'

// What Kafka's clients call snappy: a header of magic (8 bytes), version and lowest compatible version (int32 each), then
// blocks of raw snappy, each behind its int32 length. Some clients write one raw block and nothing else.
const HEADER = Buffer.from('82534e4150505900' + '00000001' + '00000001', 'hex')
const MAGIC_BYTES = 8
const BLOCK_BYTES = 32 * 1024

export function frameSnappy(bytes: Buffer, compressBlock: (block: Uint8Array) => Buffer): Buffer {
  const parts: Buffer[] = [HEADER]
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = compressBlock(bytes.subarray(at, at + BLOCK_BYTES))
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

/** Reads both forms. Each raw block begins with its size, so that the bound holds before memory is taken. */
export function unframeSnappy(bytes: Buffer, maxBytes: number, uncompressBlock: (block: Uint8Array) => Buffer): Buffer {
  if (bytes.length < HEADER.length || bytes.compare(HEADER, 0, MAGIC_BYTES, 0, MAGIC_BYTES) !== 0) {
    bound(blockSize(bytes), maxBytes)
    return uncompressBlock(bytes)
  }
  const parts: Buffer[] = []
  let total = 0
  for (let at = HEADER.length; at < bytes.length; ) {
    const length = at + 4 <= bytes.length ? bytes.readInt32BE(at) : -1
    const end = at + 4 + length
    if (length < 0 || end > bytes.length) throw new ProtocolError(`snappy block at ${at} of ${bytes.length} is cut off`)
    const block = bytes.subarray(at + 4, end)
    total += blockSize(block)
    bound(total, maxBytes)
    parts.push(uncompressBlock(block))
    at = end
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

function bound(size: number, maxBytes: number): void {
  if (size > maxBytes) throw new ProtocolError(`snappy of ${size} bytes, at most ${maxBytes} are taken`)
}

/** The varint before a raw block. */
function blockSize(block: Buffer): number {
  let size = 0
  for (let i = 0; i < 5; i++) {
    const byte = block[i]
    if (byte === undefined) break
    size += (byte & 127) * 2 ** (7 * i)
    if (byte < 128) return size
  }
  throw new ProtocolError('snappy block without a size')
}
