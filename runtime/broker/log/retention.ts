import { rm } from 'node:fs/promises'
import type { LogConfig } from '../settings/topic-settings.ts'
import type { PartitionLog } from './partition-log.ts'

export interface RetainedSegment {
  readonly size: number
  readonly maxTimestamp: number
}

/**
 * How many of the oldest segments may go: their newest record is older than `retention.ms`, or the partition has at least
 * `retention.bytes` without them. The last one is active: it only goes by age, and only with records.
 */
export function expiredSegments(segments: readonly RetainedSegment[], config: LogConfig, now: number): number {
  if (!config.delete) return 0
  let excess = -config.retentionBytes
  for (const segment of segments) excess += segment.size
  let count = 0
  for (const segment of segments) {
    const isActive = count === segments.length - 1
    const byAge = segment.maxTimestamp >= 0 && now - segment.maxTimestamp > config.retentionMs
    const bySize = !isActive && excess >= segment.size
    const isEmpty = !isActive && segment.size === 0
    if (!(byAge || bySize || isEmpty)) break
    excess -= segment.size
    count++
  }
  return count
}

/** Removes expired segments, and those below the log's start. The new start is durable before files go. Run it exclusively. */
export async function deleteExpired(log: PartitionLog, now: number): Promise<void> {
  const before = log.startOffset
  // Segments that appends are on their way to are left for the next time.
  const unwritten = log.segments.closed.findIndex(segment => !segment.isWritten)
  let count = expiredSegments(log.segments.all, log.config, now)
  if (unwritten >= 0) count = Math.min(count, unwritten)
  if (count === log.segments.all.length && !log.roll()) count--
  const segments = log.segments.all
  while (count < segments.length - 1 && segments[count + 1]!.baseOffset <= log.startOffset) count++
  if (count === 0) return
  const expired = segments.slice(0, count)
  log.startOffset = Math.max(before, segments[count]!.baseOffset)
  await log.saveCheckpoint()
  log.segments.replace(expired, [])
  for (const segment of expired) {
    await segment.discard()
    await rm(segment.path, { force: true })
    await rm(segment.indexPath, { force: true })
  }
}
