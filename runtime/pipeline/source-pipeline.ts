import { setImmediate as turn } from 'node:timers/promises'
import { ByteWriter } from '../api/byte-writer.ts'
import type { Converter, HeaderConverter } from '../api/define.ts'
import { ConnectError, DataError } from '../api/errors.ts'
import { resolveLazy } from '../api/lazy.ts'
import type { ConnectRecord, Header, SourceRecord } from '../api/record.ts'
import type { Schema } from '../api/schema.ts'
import { partitionForKey } from '../kafka/partitioner.ts'
import type { Delivery, Producer } from '../kafka/ports.ts'
import { encodeHeaders } from '../protocol/record-batch-writer.ts'
import { prepareConverter } from './prepare-converter.ts'
import { RecordError } from './record-error.ts'
import { retryRecord } from './retry-record.ts'
import { recordOf, type Transformed, transformBatch, transformRecord } from './run-chain.ts'
import type { FailedRecord } from './stage.ts'
import type { Tolerance } from './tolerance.ts'
import type { TransformChain } from './transform-chain.ts'

/** Who keeps count of the records of a source task. Called once per record, in order. */
export interface SourceTracker {
  /** About to be produced: hears what becomes of it. */
  submit(record: SourceRecord): Delivery
  /** Left out on purpose: filtered, or its error tolerated. */
  dropped(record: SourceRecord): void
}

export interface NamedConverter {
  readonly className: string
  readonly converter: Converter
}

export interface SourcePipelineParts {
  readonly chain: TransformChain
  readonly key: NamedConverter
  readonly value: NamedConverter
  readonly header: { readonly className: string; readonly converter: HeaderConverter }
  readonly tolerance: Tolerance
  readonly producer: Pick<Producer, 'prepare' | 'partitionCount' | 'stickyPartition' | 'open' | 'appended'>
  /** Makes sure that a topic exists before the first record goes there. */
  readonly ensureTopic: (topic: string) => Promise<void>
  readonly now: () => number
  readonly signal?: AbortSignal
}

const turnEvery = 4096
/** Some hundred records take less than a millisecond. */
const clockEvery = 256
const maxTimestamp = 8.64e15

const describeSource = (record: SourceRecord): FailedRecord => ({
  describe: () =>
    `, where source record is = SourceRecord{sourcePartition=${JSON.stringify(record.sourcePartition, showBig)}, sourceOffset=${JSON.stringify(record.sourceOffset, showBig)}} ConnectRecord{topic='${record.topic}', kafkaPartition=${record.partition ?? null}, timestamp=${record.timestamp ?? null}}`,
})

const showBig = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

/**
 * Takes batches of a source through transforms and converters into the producer's open batches: synchronous per record, the
 * value written where it is sent from.
 */
export class SourcePipeline {
  readonly #parts: SourcePipelineParts
  /** Something slow comes before the records of a batch. */
  readonly #prepares: boolean
  readonly #keyBytes = new ByteWriter(256)
  readonly #known = new Set<string>()
  /** Milliseconds since the epoch, as of a moment ago: records that have no time of their own share a look at the clock. */
  #time = 0
  #lastHeaders: readonly Header[] | undefined
  #lastTopic = ''
  #encodedHeaders: Uint8Array | null = null

  constructor(parts: SourcePipelineParts) {
    this.#parts = parts
    const { chain, key, value } = parts
    this.#prepares = chain.prepares || key.converter.prepare !== undefined || value.converter.prepare !== undefined
  }

  /** Every record is submitted or dropped when this resolves; throws when one fails the task. */
  async append(batch: readonly SourceRecord[], tracker: SourceTracker): Promise<void> {
    let from = 0
    for (let at = 0; at < batch.length; at++) {
      const record = batch[at]!
      if (record.positionOnly !== true) continue
      if (at > from) await this.#append(batch.slice(from, at), tracker)
      tracker.dropped(record)
      from = at + 1
    }
    if (from < batch.length) await this.#append(from === 0 ? batch : batch.slice(from), tracker)
  }

  async #append(batch: readonly SourceRecord[], tracker: SourceTracker): Promise<void> {
    const transformed = this.#prepares ? await this.#prepareBatch(batch) : undefined
    for (let index = 0; index < batch.length; index++) {
      const source = batch[index]!
      if (index % clockEvery === 0) this.#time = this.#parts.now()
      try {
        const record = transformed === undefined ? this.#transform(source) : recordOf(transformed[index]!)
        if (record === null) tracker.dropped(source)
        else {
          if (!this.#known.has(record.topic)) await this.#learn(record.topic)
          this.#encode(record, source, tracker)
        }
      } catch (error) {
        if (!(error instanceof RecordError)) throw error
        await this.#recover(source, tracker, error)
      }
      // A record loop must not starve timers (heartbeats).
      if (index % turnEvery === turnEvery - 1) await turn()
    }
  }

  async #recover(source: SourceRecord, tracker: SourceTracker, failed: RecordError): Promise<void> {
    const { tolerance, signal, now } = this.#parts
    const outcome = await retryRecord(tolerance, failed, signal, async () => {
      this.#time = now()
      const record = this.#prepares ? recordOf((await this.#prepareBatch([source]))[0]!) : this.#transform(source)
      if (record === null) return tracker.dropped(source)
      if (!this.#known.has(record.topic)) await this.#learn(record.topic)
      this.#encode(record, source, tracker)
    })
    if (!(outcome instanceof RecordError)) return
    tolerance.giveUp(describeSource(source), outcome.stage, outcome.className, outcome.cause)
    tracker.dropped(source)
  }

