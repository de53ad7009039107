import type { OffsetMap } from 'millrace'
import type { SourceHead } from './source-block.ts'

/** Something that knows the offset to store after it. */
export interface Position {
  storable(): OffsetMap
}

export interface TransactionStart {
  /** Transaction id; null for a message outside of transactions. */
  readonly xid: number | null
  /** Commit time, micros since the epoch. */
  readonly tsMicros: number
  /** LSN of the commit before this one; undefined when none was seen nor stored. */
  readonly commitBefore: number | undefined
  /** Everything before this LSN is done. */
  readonly processed: number
  /** The slot's xmin when the transaction was read, where xmin.fetch.interval.ms asks for it. */
  readonly xmin?: number | undefined
  /** What the position carries besides. */
  readonly members?: OffsetMap | undefined
}

/** What the events of one transaction share, as values and as pieces of the source block's JSON. */
export class StreamTransaction implements TransactionStart {
  readonly xid: number | null
  readonly tsMicros: number
  readonly commitBefore: number | undefined
  readonly processed: number
  readonly xmin: number | undefined
  members: OffsetMap | undefined
  #origin: string | null = null
  #originLsn: number | null = null
  readonly #head: SourceHead
  #beforeLsn: Buffer | undefined
  #afterSequence: Buffer | undefined
  #beforeSecondLsn: Buffer | undefined
  #rest: Buffer | undefined

  constructor(start: TransactionStart, head: SourceHead) {
    this.xid = start.xid
    this.tsMicros = start.tsMicros
    this.commitBefore = start.commitBefore
    this.processed = start.processed
    this.xmin = start.xmin
    this.members = start.members
    this.#head = head
  }

  get origin(): string | null {
    return this.#origin
  }

  get originLsn(): number | null {
    return this.#originLsn
  }

  /** The change was made elsewhere and replicated to the server that we read. */
  setOrigin(name: string, lsn: number): void {
    this.#origin = name
    this.#originLsn = lsn
    this.#rest = undefined
  }

  /** Text of `source.sequence` up to the LSN of an event. */
  get sequenceStart(): string {
    return this.commitBefore === undefined ? '[null,"' : `["${this.commitBefore}","`
  }

  get beforeLsn(): Buffer {
    this.#beforeLsn ??= this.#head.streamStart(this)
    return this.#beforeLsn
  }

  get afterSequence(): Buffer {
    this.#afterSequence ??= Buffer.from(`\\"]","ts_us":${this.tsMicros},"ts_ns":${this.tsMicros}000`)
    return this.#afterSequence
  }

  get beforeSecondLsn(): Buffer {
    this.#beforeSecondLsn ??= Buffer.from(`${this.xid},"lsn":`)
    return this.#beforeSecondLsn
  }

  get rest(): Buffer {
    this.#rest ??= Buffer.from(
      `,"xmin":${this.xmin ?? null},"origin":${JSON.stringify(this.#origin)},"origin_lsn":${this.#originLsn}},"transaction":`,
    )
    return this.#rest
  }
}

export type MessageType = 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE' | 'MESSAGE' | 'COMMIT'

/**
 * The stored position after an event, in Debezium's form. `count`: events with this LSN so far, this one included; it matters where
 * one WAL record holds several rows (COPY).
 */
export const streamOffset = (
  transaction: TransactionStart,
  lsn: number,
  messageType: MessageType,
  count: number,
): OffsetMap => ({
  lsn_proc: transaction.processed,
  ...(transaction.xmin === undefined ? {} : { xmin: transaction.xmin }),
  messageType,
  ...(transaction.commitBefore === undefined ? {} : { lsn_commit: transaction.commitBefore }),
  lsn,
  ...(transaction.xid === null ? {} : { txId: transaction.xid }),
  ts_usec: transaction.tsMicros,
  ...(count > 1 ? { lsn_events_processed: count } : {}),
  ...transaction.members,
})
