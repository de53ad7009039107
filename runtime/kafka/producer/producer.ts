import type { Log } from '../../api/context.ts'
import { race, sleep } from '../../base/abort.ts'
import { backoffDelay } from '../../base/backoff.ts'
import { type Deferred, deferred } from '../../base/deferred.ts'
import { errorOf, KafkaProtocolError } from '../../protocol/error-codes.ts'
import type { RecordBatchWriter } from '../../protocol/record-batch-writer.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { closedError, isRetriable, KafkaClientError } from '../errors.ts'
import { StickyPartitioner } from '../partitioner.ts'
import type { Delivery, Producer } from '../ports.ts'
import { Yielding } from '../yielding.ts'
import type { Batch, Latch } from './batch.ts'
import { PartitionQueue } from './partition-queue.ts'
import { type ProducerConfig, producerConfig } from './producer-config.ts'
import { Sender } from './sender.ts'
import type { Transactions } from './transactions.ts'
import { WriterPool } from './writer-pool.ts'

const CLOSE_TIMEOUT_MS = 30_000

/** The producer of `ports.ts`: records go into open batches here, `Sender` brings them to the brokers. */
export class KafkaProducer implements Producer {
  readonly #cluster: Cluster
  readonly #config: ProducerConfig
  readonly #writers: WriterPool
  readonly #sender: Sender
  readonly #transactions: Transactions | null
  readonly #sticky = new StickyPartitioner()
  /** Partitions of the topics that were prepared, for as long as the metadata does not tell. */
  readonly #prepared = new Map<string, number>()
  /** By partition; holes where nothing was written yet. */
  readonly #queues = new Map<string, (PartitionQueue | undefined)[]>()
  /** Queues whose open batch got records since the last `send`. */
  readonly #dirty = new Set<PartitionQueue>()
  readonly #yielding = new Yielding()
  // Records come in runs of one topic: the last look-up usually serves the next record.
  #lastTopic = ''
  #lastQueues: (PartitionQueue | undefined)[] = []
  #bufferedBytes = 0
  #room: Deferred<void> | null = null
  #fatal: Error | null = null
  #closed = false

