import type { ConnectorProps, RunState, SourceOffset, TargetState } from '../stores/ports.ts'

export interface TaskId {
  readonly connector: string
  readonly task: number
}

/** What a task costs: the part of a core that it keeps busy. */
export interface TaskLoad {
  readonly id: TaskId
  readonly cores: number
}

/** What a running part says of itself. `trace`: the whole error with its causes, secrets removed (invariant 10). */
export interface RunReport {
  readonly state: RunState
  readonly trace?: string
  readonly version?: string
  /** One line about what it is busy with, or what will happen next; an addition to Kafka Connect's status. */
  readonly progress?: string
}

/** What makes a task with transactions the only one that writes as it does (invariant 7). */
export interface TaskGuard {
  /** Before it takes its transactional id: resolves when no task of an earlier set can write any more. */
  fence(): Promise<void>
  /** After that: throws when others are to run in its place by now. */
  confirm(): void
}

export interface WorkerListener {
  connectorReported(connector: string, report: RunReport): void
  taskReported(id: TaskId, report: RunReport): void
  /** The connector asks for a new `taskConfigs` round: what it watches changed, or its plugin file did. */
  tasksOutdated(connector: string): void
  /** A newer version of the plugin of these connectors was loaded: validate and restart them. */
  pluginReloaded(className: string): void
  topicUsed(id: TaskId, topic: string): void
  /** By what a config provider said at the connector's start, a value of its settings may be another one after `ms`. */
  configExpires(connector: string, ms: number): void
}

/** What runs on this process. Owns plugins, threads and task lifecycles; knows nothing of REST, stores of configs, or other workers. */
export interface ConnectorWorker {
  start(listener: WorkerListener): Promise<void>
  /** Stops every task in order (last commit included) within `task.shutdown.graceful.timeout.ms`, then the threads. */
  stop(): Promise<void>
  /** Starts watching the connector; a class or config that cannot work is reported as FAILED, not thrown. */
  startConnector(connector: string, props: ConnectorProps, target: TargetState): Promise<void>
  stopConnector(connector: string): Promise<void>
  /** The configs of at most `tasks.max` tasks, `task.class` (and a sink's topics) included. Variables are left as text. Throws what the connector throws. */
  taskConfigs(connector: string): Promise<readonly Readonly<Record<string, string>>[]>
  /** Starts one task; failures are reported, not thrown. `guard`: of a source with exactly-once support. */
  startTask(
    id: TaskId,
    connectorProps: ConnectorProps,
    taskProps: Readonly<Record<string, string>>,
    target: TargetState,
    guard?: TaskGuard,
  ): Promise<void>
  /** Resolves when they have stopped, or were cut off after the graceful timeout. */
  stopTasks(ids: readonly TaskId[]): Promise<void>
  setTargetState(connector: string, target: TargetState): Promise<void>
  runningConnectors(): readonly string[]
  runningTasks(): readonly TaskId[]
  /** What its tasks cost since this was last asked; a thread that does not answer leaves its tasks out. */
  taskLoads(): Promise<readonly TaskLoad[]>
  /** Lets the connector check offsets that a user sets; resolves to false when it keeps offsets outside as well. Throws what it throws. */
  checkOffsets(connector: string, props: ConnectorProps, offsets: readonly SourceOffset[]): Promise<boolean>
}
