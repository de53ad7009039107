import { ProtocolError } from './protocol-error.ts'

const MAGIC = 0x184d_2204
const FLAG_BLOCK_CHECKSUM = 0x10
const FLAG_CONTENT_SIZE = 0x08
const FLAG_DICTIONARY = 0x01
const UNCOMPRESSED = 0x8000_0000

/**
 * How many bytes an lz4 frame holds, found by adding up the lengths in its blocks, without decompressing. The size that a
 * frame may name in its header is not believed.
 */
export function lz4FrameSize(bytes: Buffer): number {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== MAGIC) throw new ProtocolError('no lz4 frame')
  const flags = bytes[4]!
  let at = 7 + (flags & FLAG_CONTENT_SIZE ? 8 : 0) + (flags & FLAG_DICTIONARY ? 4 : 0)
  let size = 0
  for (;;) {
    if (at + 4 > bytes.length) throw new ProtocolError(`lz4 frame is cut off at ${at}`)
    const word = bytes.readUInt32LE(at)
    if (word === 0) return size
    const start = at + 4
    const end = start + (word % UNCOMPRESSED)
    if (end > bytes.length) throw new ProtocolError(`lz4 block at ${at} is cut off`)
    size += word >= UNCOMPRESSED ? end - start : blockSize(bytes, start, end)
    at = end + (flags & FLAG_BLOCK_CHECKSUM ? 4 : 0)
  }
}

/** A block is a list of sequences: token, literals, and unless it is the last, a distance and a match. */
function blockSize(bytes: Buffer, start: number, end: number): number {
  let size = 0
  let at = start
  while (at < end) {
    const token = bytes[at++]!
    let literals = token >>> 4
    if (literals === 15) {
      let more = 255
      while (more === 255 && at < end) literals += more = bytes[at++]!
    }
    size += literals
    at += literals
    if (at >= end) break
    at += 2
    let match = (token & 15) + 4
    if (match === 19) {
      let more = 255
      while (more === 255 && at < end) match += more = bytes[at++]!
    }
    size += match
  }
  return size
}
