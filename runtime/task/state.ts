import type { RunState } from '../stores/ports.ts'

/**
 * Where a task stands.
 *
 * waiting: asked to be paused before it was opened; the plugin has not been called.
 * opening, openingPaused: the plugin's `open` runs; the second will be paused when it is done.
 * stopping: asked to stop, last commit included.
 */
export type TaskState =
  | 'waiting'
  | 'opening'
  | 'openingPaused'
  | 'running'
  | 'paused'
  | 'stopping'
  | 'stopped'
  | 'failed'

/** What can happen to it. `ended`: everything is closed and nothing of it runs any more. */
export type TaskEvent = 'opened' | 'pause' | 'resume' | 'stop' | 'fail' | 'ended'

export const taskStates: readonly TaskState[] = [
  'waiting',
  'opening',
  'openingPaused',
  'running',
  'paused',
  'stopping',
  'stopped',
  'failed',
]
export const taskEvents: readonly TaskEvent[] = ['opened', 'pause', 'resume', 'stop', 'fail', 'ended']

type Row = Readonly<Record<TaskEvent, TaskState | 'never'>>

/**
 * Every event in every state; `never`: cannot happen, a defect of the runtime. A missing cell does not compile.
 *
 * A failed task stays failed whatever is asked of it but a stop: only a restart, which is a new task, cures it (invariant 8).
 * A failure while stopping is no news for the status: the task ends, and its offsets say how far it came.
 */
const table = {
  waiting: {
    opened: 'never',
    pause: 'waiting',
    resume: 'opening',
    stop: 'stopping',
    fail: 'failed',
    ended: 'never',
  },
  opening: {
    opened: 'running',
    pause: 'openingPaused',
    resume: 'opening',
    stop: 'stopping',
    fail: 'failed',
    ended: 'never',
  },
  openingPaused: {
    opened: 'paused',
    pause: 'openingPaused',
    resume: 'opening',
    stop: 'stopping',
    fail: 'failed',
    ended: 'never',
  },
  running: {
    opened: 'never',
    pause: 'paused',
    resume: 'running',
    stop: 'stopping',
    fail: 'failed',
    ended: 'never',
  },
  paused: {
    opened: 'never',
    pause: 'paused',
    resume: 'running',
    stop: 'stopping',
    fail: 'failed',
    ended: 'never',
  },
  stopping: {
    opened: 'stopping',
    pause: 'stopping',
    resume: 'stopping',
    stop: 'stopping',
    fail: 'stopping',
    ended: 'stopped',
  },
  stopped: {
    opened: 'never',
    pause: 'stopped',
    resume: 'stopped',
    stop: 'stopped',
    fail: 'never',
    ended: 'never',
  },
  failed: {
    opened: 'failed',
    pause: 'failed',
    resume: 'failed',
    stop: 'failed',
    fail: 'failed',
    ended: 'failed',
  },
} as const satisfies Record<TaskState, Row>

/** The state after the event. Throws for an event that cannot happen in this state. */
export const nextTaskState = (state: TaskState, event: TaskEvent): TaskState => {
  const next: TaskState | 'never' = table[state][event]
  if (next === 'never') throw new Error(`A task that is ${state} cannot have "${event}" happen to it`)
  return next
}

/** What the status shows; undefined while there is nothing new to say. A task that ended in order is UNASSIGNED, as in Kafka Connect. */
export const reportedState: Readonly<Record<TaskState, RunState | undefined>> = {
  waiting: 'PAUSED',
  opening: undefined,
  openingPaused: undefined,
  running: 'RUNNING',
  paused: 'PAUSED',
  stopping: undefined,
  stopped: 'UNASSIGNED',
  failed: 'FAILED',
}
