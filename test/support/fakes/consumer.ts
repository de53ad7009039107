import type { TopicPartition, TopicPartitionOffset } from '../../../runtime/api/record.ts'
import { AbortedError } from '../../../runtime/base/abort.ts'
import type { Consumer, ConsumerOptions, Fetched, FetchedBatch } from '../../../runtime/kafka/ports.ts'
import { RecordBatchReader } from '../../../runtime/protocol/record-batch-reader.ts'
import { RecordBatchWriter } from '../../../runtime/protocol/record-batch-writer.ts'

type Hooks = Pick<ConsumerOptions, 'assigned' | 'revoked' | 'lost'>

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`

/** A record batch with these texts as values, from `offset` on. */
export const fetchedBatch = (
  topic: string,
  partition: number,
  offset: number,
  values: readonly string[],
): FetchedBatch => {
  const writer = new RecordBatchWriter()
  for (const value of values) {
    writer.beginRecord(1_700_000_000_000, null)
    writer.writeText(value)
    writer.endRecord(true, null)
  }
  const bytes = Buffer.from(writer.finish())
  bytes.writeBigInt64BE(BigInt(offset), 0)
  const reader = new RecordBatchReader()
  reader.read(bytes)
  return { topic, partition, reader, from: 0, nextOffset: offset + values.length }
}

/** Partitions in memory: one batch per poll and partition, rebalances and failures when the test says so. */
export class FakeConsumer implements Consumer {
  readonly commits: TopicPartitionOffset[][] = []
  readonly calls: string[] = []
  released = 0
  polls = 0
  closed = false
  commitError: Error | undefined
  /** Resolves instead of the commit itself. */
  commitGate: Promise<void> | undefined
  /** How many batches one poll may give of a partition. */
  batchesPerPoll = 1
  #hooks: Hooks = {}
  readonly #logs = new Map<string, { topic: string; partition: number; values: string[] }>()
  readonly #positions = new Map<string, number>()
  readonly #paused = new Set<string>()
  #waiting: (() => void) | undefined
  #woken = false
  #rebalances: (() => Promise<void>)[] = []
  readonly #batchSize: number

  constructor(batchSize = 10) {
    this.#batchSize = batchSize
  }

  connect(hooks: Hooks): this {
    this.#hooks = hooks
    return this
  }

  /** Appends records; a poll that waits gets them. */
  append(topic: string, partition: number, values: readonly string[]): void {
    const at = { topic, partition }
    const log = this.#logs.get(keyOf(at)) ?? { ...at, values: [] }
    log.values.push(...values)
    this.#logs.set(keyOf(at), log)
    this.#waiting?.()
  }

  assign(...partitions: TopicPartitionOffset[]): void {
    this.#rebalance(async () => {
      for (const each of partitions) this.#positions.set(keyOf(each), each.offset)
      await this.#hooks.assigned?.(partitions)
    })
  }

  revoke(...partitions: TopicPartition[]): void {
    this.#rebalance(async () => {
      await this.#hooks.revoked?.(partitions)
      for (const each of partitions) this.#positions.delete(keyOf(each))
    })
  }

  lose(...partitions: TopicPartition[]): void {
    this.#rebalance(async () => {
      for (const each of partitions) this.#positions.delete(keyOf(each))
      await this.#hooks.lost?.(partitions)
    })
  }

  isPaused(at: TopicPartition): boolean {
    return this.#paused.has(keyOf(at))
  }

  async poll(timeoutMs: number, signal?: AbortSignal): Promise<Fetched> {
    this.polls++
    const end = performance.now() + timeoutMs
    for (;;) {
      for (let next = this.#rebalances.shift(); next !== undefined; next = this.#rebalances.shift()) await next()
      const batches = this.#take()
      if (batches.length > 0) return this.#fetched(batches)
      if (signal?.aborted) throw new AbortedError('Aborted')
      const left = end - performance.now()
      if (left <= 0 || this.#woken) {
        this.#woken = false
        return this.#fetched([])
      }
      await new Promise<void>(resolve => {
        const done = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', done)
          this.#waiting = undefined
          resolve()
        }
        const timer = setTimeout(done, left)
        signal?.addEventListener('abort', done)
        this.#waiting = done
      })
    }
  }

  wakeup(): void {
    this.#woken = true
    this.#waiting?.()
  }

  assignment(): readonly TopicPartition[] {
    return [...this.#logs.values()].filter(at => this.#positions.has(keyOf(at)))
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const each of partitions) this.#paused.add(keyOf(each))
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const each of partitions) this.#paused.delete(keyOf(each))
    this.#waiting?.()
  }

  seek(offsets: readonly TopicPartitionOffset[]): void {
    for (const each of offsets) {
      this.calls.push(`seek ${keyOf(each)}@${each.offset}`)
      this.#positions.set(keyOf(each), each.offset)
    }
  }

  async commit(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    if (this.commitGate !== undefined) await this.commitGate
    if (this.commitError !== undefined) throw this.commitError
    this.commits.push(offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset })))
  }

  async committed(): Promise<readonly TopicPartitionOffset[]> {
    return this.commits.flat()
  }

  async close(): Promise<void> {
    const assigned = [...this.#positions.keys()].map(key => {
      const dash = key.lastIndexOf('-')
      return { topic: key.slice(0, dash), partition: Number(key.slice(dash + 1)) }
    })
    if (assigned.length > 0) await this.#hooks.revoked?.(assigned)
    this.#positions.clear()
    this.closed = true
  }

  #rebalance(run: () => Promise<void>): void {
    this.#rebalances.push(run)
    this.#waiting?.()
  }

  #take(): FetchedBatch[] {
    const batches: FetchedBatch[] = []
    for (const [key, { topic, partition, values }] of this.#logs) {
      for (let count = 0; count < this.batchesPerPoll; count++) {
        const position = this.#positions.get(key)
        if (position === undefined || this.#paused.has(key) || position >= values.length) break
        const slice = values.slice(position, position + this.#batchSize)
        batches.push(fetchedBatch(topic, partition, position, slice))
        this.#positions.set(key, position + slice.length)
      }
    }
    return batches
  }

  #fetched(batches: readonly FetchedBatch[]): Fetched {
    return {
      batches,
      release: () => {
        this.released++
      },
    }
  }
}
