import type { Log } from '../../api/context.ts'
import type { Clock } from '../../base/clock.ts'
import { endTransactionBatch } from '../../protocol/control-records.ts'
import { KafkaProtocolError } from '../../protocol/error-codes.ts'
import type { Coordinator } from '../groups/coordinator.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import type { ProducerIds } from '../producer-ids.ts'
import type { BrokerSettings } from '../settings/broker-settings.ts'
import { InternalLog } from '../topics/internal-log.ts'
import { OFFSETS_TOPIC, type Topics, TRANSACTIONS_TOPIC } from '../topics/topics.ts'
import {
  decodeTransaction,
  decodeTransactionKey,
  encodeTransaction,
  encodeTransactionKey,
  type Transaction,
} from './transaction-records.ts'

export interface TransactionCoordinatorParts {
  readonly clock: Clock
  readonly log: Log
  readonly settings: BrokerSettings
  readonly topics: Topics
  readonly groups: Coordinator
  readonly producerIds: ProducerIds
}

/** Who asks: a producer as it was named by `initProducer`. */
export interface Producer {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

export interface TopicPartitions {
  readonly name: string
  readonly partitions: readonly number[]
}

/** The last epoch that is given out; the one behind it is what a fence may need. */
const MAX_EPOCH = 0x7fff - 1
const COORDINATOR_EPOCH = 0
const NO_PARTITIONS: Transaction['partitions'] = new Map()

/**
 * What becomes of transactions: who may write under a transactional id, what takes part, and that its end reaches every
 * partition. A change counts when it is in `__transaction_state`; work for one id runs one after another. The end of a
 * transaction is decided once `PrepareCommit` or `PrepareAbort` is written: after a crash the markers are written again
 * (invariant 6). Methods throw KafkaProtocolError.
 */
export class TransactionCoordinator {
  readonly #parts: TransactionCoordinatorParts
  readonly #log: InternalLog
  readonly #transactions = new Map<string, Transaction>()
  /** The epoch that a producer gave back for the one its id has now: it may not have heard the answer. */
  readonly #renewed = new Map<string, number>()
  readonly #turns = new Map<string, Promise<unknown>>()

  private constructor(parts: TransactionCoordinatorParts) {
    this.#parts = parts
    this.#log = new InternalLog(TRANSACTIONS_TOPIC, parts.topics, parts.clock)
  }

