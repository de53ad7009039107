import type { Log } from '../api/context.ts'
import { isRetriable } from '../api/errors.ts'
import { settledWithin } from '../base/abort.ts'
import { backoffDelay } from '../base/backoff.ts'
import { CodedError } from '../base/errors.ts'
import { withoutNulls } from '../config/without-nulls.ts'
import type { Admin } from '../kafka/ports.ts'
import type { PluginInfo, PluginRegistry } from '../plugins/registry.ts'
import type {
  ConfigStore,
  ConnectorProps,
  OffsetStore,
  StatusStore,
  StoredConnector,
  TargetState,
} from '../stores/ports.ts'
import { topicGroups } from '../task/topic-creation.ts'
import { traceOf } from '../worker/error-text.ts'
import type { ConnectorWorker, RunReport, TaskId, WorkerListener } from '../worker/ports.ts'
import { configSecrets } from './config-secrets.ts'
import { ConnectorOffsets } from './connector-offsets.ts'
import { ConnectorTimers } from './connector-timers.ts'
import { ConnectorTypes } from './connector-types.ts'
import type {
  ConfigInfos,
  ConfigKeyInfo,
  ConnectorInfo,
  ConnectorOffset,
  ConnectorStatus,
  TaskInfo,
} from './entities.ts'
import type { Herder } from './herder.ts'
import { pluginConfig } from './plugin-spec.ts'
import { usesPlugin } from './plugin-use.ts'
import { type RestartFlags, restartPlan } from './restart-plan.ts'
import { StatusBoard } from './status-board.ts'
import { sameTasks, unresolved } from './task-configs.ts'
import { TopicTracking } from './topic-tracking.ts'
import { Turns } from './turns.ts'
import { sameConnector, type Validator } from './validation.ts'

export interface StandaloneParts {
  readonly worker: ConnectorWorker
  readonly configs: ConfigStore
  readonly offsets: OffsetStore
  readonly statuses: StatusStore
  readonly plugins: PluginRegistry
  readonly validator: Validator
  /** Made when first needed. */
  readonly admin: () => Promise<Admin>
  readonly clusterId: () => Promise<string>
  /** Variables' values put in, for what only resolved settings tell (a group's name). */
  readonly resolve: (props: ConnectorProps) => Promise<ConnectorProps>
  /** `host:port` of this worker's REST, once it listens. */
  readonly workerId: () => string
  readonly workerProps: Readonly<Record<string, string>>
  readonly log: Log
}

/** How long a stop waits for requests that are being answered. */
const stopWaitMs = 2000

/** A config provider that says less would have its connectors restart all the time. */
const shortestTtlMs = 1000

/** Waits between tries to get task configs from a connector that says trying again may help. */
const retry = { initialMs: 250, maxMs: 60_000 }

/** A herder of one worker. What is asked for one connector happens in that order; connectors do not wait for each other. */
export class StandaloneHerder implements Herder, WorkerListener {
  readonly #parts: StandaloneParts
  readonly #offsets: ConnectorOffsets
  readonly #turns = new Turns()
  readonly #retries = new ConnectorTimers()
  /** When a value of a config provider may be another one. */
  readonly #expiries = new ConnectorTimers()
  readonly #topics: TopicTracking
  readonly #board: StatusBoard
  readonly #types: ConnectorTypes
  #ready = false
  #stopping = false

