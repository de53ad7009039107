import type { Converter, HeaderConverter, SchemaAndValue } from '../api/define.ts'
import { resolveLazy } from '../api/lazy.ts'
import type { ConnectRecord, Header, SinkRecord } from '../api/record.ts'
import type { FetchedBatch } from '../kafka/ports.ts'
import { consumedRecord, FetchedRecord, noHeaders } from './fetched-record.ts'
import { RecordError } from './record-error.ts'
import type { ConsumedRecord, FailedRecord } from './stage.ts'
import type { Tolerance } from './tolerance.ts'
import type { TransformChain } from './transform-chain.ts'

export interface SinkPipelineParts {
  readonly chain: TransformChain
  readonly key: { readonly className: string; readonly converter: Converter }
  readonly value: { readonly className: string; readonly converter: Converter }
  readonly header: { readonly className: string; readonly converter: HeaderConverter }
  readonly tolerance: Tolerance
  /** Resolves when every dead letter so far is in its topic. */
  readonly flushDeadLetters?: () => Promise<void>
  /** Named as the failing class when the connector gives a record up. */
  readonly sinkClass: string
  readonly signal?: AbortSignal
}

const describeConsumed = (consumed: ConsumedRecord): FailedRecord => ({
  describe: () =>
    `, where consumed record is {topic='${consumed.topic}', partition=${consumed.partition}, offset=${consumed.offset}, timestamp=${consumed.timestamp}, timestampType=CreateTime}`,
  consumed,
})

/** Takes fetched batches through converters and transforms to records of the sink; what fails goes to the tolerance. */
export class SinkPipeline {
  readonly #parts: SinkPipelineParts

  constructor(parts: SinkPipelineParts) {
    this.#parts = parts
  }

  /** In order of the batches; records left out on purpose are missing. Throws when one fails the task. */
  async convert(batches: readonly FetchedBatch[]): Promise<readonly SinkRecord[]> {
    const records: SinkRecord[] = []
    for (const batch of batches) {
      const { reader } = batch
      for (let index = batch.from; index < reader.count; index++) {
        try {
          const record = this.#one(batch, index)
          if (record !== null) records.push(record)
        } catch (error) {
          if (!(error instanceof RecordError)) throw error
          const record = await this.#recover(batch, index, error)
          if (record !== null) records.push(record)
        }
      }
    }
    return records
  }

  /** The connector refuses this record alone. */
  reject(record: SinkRecord, error: unknown): void {
    const { tolerance, sinkClass } = this.#parts
    const consumed = record instanceof FetchedRecord ? record.consumed() : undefined
    tolerance.giveUp(
      consumed === undefined ? { describe: () => '' } : describeConsumed(consumed),
      'TASK_PUT',
      sinkClass,
      error,
    )
  }

  async flush(): Promise<void> {
    await this.#parts.flushDeadLetters?.()
  }

  async #recover(batch: FetchedBatch, index: number, failed: RecordError): Promise<SinkRecord | null> {
    const { tolerance, signal } = this.#parts
    let error = failed
    if (tolerance.retries(failed.cause)) {
      try {
        const once = () => {
          try {
            return this.#one(batch, index)
          } catch (again) {
            if (!(again instanceof RecordError)) throw again
            error = again
            throw again.cause
          }
        }
        return await tolerance.retry(once, failed.cause, signal)
      } catch (last) {
        if (last !== error.cause) throw last
      }
    }
    tolerance.giveUp(describeConsumed(consumedRecord(batch, index)), error.stage, error.className, error.cause)
    return null
  }

  #one(batch: FetchedBatch, index: number): SinkRecord | null {
    const { chain } = this.#parts
    const { topic, partition, reader } = batch
    const key = this.#decode('KEY_CONVERTER', this.#parts.key, topic, reader.key(index))
    const value = this.#decode('VALUE_CONVERTER', this.#parts.value, topic, reader.value(index))
    const headers = this.#headers(batch, index)
    const offset = reader.offset(index)
    const init = {
      topic,
      partition,
      offset,
      timestamp: reader.timestamp(index),
      timestampType: reader.timestampType,
      keySchema: key.schema,
      valueSchema: value.schema,
      headers,
      value: null,
    }
    if (chain.steps.length === 0) return new FetchedRecord(init, key.value, value.value, batch, index)
    const eager = !chain.ignoresPayload
    const record = this.#transform({
      ...init,
      key: eager ? resolveLazy(key.value) : key.value,
      value: eager ? resolveLazy(value.value) : value.value,
    })
    if (record === null) return null
    return new FetchedRecord(
      {
        ...record,
        partition: record.partition ?? partition,
        offset,
        timestampType: reader.timestampType,
        original: { topic, partition, offset },
      },
      record.key ?? null,
      record.value ?? null,
      batch,
      index,
    )
  }

  #transform(input: ConnectRecord): ConnectRecord | null {
    let record: ConnectRecord | null = input
    for (const step of this.#parts.chain.steps) {
      try {
        record = step.apply(record)
      } catch (error) {
        throw new RecordError('TRANSFORMATION', step.className, error)
      }
      if (record === null) return null
    }
    return record
  }

  #decode(
    stage: 'KEY_CONVERTER' | 'VALUE_CONVERTER',
    { className, converter }: { className: string; converter: Converter },
    topic: string,
    bytes: Uint8Array | null,
  ): SchemaAndValue {
    try {
      return converter.decode(topic, bytes)
    } catch (error) {
      throw new RecordError(stage, className, error)
    }
  }

  #headers({ topic, reader }: FetchedBatch, index: number): readonly Header[] {
    const raw = reader.headers(index)
    if (raw.length === 0) return noHeaders
    const { className, converter } = this.#parts.header
    try {
      return raw.map(({ key, value }) => ({ key, ...converter.decodeHeader(topic, key, value) }))
    } catch (error) {
      throw new RecordError('HEADER_CONVERTER', className, error)
    }
  }
}
