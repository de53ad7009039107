import type { Header, OffsetMap, SourceRecord } from 'millrace'
import type { Position, StreamTransaction } from './position.ts'
import { transactionKeySchema, transactionValueSchema } from './schemas.ts'

/** Place of an event in its transaction, from 1 on: among all events, and among those of its table. */
export interface EventOrder {
  readonly total: number
  readonly inCollection: number
}

/** Counts the events of one transaction (provide.transaction.metadata). */
export class TransactionCounts {
  #total = 0
  readonly #byCollection = new Map<string, number>()

  next(collection: string): EventOrder {
    const inCollection = (this.#byCollection.get(collection) ?? 0) + 1
    this.#byCollection.set(collection, inCollection)
    return { total: ++this.#total, inCollection }
  }

  get total(): number {
    return this.#total
  }

  /** In the order in which they were first met. */
  get collections(): readonly (readonly [name: string, count: number])[] {
    return [...this.#byCollection]
  }
}

/** As events and records of transactions name one: each with its own LSN. */
export const transactionId = (xid: number | null, lsn: number): string => `${xid}:${lsn}`

/** What the stored offset says of the transaction, in Debezium's form. */
export const orderOffset = (
  xid: number | null,
  collections: readonly (readonly [name: string, count: number])[],
): OffsetMap => ({
  transaction_id: String(xid),
  ...Object.fromEntries(collections.map(([name, count]) => [`transaction_data_collection_order_${name}`, count])),
})

interface TransactionParts {
  readonly topic: string
  readonly transaction: StreamTransaction
  readonly lsn: number
  /** undefined: it begins. */
  readonly counts: TransactionCounts | undefined
  readonly partition: OffsetMap
  readonly position: Position
}

const noHeaders: readonly Header[] = []

/** The beginning or the end of a transaction, in its own topic. */
export class TransactionRecord implements SourceRecord {
  readonly topic: string
  readonly keySchema = transactionKeySchema
  readonly key: { readonly id: string }
  readonly valueSchema = transactionValueSchema
  readonly value: unknown
  readonly headers = noHeaders
  readonly sourcePartition: OffsetMap
  readonly #position: Position

  constructor({ topic, transaction, lsn, counts, partition, position }: TransactionParts) {
    const id = transactionId(transaction.xid, lsn)
    this.topic = topic
    this.key = { id }
    this.value = {
      status: counts === undefined ? 'BEGIN' : 'END',
      id,
      event_count: counts?.total ?? null,
      data_collections:
        counts?.collections.map(([name, count]) => ({ data_collection: name, event_count: count })) ?? null,
      ts_ms: Math.floor(transaction.tsMicros / 1000),
    }
    this.sourcePartition = partition
    this.#position = position
  }

  get sourceOffset(): OffsetMap {
    return this.#position.storable()
  }
}
