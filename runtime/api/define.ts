import type { ByteWriter } from './byte-writer.ts'
import type { ConfigOf, ConfigSpec } from './config.ts'
import type { PluginContext, SinkContext, SourceContext, TransformContext } from './context.ts'
import type {
  ConnectRecord,
  Header,
  OffsetMap,
  SinkRecord,
  SourceRecord,
  TopicPartition,
  TopicPartitionOffset,
} from './record.ts'
import type { Schema } from './schema.ts'

/** What every plugin says of itself, in this order. */
interface Described<C extends ConfigSpec> {
  /** The Java class name that existing configurations use, or one of your own. */
  readonly class: string
  readonly aliases?: readonly string[]
  readonly version: string
  readonly doc: string
  readonly config: C
}

/** A problem with one setting, found by looking outside (is the server there, may this user read?). */
export interface ConfigProblem {
  readonly key: string
  /** What is wrong and what helps; never a secret. */
  readonly message: string
}

interface Connector<C extends ConfigSpec> extends Described<C> {
  /** Settings beyond `config` that the connector reads from `ctx.originals`: validation does not warn of them. */
  readonly otherKeys?: RegExp
  /** Called after all settings parsed; may connect outside. Throwing counts as a problem of the whole configuration. */
  validate?(
    config: ConfigOf<C>,
    ctx: PluginContext & { readonly signal: AbortSignal },
  ): readonly ConfigProblem[] | Promise<readonly ConfigProblem[]>
}

/** Plain JSON: becomes a task's config, shown by REST (strings as they are, other values as JSON). */
export type Work = Readonly<Record<string, unknown>>

export interface SourceTask {
  /**
   * Batches of records, oldest first; pulled only when the runtime has room. An empty batch is fine. Ends only when nothing
   * more will ever come; otherwise wait for more, and return soon after `ctx.signal` aborts. May throw RetriableError: `read` is called again.
   * Records are looked at before the next batch is asked for and, but for their source offset, never after: lazy values may point into memory that is used again.
   */
  read(): AsyncIterable<readonly SourceRecord[]>
  /** These positions are durable now: the outside system may forget what lies before them (invariant 2). Also called with an empty list after a flush that had nothing to store. */
  committed?(offsets: readonly { readonly partition: OffsetMap; readonly offset: OffsetMap }[]): void | Promise<void>
  close?(): void | Promise<void>
}

export interface SourceDefinition<C extends ConfigSpec = ConfigSpec, W extends Work = Work> extends Connector<C> {
  /** Work for at most `maxTasks` tasks. Default: one task with an empty work item. */
  split?(config: ConfigOf<C>, maxTasks: number, ctx: PluginContext): readonly W[] | Promise<readonly W[]>
  /** Yields whenever `split` would now answer differently. */
  changes?(config: ConfigOf<C>, signal: AbortSignal): AsyncIterable<void>
  open(config: ConfigOf<C>, ctx: SourceContext, work: W): SourceTask | Promise<SourceTask>
  /**
   * For previews: up to `count` records (or a few more) as a task would read them, leaving nothing behind outside. A batch counts until the next is
   * asked for.
   */
  sample?(
    config: ConfigOf<C>,
    ctx: PluginContext & { readonly signal: AbortSignal },
    count: number,
  ): AsyncIterable<readonly SourceRecord[]>
  /**
   * Whether, with this config, a task that starts at an offset reads exactly the records behind it: then a worker with
   * exactly-once support writes none twice. Missing: the connector does not say, and `exactly.once.support=required` is refused.
   */
  exactlyOnce?(config: ConfigOf<C>): boolean
  /** Tasks can say where transactions end (`ctx.transactions`): `transaction.boundary=connector` is possible. */
  readonly endsTransactions?: boolean
  /** Checks offsets that a user sets over REST (`offset` null: reset); throw ConnectError to refuse. Missing: any are accepted. Returns false when offsets also live outside. */
  alterOffsets?(
    config: ConfigOf<C>,
    offsets: readonly { partition: OffsetMap; offset: OffsetMap | null }[],
  ): boolean | Promise<boolean>
}

// biome-ignore lint/suspicious/noConfusingVoidType: an author whose flush returns nothing writes no return
export type Flushed = readonly TopicPartitionOffset[] | void

