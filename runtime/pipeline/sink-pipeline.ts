import { setImmediate as turn } from 'node:timers/promises'
import type { Converter, HeaderConverter, SchemaAndValue } from '../api/define.ts'
import { ConnectError } from '../api/errors.ts'
import { resolveLazy } from '../api/lazy.ts'
import type { ConnectRecord, Header, SinkRecord, SinkRecordInit } from '../api/record.ts'
import type { FetchedBatch } from '../kafka/ports.ts'
import { consumedRecord, FetchedRecord, noHeaders } from './fetched-record.ts'
import { decodePart, prepareDecoding } from './prepare-converter.ts'
import { RecordError } from './record-error.ts'
import { retryRecord } from './retry-record.ts'
import { recordOf, type Transformed, transformBatch, transformRecord } from './run-chain.ts'
import type { ConsumedRecord, FailedRecord } from './stage.ts'
import type { Tolerance } from './tolerance.ts'
import type { TransformChain } from './transform-chain.ts'

export interface SinkPipelineParts {
  readonly chain: TransformChain
  readonly key: { readonly className: string; readonly converter: Converter }
  readonly value: { readonly className: string; readonly converter: Converter }
  readonly header: { readonly className: string; readonly converter: HeaderConverter }
  readonly tolerance: Tolerance
  readonly deadLetters?: {
    /** Resolves when there is room for more letters. */
    ready(signal?: AbortSignal): Promise<void>
    /** Resolves when every letter so far is in its topic. */
    flush(): Promise<void>
  }
  /** Named as the failing class when the connector gives a record up. */
  readonly sinkClass: string
  readonly signal?: AbortSignal
}

const turnEvery = 4096
const javaTimestampType = { CREATE_TIME: 'CreateTime', LOG_APPEND_TIME: 'LogAppendTime' } as const

const describeConsumed = (consumed: ConsumedRecord): FailedRecord => ({
  describe: () =>
    `, where consumed record is {topic='${consumed.topic}', partition=${consumed.partition}, offset=${consumed.offset}, timestamp=${consumed.timestamp}, timestampType=${javaTimestampType[consumed.timestampType]}}`,
  consumed,
})

/** Takes fetched batches through converters and transforms to records of the sink; what fails goes to the tolerance. */
export class SinkPipeline {
  readonly #parts: SinkPipelineParts
  /** A converter has something slow to do before the records of a batch. */
  readonly #prepares: boolean
  #lastTopic = ''
  #lastHeaderBytes: Buffer = Buffer.alloc(0)
  #lastHeaders: readonly Header[] = noHeaders

  constructor(parts: SinkPipelineParts) {
    this.#parts = parts
    this.#prepares =
      parts.key.converter.prepareDecode !== undefined || parts.value.converter.prepareDecode !== undefined
  }

  /** In order of the batches; records left out on purpose are missing. Throws when one fails the task. */
  async convert(batches: readonly FetchedBatch[]): Promise<readonly SinkRecord[]> {
    const { deadLetters, signal } = this.#parts
    // Backpressure, after rejections too: letters that Kafka is slow to take must not pile up.
    await deadLetters?.ready(signal)
    const records: SinkRecord[] = []
    let sinceTurn = 0
    for (const batch of batches) {
      const { reader, from } = batch
      if (this.#prepares) await this.#prepareBatch(batch)
      const transformed = this.#parts.chain.prepares ? await this.#transformBatch(batch, from, reader.count) : undefined
      for (let index = from; index < reader.count; index++) {
        try {
          const record =
            transformed === undefined
              ? this.#one(batch, index)
              : this.#sinkRecord(batch, index, recordOf(transformed[index - from]!))
          if (record !== null) records.push(record)
        } catch (error) {
          if (!(error instanceof RecordError)) throw error
          const record = await this.#recover(batch, index, error)
          if (record !== null) records.push(record)
        }
        // A record loop must not starve timers (heartbeats).
        if (++sinceTurn === turnEvery) {
          sinceTurn = 0
          await turn()
        }
      }
    }
    return records
  }

  /** The connector refuses this record alone. Throws when that fails the task, as does a record that is not one of ours. */
  reject(record: SinkRecord, error: unknown): void {
    const { tolerance, sinkClass } = this.#parts
    // Invariant 4: of a copy nobody knows which bytes it stands for, so it could not be dead-lettered.
    if (!(record instanceof FetchedRecord))
      throw new ConnectError(
        `${sinkClass} rejected an object that is no record of its batch: reject must get a record as write got it, not a copy`,
        { cause: error },
      )
    tolerance.giveUp(describeConsumed(record.consumed()), 'TASK_PUT', sinkClass, error)
  }

  async flush(): Promise<void> {
    await this.#parts.deadLetters?.flush()
  }

  async #recover(batch: FetchedBatch, index: number, failed: RecordError): Promise<SinkRecord | null> {
    const { chain, tolerance, signal, deadLetters } = this.#parts
    const outcome = await retryRecord(tolerance, failed, signal, async () => {
      if (this.#prepares) await this.#prepareRecord(batch, index)
      if (!chain.prepares) return this.#one(batch, index)
      const [transformed] = await this.#transformBatch(batch, index, index + 1)
      return this.#sinkRecord(batch, index, recordOf(transformed!))
    })
    if (!(outcome instanceof RecordError)) return outcome
    tolerance.giveUp(describeConsumed(consumedRecord(batch, index)), outcome.stage, outcome.className, outcome.cause)
    await deadLetters?.ready(signal)
    return null
  }

  async #prepareBatch(batch: FetchedBatch): Promise<void> {
    const { key, value, tolerance, signal } = this.#parts
    const { from, reader } = batch
    const prepare = (stage: 'KEY_CONVERTER' | 'VALUE_CONVERTER', { className, converter }: typeof key) =>
      tolerance.attempt(
        () => prepareDecoding(stage, converter, batch, from, reader.count, signal),
        stage,
        className,
        signal,
      )
    await prepare('KEY_CONVERTER', key)
    await prepare('VALUE_CONVERTER', value)
  }

