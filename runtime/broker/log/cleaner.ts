import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { keepRecords } from '../../protocol/batch-filter.ts'
import { RecordBatchReader } from '../../protocol/record-batch-reader.ts'
import { batchChunks } from './batch-chunks.ts'
import { CleanedTransactions } from './cleaned-transactions.ts'
import { deleteHorizon, withDeleteHorizon } from './delete-horizon.ts'
import { closeFile, openFile, syncData, syncFolder, writeFully } from './file-io.ts'
import { KeyOffsets } from './key-offsets.ts'
import type { PartitionLog } from './partition-log.ts'
import { swapName } from './recovery.ts'
import { Segment, segmentName } from './segment.ts'

export interface CleanerOptions {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly monotonic: number
  /** For the last offsets of keys. */
  readonly maxKeyBytes: number
}

/** What a compaction may take, and whether it is worth it. */
export interface Cleanable {
  /** All closed segments that may be compacted, clean ones first. */
  readonly segments: readonly Segment[]
  readonly dirty: readonly Segment[]
  readonly isDue: boolean
}

/**
 * Judges a compacted log: dirty is what no compaction has seen; never the active segment or one that is still being written,
 * nor what comes behind the start of an open transaction, nor records younger than `min.compaction.lag.ms`. Due when the dirty share reaches `min.cleanable.dirty.ratio`, or something dirty is older than
 * `max.compaction.lag.ms`.
 */
export function cleanable(log: PartitionLog, now: number): Cleanable {
  const { minCompactionLagMs, maxCompactionLagMs, minDirtyRatio } = log.config
  const segments: Segment[] = []
  const dirty: Segment[] = []
  for (const segment of log.segments.closed) {
    // What is written after the copy was made would go with the old file (invariant 6).
    if (!segment.isWritten || endOf(log, segment) > log.lastStableOffset) break
    const isClean = endOf(log, segment) <= log.cleanedTo
    if (!isClean && segment.maxTimestamp > now - minCompactionLagMs && minCompactionLagMs > 0) break
    segments.push(segment)
    if (!isClean) dirty.push(segment)
  }
  const sizeOf = (list: readonly Segment[]) => list.reduce((sum, segment) => sum + segment.size, 0)
  const dirtyBytes = sizeOf(dirty)
  const tooOld = dirty.some(s => s.firstTimestamp >= 0 && now - s.firstTimestamp > maxCompactionLagMs)
  const isDue = dirtyBytes > 0 && (tooOld || dirtyBytes / sizeOf(segments) >= minDirtyRatio)
  return { segments, dirty, isDue }
}

/**
 * Compacts a log: of each key in the dirty part, earlier records go; tombstones go `delete.retention.ms` after the first
 * compaction that saw them. Offsets stay as they are. Segments are made anew beside the old ones and take their place in
 * steps that a crash may cut anywhere (`recovery.ts` finishes them). Run it exclusively.
 */
export async function cleanLog(log: PartitionLog, options: CleanerOptions): Promise<void> {
  const { segments, dirty } = cleanable(log, options.now)
  if (dirty.length === 0) return
  const keys = new KeyOffsets(options.maxKeyBytes)
  const transactions = new CleanedTransactions(log.transactions)
  const endOffset = await collectKeys(log, dirty, keys, transactions, options)
  const taken = segments.filter(segment => segment.baseOffset < endOffset)
  for (const group of groupBySize(log, taken)) {
    if (log.isClosed) return
    await rewrite(log, group, { keys, transactions, cleanTo: endOffset }, options)
  }
  log.cleanedTo = endOffset
  await log.saveCheckpoint()
}

/** Returns the offset up to which all keys are known: before the end when memory did not suffice. */
async function collectKeys(
  log: PartitionLog,
  dirty: readonly Segment[],
  keys: KeyOffsets,
  transactions: CleanedTransactions,
  options: CleanerOptions,
): Promise<number> {
  const reader = new RecordBatchReader()
  let firstFull = -1
  for (const segment of dirty) {
    await segment.withFile(options.monotonic, async fd => {
      for await (const chunk of batchChunks(fd, 0, segment.size)) {
        throwIfBroken(segment, chunk.broken)
        for (let at = 0; at < chunk.end; ) {
          at = reader.read(chunk.buf, at, chunk.end)
          if (reader.isControl || reader.lastOffset < log.cleanedTo || transactions.isAborted(reader)) continue
          if (keys.count > 0 && !keys.hasRoomFor(reader.count)) {
            firstFull = reader.baseOffset
            return
          }
          for (let r = 0; r < reader.count; r++) {
            const key = reader.key(r)
            if (key !== null) keys.set(key, reader.offset(r))
          }
        }
        await nextTurn()
      }
    })
    if (firstFull >= 0) return firstFull
  }
  return endOf(log, dirty.at(-1)!)
}

/** The next segment's base offset. */
const endOf = (log: PartitionLog, segment: Segment): number => {
  const all = log.segments.all
  return all[all.indexOf(segment) + 1]!.baseOffset
}

/** Neighbours that fit together into one segment, so that compacted ones do not stay many and small. */
function groupBySize(log: PartitionLog, segments: readonly Segment[]): Segment[][] {
  const groups: Segment[][] = []
  let bytes = 0
  for (const segment of segments) {
    const group = groups.at(-1)
    const fits =
      group !== undefined &&
      bytes + segment.size <= log.config.segmentBytes &&
      endOf(log, segment) - group[0]!.baseOffset <= 0x7fff_ffff
    if (fits) {
      group.push(segment)
      bytes += segment.size
    } else {
      groups.push([segment])
      bytes = segment.size
    }
  }
  return groups
}

