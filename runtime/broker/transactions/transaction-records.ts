import { Reader, Writer } from '../../protocol/primitives.ts'
import { ProtocolError } from '../../protocol/protocol-error.ts'

/** In the order of the codes with which Kafka stores them; `Dead` and `PrepareEpochFence` are never written here. */
export const transactionStates = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
] as const

export type TransactionState = (typeof transactionStates)[number]

/** What is known of a transactional id; replaced as a whole when it changes. Times are milliseconds since the epoch. */
export interface Transaction {
  readonly producerId: number
  readonly producerEpoch: number
  readonly timeoutMs: number
  readonly state: TransactionState
  /** What takes part in the open transaction: topics and their partitions. */
  readonly partitions: ReadonlyMap<string, ReadonlySet<number>>
  readonly updatedAt: number
  /** -1: none is open. */
  readonly startedAt: number
}

const KEY_VERSION = 0
const VALUE_VERSION = 0

/** Keys and values of `__transaction_state`, in Kafka's format. */
export function encodeTransactionKey(transactionalId: string): Buffer {
  const writer = new Writer(64)
  writer.int16(KEY_VERSION)
  writer.string(transactionalId)
  return Buffer.concat(writer.finish())
}

/** null: a kind of record that this broker does not write. */
export function decodeTransactionKey(bytes: Buffer): string | null {
  const reader = new Reader(bytes)
  return reader.int16() === KEY_VERSION ? reader.string() : null
}

export function encodeTransaction(transaction: Transaction): Buffer {
  const writer = new Writer(128)
  writer.int16(VALUE_VERSION)
  writer.int64(transaction.producerId)
  writer.int16(transaction.producerEpoch)
  writer.int32(transaction.timeoutMs)
  writer.int8(transactionStates.indexOf(transaction.state))
  if (transaction.state === 'Empty') writer.int32(-1)
  else {
    writer.int32(transaction.partitions.size)
    for (const [topic, partitions] of transaction.partitions) {
      writer.string(topic)
      writer.int32(partitions.size)
      for (const partition of partitions) writer.int32(partition)
    }
  }
  writer.int64(transaction.updatedAt)
  writer.int64(transaction.startedAt)
  return Buffer.concat(writer.finish())
}

/** Throws ProtocolError when the value is of another version or damaged. */
export function decodeTransaction(bytes: Buffer): Transaction {
  const reader = new Reader(bytes)
  const version = reader.int16()
  if (version !== VALUE_VERSION) throw new ProtocolError(`version ${version}`, 'state of a transaction')
  const producerId = reader.int64()
  const producerEpoch = reader.int16()
  const timeoutMs = reader.int32()
  const code = reader.int8()
  const state = transactionStates[code]
  if (state === undefined) throw new ProtocolError(`status ${code}`, 'state of a transaction')
  const partitions = new Map<string, Set<number>>()
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.string()
    partitions.set(topic, new Set(Array.from({ length: reader.arrayLength() }, () => reader.int32())))
  }
  return {
    producerId,
    producerEpoch,
    timeoutMs,
    state,
    partitions,
    updatedAt: reader.int64(),
    startedAt: reader.int64(),
  }
}
