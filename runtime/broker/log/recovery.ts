import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../../api/context.ts'
import { type Checkpoint, readCheckpoint } from './checkpoint.ts'
import { PartitionTransactions, transactionStep } from './partition-transactions.ts'
import { ProducerStates } from './producer-states.ts'
import { Segment, segmentName } from './segment.ts'

/** A partition's log as it is found on disk, ready for appends. */
export interface RecoveredLog {
  readonly segments: Segment[]
  /** The offset of the next record. */
  readonly nextOffset: number
  readonly checkpoint: Checkpoint
  readonly producers: ProducerStates
  readonly transactions: PartitionTransactions
}

/**
 * Opens the log in `folder`, which is created if it is not there. After a clean stop nothing is scanned; after a crash what
 * came behind the last saved index is: batches with right checksums and growing offsets stay, the torn rest is cut off.
 * Everything that was acknowledged was written in order by the operating system, so a killed process loses nothing of it
 * (invariant 6).
 */
export async function recoverLog(folder: string, indexInterval: number, now: number, log: Log): Promise<RecoveredLog> {
  mkdirSync(folder, { recursive: true })
  finishReplacements(folder)
  const bases = readdirSync(folder)
    .filter(name => /^\d{20}\.log$/.test(name))
    .map(name => Number(name.slice(0, 20)))
    .sort((a, b) => a - b)
  const checkpoint = readCheckpoint(folder)
  const producers = new ProducerStates()
  producers.restore(checkpoint.producers)
  const transactions = new PartitionTransactions()
  transactions.restore(checkpoint.transactions)
  const segments: Segment[] = []
  let nextOffset = checkpoint.startOffset
  for (const [i, base] of bases.entries()) {
    const segment = Segment.open(folder, base)
    segments.push(segment)
    nextOffset = Math.max(nextOffset, base)
    const isLast = i === bases.length - 1
    // Every batch of a closed segment with a whole index is known, unless the producers' snapshot is older.
    const known = isLast ? checkpoint.producersTo : bases[i + 1]!
    const needsScan = segment.savedSize < segment.size || known > checkpoint.producersTo
    if (!needsScan && !isLast) continue
    const index = segment.savedSize === 0 ? null : await segment.index(now)
    // The active segment's last batch tells the next offset: scan from the last batch that the index knows.
    const from =
      index === null ? 0 : Math.min(lastKnown(segment, index), index.floorPosition(checkpoint.producersTo - base))
    const broken = await segment.scan(from, indexInterval, now, (header, buf, at) => {
      nextOffset = Math.max(nextOffset, header.lastOffset + 1)
      if (header.producerId < 0 || header.lastOffset < checkpoint.producersTo) return
      producers.add(header, header.baseOffset, header.maxTimestamp)
      const step = transactionStep(header, buf, at)
      if (step !== null) transactions.apply(step, header.baseOffset)
    })
    if (broken === null) continue
    const rest = bases.slice(i + 1)
    log.warn('Cut a torn end off a log', {
      file: segment.path,
      from: broken.position,
      bytes: segment.size - broken.position,
      segmentsBehind: rest.length,
      reason: broken.reason,
    })
    await segment.truncate(broken.position)
    for (const behind of rest) removeSegmentFiles(folder, behind)
    break
  }
  // After a loss of power the log may end before what the checkpoint speaks of.
  if (nextOffset < checkpoint.producersTo) {
    producers.restore(producers.snapshot(nextOffset))
    transactions.cutTo(nextOffset)
  }
  if (segments.length === 0) segments.push(Segment.create(folder, nextOffset))
  return { segments, nextOffset, checkpoint, producers, transactions }
}

function lastKnown(segment: Segment, index: { floorPosition(relativeOffset: number): number }): number {
  return Math.min(segment.savedSize, index.floorPosition(0x7fff_ffff))
}

function removeSegmentFiles(folder: string, base: number): void {
  for (const kind of ['log', 'index']) rmSync(join(folder, `${segmentName(base)}.${kind}`), { force: true })
}

/** Of a compacted segment before it takes the place of those it was made from: `BASE-END.swap` replaces BASE up to END. */
export const swapName = (base: number, end: number): string => `${segmentName(base)}-${segmentName(end)}.swap`

/** A crash during compaction: what was not complete goes, what was complete takes its place. */
function finishReplacements(folder: string): void {
  const names = readdirSync(folder)
  for (const name of names) {
    if (name.endsWith('.cleaned') || name.endsWith('.tmp')) rmSync(join(folder, name))
  }
  for (const name of names.filter(name => name.endsWith('.swap'))) {
    const base = Number(name.slice(0, 20))
    const end = Number(name.slice(21, 41))
    for (const old of names) {
      const at = /^\d{20}\.(log|index)$/.test(old) ? Number(old.slice(0, 20)) : -1
      if (at < base || at >= end) continue
      if (at > base || old.endsWith('.index')) rmSync(join(folder, old))
    }
    renameSync(join(folder, name), join(folder, `${segmentName(base)}.log`))
  }
}
