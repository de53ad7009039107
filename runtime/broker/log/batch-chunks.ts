import { wholeBatchSize } from '../../protocol/batch-header.ts'
import { readFully } from './file-io.ts'

/** Some whole batches, one behind the other in `buf[0, end)`; the buffer is used again for the next chunk. */
export interface BatchChunk {
  readonly buf: Buffer
  readonly end: number
  /** Where `buf[0]` is in the file. */
  readonly position: number
  /** Why nothing can be read behind this chunk although the file goes on; null: all is well. */
  readonly broken: string | null
}

/**
 * Reads a part of a segment file in large pieces, cut where batches are. Looks at lengths and magic only, not at checksums.
 * Ends at the first bytes that are no whole batch, and says so in `broken` of the last chunk.
 */
export async function* batchChunks(
  fd: number,
  from: number,
  end: number,
  chunkBytes = 1024 * 1024,
): AsyncGenerator<BatchChunk> {
  let buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(chunkBytes, end - from)))
  let position = from
  while (position < end) {
    const wanted = Math.min(buffer.length, end - position)
    const bytes = await readFully(fd, buffer.subarray(0, wanted), position)
    const { whole, broken, next } = measure(buffer, bytes)
    // A batch larger than the buffer: read it alone, unless the file ends within it.
    if (whole === 0 && broken === null && next > buffer.length && position + next <= end) {
      buffer = Buffer.allocUnsafeSlow(next)
      continue
    }
    const atEnd = position + bytes >= end || bytes < wanted
    const cutOff = broken === null && whole < bytes && (whole === 0 || atEnd)
    const reason =
      broken ?? (cutOff ? `cut off after ${bytes - whole} bytes` : bytes < wanted ? 'file is shorter' : null)
    yield { buf: buffer, end: whole, position, broken: reason }
    if (reason !== null) return
    position += whole
  }
}

/** How many bytes of `buf[0, end)` are whole batches, and the size of the next one when its header is there. */
function measure(buf: Buffer, end: number): { whole: number; broken: string | null; next: number } {
  let at = 0
  try {
    while (at < end) {
      const size = wholeBatchSize(buf, at, end)
      if (size < 0) break
      at += size
    }
  } catch (error) {
    return { whole: at, broken: error instanceof Error ? error.message : String(error), next: 0 }
  }
  return { whole: at, broken: null, next: end - at >= 12 ? buf.readInt32BE(at + 8) + 12 : 0 }
}
