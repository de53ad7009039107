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

export interface SourceContext extends TaskContext {
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