export interface SinkTask {
  /**
   * Records in order of offset within each partition. Resolved means delivered, unless `flush` exists: then it means taken.
   * Throw RetriableError to get the same batch again. Called with an empty batch from time to time when idle.
   */
  write(batch: readonly SinkRecord[]): void | Promise<void>
  /**
   * Called before offsets are committed, with the next offset of each partition. Nothing returned: everything written is
   * now delivered. A list: only these offsets may be committed (what lies beyond is still buffered).
   */
  flush?(upTo: readonly TopicPartitionOffset[]): Flushed | Promise<Flushed>
  /** Partitions that are new, with the offset at which each starts. */
  assigned?(partitions: readonly TopicPartitionOffset[]): void | Promise<void>
  /** Partitions that leave, after their last flush; drop what is buffered for them. */
  revoked?(partitions: readonly TopicPartition[]): void | Promise<void>
  close?(): void | Promise<void>
}

/** Something a sink would send. */
export interface PreviewedWrite {
  /** An object's address, a statement, a request. */
  readonly target: string
  /** Its body; null where there is none. */
  readonly content: Uint8Array | null
}

export interface SinkDefinition<C extends ConfigSpec = ConfigSpec> extends Connector<C> {
  /** `write` keeps no record, nor bytes of one, after it resolved: the runtime may then reuse the memory under them. */
  readonly keepsNothing?: boolean
  /** For previews: what `write` and `flush` of this batch alone would send. Sends and keeps nothing. */
  preview?(
    config: ConfigOf<C>,
    ctx: SinkContext,
    batch: readonly SinkRecord[],
  ): readonly PreviewedWrite[] | Promise<readonly PreviewedWrite[]>
  open(config: ConfigOf<C>, ctx: SinkContext): SinkTask | Promise<SinkTask>
}

export type Side = 'Key' | 'Value'

/** An input and what must come of it: run as a test, shown as documentation. */
export interface TransformExample {
  readonly title: string
  readonly config: Readonly<Record<string, string>>
  readonly side?: Side
  readonly input: Partial<ConnectRecord>
  /** null: the record is dropped. `throws`: the message contains this. */
  readonly output?: Partial<ConnectRecord> | null
  readonly throws?: string
}

export interface Transform {
  /** What is slow or may fail before the first record (a file to load), once; what it throws fails the start of the task. */
  start?(): Promise<void>
  /** Synchronous; returns a new record or the same one, null drops it. Throw DataError for a record that does not fit. */
  apply(record: ConnectRecord): ConnectRecord | null
  /** Anything slow, once per batch, before `apply` of its records. */
  prepare?(batch: readonly ConnectRecord[]): Promise<void>
  close?(): void
}

export interface TransformDefinition<C extends ConfigSpec = ConfigSpec> extends Described<C> {
  /** With sides, the classes are `class$Key` and `class$Value`. */
  readonly sides?: readonly Side[]
  /** Never reads key, value or headers: the runtime then leaves them undecoded. */
  readonly ignoresPayload?: boolean
  readonly examples: readonly TransformExample[]
  create(config: ConfigOf<C>, side: Side, ctx: TransformContext): Transform
}

export interface PredicateDefinition<C extends ConfigSpec = ConfigSpec> extends Described<C> {
  /** Never reads key, value or headers. */
  readonly ignoresPayload?: boolean
  create(config: ConfigOf<C>): { test(record: ConnectRecord): boolean; close?(): void }
}

export interface SchemaAndValue {
  readonly schema: Schema | null
  /** May be a LazyValue: then `get` throws nothing that decoding would not have thrown. */
  readonly value: unknown
}

/** A header as it is in Kafka. */
export interface RawHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

/** Bytes of one topic that are about to be decoded. */
export interface EncodedBatch {
  readonly topic: string
  readonly payloads: readonly Uint8Array[]
  /** Headers of the record of this payload, by index; only for converters that read them. */
  readonly headers?: (index: number) => readonly RawHeader[]
}

