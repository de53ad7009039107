import type { TaskId, TaskLoad } from './ports.ts'

interface Counted {
  readonly id: TaskId
  /** Records since its start. */
  readonly records: number
}

const keyOf = ({ connector, task }: TaskId): string => `${connector}-${task}`

/**
 * How busy a thread's tasks keep it. The event loop says how long it was not idle; tasks share that by the records that went through
 * them, since they take turns in small steps that nothing could time.
 */
export class TaskLoads {
  readonly #utilization: (since?: LoopUse) => LoopUse
  #since: LoopUse
  #before = new Map<string, number>()

  constructor(utilization: (since?: LoopUse) => LoopUse = since => performance.eventLoopUtilization(since)) {
    this.#utilization = utilization
    this.#since = utilization()
  }

  /** Of the time since it was last asked. */
  measure(tasks: readonly Counted[]): readonly TaskLoad[] {
    const { utilization } = this.#utilization(this.#since)
    this.#since = this.#utilization()
    const passed = tasks.map(({ id, records }) => {
      const before = this.#before.get(keyOf(id)) ?? 0
      // Fewer than before: another run of the task.
      return records >= before ? records - before : records
    })
    this.#before = new Map(tasks.map(({ id, records }) => [keyOf(id), records]))
    const all = passed.reduce((sum, one) => sum + one, 0)
    return tasks.map(({ id }, at) => ({
      id,
      cores: utilization * (all === 0 ? 1 / tasks.length : passed[at]! / all),
    }))
  }
}

interface LoopUse {
  readonly idle: number
  readonly active: number
  readonly utilization: number
}