/** What a pass knows of the log, up to `cleanTo`. */
interface Known {
  readonly keys: KeyOffsets
  readonly transactions: CleanedTransactions
  readonly cleanTo: number
}

async function rewrite(
  log: PartitionLog,
  group: readonly Segment[],
  known: Known,
  options: CleanerOptions,
): Promise<void> {
  const base = group[0]!.baseOffset
  const draft = join(log.folder, `${segmentName(base)}.cleaned`)
  const fd = await openFile(draft, 'w')
  let size = 0
  try {
    for (const segment of group) size = await copyKept(log, segment, known, options, fd, size)
    await syncData(fd)
  } finally {
    await closeFile(fd)
  }
  if (log.isClosed) return rm(draft, { force: true })
  // Old files stay open until the new one is in their place: a reader must never open the one and know the other's index.
  await withFiles(group, options.monotonic, async () => {
    // From here on a crash finishes the replacement instead of undoing it.
    const swap = join(log.folder, swapName(base, endOf(log, group.at(-1)!)))
    await rename(draft, swap)
    await syncFolder(log.folder)
    for (const old of group) {
      await rm(old.indexPath, { force: true })
      if (old !== group[0]) await rm(old.path, { force: true })
    }
    await rename(swap, group[0]!.path)
    const made = Segment.open(log.folder, base)
    await made.scan(0, log.config.indexInterval, options.monotonic, () => {})
    log.segments.replace(group, [made])
    await made.save(options.monotonic)
    for (const old of group) await old.discard()
  })
}

async function withFiles(segments: readonly Segment[], now: number, work: () => Promise<void>): Promise<void> {
  const [first, ...rest] = segments
  if (first === undefined) return work()
  await first.index(now)
  await first.withFile(now, () => withFiles(rest, now, work))
}

async function copyKept(
  log: PartitionLog,
  segment: Segment,
  known: Known,
  options: CleanerOptions,
  target: number,
  start: number,
): Promise<number> {
  const reader = new RecordBatchReader()
  let position = start
  await segment.withFile(options.monotonic, async fd => {
    for await (const chunk of batchChunks(fd, 0, segment.size)) {
      throwIfBroken(segment, chunk.broken)
      const kept: Buffer[] = []
      let bytes = 0
      for (let at = 0; at < chunk.end; ) {
        const next = reader.read(chunk.buf, at, chunk.end)
        const whole = chunk.buf.subarray(at, next)
        const batch = reader.lastOffset < known.cleanTo ? keptPart(log, whole, reader, known, options) : whole
        if (batch !== null) {
          kept.push(batch)
          bytes += batch.length
        }
        at = next
      }
      if (bytes > 0) await writeFully(target, kept, position)
      position += bytes
      await nextTurn()
    }
  })
  return position
}

/** What stays of a batch: all, a part, an empty batch that carries a producer's last sequence, or nothing. */
function keptPart(
  log: PartitionLog,
  batch: Buffer,
  reader: RecordBatchReader,
  { keys, transactions }: Known,
  options: CleanerOptions,
): Buffer | null {
  if (reader.isControl) return keptMarker(log, batch, reader, transactions, options)
  const isAborted = transactions.isAborted(reader)
  const horizon = deleteHorizon(batch, 0)
  const keep: boolean[] = []
  let count = 0
  let tombstones = 0
  for (let i = 0; i < reader.count; i++) {
    const key = reader.key(i)
    const isTombstone = reader.valueStart(i) < 0
    const last = key === null ? -1 : keys.get(key)
    const stays =
      !isAborted &&
      key !== null &&
      last <= reader.offset(i) &&
      !(isTombstone && horizon !== null && horizon <= options.now)
    keep.push(stays)
    if (!stays) continue
    count++
    if (isTombstone) tombstones++
  }
  let result = batch
  if (count < reader.count) {
    if (count === 0 && !log.producers.isLastBatch(reader.producerId, reader.lastOffset)) return null
    result = keepRecords(batch, 0, reader, i => keep[i]!)
  }
  transactions.kept(reader)
  if (tombstones === 0 || horizon !== null) return result
  const again = new RecordBatchReader()
  again.read(result, 0, result.length)
  return withDeleteHorizon(result, again, options.now + log.config.deleteRetentionMs)
}

/** A marker goes as tombstones do, once nothing of its transaction is there: readers may have met the one without the other. */
function keptMarker(
  log: PartitionLog,
  batch: Buffer,
  reader: RecordBatchReader,
  transactions: CleanedTransactions,
  options: CleanerOptions,
): Buffer | null {
  if (transactions.hasDataBefore(reader)) return batch
  const horizon = deleteHorizon(batch, 0)
  if (horizon === null) return withDeleteHorizon(batch, reader, options.now + log.config.deleteRetentionMs)
  if (horizon > options.now) return batch
  log.transactions.forgetAborted(reader.producerId, reader.baseOffset)
  return null
}

function throwIfBroken(segment: Segment, reason: string | null): void {
  if (reason !== null) throw new Error(`${segment.path} cannot be compacted: ${reason}`)
}
