import { ConnectError } from '../api/errors.ts'
import type { OffsetMap, SourceRecord } from '../api/record.ts'
import type { Delivery } from '../kafka/ports.ts'
import type { SourceOffset } from '../stores/ports.ts'

/** What to do about records that the producer gave up: `skip` counts them as acknowledged (dropped on purpose). */
export type ProduceFailure = (count: number, topic: string, partition: number, error: Error) => 'fail' | 'skip'

/** What may be stored now. */
export interface Committable {
  readonly offsets: readonly SourceOffset[]
  /** By source partition, the record whose offset it is. */
  readonly records: ReadonlyMap<string, SourceRecord>
}

/** Equal for equal source partitions. Member order matters, as in the offset store. */
const partitionKey = (partition: OffsetMap): string => {
  if (typeof partition !== 'object' || partition === null)
    throw new ConnectError(`A source record needs a source partition that is an object, not ${String(partition)}`)
  return JSON.stringify(partition, jsonSafe)
}

const jsonSafe = (_: string, value: unknown): unknown => {
  if (typeof value !== 'bigint') return value
  return Number.isSafeInteger(Number(value)) ? Number(value) : { bigint: String(value) }
}

const offsetOf = (record: SourceRecord): SourceOffset => {
  const { sourcePartition: partition, sourceOffset: offset } = record
  // Storing "nothing" would reset the position (invariant 9).
  if (typeof offset !== 'object' || offset === null)
    throw new ConnectError(
      `The source offset of a record of source partition ${partitionKey(partition)} is ${String(offset)}, not an object`,
    )
  return { partition, offset }
}

/** A run of records: those of one source partition within one batch. */
class Run implements Delivery {
  readonly batch: number
  /** Its last record: the offset behind it is read only when it is stored. */
  last: SourceRecord
  submitted = 0
  acked = 0
  readonly #ledger: SubmittedRecords

  constructor(ledger: SubmittedRecords, batch: number, first: SourceRecord) {
    this.#ledger = ledger
    this.batch = batch
    this.last = first
  }

  acknowledged(count: number, topic: string, _partition: number): void {
    this.acked += count
    this.#ledger.settled(count, topic)
  }

  failed(count: number, topic: string, partition: number, error: Error): void {
    // Invariant 1: a failed record that was not dropped on purpose is never counted, so nothing behind it is ever stored.
    if (this.#ledger.decide(count, topic, partition, error) === 'skip') this.acked += count
    this.#ledger.settled(count, undefined)
  }
}

/**
 * The ledger of a source task: which records are on their way to the broker, and up to where each source partition may be
 * committed (invariant 1). One entry per run of records of one source partition in one batch; per source partition a queue in
 * order of submission; committable is what lies before the first run that is not acknowledged whole.
 *
 * A source partition must not be changed after it was handed over: the same object is taken for the same partition.
 */
export class SubmittedRecords {
  /** Records submitted and neither acknowledged nor given up. */
  inFlight = 0
  /** Records acknowledged since the start. */
  acknowledged = 0
  readonly #queues = new Map<string, Run[]>()
  /** Committable, and not yet confirmed as stored. */
  readonly #ready = new Map<string, SourceRecord>()
  readonly #onFailure: ProduceFailure
  readonly #onTopic: (topic: string) => void
  readonly #topics = new Set<string>()
  #lastTopic: string | undefined
  #batch = 0
  #lastPartition: OffsetMap | undefined
  #lastRun: Run | undefined

  /** `onTopic` hears of every topic in which a record was stored, once between two commits. */
  constructor(onFailure: ProduceFailure, onTopic: (topic: string) => void = () => {}) {
    this.#onFailure = onFailure
    this.#onTopic = onTopic
  }

  /** The records submitted from here on belong to another batch. */
  beginBatch(): void {
    this.#batch++
    this.#forgetLast()
  }

  /** This record is about to be produced; the producer tells the returned delivery what became of it. */
  submit(record: SourceRecord): Delivery {
    const run = this.#runOf(record)
    run.submitted++
    this.inFlight++
    return run
  }

  /** This record is left out on purpose (filtered, or tolerated): the position may move past it. */
  dropped(record: SourceRecord): void {
    const run = this.#runOf(record)
    run.submitted++
    run.acked++
  }

  /** What may be stored now. Everything not confirmed by `stored` is in it again the next time, unless there is newer. */
  committable(): Committable {
    for (const [key, runs] of this.#queues) this.#settle(key, runs)
    // A run that was taken out must not be added to any more.
    this.#forgetLast()
    // Topics in use are told again: the list of them may have been reset.
    this.#topics.clear()
    this.#lastTopic = undefined
    return { offsets: Array.from(this.#ready.values(), offsetOf), records: new Map(this.#ready) }
  }

  /**
   * The position behind everything submitted so far, acknowledged or not: for what is written in one transaction with the
   * records, and is nothing when one of them fails.
   */
  submitted(): readonly SourceOffset[] {
    const latest = new Map(this.#ready)
    for (const [key, runs] of this.#queues) if (runs.length > 0) latest.set(key, runs.at(-1)!.last)
    return Array.from(latest.values(), offsetOf)
  }

  /** These are durable. */
  stored(committable: Committable): void {
    for (const [key, record] of committable.records) {
      if (this.#ready.get(key) === record) this.#ready.delete(key)
    }
  }

  /** Called by runs. */
  settled(count: number, topic: string | undefined): void {
    this.inFlight -= count
    if (topic === undefined) return
    this.acknowledged += count
    if (topic === this.#lastTopic) return
    this.#lastTopic = topic
    if (this.#topics.has(topic)) return
    this.#topics.add(topic)
    this.#onTopic(topic)
  }

  /** Called by runs. */
  decide(count: number, topic: string, partition: number, error: Error): 'fail' | 'skip' {
    return this.#onFailure(count, topic, partition, error)
  }

  /** Takes the acknowledged runs at the head out; of what they held only the last record stays. */
  #settle(key: string, runs: Run[]): void {
    let whole = 0
    while (whole < runs.length && runs[whole]!.acked === runs[whole]!.submitted) whole++
    if (whole === 0) return
    this.#ready.set(key, runs[whole - 1]!.last)
    runs.splice(0, whole)
    if (runs.length === 0) this.#queues.delete(key)
  }

  #forgetLast(): void {
    this.#lastPartition = undefined
    this.#lastRun = undefined
  }

  #runOf(record: SourceRecord): Run {
    const partition = record.sourcePartition
    if (this.#lastRun === undefined || partition !== this.#lastPartition) {
      this.#lastRun = this.#openRun(record)
      this.#lastPartition = partition
    }
    this.#lastRun.last = record
    return this.#lastRun
  }

  #openRun(record: SourceRecord): Run {
    const key = partitionKey(record.sourcePartition)
    const known = this.#queues.get(key)
    const tail = known?.at(-1)
    if (tail !== undefined && tail.batch === this.#batch) return tail
    // Not only at commits: a record may hold on to the whole chunk it was read in.
    if (known !== undefined) this.#settle(key, known)
    const runs = this.#queues.get(key) ?? []
    this.#queues.set(key, runs)
    const run = new Run(this, this.#batch, record)
    runs.push(run)
    return run
  }
}
