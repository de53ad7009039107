import {
  ConnectError,
  isDataError,
  RetriableError,
  type SinkContext,
  type SinkRecord,
  type SinkTask,
  type TopicPartition,
  type TopicPartitionOffset,
} from 'millrace'
import { BufferPool } from './buffer-pool.ts'
import type { Codec } from './codec.ts'
import type { Format } from './format.ts'
import { Gate } from './gate.ts'
import type { Layout } from './layout.ts'
import { PartitionWriter, type Spot, type WriterTools } from './partition-writer.ts'
import { isLostUpload, mayRetry } from './problems.ts'
import { type RequestSettings, Requests, StoppedError } from './requests.ts'
import type { RotationSettings } from './rotation.ts'
import { SpillFiles } from './spill-files.ts'
import type { ObjectStore } from './store.ts'

/** What a front-end makes of its users' settings. */
export interface TaskSettings {
  readonly layout: Layout
  readonly format: Format
  readonly codec: Codec
  readonly rotation: RotationSettings
  /** Every offset commit closes all files. */
  readonly rotateOnFlush: boolean
  /** A null value: decides before the record is written; 'fail' throws. */
  readonly nullValues: 'fail' | 'ignore' | 'report' | 'write'
  readonly partBytes: number
  /** Memory for records, blocks and parts; what does not fit waits on disk. */
  readonly bufferBytes: number
  readonly sendMd5: boolean
  readonly requests: RequestSettings
  /** How long a commit or the end of the task waits for files that are closed already. */
  readonly flushWaitMs: number
  /** Objects are tagged with startOffset, endOffset, recordCount and these. */
  readonly tags?: { readonly more: readonly (readonly [string, string])[]; readonly mustSucceed: boolean }
  /** A failed request in words. */
  readonly explain: (error: unknown) => string
}

