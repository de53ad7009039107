import type { Log } from '../api/context.ts'
import { CodedError } from '../base/errors.ts'
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
import { errorText } from '../telemetry/log.ts'
import type { ConnectorWorker, RunReport, TaskId, WorkerListener } from '../worker/ports.ts'
import { keyInfos } from './config-infos.ts'
import type {
  ConfigInfos,
  ConfigKeyInfo,
  ConnectorInfo,
  ConnectorOffset,
  ConnectorStatus,
  ConnectorType,
  TaskInfo,
} from './entities.ts'
import type { Herder } from './herder.ts'
import { pluginSpec } from './plugin-spec.ts'
import { type RestartFlags, restartPlan } from './restart-plan.ts'
import { Serial } from './serial.ts'
import { alterSinkOffsets, sinkOffsets } from './sink-offsets.ts'
import { StatusBoard } from './status-board.ts'
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

/** A herder of one worker. Changes happen one after another, as they came in. */
export class StandaloneHerder implements Herder, WorkerListener {
  readonly #parts: StandaloneParts
  readonly #serial = new Serial()
  readonly #board: StatusBoard
  readonly #types = new Map<string, ConnectorType>()
  #ready = false

  constructor(parts: StandaloneParts) {
    this.#parts = parts
    this.#board = new StatusBoard(parts.statuses, parts.workerId)
  }

  async start(): Promise<void> {
    const { configs, offsets, statuses, worker } = this.#parts
    await Promise.all([configs.start(), offsets.start(), statuses.start()])
    await worker.start(this)
    for (const connector of configs.connectors())
      void this.#serial
        .run(() => this.#startConnector(connector))
        .catch(error => this.#unexpected('start', connector, error))
    void this.#serial.run(async () => {
      this.#ready = true
    })
  }

