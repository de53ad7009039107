import { Reader } from './primitives.ts'
import { RecordBatchWriter } from './record-batch-writer.ts'

/** What a record of a control batch says; `other` are markers that concern no client. */
export type ControlType = 'abort' | 'commit' | 'other'

/** Reads the key of a control record: version and type, int16 each. Throws ProtocolError when it is cut off. */
export function controlType(key: Buffer): ControlType {
  const reader = new Reader(key)
  reader.int16()
  const type = reader.int16()
  return type === 0 ? 'abort' : type === 1 ? 'commit' : 'other'
}

/** The batch of one marker that ends a producer's transaction in a partition: key and value both of version 0. */
export function endTransactionBatch(marker: {
  readonly committed: boolean
  readonly producerId: number
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
}): Buffer {
  const key = Buffer.alloc(4)
  key.writeInt16BE(marker.committed ? 1 : 0, 2)
  const value = Buffer.alloc(6)
  value.writeInt32BE(marker.coordinatorEpoch, 2)
  const writer = new RecordBatchWriter(128)
  writer.add(marker.timestamp, key, value)
  const { producerId, producerEpoch } = marker
  return writer.finish({ control: true, transactional: true, producerId, producerEpoch })
}