  constructor(cluster: Cluster, log?: Log, transactions: Transactions | null = null) {
    this.#cluster = cluster
    this.#transactions = transactions
    this.#config = producerConfig(cluster.config)
    this.#writers = new WriterPool(this.#config.batchSize, this.#config.bufferMemory)
    this.#sender = new Sender({
      cluster,
      config: this.#config,
      writers: this.#writers,
      log,
      transactions,
      onSettled: batch => this.#settled(batch),
      onFatal: error => this.fail(error),
    })
  }

  async prepare(topics: Iterable<string>): Promise<void> {
    const wanted = [...topics]
    const missing = (): string | undefined => wanted.find(topic => this.#cluster.metadata.topic(topic) === undefined)
    if (missing() !== undefined) await this.#awaitTopics(wanted, missing)
    for (const topic of wanted) this.#prepared.set(topic, this.#partitions(topic))
  }

  async #awaitTopics(wanted: readonly string[], missing: () => string | undefined): Promise<void> {
    this.#cluster.watch(wanted, true)
    const end = performance.now() + this.#config.maxBlockMs
    for (let attempt = 0; ; attempt++) {
      this.#check()
      const failure = await this.#cluster.refresh().then(
        () => null,
        (error: Error) => error,
      )
      if (failure !== null && !isRetriable(failure)) throw failure
      const topic = missing()
      if (topic === undefined && failure === null) return
      const code = topic === undefined ? 0 : this.#cluster.metadata.errorOf(topic)
      if (failure === null && code !== 0 && !errorOf(code).retriable) throw new KafkaProtocolError(code, { topic })
      const delay = backoffDelay(this.#cluster.config.retryBackoff, attempt)
      if (performance.now() + delay > end) {
        const limit = `${this.#config.maxBlockMs} ms (max.block.ms)`
        if (failure !== null) throw new KafkaClientError('TIMEOUT', `${failure.message}; tried for ${limit}`)
        throw new KafkaProtocolError(code === 0 ? 'UNKNOWN_TOPIC_OR_PARTITION' : code, {
          topic,
          detail: `it did not appear in ${limit}: create it, or set auto.create.topics.enable on the brokers`,
        })
      }
      await sleep(delay)
    }
  }

  partitionCount(topic: string): number | undefined {
    // A broker that is behind may say for a moment that it does not know the topic: its records wait then.
    return this.#cluster.metadata.topic(topic)?.partitions.length ?? this.#prepared.get(topic)
  }

  stickyPartition(topic: string): number {
    return this.#sticky.partition(topic, this.#partitions(topic))
  }

  open(topic: string, partition: number): RecordBatchWriter {
    return this.#queue(topic, partition).writer()
  }

  appended(topic: string, partition: number, delivery: Delivery): void {
    const queue = this.#queue(topic, partition)
    const bytes = queue.appended(delivery)
    this.#bufferedBytes += bytes
    if (this.#fatal !== null) this.#failBatch(queue, queue.takeOpen(), this.#fatal)
    else if (queue.isFull(bytes)) {
      this.#dirty.delete(queue)
      this.#seal(queue)
      this.#sender.wake(queue)
      this.#sender.schedule()
    } else if (queue.open!.count === 1) this.#dirty.add(queue)
  }

  send(): void {
    if (this.#dirty.size === 0) return
    const at = performance.now() + this.#config.lingerMs
    for (const queue of this.#dirty) {
      if (queue.sendAt > at) queue.sendAt = at
      this.#sticky.sealed(queue.topic, queue.partition, this.#partitions(queue.topic))
      this.#sender.wake(queue)
    }
    this.#dirty.clear()
    this.#sender.pump()
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  async ready(signal?: AbortSignal): Promise<void> {
    this.#check()
    await this.#yielding.due()
    while (this.#bufferedBytes >= this.#config.bufferMemory) {
      // What nobody sent would never make room.
      this.send()
      this.#room ??= deferred()
      await (signal === undefined ? this.#room.promise : race(this.#room.promise, signal))
    }
    this.#check()
  }

  async flush(signal?: AbortSignal): Promise<void> {
    this.#check()
    const done = deferred()
    const latch: Latch = { left: 0, open: () => done.resolve() }
    for (const queues of this.#queues.values()) {
      for (const queue of queues) {
        if (queue === undefined) continue
        if (queue.open !== null && queue.open.count > 0) this.#seal(queue)
        for (const batch of queue.sealed) {
          batch.latches.push(latch)
          latch.left++
        }
        if (queue.sealed.length > 0) this.#sender.wake(queue)
      }
    }
    this.#dirty.clear()
    if (latch.left === 0) return
    this.#sender.pump()
    await (signal === undefined ? done.promise : race(done.promise, signal))
  }

  async close(timeoutMs: number = CLOSE_TIMEOUT_MS): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#fatal === null) {
      const signal = AbortSignal.timeout(Math.max(0, timeoutMs))
      // What is left when the time is up is failed below.
      await this.flush(signal).catch(() => {})
    }
    this.#sender.stop()
    // Sockets first: then nothing reads the buffers of what is failed.
    await this.#disconnect()
    this.#fatal ??= closedError('producer')
    this.#failWaiting(this.#fatal)
    this.#room?.resolve()
  }

  #partitions(topic: string): number {
    const count = this.partitionCount(topic)
    if (count === undefined || count === 0)
      throw new Error(`Partitions of topic ${topic} are not known: call prepare first`)
    return count
  }

  #queue(topic: string, partition: number): PartitionQueue {
    if (topic !== this.#lastTopic) {
      let queues = this.#queues.get(topic)
      if (queues === undefined) this.#queues.set(topic, (queues = []))
      this.#lastTopic = topic
      this.#lastQueues = queues
    }
    return this.#lastQueues[partition] ?? this.#newQueue(topic, partition)
  }

  #newQueue(topic: string, partition: number): PartitionQueue {
    const count = this.#partitions(topic)
    if (!Number.isInteger(partition) || partition < 0 || partition >= count) {
      throw new RangeError(`Partition ${partition} of topic ${topic}: it has partitions 0 to ${count - 1}`)
    }
    if (this.#fatal !== null || this.#closed) throw this.#fatal ?? closedError('producer')
    const queue = new PartitionQueue(
      topic,
      partition,
      this.#config.batchSize,
      this.#writers,
      this.#transactions !== null,
    )
    this.#lastQueues[partition] = queue
    return queue
  }

  #seal(queue: PartitionQueue): void {
    this.#sender.seal(queue)
    this.#sticky.sealed(queue.topic, queue.partition, this.#partitions(queue.topic))
  }

  #settled(batch: Batch): void {
    this.#bufferedBytes -= batch.accounted
    if (this.#room !== null && this.#bufferedBytes < this.#config.bufferMemory) {
      this.#room.resolve()
      this.#room = null
    }
  }

  #check(): void {
    if (this.#fatal !== null) throw this.#fatal
  }

  /** No way to go on: everything that waits fails, and `ready` says so. */
  fail(error: Error): void {
    if (this.#fatal !== null || this.#closed) return
    this.#fatal = error
    this.#sender.stop()
    void this.#disconnect().then(() => {
      this.#failWaiting(error)
      this.#room?.resolve()
      this.#room = null
    })
  }

  async #disconnect(): Promise<void> {
    await this.#transactions?.abandon()
    await this.#cluster.close()
  }

  /** Sends what can be sent now. */
  pump(): void {
    this.#sender.pump()
  }

  #failWaiting(error: Error): void {
    this.#dirty.clear()
    for (const queues of this.#queues.values()) {
      for (const queue of queues) {
        for (const batch of queue?.takeAll() ?? []) this.#failBatch(queue!, batch, error)
      }
    }
  }

  #failBatch(queue: PartitionQueue, batch: Batch | null, error: Error): void {
    if (batch === null) return
    queue.free(batch)
    batch.settle(queue.topic, queue.partition, error)
    this.#settled(batch)
  }
}