  /** Reads transactional ids back, and ends what was being ended when the broker went. */
  static async open(parts: TransactionCoordinatorParts): Promise<TransactionCoordinator> {
    const coordinator = new TransactionCoordinator(parts)
    await coordinator.#log.load({
      record(keyBytes, value) {
        const id = decodeTransactionKey(keyBytes)
        if (id === null) return
        if (value === null) coordinator.#transactions.delete(id)
        else coordinator.#transactions.set(id, decodeTransaction(value))
      },
    })
    await coordinator.tick()
    await coordinator.#endForgotten()
    return coordinator
  }

  all(): ReadonlyMap<string, Transaction> {
    return this.#transactions
  }

  /**
   * Names a new producer for the id: earlier ones are fenced, and what they left open is aborted. `known` is what the
   * caller has been before (ids of -1: nothing); when that is not the newest, it is fenced itself.
   */
  async initProducer(
    transactionalId: string,
    timeoutMs: number,
    known: { readonly producerId: number; readonly producerEpoch: number },
  ): Promise<{ readonly producerId: number; readonly producerEpoch: number }> {
    if (transactionalId === '') throw new KafkaProtocolError('INVALID_REQUEST', { detail: 'transactional.id is empty' })
    const max = this.#parts.settings.number('transaction.max.timeout.ms')
    if (timeoutMs <= 0 || timeoutMs > max) {
      const detail = `transaction.timeout.ms is ${timeoutMs}, transaction.max.timeout.ms of the broker ${max}`
      throw new KafkaProtocolError('INVALID_TRANSACTION_TIMEOUT', { detail })
    }
    return this.#inTurn(transactionalId, async () => {
      const old = this.#transactions.get(transactionalId)
      if (old !== undefined && known.producerId >= 0) {
        const isAgain = known.producerId === old.producerId && known.producerEpoch === old.producerEpoch - 1
        if (isAgain && old.state === 'Empty' && this.#renewed.get(transactionalId) === known.producerEpoch) return old
        if (known.producerId !== old.producerId || known.producerEpoch !== old.producerEpoch) throw fenced(known, old)
      }
      const epoch = old === undefined ? -1 : old.producerEpoch + 1
      if (old?.state === 'Ongoing') await this.#end(transactionalId, old, false, epoch)
      else if (old !== undefined) await this.#finish(transactionalId, old)
      const isNew = old === undefined || epoch > MAX_EPOCH
      const next: Transaction = {
        producerId: isNew ? await this.#parts.producerIds.next() : old.producerId,
        producerEpoch: isNew ? 0 : epoch,
        timeoutMs,
        state: 'Empty',
        partitions: NO_PARTITIONS,
        updatedAt: this.#parts.clock.now(),
        startedAt: -1,
      }
      await this.#store(transactionalId, next)
      if (known.producerId >= 0) this.#renewed.set(transactionalId, known.producerEpoch)
      else this.#renewed.delete(transactionalId)
      return next
    })
  }

  /** Enters partitions into the producer's transaction, which begins with the first. */
  async addPartitions(producer: Producer, topics: readonly TopicPartitions[]): Promise<void> {
    await this.#inTurn(producer.transactionalId, async () => {
      const old = await this.#finish(producer.transactionalId, this.#checked(producer))
      const isOngoing = old.state === 'Ongoing'
      const isKnown = (topic: string, partition: number) =>
        isOngoing && old.partitions.get(topic)?.has(partition) === true
      if (topics.every(({ name, partitions }) => partitions.every(partition => isKnown(name, partition)))) return
      const partitions = new Map(isOngoing ? old.partitions : NO_PARTITIONS)
      for (const { name, partitions: added } of topics) {
        partitions.set(name, new Set([...(partitions.get(name) ?? []), ...added]))
      }
      const now = this.#parts.clock.now()
      const startedAt = isOngoing ? old.startedAt : now
      await this.#store(producer.transactionalId, { ...old, state: 'Ongoing', partitions, startedAt, updatedAt: now })
    })
  }

  /** Resolves when every partition has the marker. Asked again after an answer that was lost, it agrees. */
  async end(producer: Producer, committed: boolean): Promise<void> {
    await this.#inTurn(producer.transactionalId, async () => {
      const old = this.#checked(producer)
      if (old.state === (committed ? 'CompleteCommit' : 'CompleteAbort')) return
      if (old.state === (committed ? 'PrepareCommit' : 'PrepareAbort')) {
        await this.#finish(producer.transactionalId, old)
      } else if (old.state === 'Ongoing') {
        await this.#end(producer.transactionalId, old, committed, old.producerEpoch)
      } else {
        const detail = `the transaction of ${producer.transactionalId} is ${old.state}`
        throw new KafkaProtocolError('INVALID_TXN_STATE', { detail })
      }
    })
  }

  /** Judges a batch that is to be appended now: only what takes part in its producer's open transaction may be. */
  admit(producer: Producer, topic: string, partition: number): void {
    const transaction = this.#checked(producer)
    if (transaction.state === 'Ongoing' && transaction.partitions.get(topic)?.has(partition) === true) return
    const detail = `${topic}-${partition} takes no part in a transaction of ${producer.transactionalId}`
    throw new KafkaProtocolError('INVALID_TXN_STATE', { detail })
  }

  /** Aborts what is open for longer than its timeout, tries again what could not be ended, forgets what is long unused. */
  async tick(): Promise<void> {
    const { clock, settings, log } = this.#parts
    const expired = clock.now() - settings.number('transactional.id.expiration.ms')
    for (const id of [...this.#transactions.keys()]) {
      try {
        await this.#inTurn(id, async () => {
          const transaction = this.#transactions.get(id)
          if (transaction === undefined) return
          const { state, startedAt, timeoutMs, updatedAt } = transaction
          if (state === 'PrepareCommit' || state === 'PrepareAbort') await this.#finish(id, transaction)
          else if (state !== 'Ongoing') {
            if (updatedAt < expired) await this.#store(id, null)
          } else if (clock.now() - startedAt > timeoutMs) {
            log.info('Aborted a transaction that took longer than its timeout', { transactionalId: id, timeoutMs })
            await this.#end(id, transaction, false, Math.min(transaction.producerEpoch + 1, 0x7fff))
          }
        })
      } catch (error) {
        log.warn('A transaction could not be ended; it is tried again', { transactionalId: id, error: String(error) })
      }
    }
  }

  /** The transaction of a producer that is the newest of its id. */
  #checked(producer: Producer): Transaction {
    const found = this.#transactions.get(producer.transactionalId)
    if (found === undefined || found.producerId !== producer.producerId) {
      const detail = `${producer.transactionalId} is not that of producer ${producer.producerId}`
      throw new KafkaProtocolError('INVALID_PRODUCER_ID_MAPPING', { detail })
    }
    if (found.producerEpoch !== producer.producerEpoch) throw fenced(producer, found)
    return found
  }

  async #end(id: string, old: Transaction, committed: boolean, producerEpoch: number): Promise<Transaction> {
    const state = committed ? 'PrepareCommit' : 'PrepareAbort'
    const prepared: Transaction = { ...old, producerEpoch, state, updatedAt: this.#parts.clock.now() }
    await this.#store(id, prepared)
    return this.#finish(id, prepared)
  }

  /** Writes the markers of a transaction whose end is decided; any other is returned as it is. */
  async #finish(id: string, prepared: Transaction): Promise<Transaction> {
    if (prepared.state !== 'PrepareCommit' && prepared.state !== 'PrepareAbort') return prepared
    const committed = prepared.state === 'PrepareCommit'
    const markers: Promise<void>[] = []
    for (const [topic, partitions] of prepared.partitions) {
      for (const partition of partitions) {
        const log = this.#parts.topics.get(topic)?.partitions[partition]
        // A deleted topic needs no end.
        if (log !== undefined) markers.push(this.#mark(log, topic, prepared, committed))
      }
    }
    await Promise.all(markers)
    const state = committed ? 'CompleteCommit' : 'CompleteAbort'
    const updatedAt = this.#parts.clock.now()
    const done: Transaction = { ...prepared, state, partitions: NO_PARTITIONS, startedAt: -1, updatedAt }
    await this.#store(id, done)
    return done
  }

  async #mark(
    log: PartitionLog,
    topic: string,
    { producerId, producerEpoch }: { readonly producerId: number; readonly producerEpoch: number },
    committed: boolean,
  ): Promise<void> {
    const timestamp = this.#parts.clock.now()
    const coordinatorEpoch = COORDINATOR_EPOCH
    try {
      await log.appendOwn(endTransactionBatch({ committed, producerId, producerEpoch, coordinatorEpoch, timestamp }))
    } catch (error) {
      if (log.isClosed && this.#parts.topics.get(topic) === undefined) return
      throw error
    }
    if (topic === OFFSETS_TOPIC) this.#parts.groups.endTransaction(producerId, committed)
  }

  /** A loss of power may take a marker, or the note that there was a transaction at all: readers must not wait for ever. */
  async #endForgotten(): Promise<void> {
    const ongoing = new Set<number>()
    for (const { state, producerId } of this.#transactions.values()) {
      if (state === 'Ongoing' || state === 'PrepareCommit' || state === 'PrepareAbort') ongoing.add(producerId)
    }
    for (const topic of this.#parts.topics.all()) {
      for (const log of topic.partitions) {
        for (const producerId of log.transactions.producers()) {
          if (ongoing.has(producerId)) continue
          this.#parts.log.warn('Aborted what was left of a lost transaction', { log: log.name, producerId })
          const producerEpoch = log.producers.epochOf(producerId)
          await this.#mark(log, topic.name, { producerId, producerEpoch }, false)
        }
      }
    }
  }

  /** null forgets the id. Nobody sees the change before it is durable. */
  async #store(id: string, transaction: Transaction | null): Promise<void> {
    const value = transaction === null ? null : encodeTransaction(transaction)
    await this.#log.append([{ key: encodeTransactionKey(id), value }])
    if (transaction === null) {
      this.#transactions.delete(id)
      this.#renewed.delete(id)
    } else this.#transactions.set(id, transaction)
  }

  async #inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(id) ?? Promise.resolve()
    const result = before.then(work)
    const turn = result.catch(() => {})
    this.#turns.set(id, turn)
    try {
      return await result
    } finally {
      if (this.#turns.get(id) === turn) this.#turns.delete(id)
    }
  }
}

const fenced = (
  { producerId, producerEpoch }: { readonly producerId: number; readonly producerEpoch: number },
  now: Transaction,
): KafkaProtocolError =>
  new KafkaProtocolError('PRODUCER_FENCED', {
    detail: `producer ${producerId} with epoch ${producerEpoch}; now it is ${now.producerId} with ${now.producerEpoch}`,
  })
