import { closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import { readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { type BatchHeader, batchHeader, checkCrc } from '../../protocol/batch-header.ts'
import { batchChunks } from './batch-chunks.ts'
import { closeFile, openFile, replaceFile, syncData } from './file-io.ts'
import { decodeSummary, SparseIndex, SUMMARY_BYTES } from './sparse-index.ts'

/** A batch seen by a scan; `buf[at, at + header.sizeInBytes)` holds it until the visitor returns. */
export type BatchVisitor = (header: BatchHeader, buf: Buffer, at: number) => void

const DIGITS = 20
/** Of an index that is made anew outside of recovery. */
const DEFAULT_INDEX_INTERVAL = 4096

export const segmentName = (baseOffset: number): string => String(baseOffset).padStart(DIGITS, '0')

/**
 * One file of a partition's log, from `baseOffset` on, and its sparse index. Files are opened on first use; closed segments
 * that nobody reads give descriptor and index back (`closeIdle`).
 */
export class Segment {
  readonly baseOffset: number
  readonly path: string
  /** Bytes that are in the file and may be read. */
  size = 0
  /** Bytes given to appends, written or not yet. */
  reserved = 0
  /** Largest timestamp of the first batch, -1 without one: what `segment.ms` counts from. */
  firstTimestamp = -1
  maxTimestamp = -1
  maxTimestampOffset = -1
  /** Bytes known to be on the disk, and in the index file. */
  savedSize = 0
  /** The file may not exist yet. */
  #fresh: boolean
  #index: SparseIndex | null
  #lastIndexed = -1
  #loading: Promise<SparseIndex> | null = null
  #opening: Promise<number> | null = null
  #users = 0
  #usedAt = 0
  #removed = false

  private constructor(path: string, baseOffset: number, fresh: boolean) {
    this.path = path
    this.baseOffset = baseOffset
    this.#fresh = fresh
    this.#index = fresh ? new SparseIndex() : null
  }

  /** A segment without batches; its file is created by the first write. */
  static create(folder: string, baseOffset: number): Segment {
    return new Segment(join(folder, `${segmentName(baseOffset)}.log`), baseOffset, true)
  }

  /**
   * A segment found on disk: its size, and what its index file says. `savedSize` is what needs no scan: less than `size`
   * after a crash, 0 when there is no usable index. Synchronous: two small system calls per file, at start only.
   */
  static open(folder: string, baseOffset: number): Segment {
    const segment = new Segment(join(folder, `${segmentName(baseOffset)}.log`), baseOffset, false)
    segment.size = segment.reserved = statSync(segment.path).size
    const summary = readSummary(segment.indexPath)
    if (summary !== null && summary.size <= segment.size) {
      segment.savedSize = summary.size
      segment.firstTimestamp = summary.firstTimestamp
      segment.maxTimestamp = summary.maxTimestamp
      segment.maxTimestampOffset = summary.maxTimestampOffset
    }
    return segment
  }

  get removed(): boolean {
    return this.#removed
  }

  /** Nothing is on its way to it: what is copied from it now is all of it. */
  get isWritten(): boolean {
    return this.size === this.reserved
  }

  get indexPath(): string {
    return `${this.path.slice(0, -3)}index`
  }

  /** Runs `work` with an open descriptor, which stays open at least as long. */
  async withFile<T>(now: number, work: (fd: number) => Promise<T>): Promise<T> {
    if (this.#removed) throw new Error(`${this.path} is not in use any more`)
    this.#users++
    this.#usedAt = now
    try {
      this.#opening ??= openFile(this.path, constants.O_RDWR | (this.#fresh ? constants.O_CREAT : 0), 0o644)
      const fd = await this.#opening
      this.#fresh = false
      return await work(fd)
    } catch (error) {
      // A failed open may succeed later, when descriptors are free again.
      const opening = this.#opening
      if (opening !== null) opening.catch(() => (this.#opening === opening ? (this.#opening = null) : null))
      throw error
    } finally {
      this.#users--
      if (this.#removed && this.#users === 0) await this.#close()
    }
  }

  /** Notes a batch whose bytes are in the file now, at `position`. */
  appended(baseOffset: number, position: number, size: number, maxTimestamp: number, indexInterval: number): void {
    const index = this.#index
    if (index === null) throw new Error(`${this.path} is not open for appends`)
    this.#note(index, baseOffset, position, maxTimestamp, indexInterval)
    this.size = position + size
  }

  #note(index: SparseIndex, baseOffset: number, position: number, maxTimestamp: number, indexInterval: number): void {
    if (this.#lastIndexed < 0 || position - this.#lastIndexed >= indexInterval) {
      index.add(baseOffset - this.baseOffset, position, this.maxTimestamp)
      this.#lastIndexed = position
    }
    if (this.firstTimestamp < 0) this.firstTimestamp = maxTimestamp
    if (maxTimestamp > this.maxTimestamp) {
      this.maxTimestamp = maxTimestamp
      this.maxTimestampOffset = baseOffset
    }
  }

  /** Loaded on first use, from its file or by a scan. */
  index(now: number): Promise<SparseIndex> {
    if (this.#index !== null) return Promise.resolve(this.#index)
    this.#loading ??= this.#load(now).finally(() => (this.#loading = null))
    return this.#loading
  }

  async #load(now: number): Promise<SparseIndex> {
    const saved = await readFile(this.indexPath).catch(() => null)
    let index = saved === null ? null : SparseIndex.decode(saved)
    if (index === null) {
      await this.scan(0, DEFAULT_INDEX_INTERVAL, now, () => {})
      index = this.#index!
    }
    return (this.#index = index)
  }

  /**
   * Reads the batches from `from` on, checks them, and indexes those the index does not know. Returns where the first bytes
   * are that are no whole, undamaged batch with a higher offset than the one before; null: there are none.
   */
  async scan(
    from: number,
    indexInterval: number,
    now: number,
    visit: BatchVisitor,
  ): Promise<{ readonly position: number; readonly reason: string } | null> {
    const end = this.size
    const known = from === 0 ? 0 : this.savedSize
    const index = from === 0 ? this.#resetIndex() : await this.index(now)
    let minOffset = this.baseOffset
    return this.withFile(now, async fd => {
      for await (const chunk of batchChunks(fd, from, end)) {
        let at = 0
        while (at < chunk.end) {
          const position = chunk.position + at
          let header: BatchHeader
          try {
            header = batchHeader(chunk.buf, at, chunk.end)
            checkCrc(chunk.buf, at, header.sizeInBytes)
          } catch (error) {
            return { position, reason: error instanceof Error ? error.message : String(error) }
          }
          if (header.baseOffset < minOffset || header.lastOffset < header.baseOffset) {
            return { position, reason: `offset ${header.baseOffset} where ${minOffset} or more is due` }
          }
          if (position >= known) {
            this.#note(index, header.baseOffset, position, header.maxTimestamp, indexInterval)
          }
          visit(header, chunk.buf, at)
          minOffset = header.lastOffset + 1
          at += header.sizeInBytes
        }
        if (chunk.broken !== null) return { position: chunk.position + chunk.end, reason: chunk.broken }
      }
      return null
    })
  }

  #resetIndex(): SparseIndex {
    this.#lastIndexed = -1
    this.firstTimestamp = this.maxTimestamp = this.maxTimestampOffset = -1
    this.savedSize = 0
    return (this.#index = new SparseIndex())
  }

  /** Cuts the file. Largest timestamps stay: they only make retention keep the segment longer. */
  async truncate(size: number): Promise<void> {
    if (!this.#fresh) await truncate(this.path, size)
    this.#index?.truncate(size)
    this.size = this.reserved = size
    this.savedSize = Math.min(this.savedSize, size)
    this.#lastIndexed = Math.min(this.#lastIndexed, size)
  }

  /** Brings the data to the disk. Returns how much of it that is. */
  async flush(now: number): Promise<number> {
    const size = this.size
    if (size > 0) await this.withFile(now, syncData)
    return size
  }

  /** Saves data and index, so that the next start scans nothing of it. */
  async save(now: number): Promise<void> {
    if (this.savedSize === this.size || this.#index === null) return
    const { firstTimestamp, maxTimestamp, maxTimestampOffset } = this
    // The summary is taken with the index: what is appended during the flush is not in either.
    const size = this.size
    const content = this.#index.encode({ size, firstTimestamp, maxTimestamp, maxTimestampOffset })
    await this.flush(now)
    await replaceFile(this.indexPath, content)
    this.savedSize = size
  }

  /** Gives back what was not used since `before`. */
  async closeIdle(before: number): Promise<void> {
    if (this.#users > 0 || this.#usedAt >= before || this.savedSize !== this.size) return
    this.#index = null
    await this.#close()
  }

  /** Closed for good as soon as nobody reads it any more; files that should go are removed by the caller. */
  async discard(): Promise<void> {
    this.#removed = true
    if (this.#users === 0) await this.#close()
  }

  async #close(): Promise<void> {
    const opening = this.#opening
    this.#opening = null
    if (opening !== null) await closeFile(await opening)
  }
}

function readSummary(path: string): ReturnType<typeof decodeSummary> {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    // Not there: the crash came before it was written, or the segment is new. A scan replaces it.
    return null
  }
  try {
    const head = Buffer.alloc(SUMMARY_BYTES)
    return readSync(fd, head, 0, SUMMARY_BYTES, 0) === SUMMARY_BYTES ? decodeSummary(head) : null
  } finally {
    closeSync(fd)
  }
}
