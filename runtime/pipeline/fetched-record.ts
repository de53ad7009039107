import { type Header, SinkRecord, type SinkRecordInit } from '../api/record.ts'
import type { FetchedBatch } from '../kafka/ports.ts'
import type { ConsumedRecord } from './stage.ts'

/** A sink record that knows where its bytes are, for the dead letter queue; valid as long as its batch. */
export class FetchedRecord extends SinkRecord {
  readonly #batch: FetchedBatch
  readonly #index: number

  constructor(init: SinkRecordInit, key: unknown, value: unknown, batch: FetchedBatch, index: number) {
    super(init, key, value)
    this.#batch = batch
    this.#index = index
  }

  /** The record as it was consumed, whatever transforms did to it. */
  consumed(): ConsumedRecord {
    return consumedRecord(this.#batch, this.#index)
  }
}

export const consumedRecord = ({ topic, partition, reader }: FetchedBatch, index: number): ConsumedRecord => ({
  topic,
  partition,
  offset: reader.offset(index),
  timestamp: reader.timestamp(index),
  timestampType: reader.timestampType,
  key: reader.key(index),
  value: reader.value(index),
  headers: reader.headers(index),
})

export const noHeaders: readonly Header[] = Object.freeze([])
