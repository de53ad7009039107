import type { Log } from '../../api/context.ts'
import { backoffDelay } from '../../base/backoff.ts'
import { errorOf, KafkaProtocolError } from '../../protocol/error-codes.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { Refresher } from '../cluster/refresher.ts'
import type { Connection } from '../connection/connection.ts'
import { asError, isRetriable, KafkaClientError } from '../errors.ts'
import type { Batch } from './batch.ts'
import { outcomeOf } from './outcome.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { type Entry, type PartitionAnswer, sendProduce, topicIdOf } from './produce-request.ts'
import type { ProducerConfig } from './producer-config.ts'
import { newProducerId, type ProducerIdentity } from './producer-ids.ts'
import { compressBatch } from './seal.ts'
import { splitBatch } from './split.ts'
import type { Transactions } from './transactions.ts'
import type { WriterPool } from './writer-pool.ts'

export interface SenderOptions {
  readonly cluster: Cluster
  readonly config: ProducerConfig
  readonly writers: WriterPool
  readonly log: Log | undefined
  /** null: records are written outside of transactions. */
  readonly transactions: Transactions | null
  /** A batch is acknowledged or failed, its deliveries were told. */
  readonly onSettled: (batch: Batch) => void
  /** Nothing can be sent any more. */
  readonly onFatal: (error: Error) => void
}

/**
 * Sends what the queues hold: one batch of a partition at a time, the batches of one broker together, several requests per
 * broker. Driven by events: records handed over, answers, metadata, time.
 */
export class Sender {
  readonly #cluster: Cluster
  readonly #config: ProducerConfig
  readonly #writers: WriterPool
  readonly #log: Log | undefined
  readonly #options: SenderOptions
  /** Queues with something to send and nothing in flight. */
  readonly #ready = new Set<PartitionQueue>()
  readonly #refresher: Refresher
  readonly #connecting = new Set<number>()
  readonly #transactions: Transactions | null
  #identity: ProducerIdentity | null = null
  #identifying = false
  #timer: NodeJS.Timeout | null = null
  #timerAt = Number.POSITIVE_INFINITY
  #scheduled = false
  #stopped = false

  constructor(options: SenderOptions) {
    this.#options = options
    this.#cluster = options.cluster
    this.#config = options.config
    this.#writers = options.writers
    this.#log = options.log
    this.#transactions = options.transactions
    this.#refresher = new Refresher(options.cluster, () => this.pump(), options.onFatal)
  }

  /** Something of this queue may go out; `pump` looks at it. */
  wake(queue: PartitionQueue): void {
    this.#ready.add(queue)
  }

