import { settledWithin } from '../base/abort.ts'
import { CodedError } from '../base/errors.ts'
import type { ConnectorProps, StoredConnector, TargetState } from '../stores/ports.ts'
import type { TaskId } from '../worker/ports.ts'
import type { ConnectorInfo, ConnectorOffset, ConnectorStatus } from './entities.ts'
import type { Herder } from './herder.ts'
import { type HerderParts, LocalHerder } from './local-herder.ts'
import { type RestartFlags, restartPlan } from './restart-plan.ts'
import { sameTasks } from './task-configs.ts'

/** How long a stop waits for requests that are being answered. */
const stopWaitMs = 2000

/** A herder of one worker. What is asked for one connector happens in that order; connectors do not wait for each other. */
export class StandaloneHerder extends LocalHerder implements Herder {
  #ready = false

  constructor(parts: HerderParts) {
    super(parts, () => 0)
  }

  async start(): Promise<void> {
    const { configs, offsets, statuses, worker } = this.parts
    await Promise.all([configs.start(), offsets.start(), statuses.start()])
    await worker.start(this)
    for (const connector of configs.connectors()) this.later(connector, 'start', () => this.#startConnector(connector))
    this.#ready = true
  }

  async stop(): Promise<void> {
    const { configs, offsets, statuses, worker } = this.parts
    this.isStopping = true
    this.retries.close()
    this.expiries.close()
    this.stopRestarts()
    // A connector that is being started is waited for within the worker's own limits; what waits behind it is dropped.
    await settledWithin(this.turns.idle(), stopWaitMs)
    await worker.stop()
    await Promise.all([configs.stop(), offsets.stop(), statuses.stop()])
  }

  isReady(): boolean {
    return this.#ready
  }

  async create(connector: string, props: ConnectorProps, initial?: TargetState): Promise<ConnectorInfo> {
    const complete = await this.checked(connector, props)
    return this.turn(connector, async () => {
      if (this.parts.configs.get(connector) !== undefined) throw new CodedError('CONNECTOR_EXISTS', { connector })
      await this.parts.configs.putConnector(connector, complete, initial)
      this.later(connector, 'start', () => this.#startConnector(connector))
      return { name: connector, config: complete, tasks: [], type: this.types.type(complete) }
    })
  }

  async put(
    connector: string,
    props: ConnectorProps,
  ): Promise<{ readonly created: boolean; readonly info: ConnectorInfo }> {
    const complete = await this.checked(connector, props)
    return this.turn(connector, () => this.#put(connector, complete))
  }

  patch(connector: string, changes: ConnectorProps): Promise<ConnectorInfo> {
    return this.turn(connector, async () => {
      return (await this.#put(connector, await this.checked(connector, this.merged(connector, changes)))).info
    })
  }

  remove(connector: string): Promise<void> {
    return this.turn(connector, async () => {
      const { tasks } = this.stored(connector)
      this.retries.cancel(connector)
      this.expiries.cancel(connector)
      await this.parts.worker.stopTasks(idsOf(connector, tasks.length))
      await this.parts.worker.stopConnector(connector)
      await this.parts.configs.removeConnector(connector)
      this.board.forget(connector)
      this.tracking.forget(connector)
    })
  }

  setTarget(connector: string, target: TargetState): Promise<void> {
    return this.turn(connector, async () => {
      const { worker, configs } = this.parts
      const stored = configs.get(connector)
      if (stored === undefined) throw new CodedError('UNKNOWN_CONNECTOR', { connector })
      this.retries.cancel(connector)
      if (target === 'STOPPED') {
        await worker.stopTasks(idsOf(connector, stored.tasks.length))
        await configs.putTasks(connector, [])
        this.board.keepTasks(connector, 0)
      }
      await configs.putTargetState(connector, target)
      if (!worker.runningConnectors().includes(connector))
        return this.later(connector, 'start', () => this.#startConnector(connector))
      await worker.setTargetState(connector, target)
      if (target === 'STARTED') this.later(connector, 'configure', () => this.reconfigure(connector))
    })
  }

  restart(connector: string, flags: RestartFlags): Promise<ConnectorStatus | undefined> {
    return this.turn(connector, async () => {
      const stored = this.parts.configs.get(connector)
      if (stored === undefined) throw new CodedError('UNKNOWN_CONNECTOR_TO_RESTART', { connector })
      if (!flags.includeTasks && !flags.onlyFailed) {
        try {
          await this.#restartConnector(connector)
        } catch (error) {
          await this.failed(connector, 'restart', error)
          throw error
        }
        return undefined
      }
      const before = this.status(connector)
      const plan = restartPlan(before, flags)
      if (plan.connector) this.board.restarting(connector)
      for (const task of plan.tasks) this.board.restarting(connector, task)
      const answer = this.status(connector)
      this.later(connector, 'restart', async () => {
        await this.parts.worker.stopTasks(plan.tasks.map(task => ({ connector, task })))
        try {
          if (plan.connector) await this.#restartConnector(connector)
        } finally {
          // Whatever became of the connector: they must not say RESTARTING for ever (invariant 8).
          const running = this.#runningTasks(connector)
          for (const task of plan.tasks) if (!running.has(task)) await this.#startTask(connector, task)
        }
      })
      return answer
    })
  }

  restartTask(connector: string, task: number): Promise<void> {
    return this.turn(connector, async () => {
      const stored = this.parts.configs.get(connector)
      if (stored === undefined) throw new CodedError('UNKNOWN_CONNECTOR_TO_RESTART', { connector })
      if (stored.tasks[task] === undefined) {
        throw stored.targetState === 'STOPPED' && task >= 0
          ? new CodedError('NO_TASKS_WHILE_STOPPED')
          : new CodedError('UNKNOWN_TASK', { connector, task })
      }
      await this.restartPart(connector, task)
    })
  }

  alterOffsets(connector: string, offsets: readonly ConnectorOffset[] | null): Promise<string> {
    return this.turn(connector, async () => {
      if (offsets !== null && offsets.length === 0) throw new CodedError('OFFSETS_MISSING')
      const { props, targetState, tasks } = this.stored(connector)
      if (targetState !== 'STOPPED' || tasks.length > 0) throw new CodedError('OFFSETS_NEED_STOP', { connector })
      return this.connectorOffsets.alter(connector, props, this.types.type(props) === 'sink', offsets)
    })
  }

  async #put(
    connector: string,
    props: ConnectorProps,
  ): Promise<{ readonly created: boolean; readonly info: ConnectorInfo }> {
    const { configs } = this.parts
    const before = configs.get(connector)
    await configs.putConnector(connector, props)
    const tasks = before?.tasks ?? []
    this.later(connector, 'start', () => this.restartAll(connector))
    return {
      created: before === undefined,
      info: {
        name: connector,
        config: props,
        tasks: tasks.map((_, task) => ({ connector, task })),
        type: this.types.type(props),
      },
    }
  }

  protected async restartPart(connector: string, task: number | undefined): Promise<void> {
    if (task === undefined) return this.#restartConnector(connector)
    await this.parts.worker.stopTasks([{ connector, task }])
    await this.#startTask(connector, task)
  }

  protected async restartAll(connector: string): Promise<void> {
    await this.parts.worker.stopTasks(idsOf(connector, this.stored(connector).tasks.length))
    await this.#restartConnector(connector)
  }

  async #restartConnector(connector: string): Promise<void> {
    this.retries.cancel(connector)
    await this.parts.worker.stopConnector(connector)
    await this.#startConnector(connector)
  }

  async #startConnector(connector: string): Promise<void> {
    const { worker } = this.parts
    const { props, targetState, tasks } = this.stored(connector)
    await worker.startConnector(connector, props, targetState)
    if (targetState === 'STARTED') await this.reconfigure(connector)
    // A paused connector keeps the tasks it had; new ones are made when it is resumed.
    if (targetState === 'PAUSED') await this.#startMissing(connector, tasks.length)
  }

  protected shows(connector: string, task?: number): boolean {
    const stored = this.parts.configs.get(connector)
    return stored !== undefined && (task === undefined || stored.tasks.length > task)
  }

  protected async tasksMade(
    connector: string,
    tasks: readonly Readonly<Record<string, string>>[],
    stored: StoredConnector,
  ): Promise<void> {
    if (!sameTasks(tasks, stored.tasks)) {
      await this.parts.worker.stopTasks(idsOf(connector, stored.tasks.length))
      await this.parts.configs.putTasks(connector, tasks)
      this.board.keepTasks(connector, tasks.length)
    }
    await this.#startMissing(connector, tasks.length)
  }

  #runningTasks(connector: string): ReadonlySet<number> {
    return new Set(this.parts.worker.runningTasks().flatMap(id => (id.connector === connector ? [id.task] : [])))
  }

  async #startMissing(connector: string, count: number): Promise<void> {
    const running = this.#runningTasks(connector)
    for (let task = 0; task < count; task++) if (!running.has(task)) await this.#startTask(connector, task)
  }

  async #startTask(connector: string, task: number): Promise<void> {
    const { props, tasks, targetState } = this.stored(connector)
    const config = tasks[task]
    if (config !== undefined) await this.parts.worker.startTask({ connector, task }, props, config, targetState)
  }
}

const idsOf = (connector: string, count: number): TaskId[] =>
  Array.from({ length: count }, (_, task) => ({ connector, task }))
