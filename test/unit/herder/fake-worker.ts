import type { ConnectorProps, SourceOffset, TargetState } from '../../../runtime/stores/ports.ts'
import type { ConnectorWorker, TaskId, WorkerListener } from '../../../runtime/worker/ports.ts'

type Props = Readonly<Record<string, string>>

/** Runs nothing, reports what a worker would, and keeps every call as a line. */
export class FakeWorker implements ConnectorWorker {
  readonly calls: string[] = []
  listener!: WorkerListener
  /** What `taskConfigs` answers. */
  split: (connector: string) => readonly Props[] | Promise<readonly Props[]> = () => [{ part: '0' }]
  /** Awaited by `startConnector`. */
  starting: (connector: string) => Promise<void> = async () => {}
  checked: (offsets: readonly SourceOffset[]) => boolean = () => true
  readonly #connectors = new Map<string, TargetState>()
  readonly #tasks = new Map<string, TaskId>()

  async start(listener: WorkerListener): Promise<void> {
    this.listener = listener
  }

  async stop(): Promise<void> {
    this.calls.push('stop')
  }

  async startConnector(connector: string, _props: ConnectorProps, target: TargetState): Promise<void> {
    this.calls.push(`start ${connector} ${target}`)
    await this.starting(connector)
    this.#connectors.set(connector, target)
    this.listener.connectorReported(connector, { state: target === 'STARTED' ? 'RUNNING' : target, version: '4.3.0' })
  }

  async stopConnector(connector: string): Promise<void> {
    this.calls.push(`end ${connector}`)
    this.#connectors.delete(connector)
  }

  async taskConfigs(connector: string): Promise<readonly Props[]> {
    return this.split(connector)
  }

  async startTask(id: TaskId, _connector: ConnectorProps, task: Props, target: TargetState): Promise<void> {
    this.calls.push(`task ${id.connector}-${id.task} ${target} ${task['part'] ?? ''}`.trimEnd())
    this.#tasks.set(`${id.connector}-${id.task}`, id)
    this.listener.taskReported(id, { state: target === 'PAUSED' ? 'PAUSED' : 'RUNNING', version: '4.3.0' })
  }

  async stopTasks(ids: readonly TaskId[]): Promise<void> {
    for (const { connector, task } of ids)
      if (this.#tasks.delete(`${connector}-${task}`)) this.calls.push(`halt ${connector}-${task}`)
  }

  async taskLoads(): Promise<readonly []> {
    return []
  }

  async setTargetState(connector: string, target: TargetState): Promise<void> {
    this.calls.push(`target ${connector} ${target}`)
    this.#connectors.set(connector, target)
    const state = target === 'STARTED' ? 'RUNNING' : target
    this.listener.connectorReported(connector, { state, version: '4.3.0' })
    for (const id of this.#tasks.values())
      if (id.connector === connector) this.listener.taskReported(id, { state, version: '4.3.0' })
  }

  runningConnectors(): readonly string[] {
    return [...this.#connectors.keys()]
  }

  runningTasks(): readonly TaskId[] {
    return [...this.#tasks.values()]
  }

  async checkOffsets(_connector: string, _props: ConnectorProps, offsets: readonly SourceOffset[]): Promise<boolean> {
    return this.checked(offsets)
  }
}
