import { isLazy, type LazyValue, resolveLazy } from './lazy.ts'
import type { Schema } from './schema.ts'

/** One header; a name may occur more than once. */
export interface Header {
  readonly key: string
  readonly schema: Schema | null
  readonly value: unknown
}

/** What converters and transforms see. Nothing in it is changed in place: a transform returns `{ ...record, value }` or a copy. */
export interface ConnectRecord {
  readonly topic: string
  readonly partition?: number | null
  /** Records from Kafka only. */
  readonly offset?: number
  readonly keySchema?: Schema | null
  readonly key?: unknown
  readonly valueSchema?: Schema | null
  readonly value: unknown
  /** Milliseconds since the epoch; null or missing: the time of sending. It drives retention: do not put row times here. */
  readonly timestamp?: number | null
  readonly headers?: readonly Header[]
}

/** Plain JSON members: a source partition (`{ filename: 'a.txt' }`) or a position in it (`{ position: 17 }`). */
export type OffsetMap = Readonly<Record<string, string | number | bigint | boolean | null>>

/** A record on its way in. `value` and `key` may be a LazyValue; members may be getters, so that an offset is built only when it is stored. */
export interface SourceRecord extends ConnectRecord {
  readonly sourcePartition: OffsetMap
  /** The position after this record: where reading goes on once it is stored. */
  readonly sourceOffset: OffsetMap
  /** Nothing is written: only the position is stored, in its order. */
  readonly positionOnly?: true
}

/** Coordinates of a Kafka topic partition. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** An offset of a topic partition: the next record to read. */
export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: number
}

export interface SinkRecordInit extends ConnectRecord {
  readonly partition: number
  readonly offset: number
  readonly timestampType?: 'CREATE_TIME' | 'LOG_APPEND_TIME'
  readonly original?: { readonly topic: string; readonly partition: number; readonly offset: number }
}

/** A record on its way out. `key` and `value` are decoded when first read. */
export class SinkRecord implements ConnectRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number | null
  readonly timestampType: 'CREATE_TIME' | 'LOG_APPEND_TIME'
  readonly keySchema: Schema | null
  readonly valueSchema: Schema | null
  readonly headers: readonly Header[]
  /** Where the record was read, whatever transforms did to `topic` and `partition`: offsets are counted here. */
  readonly original: { readonly topic: string; readonly partition: number; readonly offset: number }
  readonly #key: unknown
  readonly #value: unknown

  constructor(init: SinkRecordInit, key: unknown = init.key, value: unknown = init.value) {
    this.topic = init.topic
    this.partition = init.partition
    this.offset = init.offset
    this.timestamp = init.timestamp ?? null
    this.timestampType = init.timestampType ?? 'CREATE_TIME'
    this.keySchema = init.keySchema ?? null
    this.valueSchema = init.valueSchema ?? null
    this.headers = init.headers ?? noHeaders
    this.original = init.original ?? this
    this.#key = key
    this.#value = value
  }

  get key(): unknown {
    return resolveLazy(this.#key)
  }

  get value(): unknown {
    return resolveLazy(this.#value)
  }

  /** The value as checked JSON bytes, when it still is that: a JSON sink writes them as they are. */
  get lazyValue(): LazyValue | undefined {
    return isLazy(this.#value) ? this.#value : undefined
  }
}

const noHeaders: readonly Header[] = Object.freeze([])