  constructor(parts: StandaloneParts) {
    this.#parts = parts
    this.#offsets = new ConnectorOffsets(parts)
    this.#topics = new TopicTracking(parts.statuses, parts.workerProps)
    this.#types = new ConnectorTypes(parts.plugins)
    this.#board = new StatusBoard(parts.statuses, parts.workerId, connector =>
      this.#types.version(parts.configs.get(connector)?.props ?? {}),
    )
  }

  async start(): Promise<void> {
    const { configs, offsets, statuses, worker } = this.#parts
    await Promise.all([configs.start(), offsets.start(), statuses.start()])
    await worker.start(this)
    for (const connector of configs.connectors()) this.#later(connector, 'start', () => this.#startConnector(connector))
    this.#ready = true
  }

  async stop(): Promise<void> {
    const { configs, offsets, statuses, worker } = this.#parts
    this.#stopping = true
    this.#retries.close()
    this.#expiries.close()
    // A connector that is being started is waited for within the worker's own limits; what waits behind it is dropped.
    await settledWithin(this.#turns.idle(), stopWaitMs)
    await worker.stop()
    await Promise.all([configs.stop(), offsets.stop(), statuses.stop()])
  }

  isReady(): boolean {
    return this.#ready
  }

  kafkaClusterId(): Promise<string> {
    return this.#parts.clusterId()
  }

  connectors(): readonly string[] {
    return this.#parts.configs.connectors()
  }

  info(connector: string): ConnectorInfo {
    const { props, tasks } = this.#stored(connector)
    return {
      name: connector,
      config: props,
      tasks: tasks.map((_, task) => ({ connector, task })),
      type: this.#types.type(props),
    }
  }

  status(connector: string): ConnectorStatus {
    const stored = this.#parts.configs.get(connector)
    const status = stored === undefined ? undefined : this.#board.status(connector, this.#types.type(stored.props))
    if (status === undefined) throw new CodedError('CONNECTOR_STATUS_NOT_FOUND', { connector })
    return status
  }

  taskStatus(connector: string, task: number): ConnectorStatus['tasks'][number] {
    const status = this.#board.task(connector, task)
    if (status === undefined) throw new CodedError('TASK_STATUS_NOT_FOUND', { connector, task })
    return status
  }

  tasks(connector: string): readonly TaskInfo[] {
    return this.#stored(connector).tasks.map((config, task) => ({ id: { connector, task }, config }))
  }

  topics(connector: string): readonly string[] {
    return this.#topics.list(connector)
  }

  resetTopics(connector: string): void {
    this.#topics.reset(connector)
  }

  async create(connector: string, props: ConnectorProps, initial?: TargetState): Promise<ConnectorInfo> {
    const complete = await this.#checked(connector, props)
    return this.#turn(connector, async () => {
      if (this.#parts.configs.get(connector) !== undefined) throw new CodedError('CONNECTOR_EXISTS', { connector })
      await this.#parts.configs.putConnector(connector, complete, initial)
      this.#later(connector, 'start', () => this.#startConnector(connector))
      return { name: connector, config: complete, tasks: [], type: this.#types.type(complete) }
    })
  }

  async put(
    connector: string,
    props: ConnectorProps,
  ): Promise<{ readonly created: boolean; readonly info: ConnectorInfo }> {
    const complete = await this.#checked(connector, props)
    return this.#turn(connector, () => this.#put(connector, complete))
  }

  patch(connector: string, changes: ConnectorProps): Promise<ConnectorInfo> {
    return this.#turn(connector, async () => {
      const { props } = this.#stored(connector)
      const merged = Object.fromEntries(
        Object.entries({ ...props, ...changes }).filter(
          ([key, value]) => !(value === null && Object.hasOwn(changes, key)),
        ),
      )
      return (await this.#put(connector, await this.#checked(connector, merged))).info
    })
  }

  remove(connector: string): Promise<void> {
    return this.#turn(connector, async () => {
      const { tasks } = this.#stored(connector)
      this.#retries.cancel(connector)
      this.#expiries.cancel(connector)
      await this.#parts.worker.stopTasks(idsOf(connector, tasks.length))
      await this.#parts.worker.stopConnector(connector)
      await this.#parts.configs.removeConnector(connector)
      this.#board.forget(connector)
      this.#topics.forget(connector)
    })
  }

  setTarget(connector: string, target: TargetState): Promise<void> {
    return this.#turn(connector, async () => {
      const { worker, configs } = this.#parts
      const stored = configs.get(connector)
      if (stored === undefined) throw new CodedError('UNKNOWN_CONNECTOR', { connector })
      this.#retries.cancel(connector)
      if (target === 'STOPPED') {
        await worker.stopTasks(idsOf(connector, stored.tasks.length))
        await configs.putTasks(connector, [])
        this.#board.keepTasks(connector, 0)
      }
      await configs.putTargetState(connector, target)
      if (!worker.runningConnectors().includes(connector))
        return this.#later(connector, 'start', () => this.#startConnector(connector))
      await worker.setTargetState(connector, target)
      if (target === 'STARTED') this.#later(connector, 'configure', () => this.#reconfigure(connector))
    })
  }

  restart(connector: string, flags: RestartFlags): Promise<ConnectorStatus | undefined> {
    return this.#turn(connector, async () => {
      const stored = this.#parts.configs.get(connector)
      if (stored === undefined) throw new CodedError('UNKNOWN_CONNECTOR_TO_RESTART', { connector })
      if (!flags.includeTasks && !flags.onlyFailed) {
        try {
          await this.#restartConnector(connector)
        } catch (error) {
          await this.#failed(connector, 'restart', error)
          throw error
        }
        return undefined
      }
      const before = this.status(connector)
      const plan = restartPlan(before, flags)
      if (plan.connector) this.#board.restarting(connector)
      for (const task of plan.tasks) this.#board.restarting(connector, task)
      const answer = this.status(connector)
      this.#later(connector, 'restart', async () => {
        await this.#parts.worker.stopTasks(plan.tasks.map(task => ({ connector, task })))
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
    return this.#turn(connector, async () => {
      const stored = this.#parts.configs.get(connector)
      if (stored === undefined) throw new CodedError('UNKNOWN_CONNECTOR_TO_RESTART', { connector })
      if (stored.tasks[task] === undefined) {
        throw stored.targetState === 'STOPPED' && task >= 0
          ? new CodedError('NO_TASKS_WHILE_STOPPED')
          : new CodedError('UNKNOWN_TASK', { connector, task })
      }
      await this.#parts.worker.stopTasks([{ connector, task }])
      await this.#startTask(connector, task)
    })
  }

  async offsets(connector: string): Promise<readonly ConnectorOffset[]> {
    const { props } = this.#stored(connector)
    return this.#offsets.list(connector, props, this.#types.type(props) === 'sink')
  }

  alterOffsets(connector: string, offsets: readonly ConnectorOffset[] | null): Promise<string> {
    return this.#turn(connector, async () => {
      if (offsets !== null && offsets.length === 0) throw new CodedError('OFFSETS_MISSING')
      const { props, targetState, tasks } = this.#stored(connector)
      if (targetState !== 'STOPPED' || tasks.length > 0) throw new CodedError('OFFSETS_NEED_STOP', { connector })
      return this.#offsets.alter(connector, props, this.#types.type(props) === 'sink', offsets)
    })
  }

  plugins(connectorsOnly: boolean): readonly PluginInfo[] {
    return this.#parts.plugins.list(connectorsOnly ? ['sink', 'source'] : undefined)
  }

  pluginConfig(className: string): Promise<readonly ConfigKeyInfo[]> {
    return pluginConfig(this.#parts.plugins, className)
  }

  async validate(props: ConnectorProps, className?: string): Promise<ConfigInfos> {
    const given = props['connector.class']
    if (className !== undefined && typeof given === 'string' && !sameConnector(className, given))
      throw new CodedError('CLASS_MISMATCH', { given, class: className })
    return this.#parts.validator.validate(props)
  }

  // What the worker tells.

  connectorReported(connector: string, report: RunReport): void {
    if (this.#parts.configs.get(connector) !== undefined) this.#board.connectorReported(connector, report)
  }

  taskReported(id: TaskId, report: RunReport): void {
    if ((this.#parts.configs.get(id.connector)?.tasks.length ?? 0) > id.task) this.#board.taskReported(id, report)
  }

  tasksOutdated(connector: string): void {
    this.#later(connector, 'configure', () => this.#reconfigure(connector))
  }

  pluginReloaded(className: string): void {
    const { configs, plugins } = this.#parts
    for (const connector of configs.connectors()) {
      const props = configs.get(connector)?.props
      if (props === undefined || !usesPlugin(props, className, plugins)) continue
      this.#later(connector, 'reload', () => this.#reload(connector, className))
    }
  }

  configExpires(connector: string, ms: number): void {
    if (this.#parts.configs.get(connector)?.props['config.action.reload']?.trim() === 'none') return
    this.#expiries.set(connector, Math.max(shortestTtlMs, ms), () =>
      this.#later(connector, 'reload', () => this.#restartAll(connector)),
    )
  }

  topicUsed(id: TaskId, topic: string): void {
    this.#topics.used(id, topic)
  }

  #turn<T>(connector: string, operation: () => Promise<T>): Promise<T> {
    return this.#turns.run(connector, async () => {
      if (this.#stopping) throw new CodedError('STOPPING')
      return operation()
    })
  }

  /** What a request set off, after its answer. */
  #later(connector: string, what: string, run: () => Promise<void>): void {
    void this.#turns.run(connector, async () => {
      if (this.#stopping || this.#parts.configs.get(connector) === undefined) return
      try {
        await run()
      } catch (error) {
        await this.#failed(connector, what, error)
      }
    })
  }

  /** Invariant 8: what could not be done is shown, not only logged. */
  async #failed(connector: string, what: string, error: unknown): Promise<void> {
    const { configs, log } = this.#parts
    const trace = traceOf(error, await configSecrets(configs.get(connector)?.props ?? {}, this.#parts.resolve))
    log.error(`Could not ${what} a connector`, { connector, trace })
    this.#board.connectorReported(connector, { state: 'FAILED', trace })
  }

  async #reload(connector: string, className: string): Promise<void> {
    const { configs, validator, log } = this.#parts
    const stored = configs.get(connector)
    if (stored === undefined) return
    const { configs: checked } = await validator.validate(stored.props, false)
    const errors = checked.flatMap(({ value }) => value.errors)
    if (errors.length > 0) {
      log.error(
        'A new version of a plugin refuses the configuration of a connector, which goes on with the old one until it is restarted',
        { connector, class: className, errors: errors.join('; ') },
      )
      return
    }
    await this.#restartAll(connector)
  }

  #stored(connector: string): StoredConnector {
    const stored = this.#parts.configs.get(connector)
    if (stored === undefined) throw new CodedError('CONNECTOR_NOT_FOUND', { connector })
    return stored
  }

  async #checked(connector: string, props: ConnectorProps): Promise<ConnectorProps> {
    const given = props['name']
    if (given !== undefined && given !== null && given !== connector)
      throw new CodedError('NAME_MISMATCH', { given, connector })
    const complete = { ...props, name: connector }
    const result = await this.#parts.validator.validate(complete)
    if (result.error_count > 0) {
      const errors = result.configs.flatMap(({ value }) => value.errors)
      throw new CodedError('INVALID_CONNECTOR', { count: result.error_count, errors: errors.join('\n') })
    }
    return complete
  }

  async #put(
    connector: string,
    props: ConnectorProps,
  ): Promise<{ readonly created: boolean; readonly info: ConnectorInfo }> {
    const { configs } = this.#parts
    const before = configs.get(connector)
    await configs.putConnector(connector, props)
    const tasks = before?.tasks ?? []
    this.#later(connector, 'start', () => this.#restartAll(connector))
    return {
      created: before === undefined,
      info: {
        name: connector,
        config: props,
        tasks: tasks.map((_, task) => ({ connector, task })),
        type: this.#types.type(props),
      },
    }
  }

  async #restartAll(connector: string): Promise<void> {
    await this.#parts.worker.stopTasks(idsOf(connector, this.#stored(connector).tasks.length))
    await this.#restartConnector(connector)
  }

  async #restartConnector(connector: string): Promise<void> {
    this.#retries.cancel(connector)
    await this.#parts.worker.stopConnector(connector)
    await this.#startConnector(connector)
  }

  async #startConnector(connector: string): Promise<void> {
    const { worker } = this.#parts
    const { props, targetState, tasks } = this.#stored(connector)
    await worker.startConnector(connector, props, targetState)
    if (targetState === 'STARTED') await this.#reconfigure(connector)
    // A paused connector keeps the tasks it had; new ones are made when it is resumed.
    if (targetState === 'PAUSED') await this.#startMissing(connector, tasks.length)
  }

  /** Asks for task configs and makes the running tasks what they say. */
  async #reconfigure(connector: string, attempt = 0): Promise<void> {
    const { worker, configs } = this.#parts
    const stored = configs.get(connector)
    if (stored === undefined || stored.targetState !== 'STARTED') return
    if (this.#board.status(connector, 'unknown')?.connector.state === 'FAILED') return
    this.#retries.cancel(connector)
    const resolved = await this.#parts.resolve(stored.props)
    // Groups that cannot work fail the connector, as in Kafka Connect, not each of its tasks.
    const creates = this.#parts.workerProps['topic.creation.enable']?.trim().toLowerCase() !== 'false'
    if (creates && this.#types.type(stored.props) === 'source') topicGroups(withoutNulls(resolved))
    let made: readonly Readonly<Record<string, string>>[]
    try {
      made = await worker.taskConfigs(connector)
    } catch (error) {
      if (!isRetriable(error)) throw error
      await this.#retryConfigure(connector, attempt, error)
      return
    }
    this.#board.connectorProgress(connector, undefined)
    const tasks = unresolved(made, stored.props, resolved)
    const max = Number(resolved['tasks.max'] ?? 1)
    if (tasks.length > max && resolved['tasks.max.enforce']?.trim().toLowerCase() !== 'false')
      throw new CodedError('TASKS_MAX_EXCEEDED', { connector, count: tasks.length, max })
    if (!sameTasks(tasks, stored.tasks)) {
      await worker.stopTasks(idsOf(connector, stored.tasks.length))
      await configs.putTasks(connector, tasks)
      this.#board.keepTasks(connector, tasks.length)
    }
    await this.#startMissing(connector, tasks.length)
  }

  async #retryConfigure(connector: string, attempt: number, error: Error): Promise<void> {
    const delay = Math.round(backoffDelay(retry, attempt))
    const secrets = await configSecrets(this.#stored(connector).props, this.#parts.resolve)
    const trace = traceOf(error, secrets)
    this.#parts.log.warn('A connector could not give its tasks, it is asked again', { connector, trace, inMs: delay })
    this.#board.connectorProgress(
      connector,
      `it could not give its tasks ${attempt + 1} times (${secrets.hide(error.message)}), asked again in ${Math.ceil(delay / 1000)} s`,
    )
    this.#retries.set(connector, delay, () =>
      this.#later(connector, 'configure', () => this.#reconfigure(connector, attempt + 1)),
    )
  }

  #runningTasks(connector: string): ReadonlySet<number> {
    return new Set(this.#parts.worker.runningTasks().flatMap(id => (id.connector === connector ? [id.task] : [])))
  }

  async #startMissing(connector: string, count: number): Promise<void> {
    const running = this.#runningTasks(connector)
    for (let task = 0; task < count; task++) if (!running.has(task)) await this.#startTask(connector, task)
  }

  async #startTask(connector: string, task: number): Promise<void> {
    const { props, tasks, targetState } = this.#stored(connector)
    const config = tasks[task]
    if (config !== undefined) await this.#parts.worker.startTask({ connector, task }, props, config, targetState)
  }
}

const idsOf = (connector: string, count: number): TaskId[] =>
  Array.from({ length: count }, (_, task) => ({ connector, task }))
