import { setImmediate as turn } from 'node:timers/promises'
import { ByteWriter } from '../api/byte-writer.ts'
import type { Converter, HeaderConverter } from '../api/define.ts'
import { DataError } from '../api/errors.ts'
import { resolveLazy } from '../api/lazy.ts'
import type { ConnectRecord, Header, SourceRecord } from '../api/record.ts'
import { partitionForKey } from '../kafka/partitioner.ts'
import type { Delivery, Producer } from '../kafka/ports.ts'
import { RecordError } from './record-error.ts'
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

type EncodedHeaders = readonly { readonly key: string; readonly value: Uint8Array | null }[]

const turnEvery = 4096
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
  readonly #keyBytes = new ByteWriter(256)
  readonly #known = new Set<string>()
  #lastHeaders: readonly Header[] | undefined
  #lastTopic = ''
  #encodedHeaders: EncodedHeaders = []

  constructor(parts: SourcePipelineParts) {
    this.#parts = parts
  }

  /** Every record is submitted or dropped when this resolves; throws when one fails the task. */
  async append(batch: readonly SourceRecord[], tracker: SourceTracker): Promise<void> {
    const transformed = await this.#transformed(batch)
    for (let index = 0; index < batch.length; index++) {
      const source = batch[index]!
      try {
        await this.#one(
          source,
          transformed === undefined ? this.#transform(source) : whole(transformed[index]!),
          tracker,
        )
      } catch (error) {
        if (!(error instanceof RecordError)) throw error
        await this.#recover(source, tracker, error)
      }
      // A record loop must not starve timers (heartbeats).
      if (index % turnEvery === turnEvery - 1) await turn()
    }
  }

  async #learn(topic: string): Promise<void> {
    await this.#parts.ensureTopic(topic)
    await this.#parts.producer.prepare([topic])
    this.#known.add(topic)
  }

  #transform(source: SourceRecord): ConnectRecord | null {
    const { chain } = this.#parts
    if (chain.steps.length === 0) return source
    let record: ConnectRecord | null = plain(source, chain.ignoresPayload)
    for (const step of chain.steps) {
      try {
        record = step.apply(record)
      } catch (error) {
        throw new RecordError('TRANSFORMATION', step.className, error)
      }
      if (record === null) return null
    }
    return record
  }

  #encode(record: ConnectRecord, source: SourceRecord, tracker: SourceTracker): void {
    const { key, value, header, producer, now } = this.#parts
    const { topic } = record
    // Outside the tolerance, as in Kafka Connect: such a record is a fault of the connector.
    const timestamp = timestampOf(record, now)
    const headers =
      record.headers === undefined || record.headers.length === 0 ? null : this.#headers(topic, record.headers, header)
    const keyBytes = this.#keyBytes
    keyBytes.pos = 0
    let hasKey: boolean
    try {
      hasKey = write(key.converter, keyBytes, topic, record.keySchema ?? null, record.key, record.headers)
    } catch (error) {
      throw new RecordError('KEY_CONVERTER', key.className, error)
    }
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

  #partition(record: ConnectRecord, hasKey: boolean): number {
    const { producer } = this.#parts
    const { topic, partition } = record
    const count = producer.partitionCount(topic)!
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
  #headers(
    topic: string,
    headers: readonly Header[],
    { className, converter }: SourcePipelineParts['header'],
  ): EncodedHeaders {
    if (headers !== this.#lastHeaders || topic !== this.#lastTopic) {
      try {
        this.#encodedHeaders = headers.map(({ key, schema, value }) => ({
          key,
          value: converter.encodeHeader(topic, key, schema, resolveLazy(value)),
        }))
      } catch (error) {
        throw new RecordError('HEADER_CONVERTER', className, error)
      }
      this.#lastHeaders = headers
      this.#lastTopic = topic
    }
    return this.#encodedHeaders
  }
}

const timestampOf = ({ timestamp, topic }: ConnectRecord, now: () => number): number => {
  if (timestamp === null || timestamp === undefined || timestamp === -1) return now()
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
  schema: ConnectRecord['keySchema'],
  value: unknown,
  headers: readonly Header[] | undefined,
): boolean => {
  if (converter.encodeInto !== undefined) return converter.encodeInto(out, topic, schema ?? null, value)
  const bytes = converter.encode(topic, schema ?? null, resolveLazy(value), headers)
  if (bytes === null) return false
  out.writeBytes(bytes)
  return true
}

/** A record as transforms see it: an object with members of its own, so that `{ ...record }` copies all of them. */
const plain = (record: SourceRecord, keepLazy: boolean): ConnectRecord => ({
  topic: record.topic,
  partition: record.partition ?? null,
  keySchema: record.keySchema ?? null,
  key: keepLazy ? record.key : resolveLazy(record.key ?? null),
  valueSchema: record.valueSchema ?? null,
  value: keepLazy ? record.value : resolveLazy(record.value ?? null),
  timestamp: record.timestamp ?? null,
  headers: record.headers ?? [],
})
