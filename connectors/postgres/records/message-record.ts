import type { Header, OffsetMap, Schema, SourceRecord } from 'millrace'
import type { LogicalMessage } from '../replication/messages.ts'
import type { BinaryMode } from '../types/binary-codecs.ts'
import type { Moment } from './moment.ts'
import { type Position, type StreamTransaction, streamOffset } from './position.ts'
import { heartbeatKeySchema, heartbeatSchema, messageKeySchema } from './schemas.ts'
import type { SourceBlock } from './source-block.ts'
import { type EventOrder, transactionId } from './transaction-record.ts'

interface MessageParts {
  readonly message: LogicalMessage
  readonly transaction: StreamTransaction
  readonly lsn: number
  readonly count: number
  readonly moment: Moment
  readonly source: SourceBlock
  readonly schema: Schema
  readonly binary: BinaryMode
  readonly prefix: string
  readonly delimiter: string
  readonly partition: OffsetMap
  /** undefined: transactions are not told of, or it is outside of one. */
  readonly order: EventOrder | undefined
}

const contentOf = (content: Buffer, mode: BinaryMode): Buffer | string => {
  if (mode === 'bytes') return content
  if (mode === 'hex') return content.toString('hex')
  const text = content.toString('base64')
  return mode === 'base64' ? text : text.replaceAll('+', '-').replaceAll('/', '_')
}

const noHeaders: readonly Header[] = []

/** What pg_logical_emit_message wrote. */
export class LogicalMessageRecord implements SourceRecord, Position {
  readonly topic: string
  readonly keySchema = messageKeySchema
  readonly key: unknown
  readonly valueSchema: Schema
  readonly value: unknown
  readonly headers = noHeaders
  readonly sourcePartition: OffsetMap
  readonly #parts: MessageParts

  constructor(parts: MessageParts) {
    const { message, transaction, lsn, moment, source } = parts
    this.#parts = parts
    this.topic = `${parts.prefix}${parts.delimiter}message`
    this.key = { prefix: message.prefix }
    this.valueSchema = parts.schema
    this.sourcePartition = parts.partition
    this.value = {
      op: 'm',
      ts_ms: moment.ms,
      source: source.toObject({
        tsMicros: transaction.tsMicros,
        snapshot: undefined,
        sequence: `${transaction.sequenceStart}${lsn}"]`,
        txId: transaction.xid,
        lsn,
        origin: transaction.origin,
        originLsn: transaction.originLsn,
        xmin: transaction.xmin,
      }),
      transaction:
        parts.order === undefined
          ? null
          : {
              id: transactionId(transaction.xid, lsn),
              total_order: parts.order.total,
              data_collection_order: parts.order.inCollection,
            },
      message: { prefix: message.prefix, content: contentOf(message.content, parts.binary) },
    }
  }

  storable(): OffsetMap {
    const { transaction, lsn, count } = this.#parts
    return streamOffset(transaction, lsn, 'MESSAGE', count)
  }

  get sourceOffset(): OffsetMap {
    return this.storable()
  }
}

/** Stores the position without telling anybody. */
export const silentRecord = (partition: OffsetMap, offset: OffsetMap): SourceRecord => ({
  topic: '',
  value: null,
  sourcePartition: partition,
  sourceOffset: offset,
  positionOnly: true,
})

/** Tells the position when there is nothing else to tell. */
export const heartbeatRecord = (
  topic: string,
  server: string,
  partition: OffsetMap,
  offset: OffsetMap,
  nowMs: number,
): SourceRecord => ({
  topic,
  partition: 0,
  keySchema: heartbeatKeySchema,
  key: { serverName: server },
  valueSchema: heartbeatSchema,
  value: { ts_ms: nowMs },
  headers: noHeaders,
  sourcePartition: partition,
  sourceOffset: offset,
})
