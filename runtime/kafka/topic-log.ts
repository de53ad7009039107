import type { Log } from '../api/context.ts'
import type { TopicPartitionOffset } from '../api/record.ts'
import { type Deferred, deferred } from '../base/deferred.ts'
import { KafkaProtocolError } from '../protocol/error-codes.ts'
import type { Cluster } from './cluster/cluster.ts'
import { listOffsets, type OffsetPlace } from './cluster/offsets.ts'
import { asError, closedError } from './errors.ts'
import { Drain } from './fetch/drain.ts'
import { type FetchConfig, fetchConfig } from './fetch/fetch-config.ts'
import { Fetcher } from './fetch/fetcher.ts'
import { partitionForKey } from './partitioner.ts'
import type { Delivery, Fetched, Producer, TopicLog, TopicLogOptions } from './ports.ts'
import { Yielding } from './yielding.ts'

interface Waiter {
  readonly ends: readonly TopicPartitionOffset[]
  readonly done: Deferred<void>
}

/** The topic log of `ports.ts`. Partitions added later are read from their beginning too. */
export class KafkaTopicLog implements TopicLog {
  readonly #cluster: Cluster
  readonly #options: TopicLogOptions
  readonly #config: FetchConfig
  readonly #fetcher: Fetcher
  readonly #drain: Drain
  readonly #newProducer: () => Producer
  #producer: Promise<Producer> | null = null
  #arrival: Deferred<void> = deferred()
  #waiters: Waiter[] = []
  #failure: Error | null = null
  #stopped = false
  #running: Promise<void> | null = null
  #known = 0

