import type { Log, TaskContext } from '../api/context.ts'
import type { Kafka } from '../kafka/ports.ts'
import type { DeadLetters, Tolerance } from '../pipeline/tolerance.ts'
import type { Activity } from '../task/activity.ts'
import type { ErrorCounters } from '../telemetry/metrics-task.ts'
import type { taskClientSettings } from './client-settings.ts'
import type { ErrorSettings } from './error-settings.ts'
import type { Secrets } from './error-text.ts'
import type { MainApi, StartTask, ThreadSettings } from './messages.ts'
import type { LoadPlugin } from './plugin-access.ts'
import type { Remote } from './rpc.ts'
import type { RecordParts } from './task-parts.ts'
import type { OpenedTask } from './task-runner.ts'

export interface OpenRequest {
  readonly start: StartTask
  readonly settings: ThreadSettings
  readonly main: Remote<MainApi>
  readonly load: LoadPlugin
  readonly log: Log
  /** What a loaded plugin declares as a password is added here. */
  readonly secrets: Secrets
  readonly activity: Activity
  readonly stop: AbortSignal
}

export type OpenTask = (request: OpenRequest) => Promise<OpenedTask>

/** Everything both kinds of task are made of. What is put on `closing` is closed when the task ends, last first. */
export interface TaskMaterial {
  readonly request: OpenRequest
  readonly kafka: Kafka
  readonly clients: ReturnType<typeof taskClientSettings>
  readonly records: RecordParts
  readonly errors: ErrorSettings
  readonly closing: AsyncDisposableStack
  context(signal: AbortSignal): TaskContext
  tolerance(counters: ErrorCounters, deadLetters?: DeadLetters): Tolerance
}

/** What `openSource` and `openSink` give back; the rest is the same for both. */
export type OpenedLoop = Omit<OpenedTask, 'version' | 'close'>
