import type { OffsetMap } from '../api/record.ts'
import type { PluginLocation } from '../plugins/location.ts'
import type { ConnectorProps, SourceOffset, TargetState } from '../stores/ports.ts'
import type { LabelledMetrics } from '../telemetry/metrics.ts'
import type { SharedLevels } from './log-levels.ts'
import type { RunReport, TaskId, TaskLoad } from './ports.ts'

type Props = Readonly<Record<string, string>>

/** Told to a thread when it starts. Plain data, like everything in this file: it crosses between threads. */
export interface ThreadSettings {
  /** The worker's properties, variables resolved. */
  readonly workerProps: Props
  readonly levels: SharedLevels
}

/** A connector's settings, ready for use. */
export interface Resolved {
  readonly props: Props
  /** Texts that must not be shown (invariant 10). */
  readonly secrets: readonly string[]
}

/** Which run of a task or connector something is about: a report of an older run is no news, its offsets are not stored. */
export type RunNumber = number

export interface StartTask {
  readonly id: TaskId
  readonly run: RunNumber
  readonly connector: Resolved
  readonly task: Resolved
  readonly target: TargetState
  readonly plugins: readonly PluginLocation[]
  /** Its share of the worker's memory for records on their way. */
  readonly memoryBytes: number
}

export interface StartConnector {
  readonly connector: string
  readonly run: RunNumber
  /** As stored, variables as text: the task configs are made from these. */
  readonly raw: ConnectorProps
  readonly resolved: Resolved
  readonly target: TargetState
  readonly plugin: PluginLocation
}

export interface CheckOffsets {
  readonly resolved: Resolved
  readonly plugin: PluginLocation
  readonly offsets: readonly SourceOffset[]
}

/** What the main thread asks of a task thread. */
export interface ThreadApi {
  startTask(start: StartTask): void
  /** Resolves when all have ended or were given up. */
  stopTasks(ids: readonly TaskId[], graceMs: number): Promise<void>
  setTarget(connector: string, target: TargetState): Promise<void>
  startConnector(start: StartConnector): Promise<void>
  stopConnector(connector: string): Promise<void>
  taskConfigs(connector: string): Promise<readonly Props[]>
  checkOffsets(check: CheckOffsets): Promise<boolean>
  metrics(): readonly LabelledMetrics[]
  /** Of the time since it was last asked. */
  taskLoads(): readonly TaskLoad[]
  /** Answers at once unless something blocks the thread. */
  ping(levels: SharedLevels | undefined): void
  shutdown(): Promise<void>
}

/** What a task thread asks of the main thread. */
export interface MainApi {
  offsets(run: RunNumber, id: TaskId, partitions: readonly OffsetMap[]): Promise<readonly (OffsetMap | undefined)[]>
  /** Resolves when durable. Throws for a run that is over (invariant 7). */
  store(run: RunNumber, id: TaskId, offsets: readonly SourceOffset[]): Promise<void>
  /** Of the task's guard; without one there is nothing to wait for. */
  fence(run: RunNumber, id: TaskId): Promise<void>
  confirm(run: RunNumber, id: TaskId): void
  taskReported(run: RunNumber, id: TaskId, report: RunReport): void
  connectorReported(run: RunNumber, connector: string, report: RunReport): void
  tasksOutdated(run: RunNumber, connector: string): void
  topicUsed(run: RunNumber, id: TaskId, topic: string): void
}