  constructor(cluster: Cluster, options: TopicLogOptions, newProducer: () => Producer, log?: Log) {
    this.#cluster = cluster
    this.#options = options
    this.#newProducer = newProducer
    this.#config = {
      ...fetchConfig(cluster.config),
      readCommitted: options.isolation === 'read_committed',
      reset: 'earliest',
    }
    this.#fetcher = new Fetcher({
      cluster,
      config: this.#config,
      log,
      onArrival: () => this.#arrival.resolve(),
      onFatal: error => this.#fail(error),
    })
    this.#drain = new Drain(Number.POSITIVE_INFINITY, (_, error) => {
      log?.warn('A damaged record batch is fetched again', { topic: options.topic, reason: error.message })
      this.#fetcher.schedule()
    })
  }

  async start(): Promise<void> {
    if (this.#running !== null) throw new Error(`The log of ${this.#options.topic} was started already`)
    this.#cluster.watch([this.#options.topic])
    await this.#cluster.refresh().catch(() => {})
    this.#cluster.onRefresh(() => void this.#watchPartitions().catch(error => this.#fail(asError(error))))
    await this.#watchPartitions()
    this.#running = this.#run()
    // Not held up by a transaction that a dead writer left open.
    await this.#reach(await this.#offsets('latest', 0, this.#config.readCommitted))
  }

  async readToEnd(): Promise<void> {
    // To the very end, even where open transactions hold us back: what stands behind them may be committed already.
    await this.#reach(await this.#offsets('latest', 0))
  }

  async #reach(ends: readonly TopicPartitionOffset[]): Promise<void> {
    this.#check()
    const done = deferred()
    this.#waiters.push({ ends, done })
    this.#settleWaiters()
    await done.promise
  }

  async append(records: Parameters<TopicLog['append']>[0]): Promise<void> {
    this.#check()
    if (records.length === 0) return
    const { topic } = this.#options
    this.#producer ??= this.#preparedProducer()
    const producer = await this.#producer.catch(error => {
      this.#producer = null
      throw error
    })
    try {
      await producer.ready()
    } catch (error) {
      // It is at its end; the next append gets another. Whoever closes it twice does no harm.
      this.#producer = null
      await producer.close()
      throw error
    }
    const done = deferred()
    let left = records.length
    const delivery: Delivery = {
      acknowledged(count) {
        left -= count
        if (left === 0) done.resolve()
      },
      failed: (_count, _topic, _partition, error) => done.reject(error),
    }
    const now = Date.now()
    const count = producer.partitionCount(topic)!
    for (const { key, value, partition } of records) {
      const target =
        partition ?? (key === null ? producer.stickyPartition(topic) : partitionForKey(key, 0, key.length, count))
      producer.open(topic, target).add(now, key, value)
      producer.appended(topic, target, delivery)
    }
    producer.send()
    await done.promise
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    this.#fetcher.stop()
    this.#arrival.resolve()
    await this.#running
    const closed = closedError(`log of ${this.#options.topic}`)
    for (const { done } of this.#waiters.splice(0)) done.reject(closed)
    const producer = await this.#producer?.catch(() => null)
    await producer?.close()
    await this.#cluster.close()
  }

  async #preparedProducer(): Promise<Producer> {
    const producer = this.#newProducer()
    try {
      await producer.prepare([this.#options.topic])
      return producer
    } catch (error) {
      await producer.close()
      throw error
    }
  }

  /** Of all partitions from number `from` on; `stable`: where the first open transaction begins, for the end. */
  #offsets(place: OffsetPlace, from: number, stable = false): Promise<TopicPartitionOffset[]> {
    const { topic } = this.#options
    return this.#cluster.retrying(async () => {
      const count = this.#cluster.metadata.topic(topic)?.partitions.length
      if (count === undefined) {
        const code = this.#cluster.metadata.errorOf(topic)
        throw new KafkaProtocolError(code === 0 ? 'UNKNOWN_TOPIC_OR_PARTITION' : code, { topic })
      }
      const partitions = Array.from({ length: count - from }, (_, i) => ({ topic, partition: from + i }))
      return listOffsets(this.#cluster, partitions, place, stable)
    })
  }

  async #watchPartitions(): Promise<void> {
    const count = this.#cluster.metadata.topic(this.#options.topic)?.partitions.length ?? 0
    const from = this.#known
    if (from > 0 && count <= from) return
    if (from > 0) this.#known = count
    const beginnings = await this.#offsets('earliest', from)
    if (from === 0 && this.#known > 0) return
    this.#known = Math.max(this.#known, from + beginnings.length)
    this.#fetcher.assign(beginnings)
  }

  async #run(): Promise<void> {
    const yielding = new Yielding()
    while (!this.#stopped && this.#failure === null) {
      if (this.#fetcher.waiting.size === 0) {
        this.#settleWaiters()
        this.#arrival = deferred()
        await this.#arrival.promise
        continue
      }
      try {
        const fetched = this.#drain.take(this.#fetcher.waiting)
        this.#hand(fetched)
        fetched.release()
        this.#fetcher.schedule()
      } catch (error) {
        this.#fail(asError(error))
      }
      this.#settleWaiters()
      await yielding.due()
    }
  }

  #hand(fetched: Fetched): void {
    for (const { reader, from, partition } of fetched.batches) {
      for (let i = from; i < reader.count; i++) {
        this.#options.onRecord({
          partition,
          offset: reader.offset(i),
          timestamp: reader.timestamp(i),
          key: copied(reader.key(i)),
          value: copied(reader.value(i)),
        })
      }
    }
  }

  #settleWaiters(): void {
    if (this.#waiters.length === 0) return
    this.#waiters = this.#waiters.filter(({ ends, done }) => {
      if (this.#failure !== null) {
        done.reject(this.#failure)
        return false
      }
      const reached = ends.every(
        ({ topic, partition, offset }) => (this.#fetcher.state(topic, partition)?.position ?? -1) >= offset,
      )
      if (reached) done.resolve()
      return !reached
    })
  }

  #fail(error: Error): void {
    if (this.#failure !== null || this.#stopped) return
    this.#failure = error
    this.#fetcher.stop()
    this.#arrival.resolve()
    this.#settleWaiters()
    this.#options.onError?.(error)
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure
    if (this.#stopped) throw closedError(`log of ${this.#options.topic}`)
  }
}

const copied = (bytes: Buffer | null): Buffer | null => (bytes === null ? null : Buffer.from(bytes))
