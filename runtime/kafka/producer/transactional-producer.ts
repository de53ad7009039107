import type { Log } from '../../api/context.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaClientError } from '../errors.ts'
import type { TransactionalProducer } from '../ports.ts'
import { KafkaProducer } from './producer.ts'
import { producerConfig } from './producer-config.ts'
import { Transactions } from './transactions.ts'

/** The transactional producer of `ports.ts`. */
export class KafkaTransactionalProducer extends KafkaProducer implements TransactionalProducer {
  readonly #transactions: Transactions

  constructor(cluster: Cluster, log?: Log) {
    const { transactionalId, transactionTimeoutMs, idempotent } = producerConfig(cluster.config)
    if (transactionalId === undefined) throw new KafkaClientError('CONFIG', 'transactional.id: missing')
    if (!idempotent) throw new KafkaClientError('CONFIG', 'transactional.id needs acks=all, idempotence and retries')
    // What it tells the producer comes long after both are there.
    let producer: KafkaTransactionalProducer | null = null
    const transactions = new Transactions({
      cluster,
      transactionalId,
      timeoutMs: transactionTimeoutMs,
      onEntered: () => producer?.pump(),
      onFatal: error => producer?.fail(error),
    })
    super(cluster, log, transactions)
    this.#transactions = transactions
    producer = this
  }

  async init(): Promise<void> {
    await this.#transactions.init()
  }

  async commit(): Promise<void> {
    await this.#end(true)
  }

  async abort(): Promise<void> {
    await this.#end(false)
  }

  async #end(committed: boolean): Promise<void> {
    await this.flush()
    // A record that failed takes the whole transaction with it (invariant 4).
    await this.ready()
    await this.#transactions.end(committed)
  }
}
