import type { BatchHeader } from '../../protocol/batch-header.ts'
import { KafkaProtocolError } from '../../protocol/error-codes.ts'

/** How many of its last batches a producer may send again and still learn their offsets: what clients may have in flight. */
const REMEMBERED = 5
const MAX_SEQUENCE = 0x7fff_ffff

/** A batch that was appended: sequences of its first and last record, and offsets. */
export interface RememberedBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
  readonly lastOffset: number
  readonly timestamp: number
}

export interface ProducerState {
  readonly id: number
  epoch: number
  /** Milliseconds of the last append; what `producer.id.expiration.ms` counts from. */
  lastTimestamp: number
  /** Oldest first, at most five; none when only the epoch is known, from a marker that raised it. */
  batches: RememberedBatch[]
}

/** As stored: id, epoch, time of the last append, and per batch first and last sequence, base and last offset, time. */
export type ProducerSnapshot = readonly [number, number, number, readonly (readonly number[])[]]

/** What a partition knows of idempotent producers: a batch is appended once, in the order of its sequence, or not at all. */
export class ProducerStates {
  readonly #states = new Map<number, ProducerState>()

  get size(): number {
    return this.#states.size
  }

  /** 0 for a producer that is not known. */
  epochOf(producerId: number): number {
    return this.#states.get(producerId)?.epoch ?? 0
  }

  values(): Iterable<ProducerState> {
    return this.#states.values()
  }

  clear(): void {
    this.#states.clear()
  }

  /**
   * The batch that was appended when this one came the first time, or null: append it. Throws KafkaProtocolError
   * INVALID_PRODUCER_EPOCH or OUT_OF_ORDER_SEQUENCE_NUMBER. A producer unknown here may begin with any sequence.
   */
  check(batch: BatchHeader): RememberedBatch | null {
    const state = this.#states.get(batch.producerId)
    if (state === undefined) return null
    if (batch.producerEpoch < state.epoch) {
      const detail = `producer ${batch.producerId} has epoch ${state.epoch}, the batch has ${batch.producerEpoch}`
      throw new KafkaProtocolError('INVALID_PRODUCER_EPOCH', { detail })
    }
    const first = batch.baseSequence
    if (batch.producerEpoch > state.epoch) {
      if (first !== 0) throw outOfOrder(batch, 0)
      return null
    }
    const last = lastSequence(batch)
    const known = state.batches.find(b => b.firstSequence === first && b.lastSequence === last)
    if (known !== undefined) return known
    const newest = state.batches.at(-1)
    if (newest === undefined) return null
    const due = nextSequence(newest.lastSequence)
    if (first !== due) throw outOfOrder(batch, due)
    return null
  }

  /** Remembers a batch that was given its offsets; of what the broker wrote itself, which has no sequence, the epoch. */
  add(batch: BatchHeader, baseOffset: number, timestamp: number): void {
    if (batch.baseSequence < 0) {
      this.#raiseEpoch(batch.producerId, batch.producerEpoch, timestamp)
      return
    }
    const remembered: RememberedBatch = {
      firstSequence: batch.baseSequence,
      lastSequence: lastSequence(batch),
      baseOffset,
      lastOffset: baseOffset + batch.lastOffset - batch.baseOffset,
      timestamp,
    }
    const state = this.#states.get(batch.producerId)
    if (state === undefined || state.epoch !== batch.producerEpoch) {
      const { producerId: id, producerEpoch: epoch } = batch
      this.#states.set(id, { id, epoch, lastTimestamp: timestamp, batches: [remembered] })
      return
    }
    state.batches.push(remembered)
    if (state.batches.length > REMEMBERED) state.batches.shift()
    state.lastTimestamp = Math.max(state.lastTimestamp, timestamp)
  }

  #raiseEpoch(id: number, epoch: number, timestamp: number): void {
    const state = this.#states.get(id)
    if (state === undefined || state.epoch < epoch)
      this.#states.set(id, { id, epoch, lastTimestamp: timestamp, batches: [] })
    else state.lastTimestamp = Math.max(state.lastTimestamp, timestamp)
  }

  /** Compaction keeps the header of a producer's last batch, so that its sequence can be found again in the log. */
  isLastBatch(producerId: number, lastOffset: number): boolean {
    return this.#states.get(producerId)?.batches.at(-1)?.lastOffset === lastOffset
  }

  expire(before: number): void {
    for (const state of this.#states.values()) {
      if (state.lastTimestamp < before) this.#states.delete(state.id)
    }
  }

  /** Of batches below `endOffset` only: what is given its offset but not written yet may still fail. */
  snapshot(endOffset: number): ProducerSnapshot[] {
    const snapshots: ProducerSnapshot[] = []
    for (const { id, epoch, lastTimestamp, batches } of this.#states.values()) {
      const rows = batches
        .filter(b => b.lastOffset < endOffset)
        .map(b => [b.firstSequence, b.lastSequence, b.baseOffset, b.lastOffset, b.timestamp])
      if (rows.length > 0 || batches.length === 0) snapshots.push([id, epoch, lastTimestamp, rows])
    }
    return snapshots
  }

  restore(snapshots: readonly ProducerSnapshot[]): void {
    this.#states.clear()
    for (const [id, epoch, lastTimestamp, rows] of snapshots) {
      const batches = rows.map(
        ([firstSequence = -1, lastSequence = -1, baseOffset = -1, lastOffset = -1, timestamp = -1]) => ({
          firstSequence,
          lastSequence,
          baseOffset,
          lastOffset,
          timestamp,
        }),
      )
      this.#states.set(id, { id, epoch, lastTimestamp, batches })
    }
  }
}

/** Sequences wrap around to 0. By offsets, not by records: compaction removes records. */
function lastSequence(batch: BatchHeader): number {
  const last = batch.baseSequence + (batch.lastOffset - batch.baseOffset)
  return last > MAX_SEQUENCE ? last - MAX_SEQUENCE - 1 : last
}

const nextSequence = (last: number): number => (last === MAX_SEQUENCE ? 0 : last + 1)

const outOfOrder = (batch: BatchHeader, due: number): KafkaProtocolError =>
  new KafkaProtocolError('OUT_OF_ORDER_SEQUENCE_NUMBER', {
    detail: `producer ${batch.producerId} sent sequence ${batch.baseSequence}, ${due} is due`,
  })