  async #learn(topic: string): Promise<void> {
    await this.#parts.ensureTopic(topic)
    await this.#parts.producer.prepare([topic])
    this.#known.add(topic)
  }

  #transform(source: SourceRecord): ConnectRecord | null {
    const { chain } = this.#parts
    return chain.steps.length === 0 ? source : transformRecord(chain, this.#input(source))
  }

  async #prepareBatch(batch: readonly SourceRecord[]): Promise<readonly Transformed[]> {
    const { chain, key, value, tolerance, signal } = this.#parts
    const inputs = batch.map(source => {
      try {
        return this.#input(source)
      } catch (error) {
        if (error instanceof RecordError) return error
        throw error
      }
    })
    const transformed = await transformBatch(chain, inputs, tolerance, signal)
    await prepareConverter('KEY_CONVERTER', key, transformed, 'key', tolerance, signal)
    await prepareConverter('VALUE_CONVERTER', value, transformed, 'value', tolerance, signal)
    return transformed
  }

  /** A record as transforms see it: an object with members of its own, so that `{ ...record }` copies all of them. */
  #input(source: SourceRecord): ConnectRecord {
    const { chain } = this.#parts
    const { key, value } = source
    return {
      topic: source.topic,
      partition: source.partition ?? null,
      keySchema: source.keySchema ?? null,
      key: chain.ignoresPayload ? key : resolved(chain, key),
      valueSchema: source.valueSchema ?? null,
      value: chain.ignoresPayload ? value : resolved(chain, value),
      timestamp: source.timestamp ?? null,
      headers: source.headers ?? noHeaders,
    }
  }

  #encode(record: ConnectRecord, source: SourceRecord, tracker: SourceTracker): void {
    const { key, value, producer } = this.#parts
    const { topic } = record
    // Outside the tolerance, as in Kafka Connect: such a record is a fault of the connector.
    const timestamp = timestampOf(record, this.#time)
    const headers =
      record.headers === undefined || record.headers.length === 0 ? null : this.#headers(topic, record.headers)
    const hasKey = this.#encodeKey(key, record)
    const keyBytes = this.#keyBytes
    const partition = this.#partition(record, hasKey)
    const writer = producer.open(topic, partition)
    writer.beginRecord(timestamp, hasKey ? keyBytes.buf : null, 0, keyBytes.pos)
    try {
      const hasValue = write(value.converter, writer, topic, record.valueSchema ?? null, record.value, record.headers)
      writer.endRecord(hasValue, headers)
    } catch (error) {
      writer.rollback()
      throw new RecordError('VALUE_CONVERTER', value.className, error)
    }
    producer.appended(topic, partition, tracker.submit(source))
  }

  #encodeKey({ converter, className }: NamedConverter, record: ConnectRecord): boolean {
    const bytes = this.#keyBytes
    bytes.pos = 0
    try {
      return write(converter, bytes, record.topic, record.keySchema ?? null, record.key, record.headers)
    } catch (error) {
      throw new RecordError('KEY_CONVERTER', className, error)
    }
  }

  #partition(record: ConnectRecord, hasKey: boolean): number {
    const { producer } = this.#parts
    const { topic, partition } = record
    const count = producer.partitionCount(topic)
    if (count === undefined) throw new ConnectError(`The partitions of topic ${topic} are not known`)
    if (partition === null || partition === undefined) {
      return hasKey
        ? partitionForKey(this.#keyBytes.buf, 0, this.#keyBytes.pos, count)
        : producer.stickyPartition(topic)
    }
    if (!Number.isInteger(partition) || partition < 0 || partition >= count) {
      throw new DataError(
        `Invalid partition given with record: ${partition} is not in the range [0...${count}) of topic ${topic}.`,
      )
    }
    return partition
  }

  /** Records of a source often share one list of headers: it is encoded once. */
  #headers(topic: string, headers: readonly Header[]): Uint8Array | null {
    if (headers === this.#lastHeaders && topic === this.#lastTopic) return this.#encodedHeaders
    const { className, converter } = this.#parts.header
    try {
      this.#encodedHeaders = encodeHeaders(
        headers.map(({ key, schema, value }) => ({
          key,
          value: converter.encodeHeader(topic, key, schema, resolveLazy(value)),
        })),
      )
    } catch (error) {
      throw new RecordError('HEADER_CONVERTER', className, error)
    }
    this.#lastHeaders = headers
    this.#lastTopic = topic
    return this.#encodedHeaders
  }
}

const noHeaders: readonly Header[] = Object.freeze([])

/** Bytes of the source that are no value fail where the first transform asks for it. */
const resolved = (chain: TransformChain, value: unknown): unknown => {
  try {
    return resolveLazy(value ?? null)
  } catch (error) {
    throw new RecordError('TRANSFORMATION', chain.steps[0]!.className, error)
  }
}

const timestampOf = ({ timestamp, topic }: ConnectRecord, time: number): number => {
  if (timestamp === null || timestamp === undefined || timestamp === -1) return time
  if (!Number.isInteger(timestamp) || timestamp < 0 || timestamp > maxTimestamp)
    throw new DataError(
      `Invalid record timestamp ${timestamp} for topic ${topic}: give milliseconds since the epoch, or none`,
    )
  return timestamp
}

const write = (
  converter: Converter,
  out: ByteWriter,
  topic: string,
  schema: Schema | null,
  value: unknown,
  headers: readonly Header[] | undefined,
): boolean => {
  if (converter.encodeInto !== undefined) return converter.encodeInto(out, topic, schema, value)
  const bytes = converter.encode(topic, schema, resolveLazy(value), headers)
  if (bytes === null) return false
  out.writeBytes(bytes)
  return true
}
