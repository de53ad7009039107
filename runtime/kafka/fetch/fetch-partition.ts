import { EMPTY_BYTES, ZERO_UUID } from '../../protocol/primitives.ts'
import type { Frame } from './frame.ts'
import type { TransactionFilter } from './transaction-filter.ts'

/** What one answer brought for one partition, or why it brought nothing that can be got over by trying again. */
export interface Chunk {
  readonly records: Buffer
  pos: number
  readonly filter: TransactionFilter | null
  readonly frame: Frame | null
  readonly error: Error | null
  /** Where reading goes on from here, after the log lost the offset; null: no such turn. */
  readonly turnTo: number | null
}

const NO_RECORDS: Chunk = { records: EMPTY_BYTES, pos: 0, filter: null, frame: null, error: null, turnTo: null }

/** A partition that is read: where the reader is, and where fetching is ahead of it. */
export class FetchPartition {
  readonly topic: string
  readonly partition: number
  /** The next offset to hand over. */
  position: number
  /** The next offset to ask for. */
  fetchOffset: number
  /** The end of what may be read, as last seen; infinity: not known. */
  limit = Number.POSITIVE_INFINITY
  /** Answers to requests of an earlier epoch are not wanted any more. */
  epoch = 0
  /** The epoch of the request that is out; -1: none. */
  askedEpoch = -1
  paused = false
  /** Not yet handed to the user: nothing is fetched. */
  held = false
  /** Being looked up, or broken until someone seeks. */
  stopped = false
  /** By `performance.now()`. */
  notBefore = 0
  failures = 0
  readonly chunks: Chunk[] = []
  chunkBytes = 0
  /** The offset of the batch whose checksum was wrong once. */
  damagedAt = -1
  #topicId = ZERO_UUID

  constructor(topic: string, partition: number, offset: number) {
    this.topic = topic
    this.partition = partition
    this.position = offset
    this.fetchOffset = offset
  }

  /** An answer that is wanted is still to come. */
  get isAsked(): boolean {
    return this.askedEpoch === this.epoch
  }

  get isReading(): boolean {
    return !this.paused && !this.held
  }

  /** More is there than was asked for. */
  get isBehind(): boolean {
    return this.fetchOffset < this.limit
  }

  /** Told the topic's id as the metadata has it now; zeros: not known. True when the topic was deleted and made anew: its log has other records at our offsets. */
  madeAnew(topicId: string): boolean {
    if (topicId === ZERO_UUID) return false
    const before = this.#topicId
    this.#topicId = topicId
    return before !== ZERO_UUID && topicId !== before
  }

  add(chunk: Chunk): void {
    chunk.frame?.retain()
    this.chunks.push(chunk)
    this.chunkBytes += chunk.records.length
  }

  /** Nothing more can be read before someone seeks; the reader hears why when it comes here. */
  fail(error: Error): void {
    this.stopped = true
    this.add({ ...NO_RECORDS, error })
  }

  /** From here on the reader is at `offset`. */
  turnTo(offset: number): void {
    this.stopped = false
    this.fetchOffset = offset
    if (this.chunks.length === 0) this.position = offset
    else this.add({ ...NO_RECORDS, turnTo: offset })
  }

  /** The first chunk is used up. */
  shift(): void {
    const chunk = this.chunks.shift()
    if (chunk === undefined) return
    this.chunkBytes -= chunk.records.length
    chunk.frame?.release()
  }

  /** Goes on at this offset; what was fetched ahead is dropped. */
  moveTo(offset: number): void {
    this.epoch++
    while (this.chunks.length > 0) this.shift()
    this.position = offset
    this.fetchOffset = offset
    this.limit = Number.POSITIVE_INFINITY
    this.stopped = false
    this.notBefore = 0
    this.failures = 0
  }
}