  async stop(): Promise<void> {
    const { configs, offsets, statuses, worker } = this.#parts
    await this.#serial.run(async () => {
      await worker.stop()
      await Promise.all([configs.stop(), offsets.stop(), statuses.stop()])
    })
  }

  isReady(): boolean {
    return this.#ready
  }

  turn(): Promise<void> {
    return this.#serial.run(async () => {})
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
      type: this.#type(props),
    }
  }

  status(connector: string): ConnectorStatus {
    const stored = this.#parts.configs.get(connector)
    const status = stored === undefined ? undefined : this.#board.status(connector, this.#type(stored.props))
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
    this.#tracking()
    return this.#parts.statuses.topics(connector)
  }

  resetTopics(connector: string): void {
    this.#tracking()
    if (this.#parts.workerProps['topic.tracking.allow.reset']?.trim() === 'false')
      throw new CodedError('TOPIC_RESET_OFF')
    this.#parts.statuses.resetTopics(connector)
  }

  create(connector: string, props: ConnectorProps, initial?: TargetState): Promise<ConnectorInfo> {
    return this.#serial.run(async () => {
      const complete = await this.#checked(connector, props)
      if (this.#parts.configs.get(connector) !== undefined) throw new CodedError('CONNECTOR_EXISTS', { connector })
      await this.#parts.configs.putConnector(connector, complete, initial)
      this.#later(() => this.#startConnector(connector), 'start', connector)
      return { name: connector, config: complete, tasks: [], type: this.#type(complete) }
    })
  }

  put(connector: string, props: ConnectorProps): Promise<{ readonly created: boolean; readonly info: ConnectorInfo }> {
    return this.#serial.run(() => this.#put(connector, props))
  }

  patch(connector: string, changes: ConnectorProps): Promise<ConnectorInfo> {
    return this.#serial.run(async () => {
      const { props } = this.#stored(connector)
      const merged = Object.fromEntries(
        Object.entries({ ...props, ...changes }).filter(
          ([key, value]) => !(value === null && Object.hasOwn(changes, key)),
        ),
      )
      return (await this.#put(connector, merged)).info
    })
  }

  remove(connector: string): Promise<void> {
    return this.#serial.run(async () => {
      const { tasks } = this.#stored(connector)
      await this.#parts.worker.stopTasks(idsOf(connector, tasks.length))
      await this.#parts.worker.stopConnector(connector)
      await this.#parts.configs.removeConnector(connector)
      this.#board.forget(connector)
      this.#parts.statuses.resetTopics(connector)
    })
  }

  setTarget(connector: string, target: TargetState): Promise<void> {
    return this.#serial.run(async () => {
      const { worker, configs } = this.#parts
      const stored = configs.get(connector)
      if (stored === undefined) throw new CodedError('UNKNOWN_CONNECTOR', { connector })
      await configs.putTargetState(connector, target)
      if (target === 'STOPPED') {
        await worker.stopTasks(idsOf(connector, stored.tasks.length))
        await configs.putTasks(connector, [])
        this.#board.keepTasks(connector, 0)
      }
      if (!worker.runningConnectors().includes(connector)) return this.#startConnector(connector)
      await worker.setTargetState(connector, target)
      if (target === 'STARTED' && stored.tasks.length === 0)
        this.#later(() => this.#reconfigure(connector), 'configure', connector)
    })
  }

  restart(connector: string, flags: RestartFlags): Promise<ConnectorStatus | undefined> {
    return this.#serial.run(async () => {
      const stored = this.#parts.configs.get(connector)
      if (stored === undefined) throw new CodedError('UNKNOWN_CONNECTOR_TO_RESTART', { connector })
      if (!flags.includeTasks && !flags.onlyFailed) {
        await this.#restartConnector(connector)
        return undefined
      }
      const before = this.status(connector)
      const plan = restartPlan(before, flags)
      if (plan.connector) this.#board.restarting(connector)
      for (const task of plan.tasks) this.#board.restarting(connector, task)
      const answer = this.status(connector)
      this.#later(
        async () => {
          await this.#parts.worker.stopTasks(plan.tasks.map(task => ({ connector, task })))
          if (plan.connector) await this.#restartConnector(connector)
          for (const task of plan.tasks) await this.#startTask(connector, task)
        },
        'restart',
        connector,
      )
      return answer
    })
  }

  restartTask(connector: string, task: number): Promise<void> {
    return this.#serial.run(async () => {
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
    if (this.#type(props) === 'sink')
      return sinkOffsets(await this.#parts.admin(), await this.#groupId(connector, props))
    return this.#parts.offsets.all(connector)
  }

  alterOffsets(connector: string, offsets: readonly ConnectorOffset[] | null): Promise<string> {
    return this.#serial.run(async () => {
      if (offsets !== null && offsets.length === 0) throw new CodedError('OFFSETS_MISSING')
      const { props, targetState, tasks } = this.#stored(connector)
      if (targetState !== 'STOPPED' || tasks.length > 0) throw new CodedError('OFFSETS_NEED_STOP', { connector })
      const what = offsets === null ? 'reset' : 'altered'
      const inside =
        this.#type(props) === 'sink'
          ? await this.#alterSink(connector, props, offsets)
          : await this.#alterSource(connector, props, offsets)
      return inside
        ? `The offsets for this connector have been ${what} successfully`
        : `The Connect framework-managed offsets for this connector have been ${what} successfully. However, if this connector manages offsets externally, they will need to be manually ${what} in the system that the connector uses.`
    })
  }

  plugins(connectorsOnly: boolean): readonly PluginInfo[] {
    return this.#parts.plugins.list(connectorsOnly ? ['sink', 'source'] : undefined)
  }

  async pluginConfig(className: string): Promise<readonly ConfigKeyInfo[]> {
    return keyInfos(await pluginSpec(this.#parts.plugins, className))
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
    this.#later(() => this.#reconfigure(connector), 'configure', connector)
  }

  pluginReloaded(className: string): void {
    const { configs, log } = this.#parts
    for (const connector of configs.connectors()) {
      this.#later(
        async () => {
          const stored = configs.get(connector)
          if (stored === undefined || !uses(stored.props, className, this.#parts.plugins)) return
          const { error_count: problems } = await this.#parts.validator.validate(stored.props, false)
          if (problems > 0) {
            log.error(
              'A new version of a plugin refuses the configuration of a connector, which goes on with the old one',
              { connector, class: className },
            )
            return
          }
          await this.#parts.worker.stopTasks(idsOf(connector, stored.tasks.length))
          await this.#restartConnector(connector)
        },
        'reload',
        connector,
      )
    }
  }

  topicUsed(id: TaskId, topic: string): void {
    if (this.#parts.workerProps['topic.tracking.enable']?.trim() !== 'false')
      this.#parts.statuses.addTopic(id.connector, id.task, topic)
  }

  #later(run: () => Promise<void>, what: string, connector: string): void {
    this.#serial.run(run).catch(error => this.#unexpected(what, connector, error))
  }

  #unexpected(what: string, connector: string, error: unknown): void {
    this.#parts.log.error(`Could not ${what} a connector`, { connector, error })
    if (this.#parts.configs.get(connector) !== undefined)
      this.#board.connectorReported(connector, { state: 'FAILED', trace: errorText(error) })
  }

  #tracking(): void {
    if (this.#parts.workerProps['topic.tracking.enable']?.trim() === 'false') throw new CodedError('TOPIC_TRACKING_OFF')
  }

  #stored(connector: string): StoredConnector {
    const stored = this.#parts.configs.get(connector)
    if (stored === undefined) throw new CodedError('CONNECTOR_NOT_FOUND', { connector })
    return stored
  }

  #type(props: ConnectorProps): ConnectorType {
    const className = props['connector.class'] ?? ''
    const known = this.#types.get(className)
    if (known !== undefined) return known
    const kind = this.#parts.plugins.lookup(className)?.location.kind
    const type = kind === 'source' || kind === 'sink' ? kind : 'unknown'
    if (type !== 'unknown') this.#types.set(className, type)
    return type
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
    const { configs, worker } = this.#parts
    const complete = await this.#checked(connector, props)
    const before = configs.get(connector)
    await configs.putConnector(connector, complete)
    const tasks = before?.tasks ?? []
    this.#later(
      async () => {
        await worker.stopTasks(idsOf(connector, tasks.length))
        await this.#restartConnector(connector)
      },
      'start',
      connector,
    )
    return {
      created: before === undefined,
      info: {
        name: connector,
        config: complete,
        tasks: tasks.map((_, task) => ({ connector, task })),
        type: this.#type(complete),
      },
    }
  }

  async #restartConnector(connector: string): Promise<void> {
    await this.#parts.worker.stopConnector(connector)
    await this.#startConnector(connector)
  }

  async #startConnector(connector: string): Promise<void> {
    const { worker } = this.#parts
    const { props, targetState } = this.#stored(connector)
    await worker.startConnector(connector, props, targetState)
    if (targetState !== 'STOPPED') await this.#reconfigure(connector)
  }

  /** Asks for task configs and makes the running tasks what they say. */
  async #reconfigure(connector: string): Promise<void> {
    const { worker, configs } = this.#parts
    const stored = configs.get(connector)
    if (
      stored === undefined ||
      stored.targetState === 'STOPPED' ||
      this.#board.status(connector, 'unknown')?.connector.state === 'FAILED'
    )
      return
    const tasks = await worker.taskConfigs(connector)
    const max = Number(stored.props['tasks.max'] ?? 1)
    if (tasks.length > max && stored.props['tasks.max.enforce']?.trim().toLowerCase() !== 'false')
      throw new CodedError('TASKS_MAX_EXCEEDED', { connector, count: tasks.length, max })
    const running = new Set(
      worker
        .runningTasks()
        .filter(id => id.connector === connector)
        .map(id => id.task),
    )
    const same = JSON.stringify(tasks) === JSON.stringify(stored.tasks)
    if (!same) {
      await worker.stopTasks(idsOf(connector, stored.tasks.length))
      running.clear()
      await configs.putTasks(connector, tasks)
      this.#board.keepTasks(connector, tasks.length)
    }
    for (let task = 0; task < tasks.length; task++) if (!running.has(task)) await this.#startTask(connector, task)
  }

  async #startTask(connector: string, task: number): Promise<void> {
    const { props, tasks, targetState } = this.#stored(connector)
    const config = tasks[task]
    if (config !== undefined) await this.#parts.worker.startTask({ connector, task }, props, config, targetState)
  }

  async #groupId(connector: string, props: ConnectorProps): Promise<string> {
    const resolved = await this.#parts.resolve(props)
    return (
      resolved['consumer.override.group.id'] ?? this.#parts.workerProps['consumer.group.id'] ?? `connect-${connector}`
    )
  }

  async #alterSink(
    connector: string,
    props: ConnectorProps,
    offsets: readonly ConnectorOffset[] | null,
  ): Promise<boolean> {
    await alterSinkOffsets(await this.#parts.admin(), connector, await this.#groupId(connector, props), offsets)
    return true
  }

  async #alterSource(
    connector: string,
    props: ConnectorProps,
    offsets: readonly ConnectorOffset[] | null,
  ): Promise<boolean> {
    const { worker, offsets: store } = this.#parts
    const changes = offsets ?? (await store.all(connector)).map(({ partition }) => ({ partition, offset: null }))
    const inside = await worker.checkOffsets(connector, props, changes).catch((cause: Error) => {
      throw new CodedError('INTERNAL', { reason: cause.message }, { cause })
    })
    await store.put(connector, changes)
    return inside
  }
}

const idsOf = (connector: string, count: number): TaskId[] =>
  Array.from({ length: count }, (_, task) => ({ connector, task }))

/** Whether a connector's settings name the class, as itself or as a transform, predicate or converter. */
const uses = (props: ConnectorProps, className: string, plugins: PluginRegistry): boolean =>
  Object.entries(props).some(
    ([key, value]) =>
      /^connector\.class$|\.type$|\.converter$|^(key|value|header)\.converter$/.test(key) &&
      value !== null &&
      plugins.lookup(value.trim())?.location.class === className,
  )
