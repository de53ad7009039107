import { BatchAttributes, BatchLayout, checkCrc, readBaseOffset, wholeBatchSize } from '../../protocol/batch-header.ts'
import { controlType } from '../../protocol/control-records.ts'
import { EMPTY_BYTES } from '../../protocol/primitives.ts'
import { CorruptRecordError } from '../../protocol/protocol-error.ts'
import { RecordBatchReader } from '../../protocol/record-batch-reader.ts'
import { asError } from '../errors.ts'
import type { Fetched, FetchedBatch } from '../ports.ts'
import type { Chunk, FetchPartition } from './fetch-partition.ts'
import type { Frame } from './frame.ts'

/** About what one poll hands over: the event loop gets its turn in between. */
const POLL_BYTES = 1024 * 1024

interface MutableBatch extends FetchedBatch {
  nextOffset: number
}

/** Decodes what has arrived, in order within each partition, partitions in turn. Readers and frames are used again. */
export class Drain {
  readonly #readers: RecordBatchReader[] = []
  readonly #control = new RecordBatchReader()
  readonly #maxRecords: number
  readonly #onDamaged: (state: FetchPartition, error: Error) => void
  #last: Drained | null = null

  /** `onDamaged`: a batch was damaged for the first time; the partition was moved back to it. */
  constructor(maxRecords: number, onDamaged: (state: FetchPartition, error: Error) => void) {
    this.#maxRecords = maxRecords
    this.#onDamaged = onDamaged
  }

  /** About 1 MiB of batches, never more records than allowed unless one batch alone has more. Throws what a partition met. */
  take(waiting: Set<FetchPartition>): Fetched {
    // Who polls again does not count on what was handed over before.
    this.#last?.forget()
    const drained = new Drained(reader => this.#readers.push(reader))
    this.#last = drained
    let bytes = 0
    let records = 0
    for (const state of [...waiting]) {
      if (!state.isReading) continue
      waiting.delete(state)
      let previous: MutableBatch | null = null
      while (state.chunks.length > 0) {
        const chunk = state.chunks[0]!
        if (chunk.error !== null) {
          // What came before it is handed over first.
          if (drained.batches.length > 0) break
          waiting.add(state)
          throw chunk.error
        }
        if (chunk.turnTo !== null) {
          state.position = chunk.turnTo
          state.shift()
          continue
        }
        const start = chunk.pos
        const batch = this.#next(state, chunk, previous)
        if (batch === null) {
          // After damage there is no chunk any more.
          if (state.chunks[0] === chunk) state.shift()
          continue
        }
        drained.add(batch, chunk.frame!)
        previous = batch
        bytes += chunk.pos - start
        records += batch.reader.count - batch.from
        if (bytes >= POLL_BYTES || records >= this.#maxRecords) break
      }
      if (state.chunks.length > 0) waiting.add(state)
      if (bytes >= POLL_BYTES || records >= this.#maxRecords) break
    }
    return drained
  }

  /** The next batch of the chunk with records for the reader; null: the chunk holds none any more. */
  #next(state: FetchPartition, chunk: Chunk, previous: MutableBatch | null): MutableBatch | null {
    const { records, filter } = chunk
    for (;;) {
      const { pos } = chunk
      try {
        const size = wholeBatchSize(records, pos, records.length)
        if (size < 0) return null
        const last = readBaseOffset(records, pos) + records.readInt32BE(pos + BatchLayout.LAST_OFFSET_DELTA)
        const attributes = records.readInt16BE(pos + BatchLayout.ATTRIBUTES)
        // The filter must see every batch.
        const skip = this.#hidden(records, pos, filter, attributes, last) || last < state.position
        if (!skip) {
          const batch = this.#read(state, records, pos)
          chunk.pos = pos + size
          state.position = last + 1
          state.damagedAt = -1
          if (batch !== null) return batch
        } else {
          // What says that a batch is not for us may be what is damaged (invariant 4).
          checkCrc(records, pos, size)
          chunk.pos = pos + size
          if (last >= state.position) state.position = last + 1
        }
        if (previous !== null) previous.nextOffset = state.position
      } catch (error) {
        this.#damaged(state, asError(error))
        return null
      }
    }
  }

  /** Null: all its records lie below the position, or compaction took them. */
  #read(state: FetchPartition, records: Buffer, pos: number): MutableBatch | null {
    const reader = this.#readers.pop() ?? new RecordBatchReader()
    reader.read(records, pos, records.length)
    let from = 0
    // A fetch begins with the batch that holds the offset.
    while (from < reader.count && reader.offset(from) < state.position) from++
    if (from === reader.count) {
      this.#readers.push(reader)
      return null
    }
    return { topic: state.topic, partition: state.partition, reader, from, nextOffset: reader.lastOffset + 1 }
  }

  /** Markers, and what a transaction took back. */
  #hidden(records: Buffer, pos: number, filter: Chunk['filter'], attributes: number, last: number): boolean {
    const isControl = (attributes & BatchAttributes.CONTROL) !== 0
    if (filter === null) return isControl
    const producerId = Number(records.readBigInt64BE(pos + BatchLayout.PRODUCER_ID))
    const aborted = filter.leavesOut(producerId, last, (attributes & BatchAttributes.TRANSACTIONAL) !== 0)
    if (!isControl) return aborted
    this.#control.read(records, pos, records.length)
    const key = this.#control.count > 0 ? this.#control.key(0) : null
    if (key !== null && controlType(key) === 'abort') filter.abortMarker(producerId)
    return true
  }

  /** Once may be the wire's fault: the batch is fetched again. Twice is the log's. */
  #damaged(state: FetchPartition, error: Error): void {
    const { topic, partition, position } = state
    const again = !(error instanceof CorruptRecordError) || state.damagedAt === position
    state.moveTo(position)
    if (again) {
      const text = `${topic}-${partition} cannot be read at offset ${position}: ${error.message}`
      state.fail(new Error(text, { cause: error }))
    } else {
      state.damagedAt = position
      this.#onDamaged(state, error)
    }
  }
}

class Drained implements Fetched {
  readonly batches: MutableBatch[] = []
  readonly #frames: Frame[] = []
  readonly #giveReader: (reader: RecordBatchReader) => void
  #state: 'held' | 'forgotten' | 'released' = 'held'

  constructor(giveReader: (reader: RecordBatchReader) => void) {
    this.#giveReader = giveReader
  }

  add(batch: MutableBatch, frame: Frame): void {
    this.batches.push(batch)
    if (this.#frames.at(-1) === frame) return
    frame.retain()
    this.#frames.push(frame)
  }

  release(): void {
    if (this.#state === 'released') return
    for (const frame of this.#frames) {
      if (this.#state === 'held') frame.forget()
      frame.reuse()
    }
    this.#state = 'released'
    for (const { reader } of this.batches) {
      reader.payload = EMPTY_BYTES
      this.#giveReader(reader)
    }
  }

  /** Its memory does not count any more, whoever still holds it. */
  forget(): void {
    if (this.#state !== 'held') return
    this.#state = 'forgotten'
    for (const frame of this.#frames) frame.forget()
  }
}
