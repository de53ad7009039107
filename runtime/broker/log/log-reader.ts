import { BatchLayout, LOG_OVERHEAD, readBaseOffset } from '../../protocol/batch-header.ts'
import { CorruptRecordError } from '../../protocol/protocol-error.ts'
import { RecordBatchReader } from '../../protocol/record-batch-reader.ts'
import type { BufferPool, Lease } from '../buffer-pool.ts'
import { batchChunks } from './batch-chunks.ts'
import { readFully } from './file-io.ts'
import type { Segment } from './segment.ts'
import type { SegmentList } from './segment-list.ts'

/** Bytes that hold whole batches, the first of which has the offset asked for; give them back after sending. */
export interface LogSlice {
  readonly records: Buffer
  release(): void
}

const MIN_READ = 4096

/**
 * Reads whole batches from the one that holds `offset` on, from one segment: at most `maxBytes`, but with `atLeastOne` one
 * batch whatever its size. null: there is nothing at or behind the offset, or nothing small enough.
 */
export async function readBatches(
  segments: SegmentList,
  pool: BufferPool,
  offset: number,
  maxBytes: number,
  atLeastOne: boolean,
  now: number,
): Promise<LogSlice | null> {
  let at = segments.floor(offset)
  for (;;) {
    const segment = segments.at(at)
    if (segment === undefined) return null
    try {
      const found = await readFrom(segment, pool, offset, maxBytes, atLeastOne, now)
      if (found !== 'nothing here') return found
      // Compaction may have emptied the rest of a segment.
      at = segments.floor(offset) === at || segments.at(at) === segment ? at + 1 : segments.floor(offset)
    } catch (error) {
      // Compaction or retention took the segment away meanwhile: look again.
      if (!segment.removed) throw error
      at = segments.floor(offset)
      if (segments.at(at) === segment) throw error
    }
  }
}

async function readFrom(
  segment: Segment,
  pool: BufferPool,
  offset: number,
  maxBytes: number,
  atLeastOne: boolean,
  now: number,
): Promise<LogSlice | null | 'nothing here'> {
  const end = segment.size
  let position = (await segment.index(now)).floorPosition(offset - segment.baseOffset)
  let wanted = Math.max(maxBytes, MIN_READ)
  while (position < end) {
    const lease = pool.take(Math.min(wanted, end - position))
    const slice = await fill(segment, lease, position, now)
    const { start, whole, next, found } = locate(slice, offset, maxBytes)
    if (whole > start && found) return { records: slice.subarray(start, whole), release: lease.release }
    lease.release()
    if (start + next === 0) throw new Error(`${segment.path} ends within a batch header at ${position}`)
    position += start
    if (!found) {
      position += next
      continue
    }
    if (position + next > end) throw new Error(`${segment.path} ends within the batch at ${position}`)
    if (next > maxBytes) return atLeastOne ? readOne(segment, pool, position, next, now) : null
    wanted = Math.max(maxBytes, MIN_READ)
  }
  return 'nothing here'
}

async function readOne(
  segment: Segment,
  pool: BufferPool,
  position: number,
  size: number,
  now: number,
): Promise<LogSlice> {
  const lease = pool.take(size)
  return { records: await fill(segment, lease, position, now), release: lease.release }
}

async function fill(segment: Segment, lease: Lease, position: number, now: number): Promise<Buffer> {
  try {
    const bytes = await segment.withFile(now, fd => readFully(fd, lease.bytes, position))
    if (bytes !== lease.bytes.length) throw new Error(`${segment.path} is shorter than ${segment.size} bytes`)
    return lease.bytes
  } catch (error) {
    lease.release()
    throw error
  }
}

/**
 * In `buf`, which begins with a batch: where the batch that holds `offset` starts (`found`), and where the last whole batch
 * ends that stays within `maxBytes` from there. Otherwise where the search ended. `next` is the size of the batch that did
 * not fit, 0 when its header is not there.
 */
function locate(
  buf: Buffer,
  offset: number,
  maxBytes: number,
): { start: number; whole: number; next: number; found: boolean } {
  let start = 0
  let at = 0
  let found = false
  while (buf.length - at >= BatchLayout.RECORDS) {
    const size = buf.readInt32BE(at + BatchLayout.LENGTH) + LOG_OVERHEAD
    if (size < BatchLayout.RECORDS) throw new CorruptRecordError(`length ${size}`, readBaseOffset(buf, at))
    found ||= readBaseOffset(buf, at) + buf.readInt32BE(at + BatchLayout.LAST_OFFSET_DELTA) >= offset
    if (!found) start = at
    if (at + size > buf.length || (found && at + size - start > maxBytes))
      return { start, whole: at, next: size, found }
    at += size
    if (!found) start = at
  }
  return { start, whole: at, next: 0, found }
}

/** The batches of `records` that begin below `end`, and the offset behind the last of them. */
export function batchesBelow(records: Buffer, end: number): { readonly records: Buffer; readonly endOffset: number } {
  let at = 0
  let endOffset = 0
  while (at < records.length) {
    const base = readBaseOffset(records, at)
    if (base >= end) break
    endOffset = base + records.readInt32BE(at + BatchLayout.LAST_OFFSET_DELTA) + 1
    at += records.readInt32BE(at + BatchLayout.LENGTH) + LOG_OVERHEAD
  }
  return { records: records.subarray(0, at), endOffset }
}

/** A record found by its time. */
export interface TimedOffset {
  readonly timestamp: number
  readonly offset: number
}

/** The first record at or behind `minOffset` with this timestamp or a later one. */
export async function findTimestamp(
  segments: SegmentList,
  timestamp: number,
  minOffset: number,
  now: number,
): Promise<TimedOffset | null> {
  for (const segment of segments.all.slice(segments.floor(minOffset))) {
    if (segment.maxTimestamp < timestamp) continue
    const from = (await segment.index(now)).floorPositionOfTime(timestamp)
    const found = await findInSegment(segment, from, now, record => {
      return record.timestamp >= timestamp && record.offset >= minOffset
    })
    if (found !== null) return found
  }
  return null
}

/** The first record with the largest timestamp of all. */
export async function findMaxTimestamp(
  segments: SegmentList,
  minOffset: number,
  now: number,
): Promise<TimedOffset | null> {
  let best: Segment | null = null
  for (const segment of segments.all) {
    if (segment.maxTimestamp >= 0 && segment.maxTimestamp > (best?.maxTimestamp ?? -1)) best = segment
  }
  return best === null ? null : findTimestamp(segments, best.maxTimestamp, minOffset, now)
}

async function findInSegment(
  segment: Segment,
  from: number,
  now: number,
  test: (record: TimedOffset) => boolean,
): Promise<TimedOffset | null> {
  const reader = new RecordBatchReader()
  return segment.withFile(now, async fd => {
    for await (const chunk of batchChunks(fd, from, segment.size)) {
      for (let at = 0; at < chunk.end; ) {
        at = reader.read(chunk.buf, at, chunk.end)
        if (reader.isControl) continue
        for (let i = 0; i < reader.count; i++) {
          const record = { timestamp: reader.timestamp(i), offset: reader.offset(i) }
          if (test(record)) return record
        }
      }
    }
    return null
  })
}