  /** A pump in the next turn. */
  schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.pump()
    })
  }

  /** Closes the queue's open batch; with compression its bytes are made at once, beside what is in flight. */
  seal(queue: PartitionQueue): Batch | null {
    const batch = queue.seal()
    if (batch !== null && this.#config.compression !== 'none') this.#compress(queue, batch)
    return batch
  }

  stop(): void {
    this.#stopped = true
    this.#refresher.stop()
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#ready.clear()
  }

  /** Sends whatever can be sent now. */
  pump(): void {
    if (this.#stopped) return
    const now = performance.now()
    const nodes = new Map<number, PartitionQueue[]>()
    for (const queue of this.#ready) {
      const leader = this.#leaderToSendTo(queue, now)
      if (leader < 0) continue
      const list = nodes.get(leader)
      if (list === undefined) nodes.set(leader, [queue])
      else list.push(queue)
    }
    for (const [nodeId, queues] of nodes) this.#sendTo(nodeId, queues)
    this.#refresher.whenOld()
  }

  /** The leader that the queue's first batch may go to now; -1: nothing to send, or not yet. */
  #leaderToSendTo(queue: PartitionQueue, now: number): number {
    for (;;) {
      if (queue.inFlight !== null) return this.#rest(queue)
      const batch = queue.sealed[0] ?? queue.open
      if (batch === null || batch.count === 0) return this.#rest(queue)
      if (batch === queue.open) {
        if (queue.sendAt === Number.POSITIVE_INFINITY) return this.#rest(queue)
        if (queue.sendAt > now) return this.#wakeAt(queue.sendAt)
      }
      if (batch.compressing) return -1
      const size = batch.bytes?.length ?? batch.writer!.sizeInBytes
      const expired = now - batch.createdAt > this.#config.deliveryTimeoutMs
      const tooLarge = size > this.#config.maxRequestSize && batch.baseSequence < 0
      const uncompressed = batch.bytes === null && this.#config.compression !== 'none'
      // Else it stays open until it goes out: what comes meanwhile goes with it.
      if (batch === queue.open && (expired || tooLarge || uncompressed)) this.seal(queue)
      if (expired && !batch.compressing) {
        this.#expire(queue, batch)
        continue
      }
      if (batch.compressing) return -1
      if (queue.retryAt > now) return this.#wakeAt(queue.retryAt)
      if (uncompressed) {
        this.#compress(queue, batch)
        return -1
      }
      if (tooLarge) {
        this.#tooLargeForRequest(queue, batch, size)
        continue
      }
      // Whatever keeps it waiting from here on, its time may run out meanwhile.
      this.#wakeAt(batch.createdAt + this.#config.deliveryTimeoutMs + 1)
      const leader = this.#cluster.metadata.partition(queue.topic, queue.partition)?.leader ?? -1
      if (leader < 0) {
        this.#refresher.request()
        return -1
      }
      if (queue.movedTo(topicIdOf(this.#cluster.metadata, queue.topic))) this.#forgetExhausted(queue)
      if (this.#config.idempotent && queue.producerId < 0 && !this.#identify(queue)) return -1
      return this.#transactions?.admits(queue.topic, queue.partition) === false ? -1 : leader
    }
  }

  #rest(queue: PartitionQueue): -1 {
    this.#ready.delete(queue)
    return -1
  }

  #sendTo(nodeId: number, queues: readonly PartitionQueue[]): void {
    const connection = this.#cluster.connected(nodeId, 'produce')
    if (connection === null) {
      this.#connect(nodeId)
      return
    }
    let at = 0
    while (at < queues.length && connection.inFlight < this.#config.maxInFlight) {
      const entries: Entry[] = []
      let size = 0
      for (; at < queues.length; at++) {
        const queue = queues[at]!
        const batch = queue.sealed[0] ?? queue.open!
        const next = batch.bytes?.length ?? batch.writer!.sizeInBytes
        if (entries.length > 0 && size + next > this.#config.maxRequestSize) break
        size += next
        if (batch === queue.open) this.seal(queue)
        const bytes = queue.begin(batch, this.#config.idempotent)
        entries.push({ queue, batch, bytes, topicId: topicIdOf(this.#cluster.metadata, queue.topic) })
        this.#ready.delete(queue)
      }
      void this.#exchange(connection, entries)
    }
  }

  async #exchange(connection: Connection, entries: readonly Entry[]): Promise<void> {
    let answers: (PartitionAnswer | null)[]
    try {
      answers = await sendProduce(connection, entries, this.#config, this.#cluster.config.requestTimeoutMs)
    } catch (error) {
      if (this.#stopped) return
      this.#lost(entries, asError(error))
      return
    }
    if (this.#stopped) return
    const now = performance.now()
    for (let i = 0; i < entries.length; i++) this.#answered(entries[i]!, answers[i] ?? null, now)
    this.pump()
  }

  /** No answer: the broker may have all of it, or none. */
  #lost(entries: readonly Entry[], error: Error): void {
    if (!isRetriable(error)) {
      this.#options.onFatal(error)
      return
    }
    const now = performance.now()
    const { queue } = entries[0]!
    this.#log?.warn('A produce request got no answer and is sent again', {
      reason: error.message,
      topic: queue.topic,
      partition: queue.partition,
      batches: entries.length,
    })
    for (const entry of entries) this.#again(entry, error, now)
    this.#refresher.request()
    this.schedule()
  }

  #answered({ queue, batch, ...entry }: Entry, answer: PartitionAnswer | null, now: number): void {
    // In a transaction nothing is begun anew under another epoch.
    const idempotent = this.#config.idempotent && this.#transactions === null
    if (answer === null) {
      const place = { api: 'Produce', topic: queue.topic, partition: queue.partition, detail: 'not in the answer' }
      this.#again({ queue, batch, ...entry }, new KafkaProtocolError('UNKNOWN_SERVER_ERROR', place), now)
      return
    }
    const { errorCode, logStartOffset } = answer
    const { uncertain, count } = batch
    const { acknowledgedEnd } = queue
    const outcome = outcomeOf(errorCode, { count, uncertain, idempotent, acknowledgedEnd, logStartOffset })
    if (outcome === 'acknowledge') {
      queue.inFlight = null
      if (answer.baseOffset >= 0) queue.acknowledgedEnd = answer.baseOffset + batch.count
      this.#settle(queue, batch, null)
      return
    }
    const error = new KafkaProtocolError(errorCode, {
      api: 'Produce',
      topic: queue.topic,
      partition: queue.partition,
      detail: [answer.errorMessage, answer.recordErrors].filter(Boolean).join('; '),
    })
    switch (outcome) {
      case 'retry':
        this.#again({ queue, batch, ...entry }, error, now)
        this.#refresher.request()
        break
      case 'split':
        queue.inFlight = null
        this.#split(queue, batch, entry.bytes)
        break
      case 'renumber':
        queue.inFlight = null
        queue.beginAnew()
        this.#forgetExhausted(queue)
        this.#ready.add(queue)
        break
      case 'fail':
        if (error.kafkaCode === 'UNKNOWN_SERVER_ERROR') batch.uncertain = true
        this.#fail(queue, batch, error)
        break
      case 'fail-all':
        this.#failAll(queue, error)
        break
    }
  }

  /** The same bytes once more, unless the tries or the time are used up. */
  #again({ queue, batch }: Entry, error: Error, now: number): void {
    queue.inFlight = null
    // Even "not the leader" may be said of a batch that was written before the leader changed.
    batch.uncertain = true
    if (batch.attempts > this.#config.retries) {
      this.#fail(queue, batch, error)
      return
    }
    queue.retryAt = now + backoffDelay(this.#cluster.config.retryBackoff, batch.attempts - 1)
    this.#ready.add(queue)
  }

  #expire(queue: PartitionQueue, batch: Batch): void {
    const code = this.#cluster.metadata.errorOf(queue.topic)
    const why = code === 0 ? '' : `; of the topic the brokers say: ${errorOf(code).message}`
    const text =
      `${batch.count} records for ${queue.topic}-${queue.partition} were not acknowledged in ` +
      `${this.#config.deliveryTimeoutMs} ms (delivery.timeout.ms), ${batch.attempts} attempts were made${why}`
    this.#fail(queue, batch, new KafkaClientError('TIMEOUT', text))
  }

  #tooLargeForRequest(queue: PartitionQueue, batch: Batch, size: number): void {
    if (batch.count > 1) {
      const bytes = batch.bytes ?? batch.writer!.finish()
      // Without its own numbers yet: checked like any batch when it is read.
      if (batch.bytes !== null) queue.begin(batch, false)
      batch.attempts = 0
      queue.inFlight = null
      this.#split(queue, batch, bytes)
      return
    }
    const text = `A record of ${size} bytes for ${queue.topic}-${queue.partition} exceeds max.request.size (${this.#config.maxRequestSize})`
    this.#fail(queue, batch, new KafkaClientError('RECORD_TOO_LARGE', text))
  }

  /** The records again in smaller batches, in the place and from the sequence of the old one. */
  #split(queue: PartitionQueue, batch: Batch, bytes: Buffer): void {
    // Compressed ones are read by their records' size, of which this is a low guess: more parts than two are fine.
    const half = Math.max(1024, Math.floor((batch.writer?.sizeInBytes ?? batch.accounted) / 2))
    const parts = splitBatch(batch, bytes, half, this.#writers)
    queue.limit = Math.min(queue.limit, half)
    if (batch.baseSequence >= 0) queue.sequence = batch.baseSequence
    queue.remove(batch)
    queue.sealed.unshift(...parts)
    this.#log?.warn('A record batch was too large and is split; lower batch.size or raise max.message.bytes', {
      topic: queue.topic,
      partition: queue.partition,
      bytes: bytes.length,
      parts: parts.length,
    })
    if (this.#config.compression !== 'none') for (const part of parts) this.#compress(queue, part)
    this.#ready.add(queue)
  }

  #fail(queue: PartitionQueue, batch: Batch, error: Error): void {
    queue.inFlight = null
    queue.giveUpSequence(batch)
    this.#forgetExhausted(queue)
    this.#settle(queue, batch, error)
  }

  /** What the broker has of this partition is not what we know: nothing that waits may follow as if it were (invariant 4). */
  #failAll(queue: PartitionQueue, error: Error): void {
    const batches = queue.takeAll()
    queue.bumpEpoch()
    this.#forgetExhausted(queue)
    for (const batch of batches) this.#settle(queue, batch, error)
  }

  #settle(queue: PartitionQueue, batch: Batch, error: Error | null): void {
    queue.remove(batch)
    if (!queue.isEmpty) this.#ready.add(queue)
    try {
      batch.settle(queue.topic, queue.partition, error)
    } catch (thrown) {
      this.#options.onFatal(asError(thrown))
    }
    this.#options.onSettled(batch)
    // The transaction cannot commit without it (invariant 4), and our epoch is only good for what is in sequence.
    if (error !== null && this.#transactions !== null) this.#options.onFatal(error)
  }

  #compress(queue: PartitionQueue, batch: Batch): void {
    if (batch.compressing || batch.bytes !== null || batch.writer === null) return
    const { compression, compressionLevel } = this.#config
    batch.compressing = true
    compressBatch(
      batch.writer.finish({ transactional: this.#transactions !== null }),
      compression,
      compressionLevel,
    ).then(
      bytes => {
        batch.compressing = false
        batch.bytes = bytes
        if (batch.writer !== null) this.#writers.give(batch.writer)
        batch.writer = null
        this.#ready.add(queue)
        this.schedule()
      },
      error => this.#options.onFatal(asError(error)),
    )
  }

  #identify(queue: PartitionQueue): boolean {
    if (this.#transactions !== null) this.#identity = this.#transactions.identity
    if (this.#identity !== null) {
      queue.producerId = this.#identity.producerId
      queue.epoch = this.#identity.epoch
      return true
    }
    if (this.#identifying || this.#transactions !== null) return false
    this.#identifying = true
    newProducerId(this.#cluster)
      .then(
        identity => {
          this.#identity = identity
          this.pump()
        },
        error => {
          if (!this.#stopped) this.#options.onFatal(asError(error))
        },
      )
      .finally(() => (this.#identifying = false))
    return false
  }

  /** All epochs of the producer id are used up: the next one comes from the broker. */
  #forgetExhausted(queue: PartitionQueue): void {
    if (queue.producerId < 0) this.#identity = null
  }

  #connect(nodeId: number): void {
    if (this.#connecting.has(nodeId)) return
    this.#connecting.add(nodeId)
    this.#cluster
      .connect(nodeId, 'produce')
      .finally(() => this.#connecting.delete(nodeId))
      .then(
        () => this.pump(),
        error => this.#unreachable(asError(error)),
      )
  }

  #unreachable(error: Error): void {
    if (this.#stopped) return
    if (!isRetriable(error)) {
      this.#options.onFatal(error)
      return
    }
    const now = performance.now()
    this.#log?.debug('A broker cannot be reached for producing', { reason: error.message })
    this.#refresher.request()
    this.#wakeAt(now + this.#cluster.config.retryBackoff.initialMs)
  }

  /** A pump at this time, if none is due before. */
  #wakeAt(at: number): -1 {
    if (this.#stopped || at >= this.#timerAt || !Number.isFinite(at)) return -1
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timerAt = at
    const delay = Math.min(Math.max(1, Math.ceil(at - performance.now())), 0x7fff_ffff)
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#timerAt = Number.POSITIVE_INFINITY
      this.pump()
    }, delay)
    return -1
  }
}
