import type { Status, StatusStore } from '../stores/ports.ts'
import type { RunReport, TaskId } from '../worker/ports.ts'
import type { ConnectorStatus, ConnectorType, PartStatus } from './entities.ts'

/** Turns reports into statuses and statuses into what REST shows (invariant 8). */
export class StatusBoard {
  readonly #store: StatusStore
  readonly #workerId: () => string
  readonly #version: (connector: string) => string | undefined
  readonly #generation: () => number
  readonly #progress = new Map<string, string>()

  /**
   * `version`: of a connector's plugin, for tasks that fail before they could say it; `generation`: of the group of workers, 0
   * for a worker of its own.
   */
  constructor(
    store: StatusStore,
    workerId: () => string,
    version: (connector: string) => string | undefined,
    generation: () => number = () => 0,
  ) {
    this.#generation = generation
    this.#store = store
    this.#workerId = workerId
    this.#version = version
  }

  /** `task` undefined: the connector itself. */
  reported(connector: string, task: number | undefined, report: RunReport): void {
    if (task === undefined) this.connectorReported(connector, report)
    else this.taskReported({ connector, task }, report)
  }

  isFailed(connector: string, task: number | undefined): boolean {
    const status = task === undefined ? this.#store.connector(connector) : this.#store.task(connector, task)
    return status?.state === 'FAILED'
  }

  connectorReported(connector: string, report: RunReport): void {
    this.#note(connector, report.progress)
    this.#store.putConnector(connector, this.#status(report))
  }

  taskReported({ connector, task }: TaskId, report: RunReport): void {
    this.#note(`${connector}-${task}`, report.progress)
    const version = report.version ?? this.#version(connector)
    this.#store.putTask(connector, task, this.#status({ ...report, ...(version !== undefined && { version }) }))
  }

  /** What it waits for, beside the state it reported; undefined: nothing. */
  connectorProgress(connector: string, progress: string | undefined): void {
    this.#note(connector, progress)
  }

  /** A restart was asked for; what it does is reported later. The trace of what went wrong stays until then. */
  restarting(connector: string, task?: number): void {
    const before = task === undefined ? this.#store.connector(connector) : this.#store.task(connector, task)
    const next: Status = { ...(before ?? this.#status({ state: 'RESTARTING' })), state: 'RESTARTING' }
    if (task === undefined) this.#store.putConnector(connector, next)
    else this.#store.putTask(connector, task, next)
  }

  /** Tasks beyond this number are gone. */
  keepTasks(connector: string, count: number): void {
    for (const { task } of this.#store.tasks(connector)) if (task >= count) this.#store.removeTask(connector, task)
  }

  forget(connector: string): void {
    this.keepTasks(connector, 0)
    this.#store.removeConnector(connector)
  }

  status(connector: string, type: ConnectorType): ConnectorStatus | undefined {
    const status = this.#store.connector(connector)
    if (status === undefined) return undefined
    return {
      name: connector,
      connector: this.#shown(status, connector),
      tasks: this.#store
        .tasks(connector)
        .map(({ task, status: one }) => ({ id: task, ...this.#shown(one, `${connector}-${task}`) })),
      type,
    }
  }

  task(connector: string, task: number): ConnectorStatus['tasks'][number] | undefined {
    const status = this.#store.task(connector, task)
    return status === undefined ? undefined : { id: task, ...this.#shown(status, `${connector}-${task}`) }
  }

  #note(key: string, progress: string | undefined): void {
    if (progress === undefined) this.#progress.delete(key)
    else this.#progress.set(key, progress)
  }

  #status({ state, trace, version }: RunReport): Status {
    return {
      state,
      workerId: this.#workerId(),
      generation: this.#generation(),
      ...(trace !== undefined && { trace }),
      ...(version !== undefined && { version }),
    }
  }

  #shown({ state, workerId, version, trace }: Status, key: string): PartStatus {
    const progress = this.#progress.get(key)
    return {
      state,
      worker_id: workerId,
      version: version ?? null,
      ...(trace !== undefined && { trace }),
      ...(progress !== undefined && { progress }),
    }
  }
}
