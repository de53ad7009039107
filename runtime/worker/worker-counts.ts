import type { RunState } from '../stores/ports.ts'
import type { LabelledMetrics } from '../telemetry/metrics.ts'
import type { TaskId } from './ports.ts'

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)
const up = (state: RunState | undefined): boolean => state === 'RUNNING' || state === 'PAUSED'

/** Kafka Connect's connect-worker-metrics, and the states of connectors and tasks. */
export class WorkerCounts {
  connectorStarts = 0
  taskStarts = 0
  #connectorsUp = 0
  #connectorsFailed = 0
  #tasksUp = 0
  #tasksFailed = 0
  readonly #connectorStates = new Map<string, RunState>()

  /** `before`: what the same run of the task was last seen doing; the first report says how its start went. */
  taskReported(before: RunState | undefined, state: RunState): void {
    if (before !== undefined) return
    if (up(state)) this.#tasksUp++
    if (state === 'FAILED') this.#tasksFailed++
  }

  connectorReported(connector: string, state: RunState): void {
    const before = this.#connectorStates.get(connector)
    this.#connectorStates.set(connector, state)
    if (state === 'FAILED' && before !== 'FAILED') this.#connectorsFailed++
    if (up(state) && !up(before)) this.#connectorsUp++
  }

  metrics(
    connectors: number,
    tasks: readonly { readonly id: TaskId; readonly state: RunState }[],
  ): readonly LabelledMetrics[] {
    const byConnector = new Map<string, RunState[]>()
    for (const { id, state } of tasks) byConnector.set(id.connector, [...(byConnector.get(id.connector) ?? []), state])
    const count = (states: readonly RunState[], state: RunState) => states.filter(each => each === state).length
    return [
      {
        labels: {},
        values: {
          'connect-worker-metrics': {
            'connector-count': connectors,
            'task-count': tasks.length,
            'connector-startup-attempts-total': this.connectorStarts,
            'connector-startup-success-total': this.#connectorsUp,
            'connector-startup-failure-total': this.#connectorsFailed,
            'connector-startup-success-percentage': share(this.#connectorsUp, this.connectorStarts),
            'connector-startup-failure-percentage': share(this.#connectorsFailed, this.connectorStarts),
            'task-startup-attempts-total': this.taskStarts,
            'task-startup-success-total': this.#tasksUp,
            'task-startup-failure-total': this.#tasksFailed,
            'task-startup-success-percentage': share(this.#tasksUp, this.taskStarts),
            'task-startup-failure-percentage': share(this.#tasksFailed, this.taskStarts),
          },
        },
      },
      ...Array.from(byConnector, ([connector, states]) => ({
        labels: { connector },
        values: {
          'connect-worker-metrics': {
            'connector-total-task-count': states.length,
            'connector-running-task-count': count(states, 'RUNNING'),
            'connector-paused-task-count': count(states, 'PAUSED'),
            'connector-failed-task-count': count(states, 'FAILED'),
            'connector-unassigned-task-count': count(states, 'UNASSIGNED'),
            'connector-destroyed-task-count': 0,
            'connector-restarting-task-count': count(states, 'RESTARTING'),
          },
        },
      })),
      ...Array.from(this.#connectorStates, ([connector, state]) => ({
        labels: { connector, status: state.toLowerCase() },
        values: { 'connector-metrics': { status: 1 } },
      })),
      ...tasks.map(({ id, state }) => ({
        labels: { connector: id.connector, task: String(id.task), status: state.toLowerCase() },
        values: { 'connector-task-metrics': { status: 1 } },
      })),
    ]
  }
}
