import { KafkaProtocolError } from '../../protocol/error-codes.ts'
import { addPartitionsToTxn } from '../../protocol/messages/add-partitions-to-txn.ts'
import { endTxn } from '../../protocol/messages/end-txn.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { Coordinator, TRANSACTION } from '../cluster/coordinator.ts'
import { initTransactionalId } from '../cluster/transactional-id.ts'
import { asError } from '../errors.ts'
import type { ProducerIdentity } from './producer-ids.ts'

/**
 * The last versions of the protocol in which a producer enters partitions itself and keeps its epoch from one transaction
 * to the next. Brokers serve them beside the one that came with Kafka 4.0.
 */
const LAST = { addPartitions: 3, endTxn: 4 }
/** The broker ends transactions in the background: the next may have to wait a moment for the markers of the last. */
const BUSY_BACKOFF = { initialMs: 5, maxMs: 100 }
/** For an abort on the way out. */
const LAST_WORD_MS = 5000

export interface TransactionsOptions {
  readonly cluster: Cluster
  readonly transactionalId: string
  readonly timeoutMs: number
  /** Partitions were entered: records that waited may go out. */
  readonly onEntered: () => void
  readonly onFatal: (error: Error) => void
}

/** One producer's transactions, one after another: what takes part in the open one, and how it ends. */
export class Transactions {
  readonly transactionalId: string
  readonly #options: TransactionsOptions
  readonly #coordinator: Coordinator
  #identity: ProducerIdentity | null = null
  #entered = new Map<string, Set<number>>()
  #wanted = new Map<string, Set<number>>()
  #entering = false

  constructor(options: TransactionsOptions) {
    this.#options = options
    this.transactionalId = options.transactionalId
    this.#coordinator = new Coordinator(options.cluster, options.transactionalId, 'main', TRANSACTION)
  }

  /** null before `init`. */
  get identity(): ProducerIdentity | null {
    return this.#identity
  }

  get isOpen(): boolean {
    return this.#entered.size > 0
  }

  /** Takes the transactional id over: whoever had it is fenced, and what it left open is aborted. */
  async init(): Promise<void> {
    const { cluster, timeoutMs } = this.#options
    this.#identity = await initTransactionalId(cluster, this.#coordinator, timeoutMs)
  }

  /** Whether records may go to this partition; if not yet, it is entered and `onEntered` told. */
  admits(topic: string, partition: number): boolean {
    if (this.#entered.get(topic)?.has(partition) === true) return true
    add(this.#wanted, topic, partition)
    if (!this.#entering) {
      this.#entering = true
      // One turn later, with all that is asked for until then.
      setImmediate(() => {
        this.#enter().then(
          () => this.#options.onEntered(),
          error => this.#options.onFatal(asError(error)),
        )
      })
    }
    return false
  }

  async #enter(): Promise<void> {
    try {
      while (this.#wanted.size > 0) {
        const wanted = this.#wanted
        this.#wanted = new Map()
        await this.#request(() => this.#enterOnce(wanted))
        for (const [topic, partitions] of wanted) for (const p of partitions) add(this.#entered, topic, p)
      }
    } finally {
      this.#entering = false
    }
  }

  async #enterOnce(wanted: ReadonlyMap<string, ReadonlySet<number>>): Promise<void> {
    const { producerId, epoch } = this.#known()
    const response = await this.#coordinator.request(
      addPartitionsToTxn,
      {
        v3AndBelowTransactionalId: this.transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: epoch,
        v3AndBelowTopics: [...wanted].map(([name, partitions]) => ({ name, partitions: [...partitions] })),
      },
      { maxVersion: LAST.addPartitions },
    )
    for (const { name, resultsByPartition } of response.resultsByTopicV3AndBelow) {
      for (const { partitionIndex, partitionErrorCode } of resultsByPartition) {
        const place = { api: addPartitionsToTxn.name, topic: name, partition: partitionIndex }
        this.#coordinator.check(partitionErrorCode, { ...place, detail: this.transactionalId })
      }
    }
  }

  /** Everything written is settled. Without anything entered there is nothing to end. */
  async end(committed: boolean): Promise<void> {
    if (!this.isOpen) return
    await this.#request(() => this.#endOnce(committed))
    this.#entered = new Map()
  }

  async #endOnce(committed: boolean): Promise<void> {
    const { producerId, epoch } = this.#known()
    const { transactionalId } = this
    const response = await this.#coordinator.request(
      endTxn,
      { transactionalId, producerId, producerEpoch: epoch, committed },
      { maxVersion: LAST.endTxn },
    )
    this.#coordinator.check(response.errorCode, { api: endTxn.name, detail: transactionalId })
  }

  /**
   * One try to abort what is open, so that readers need not wait for the transaction's timeout. Failing is no loss: the next
   * producer of the id, or the timeout, aborts it as well.
   */
  async abandon(): Promise<void> {
    if (!this.isOpen) return
    this.#entered = new Map()
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<void>(resolve => (timer = setTimeout(resolve, LAST_WORD_MS)))
    await Promise.race([this.#endOnce(false).catch(() => {}), limit])
    clearTimeout(timer)
  }

  #known(): ProducerIdentity {
    if (this.#identity === null) throw new Error(`${this.transactionalId}: init comes first`)
    return this.#identity
  }

  async #request(once: () => Promise<void>): Promise<void> {
    await this.#options.cluster.retrying(once, {
      backoff: BUSY_BACKOFF,
      again: async error => {
        const isBusy = error instanceof KafkaProtocolError && error.kafkaCode === 'CONCURRENT_TRANSACTIONS'
        if (!isBusy) await this.#options.cluster.refresh().catch(() => {})
      },
    })
  }
}

function add(map: Map<string, Set<number>>, topic: string, partition: number): void {
  const partitions = map.get(topic)
  if (partitions === undefined) map.set(topic, new Set([partition]))
  else partitions.add(partition)
}