export interface Converter {
  /** The bytes, or null for a tombstone. Throws DataError. */
  encode(topic: string, schema: Schema | null, value: unknown, headers?: readonly Header[]): Uint8Array | null
  /** Writes the bytes at `out.pos`; false for null, then nothing is written. What was written before a throw is rolled back by the caller. */
  encodeInto?(out: ByteWriter, topic: string, schema: Schema | null, value: unknown): boolean
  /** `bytes` may be a view that lives only as long as the record. Throws DataError. */
  decode(topic: string, bytes: Uint8Array | null, headers?: readonly RawHeader[]): SchemaAndValue
  /** It looks at headers when it decodes; without it they are not handed over. */
  readonly readsHeaders?: boolean
  /**
   * Awaited before records of these schemas are encoded, for what is slow (a schema registry); once per batch and topic.
   * `signal`: nobody waits any longer.
   */
  prepare?(
    batch: { readonly topic: string; readonly schemas: readonly (Schema | null)[] },
    signal?: AbortSignal,
  ): Promise<void>
  /**
   * Awaited before these bytes are decoded, for what is slow; once per batch read from Kafka, tombstones left out. What
   * concerns one record (an id that nobody knows) is left to `decode`: whatever is thrown here concerns the whole batch.
   */
  prepareDecode?(batch: EncodedBatch, signal?: AbortSignal): Promise<void>
  close?(): void
}

export interface HeaderConverter {
  encodeHeader(topic: string, name: string, schema: Schema | null, value: unknown): Uint8Array | null
  decodeHeader(topic: string, name: string, bytes: Uint8Array | null): SchemaAndValue
}

export type ConverterUse = 'key' | 'value' | 'header'

export interface ConverterDefinition<C extends ConfigSpec = ConfigSpec> extends Described<C> {
  /** What it can be used as; default `['converter']`. */
  readonly kinds?: readonly ('converter' | 'header_converter')[]
  /**
   * `ctx.originals`: its settings as text, undeclared keys included. `ctx.delegate`: the converter that `delegate.converter.type` names, if
   * that is set, with the settings under it.
   */
  create(
    config: ConfigOf<C>,
    use: ConverterUse,
    ctx?: { readonly originals: Readonly<Record<string, string>>; readonly delegate?: Converter | undefined },
  ): Converter & Partial<HeaderConverter>
}

export interface ConfigProviderDefinition<C extends ConfigSpec = ConfigSpec> extends Described<C> {
  create(config: ConfigOf<C>): {
    /**
     * The values of these keys under `path`; a key that does not exist is left out. After `ttlMs` connectors that use them
     * are restarted to get the values of then, unless `config.action.reload=none`.
     */
    get(
      path: string,
      keys: readonly string[],
    ): Promise<{ readonly data: Readonly<Record<string, string>>; readonly ttlMs?: number }>
    close?(): void
  }
}

export type PluginKind = 'source' | 'sink' | 'transformation' | 'predicate' | 'converter' | 'config_provider'

const kindMark = Symbol.for('millrace.plugin')
const define =
  (kind: PluginKind) =>
  <D extends object>(definition: D): D & { readonly kind: PluginKind } =>
    Object.freeze({ ...definition, kind, [kindMark]: true as const })

/** The kind of a plugin, or undefined when the value is none (made by another copy of this package counts too). */
export const pluginKind = (value: unknown): PluginKind | undefined =>
  typeof value === 'object' && value !== null && kindMark in value ? (value as { kind?: PluginKind }).kind : undefined

export type Plugin<D> = D & { readonly kind: PluginKind }

export const defineSource = <const C extends ConfigSpec, W extends Work = Work>(
  definition: SourceDefinition<C, W>,
): Plugin<SourceDefinition<C, W>> => define('source')(definition)
export const defineSink = <const C extends ConfigSpec>(definition: SinkDefinition<C>): Plugin<SinkDefinition<C>> =>
  define('sink')(definition)
export const defineTransform = <const C extends ConfigSpec>(
  definition: TransformDefinition<C>,
): Plugin<TransformDefinition<C>> => define('transformation')(definition)
export const definePredicate = <const C extends ConfigSpec>(
  definition: PredicateDefinition<C>,
): Plugin<PredicateDefinition<C>> => define('predicate')(definition)
export const defineConverter = <const C extends ConfigSpec>(
  definition: ConverterDefinition<C>,
): Plugin<ConverterDefinition<C>> => define('converter')(definition)
export const defineConfigProvider = <const C extends ConfigSpec>(
  definition: ConfigProviderDefinition<C>,
): Plugin<ConfigProviderDefinition<C>> => define('config_provider')(definition)
