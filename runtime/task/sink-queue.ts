import type { SinkRecord, TopicPartition } from '../api/record.ts'
import type { Fetched, FetchedBatch } from '../kafka/ports.ts'

/** Most records and bytes in one `write`, unless a single batch of Kafka holds more: bounds the objects that are made at once. */
const MAX_RECORDS = 10_000
const MAX_BYTES = 4 * 1024 * 1024

interface Entry {
  readonly batch: FetchedBatch
  readonly fetch: { readonly fetched: Fetched; left: number }
}

/** What goes into one `write`: converted once, kept as it is while it is tried again. */
export interface Slice {
  readonly entries: readonly Entry[]
  readonly batches: readonly FetchedBatch[]
  records: readonly SinkRecord[]
}

const same = (a: TopicPartition, b: TopicPartition): boolean => a.partition === b.partition && a.topic === b.topic

const bytesOf = ({ reader, from }: FetchedBatch): number =>
  from >= reader.count ? 0 : reader.recordEnd(reader.count - 1) - reader.recordStart(from)

/** Batches fetched and not yet delivered, in order. Gives the memory of a fetch back when all of it is done with. */
export class SinkQueue {
  readonly #release: boolean
  #entries: Entry[] = []

  /** `release`: the connector keeps nothing of what it was given (`keepsNothing`). */
  constructor(release: boolean) {
    this.#release = release
  }

  get empty(): boolean {
    return this.#entries.length === 0
  }

  /** Takes what `wanted` lets through; the rest (of partitions that have just left) is dropped. */
  add(fetched: Fetched, wanted: (batch: FetchedBatch) => boolean): void {
    const fetch = { fetched, left: 0 }
    for (const batch of fetched.batches) {
      if (!wanted(batch)) continue
      fetch.left++
      this.#entries.push({ batch, fetch })
    }
    if (fetch.left === 0 && fetched.batches.length > 0 && this.#release) fetched.release()
  }

  /** The next batches, and how many records of Kafka are in them; undefined when there are none. */
  take():
    | { readonly entries: readonly Entry[]; readonly batches: readonly FetchedBatch[]; readonly count: number }
    | undefined {
    if (this.#entries.length === 0) return undefined
    let bytes = 0
    let count = 0
    let end = 0
    for (const { batch } of this.#entries) {
      const records = Math.max(0, batch.reader.count - batch.from)
      const size = bytesOf(batch)
      if (end > 0 && (count + records > MAX_RECORDS || bytes + size > MAX_BYTES)) break
      end++
      count += records
      bytes += size
    }
    const entries = this.#entries.splice(0, end)
    return { entries, batches: entries.map(({ batch }) => batch), count }
  }

  /** These were delivered, or will never be. */
  done(entries: readonly Entry[]): void {
    for (const { fetch } of entries) {
      fetch.left--
      if (fetch.left === 0 && this.#release) fetch.fetched.release()
    }
  }

  /** Forgets what waits of these partitions. */
  drop(partitions: readonly TopicPartition[]): void {
    if (this.#entries.length === 0) return
    const gone = (entry: Entry) => partitions.some(at => same(at, entry.batch))
    const dropped = this.#entries.filter(gone)
    if (dropped.length === 0) return
    this.#entries = this.#entries.filter(entry => !gone(entry))
    this.done(dropped)
  }

  /** Partitions of which something waits. */
  partitions(): readonly TopicPartition[] {
    return this.#entries.map(({ batch }) => batch)
  }
}

/** The slice without these partitions; undefined when nothing is left of it. */
export const without = (slice: Slice, partitions: readonly TopicPartition[], queue: SinkQueue): Slice | undefined => {
  const gone = (at: TopicPartition) => partitions.some(each => same(each, at))
  const dropped = slice.entries.filter(({ batch }) => gone(batch))
  if (dropped.length === 0) return slice
  queue.done(dropped)
  const entries = slice.entries.filter(({ batch }) => !gone(batch))
  if (entries.length === 0) return undefined
  return {
    entries,
    batches: entries.map(({ batch }) => batch),
    // Transforms may have changed topic and partition: where a record was read decides.
    records: slice.records.filter(({ original }) => !gone(original)),
  }
}
