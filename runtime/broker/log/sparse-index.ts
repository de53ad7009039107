import { crc32c } from '../../protocol/crc32c.ts'

const HEADER_BYTES = 48
const ENTRY_BYTES = 16
const FORMAT = 0x4d49_5831

/** What is known of a segment without reading it. */
export interface SegmentSummary {
  /** Bytes of the log file that the index speaks of. */
  readonly size: number
  /** Of the first batch, in milliseconds; -1 without batches. */
  readonly firstTimestamp: number
  readonly maxTimestamp: number
  /** Base offset of the batch with the largest timestamp; -1 without batches. */
  readonly maxTimestampOffset: number
  readonly entries: number
}

/**
 * Where some of the batches of a segment are: at most one entry per `index.interval.bytes`. An entry holds the batch's base
 * offset (relative to the segment's), its position, and the largest timestamp before it.
 */
export class SparseIndex {
  #offsets = new Int32Array(64)
  #positions = new Int32Array(64)
  #timestamps = new Float64Array(64)
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Offsets and positions only grow. */
  add(relativeOffset: number, position: number, maxTimestampBefore: number): void {
    if (this.#count === this.#offsets.length) this.#grow()
    this.#offsets[this.#count] = relativeOffset
    this.#positions[this.#count] = position
    this.#timestamps[this.#count] = maxTimestampBefore
    this.#count++
  }

  /** A position at or before the batch that holds the offset. */
  floorPosition(relativeOffset: number): number {
    const at = this.#lastWhere(i => this.#offsets[i]! <= relativeOffset)
    return at < 0 ? 0 : this.#positions[at]!
  }

  /** A position such that no batch before it has a record with this timestamp or a later one. */
  floorPositionOfTime(timestamp: number): number {
    const at = this.#lastWhere(i => this.#timestamps[i]! < timestamp)
    return at < 0 ? 0 : this.#positions[at]!
  }

  /** Forgets what lies at `position` and behind. */
  truncate(position: number): void {
    while (this.#count > 0 && this.#positions[this.#count - 1]! >= position) this.#count--
  }

  #lastWhere(test: (i: number) => boolean): number {
    let low = -1
    let high = this.#count - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (test(middle)) low = middle
      else high = middle - 1
    }
    return low
  }

  #grow(): void {
    const capacity = this.#offsets.length * 2
    const offsets = new Int32Array(capacity)
    const positions = new Int32Array(capacity)
    const timestamps = new Float64Array(capacity)
    offsets.set(this.#offsets)
    positions.set(this.#positions)
    timestamps.set(this.#timestamps)
    this.#offsets = offsets
    this.#positions = positions
    this.#timestamps = timestamps
  }

  /** The content of an index file: a header with its own checksum, so that it can be read alone, and the entries. */
  encode(summary: Omit<SegmentSummary, 'entries'>): Buffer {
    const file = Buffer.alloc(HEADER_BYTES + this.#count * ENTRY_BYTES)
    for (let i = 0, at = HEADER_BYTES; i < this.#count; i++, at += ENTRY_BYTES) {
      file.writeInt32BE(this.#offsets[i]!, at)
      file.writeInt32BE(this.#positions[i]!, at + 4)
      file.writeDoubleBE(this.#timestamps[i]!, at + 8)
    }
    file.writeUInt32BE(FORMAT, 4)
    file.writeUInt32BE(summary.size, 8)
    file.writeUInt32BE(this.#count, 12)
    file.writeDoubleBE(summary.firstTimestamp, 16)
    file.writeDoubleBE(summary.maxTimestamp, 24)
    file.writeDoubleBE(summary.maxTimestampOffset, 32)
    file.writeUInt32BE(crc32c(file, HEADER_BYTES), 40)
    file.writeUInt32BE(crc32c(file, 4, HEADER_BYTES), 0)
    return file
  }

  /** null: damaged or another format; then the segment must be scanned. */
  static decode(file: Buffer): SparseIndex | null {
    const summary = decodeSummary(file)
    if (summary === null || file.length !== HEADER_BYTES + summary.entries * ENTRY_BYTES) return null
    if (file.readUInt32BE(40) !== crc32c(file, HEADER_BYTES)) return null
    const index = new SparseIndex()
    for (let at = HEADER_BYTES; at < file.length; at += ENTRY_BYTES) {
      index.add(file.readInt32BE(at), file.readInt32BE(at + 4), file.readDoubleBE(at + 8))
    }
    return index
  }
}

export const SUMMARY_BYTES = HEADER_BYTES

/** Reads the header of an index file; null when it is damaged. */
export function decodeSummary(head: Buffer): SegmentSummary | null {
  if (head.length < HEADER_BYTES || head.readUInt32BE(4) !== FORMAT) return null
  if (head.readUInt32BE(0) !== crc32c(head, 4, HEADER_BYTES)) return null
  return {
    size: head.readUInt32BE(8),
    entries: head.readUInt32BE(12),
    firstTimestamp: head.readDoubleBE(16),
    maxTimestamp: head.readDoubleBE(24),
    maxTimestampOffset: head.readDoubleBE(32),
  }
}