/** Blocks that wait to be compressed or are being so: enough to keep two cores busy. */
const maxEncoding = 4
const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`

/** The task of both S3 sinks: spreads records over writers, pushes back when S3 or memory does, says what may be committed. */
export class S3SinkTask implements SinkTask {
  readonly #settings: TaskSettings
  readonly #store: ObjectStore
  readonly #ctx: SinkContext
  readonly #pool: BufferPool
  readonly #encoder = new Gate(maxEncoding)
  readonly #requests: Requests
  readonly #tools: WriterTools
  readonly #writers = new Map<string, PartitionWriter>()
  /** Which topic partition writes under a prefix: two would overwrite each other's objects. */
  readonly #owners = new Map<string, PartitionWriter>()
  #lost: { readonly writer: PartitionWriter; readonly error: unknown }[] = []
  #call = 0
  #lastWriter: PartitionWriter | undefined

  constructor(settings: TaskSettings, store: ObjectStore, ctx: SinkContext) {
    this.#settings = settings
    this.#store = store
    this.#ctx = ctx
    this.#pool = new BufferPool(settings.bufferBytes)
    this.#requests = new Requests(settings.requests, () => this.#pool.notify())
    this.#tools = {
      ...settings,
      store,
      requests: this.#requests,
      pool: this.#pool,
      spills: new SpillFiles(),
      encoder: this.#encoder,
      log: ctx.log,
      stored: (key, first, last, count) => this.#tag(key, first, last, count),
      failed: (writer, error) => this.#failed(writer, error),
    }
    ctx.signal.addEventListener('abort', () => this.#stopping(), { once: true })
  }

  assigned(partitions: readonly TopicPartitionOffset[]): void {
    for (const at of partitions) this.#writers.set(nameOf(at), new PartitionWriter(at, at.offset, this.#tools))
    this.#lastWriter = undefined
  }

  async revoked(partitions: readonly TopicPartition[]): Promise<void> {
    const leaving = partitions.flatMap(at => this.#writers.get(nameOf(at)) ?? [])
    for (const writer of leaving) {
      this.#writers.delete(nameOf(writer))
      for (const [prefix, owner] of this.#owners) if (owner === writer) this.#owners.delete(prefix)
    }
    this.#lastWriter = undefined
    await Promise.all(leaving.map(writer => writer.reset()))
  }

  async close(): Promise<void> {
    await this.revoked([...this.#writers.values()])
    this.#store.close()
  }

  async write(batch: readonly SinkRecord[]): Promise<void> {
    this.#checkHealth()
    await this.#restartLost()
    const now = Date.now()
    this.#call++
    try {
      for (const record of batch) {
        const writer = this.#writerOf(record)
        if (writer.skipping) continue
        const { offset } = record.original
        if (writer.next !== undefined && offset < writer.next) {
          if (writer.retryFrom !== undefined && offset >= writer.retryFrom) continue
          // Read again from before: the runtime went back, so what is in the making would be there twice.
          await writer.reset()
        }
        const taken = this.#take(writer, record, now)
        if (taken !== undefined) await taken
        writer.next = offset + 1
        if (this.#pool.full || this.#encoder.load > maxEncoding) await this.#room()
      }
    } catch (error) {
      // The same batch comes again: what of it is taken already must not be taken twice (invariant 6).
      for (const writer of this.#writers.values()) {
        if (writer.call === this.#call)
          writer.retryFrom = Math.min(writer.callFrom, writer.retryFrom ?? writer.callFrom)
      }
      throw error
    }
    let due = Number.POSITIVE_INFINITY
    for (const writer of this.#writers.values()) {
      writer.retryFrom = undefined
      writer.idle(now)
      due = Math.min(due, writer.due)
    }
    if (due !== Number.POSITIVE_INFINITY) this.#ctx.wakeAfter(Math.max(0, due - Date.now()))
  }

  /** Offsets of what is delivered. Never throws for S3: the next `write` says what is wrong. */
  async flush(upTo: readonly TopicPartitionOffset[]): Promise<readonly TopicPartitionOffset[]> {
    if (this.#settings.rotateOnFlush) for (const writer of this.#writers.values()) writer.rotate('schedule')
    await this.#settle()
    return upTo.flatMap(at => {
      const offset = this.#writers.get(nameOf(at))?.committable(at.offset)
      return offset === undefined ? [] : [{ topic: at.topic, partition: at.partition, offset }]
    })
  }

  /** Invariant 7: what a store that does not answer may still do must not happen over the objects of whoever comes next. */
  #stopping(): void {
    this.#pool.notify()
    setTimeout(() => {
      this.#requests.end()
      this.#store.close()
      this.#pool.notify()
    }, this.#settings.flushWaitMs).unref()
  }

  #writerOf(record: SinkRecord): PartitionWriter {
    const at = record.original
    let writer = this.#lastWriter
    if (writer === undefined || writer.partition !== at.partition || writer.topic !== at.topic) {
      writer = this.#writers.get(nameOf(at))
      if (writer === undefined) {
        throw new ConnectError(`A record of ${nameOf(at)} came, but this task was never assigned that partition`)
      }
      this.#lastWriter = writer
    }
    if (writer.call !== this.#call) {
      writer.call = this.#call
      writer.callFrom = at.offset
      writer.skipping = false
    }
    return writer
  }

  /** Writes one record; a promise only when the store has to be asked first. */
  #take(writer: PartitionWriter, record: SinkRecord, now: number): Promise<void> | undefined {
    try {
      // A value that is still JSON text is not null, unless that is what the text says.
      const lazy = record.lazyValue
      if ((lazy === undefined || lazy.maxJsonBytes < 16) && (record.value ?? null) === null) {
        if (this.#settings.nullValues !== 'write') return this.#nullValue(record)
      }
      const { layout } = this.#settings
      const timestamp = layout.timestampOf(record, now)
      const place = layout.placeOf(record, timestamp)
      const spot = writer.knownSpot(record, place)
      if (spot === undefined) return this.#learnAndTake(writer, record, place, timestamp, now)
      writer.take(record, spot, timestamp, now)
      return undefined
    } catch (error) {
      this.#rejected(record, error)
      return undefined
    }
  }

  async #learnAndTake(
    writer: PartitionWriter,
    record: SinkRecord,
    place: string,
    timestamp: number | undefined,
    now: number,
  ): Promise<void> {
    const { before } = this.#settings.layout.slotOf(record.topic, record.partition, place)
    const owner = this.#owners.get(before)
    if (owner !== undefined && owner !== writer) {
      throw new ConnectError(
        `${nameOf(owner)} and ${nameOf(writer)} both write objects named ${before}...: a transformation gave their records the same topic and partition, and one would overwrite the other`,
      )
    }
    this.#owners.set(before, writer)
    let spot: Spot
    try {
      spot = await writer.learnSpot(record, place)
    } catch (error) {
      throw this.#inWords(error, mayRetry(error))
    }
    try {
      writer.take(record, spot, timestamp, now)
    } catch (error) {
      this.#rejected(record, error)
    }
  }

  #rejected(record: SinkRecord, error: unknown): void {
    if (!isDataError(error)) throw error
    this.#ctx.reject(record, error)
  }

  #nullValue(record: SinkRecord): undefined {
    const { topic, partition, offset } = record.original
    const what = `The record ${topic}-${partition}@${offset} has a null value`
    if (this.#settings.nullValues === 'fail') {
      throw new ConnectError(`${what}: set behavior.on.null.values to ignore, or filter tombstones with a predicate`)
    }
    if (this.#settings.nullValues === 'report') this.#ctx.reject(record, new ConnectError(what))
    return undefined
  }

  /** Fails fast, before anything of a batch is taken. */
  #checkHealth(): void {
    const { fatal, outage } = this.#requests
    if (fatal !== undefined) throw this.#inWords(fatal.error, false)
    if (outage === undefined) return
    throw this.#inWords(outage.error, true)
  }

  #inWords(error: unknown, retriable: boolean): Error {
    const message = this.#settings.explain(error)
    if (!retriable) return new ConnectError(message, { cause: error })
    return new RetriableError(message, { cause: error, retryAfterMs: Math.min(1000, this.#settings.requests.pauseMs) })
  }

  /** Waits until memory and codec have room again; throws RetriableError when S3 is the reason that they have not. */
  async #room(): Promise<void> {
    while (this.#pool.full || this.#encoder.load > maxEncoding) {
      this.#checkHealth()
      if (this.#ctx.signal.aborted) throw new RetriableError('The task is stopping')
      if (this.#pool.full && this.#encoder.load === 0) {
        const files = [...this.#writers.values()].flatMap(writer => writer.openFiles)
        if (files.reduce((cut, file) => file.cutPart() || cut, false)) continue
        if (this.#requests.load === 0) {
          const largest = files.reduce((a, b) => (b.held > a.held ? b : a), files[0]!)
          // Only small blocks are left: that is as little as it can be.
          if (files.length === 0 || largest.held === 0) return
          await largest.spill()
          continue
        }
      }
      const changed = this.#pool.changed()
      await (this.#encoder.load > maxEncoding ? this.#encoder.next() : changed)
    }
  }

  /** Waits for closed files, as long as things move. */
  async #settle(): Promise<void> {
    let late = false
    const timer = setTimeout(() => {
      late = true
      this.#pool.notify()
    }, this.#settings.flushWaitMs)
    const waiting = () => [...this.#writers.values()].some(writer => writer.busy)
    while (!late && waiting() && this.#requests.outage === undefined && this.#requests.fatal === undefined) {
      await this.#pool.changed()
    }
    clearTimeout(timer)
  }

  #failed(writer: PartitionWriter, error: unknown): void {
    if (error instanceof StoppedError) return
    if (isLostUpload(error)) this.#lost.push({ writer, error })
    else this.#requests.fail(error)
    this.#pool.notify()
  }

  async #tag(key: string, first: number, last: number, count: number): Promise<void> {
    const { tags, explain } = this.#settings
    if (tags === undefined) return
    const all = {
      startOffset: String(first),
      endOffset: String(last),
      recordCount: String(count),
      ...Object.fromEntries(tags.more),
    }
    if (tags.mustSucceed) return this.#requests.send(() => this.#store.tag(key, all), this.#ctx.signal)
    await this.#store.tag(key, all).catch(error => {
      this.#ctx.log.warn('An object is there, but could not be tagged', { key, error: explain(error) })
    })
  }

  /** Uploads that S3 forgot (a lifecycle rule, somebody's abort): their records are read again. */
  async #restartLost(): Promise<void> {
    for (const { writer, error } of this.#lost.splice(0)) {
      if (this.#writers.get(nameOf(writer)) !== writer) continue
      const offset = writer.restart
      this.#ctx.log.warn('An unfinished upload is gone from S3: its records are read again', {
        topicPartition: nameOf(writer),
        offset,
        error: this.#settings.explain(error),
      })
      await writer.reset()
      writer.call = this.#call + 1
      writer.callFrom = offset
      writer.skipping = true
      this.#ctx.seek([{ topic: writer.topic, partition: writer.partition, offset }])
    }
  }
}
