import type { OffsetMap, SinkRecord, SourceRecord, TopicPartition, TopicPartitionOffset } from './record.ts'

/** Structured log of a plugin; lines carry connector and task. Never per record. Never a secret (invariant 10). */
export interface Log {
  debug(message: string, details?: Readonly<Record<string, unknown>>): void
  info(message: string, details?: Readonly<Record<string, unknown>>): void
  warn(message: string, details?: Readonly<Record<string, unknown>>): void
  error(message: string, details?: Readonly<Record<string, unknown>>): void
}

export interface PluginContext {
  readonly connector: string
  readonly log: Log
  /** Every setting as text, variables resolved, undeclared keys included: for settings whose names are not known beforehand. */
  readonly originals: Readonly<Record<string, string>>
}

/** A function that a user wrote. */
export interface LoadedScript {
  /** The function of the newest version of its file. */
  readonly run: (...args: readonly never[]) => unknown
  /** File and line at which it threw this, `route.ts:12`; the file alone where the line is not known. */
  place(error: unknown): string
  /** Changes are not followed any more. */
  close(): void
}

/** Loads functions that users wrote. They run with all rights of the worker. */
export interface ScriptAccess {
  /**
   * An export of a .ts or .js file under `plugin.path`, relative to one of its folders or absolute; a new version of the file takes
   * the place of the old one until `close`, one that cannot be loaded is logged. Throws ConfigError.
   */
  file(path: string, exportName: string): Promise<LoadedScript>
  /** The default export of code that stands in a config. Throws ConfigError unless the worker has `millrace.script.inline=true`. */
  inline(code: string): Promise<LoadedScript>
}

/** What a transform is created with. */
export interface TransformContext {
  /** Every setting of the transform as text, its prefix removed, undeclared keys included. */
  readonly originals: Readonly<Record<string, string>>
  /** Missing where a transform runs outside a task. Never per record. */
  readonly log?: Log
  /** Missing where a transform runs outside a task. */
  readonly scripts?: ScriptAccess
}

export interface TaskContext extends PluginContext {
  readonly task: number
  /** Aborted when the task must stop: whatever waits for an outside system races with it. */
  readonly signal: AbortSignal
  /** One line about what the task is busy with ("snapshot: 3 of 7 tables"), shown in its status; undefined clears it. */
  progress(text: string | undefined): void
  /**
   * A number of the outside system, shown by `/metrics` as `millrace_connector_<name>` with connector and task until the next one
   * is told. Names are in snake case and end with the unit: `postgres_slot_retained_bytes`. Missing where nobody asks for metrics.
   */
  gauge?(name: string, value: number): void
}

/**
 * Where the transactions of a source end, when `transaction.boundary=connector`. What is asked for a batch holds for the one
 * that `read` yields next; for a record, behind that record. Records without an end behind them stay invisible.
 */
export interface TransactionRequests {
  commit(): void
  commitAfter(record: SourceRecord): void
  /** What was written since the last end is never seen; it counts as read all the same. */
  abort(): void
  abortAfter(record: SourceRecord): void
}

/** A record as it stands in a topic. */
export interface TopicMessage extends TopicPartitionOffset {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** ms since the epoch. */
  readonly timestamp: number
}

export interface TopicFollowing {
  readonly topic: string
  /** Remembers how far messages were handled; no consumer may be a member of it. */
  readonly groupId: string
  /** Kafka's client properties; without `bootstrap.servers` they lie over the worker's own. */
  readonly settings: Readonly<Record<string, string>>
  /** In the order of each partition, from the first message on that was not handled. */
  onMessage(message: TopicMessage): void
  /** A failure that trying again does not cure: no message follows. */
  onError(error: Error): void
}

export interface TopicFollower {
  /** This message and those before it in its partition do not come again after a restart. */
  handled(message: TopicMessage): Promise<void>
  close(): Promise<void>
}

export interface SourceContext extends TaskContext {
  /**
   * For what a source is told through Kafka, beside its records: a topic is created with one partition where it does not exist. Missing
   * where there is no Kafka (a preview).
   */
  readonly followTopic?: (options: TopicFollowing) => Promise<TopicFollower>
  /** Missing unless `transaction.boundary` is `connector` and the worker has exactly-once support. */
  readonly transactions?: TransactionRequests
  /** The stored position of each partition, in order; undefined where none is stored. */
  offsets(partitions: readonly OffsetMap[]): Promise<readonly (OffsetMap | undefined)[]>
}

export interface SinkContext extends TaskContext {
  /**
   * This record alone failed: it goes to the dead letter queue, is skipped, or fails the task, as the connector's
   * `errors.*` settings say. In the last case it throws.
   */
  reject(record: SinkRecord, error: unknown): void
  /** Stops delivery from these partitions until `resume`. */
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  /** Delivery goes on from these offsets, before the next `write`. */
  seek(offsets: readonly TopicPartitionOffset[]): void
  /** Asks for an offset commit now rather than at the next interval. */
  requestCommit(): void
  /** Calls `write` with an empty batch no later than this many ms from now, when no record arrives earlier. */
  wakeAfter(ms: number): void
}