  /** Before a record is tried again: what it needs may be there by now. */
  async #prepareRecord(batch: FetchedBatch, index: number): Promise<void> {
    const { key, value, signal } = this.#parts
    const prepare = async (stage: 'KEY_CONVERTER' | 'VALUE_CONVERTER', { className, converter }: typeof key) => {
      try {
        await prepareDecoding(stage, converter, batch, index, index + 1, signal)
      } catch (error) {
        throw new RecordError(stage, className, error)
      }
    }
    await prepare('KEY_CONVERTER', key)
    await prepare('VALUE_CONVERTER', value)
  }

  #transformBatch(batch: FetchedBatch, from: number, to: number): Promise<readonly Transformed[]> {
    const { chain, tolerance, signal } = this.#parts
    const inputs: Transformed[] = []
    for (let index = from; index < to; index++) {
      try {
        inputs.push(this.#input(batch, index))
      } catch (error) {
        if (!(error instanceof RecordError)) throw error
        inputs.push(error)
      }
    }
    return transformBatch(chain, inputs, tolerance, signal)
  }

  #one(batch: FetchedBatch, index: number): SinkRecord | null {
    const { chain } = this.#parts
    const input = this.#input(batch, index)
    if (chain.steps.length === 0) return new FetchedRecord(input, input.key, input.value, batch, index)
    return this.#sinkRecord(batch, index, transformRecord(chain, input))
  }

  /** A fetched record as transforms see it. */
  #input(batch: FetchedBatch, index: number): SinkRecordInit {
    const { chain } = this.#parts
    const { topic, partition, reader } = batch
    const key = this.#decode('KEY_CONVERTER', this.#parts.key, batch, index, reader.key(index))
    const value = this.#decode('VALUE_CONVERTER', this.#parts.value, batch, index, reader.value(index))
    const keepLazy = chain.ignoresPayload
    return {
      topic,
      partition,
      offset: reader.offset(index),
      keySchema: key.schema,
      key: keepLazy ? key.value : resolveLazy(key.value),
      valueSchema: value.schema,
      value: keepLazy ? value.value : resolveLazy(value.value),
      timestamp: reader.timestamp(index),
      timestampType: reader.timestampType,
      headers: this.#headers(batch, index),
    }
  }

  #sinkRecord(batch: FetchedBatch, index: number, record: ConnectRecord | null): SinkRecord | null {
    if (record === null) return null
    const { topic, partition, reader } = batch
    const offset = reader.offset(index)
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

  #decode(
    stage: 'KEY_CONVERTER' | 'VALUE_CONVERTER',
    { className, converter }: { className: string; converter: Converter },
    batch: FetchedBatch,
    index: number,
    bytes: Uint8Array | null,
  ): SchemaAndValue {
    try {
      return decodePart(converter, batch, index, bytes)
    } catch (error) {
      throw new RecordError(stage, className, error)
    }
  }

  /** Records that follow each other often have the same headers: they are decoded once, and shared. */
  #headers({ topic, reader }: FetchedBatch, index: number): readonly Header[] {
    if (!reader.hasHeaders(index)) return noHeaders
    const { payload } = reader
    const start = reader.headersStart(index)
    const end = reader.recordEnd(index)
    const last = this.#lastHeaderBytes
    if (
      end - start === last.length &&
      topic === this.#lastTopic &&
      payload.compare(last, 0, last.length, start, end) === 0
    )
      return this.#lastHeaders
    const { className, converter } = this.#parts.header
    try {
      this.#lastHeaders = Object.freeze(
        reader.headers(index).map(({ key, value }) => ({ key, ...converter.decodeHeader(topic, key, value) })),
      )
    } catch (error) {
      this.#lastHeaderBytes = Buffer.alloc(0)
      throw new RecordError('HEADER_CONVERTER', className, error)
    }
    this.#lastHeaderBytes = Buffer.from(payload.subarray(start, end))
    this.#lastTopic = topic
    return this.#lastHeaders
  }
}
