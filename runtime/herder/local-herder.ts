import type { Log } from '../api/context.ts'
import { isRetriable } from '../api/errors.ts'
import { hashOrdered } from '../api/hash-order.ts'
import { backoffDelay } from '../base/backoff.ts'
import { CodedError } from '../base/errors.ts'
import { restartSettings, setsRestarts } from '../config/restart-config.ts'
import { withoutNulls } from '../config/without-nulls.ts'
import type { Admin, Kafka } from '../kafka/ports.ts'
import type { PluginInfo, PluginRegistry } from '../plugins/registry.ts'
import type { ConfigStore, ConnectorProps, OffsetStore, StatusStore, StoredConnector } from '../stores/ports.ts'
import { topicGroups } from '../task/topic-creation.ts'
import { traceOf } from '../worker/error-text.ts'
import type { ConnectorWorker, RunReport, TaskId, WorkerListener } from '../worker/ports.ts'
import { type Preview, preview } from '../worker/preview.ts'
import { slip } from './advice.ts'
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
import { pluginConfig } from './plugin-spec.ts'
import { usesPlugin } from './plugin-use.ts'
import { Restarts } from './restarts.ts'
import { StatusBoard } from './status-board.ts'
import { unresolved } from './task-configs.ts'
import { TopicTracking } from './topic-tracking.ts'
import { Turns } from './turns.ts'
import { sameConnector, type Validator } from './validation.ts'

export interface HerderParts {
  readonly worker: ConnectorWorker
  readonly configs: ConfigStore
  readonly offsets: OffsetStore
  readonly statuses: StatusStore
  readonly plugins: PluginRegistry
  readonly validator: Validator
  /** Made when first needed. */
  readonly admin: () => Promise<Admin>
  readonly kafka: () => Promise<Kafka>
  readonly clusterId: () => Promise<string>
  /** Variables' values put in, for what only resolved settings tell (a group's name). */
  readonly resolve: (props: ConnectorProps) => Promise<ConnectorProps>
  /** `host:port` of this worker's REST, once it listens. */
  readonly workerId: () => string
  readonly workerProps: Readonly<Record<string, string>>
  readonly log: Log
}

/** A config provider that says less would have its connectors restart all the time. */
const shortestTtlMs = 1000

/** Waits between tries to get task configs from a connector that says trying again may help. */
const retry = { initialMs: 250, maxMs: 60_000 }

const partKey = (connector: string, task: number | undefined): string =>
  task === undefined ? connector : `${connector}/${task}`

/** What herders of one worker and of a cluster have in common: answers from the stores, and the connectors that run here. */
export abstract class LocalHerder implements WorkerListener {
  protected readonly parts: HerderParts
  protected readonly connectorOffsets: ConnectorOffsets
  protected readonly turns = new Turns()
  protected readonly retries = new ConnectorTimers()
  /** When a value of a config provider may be another one. */
  protected readonly expiries = new ConnectorTimers()
  readonly #restarts = new Restarts()
  protected readonly tracking: TopicTracking
  protected readonly board: StatusBoard
  protected readonly types: ConnectorTypes
  protected isStopping = false

  /** `generation`: of the group of workers, for statuses. */
  constructor(parts: HerderParts, generation: () => number) {
    this.parts = parts
    this.connectorOffsets = new ConnectorOffsets(parts)
    this.tracking = new TopicTracking(parts.statuses, parts.workerProps)
    this.types = new ConnectorTypes(parts.plugins)
    const version = (connector: string) => this.types.version(parts.configs.get(connector)?.props ?? {})
    this.board = new StatusBoard(parts.statuses, parts.workerId, version, generation)
  }

  /** Whether a report of the connector, or of a task, is news: it is there, and this worker has it. */
  protected abstract shows(connector: string, task?: number): boolean

  /** A connector has given its task configs, variables as text. */
  protected abstract tasksMade(
    connector: string,
    tasks: readonly Readonly<Record<string, string>>[],
    stored: StoredConnector,
  ): Promise<void>

  /** Starts the connector anew without its tasks, or one task, if it runs here. */
  protected abstract restartPart(connector: string, task: number | undefined): Promise<void>

  /** Starts the connector anew, with its tasks, as far as they run here. */
  protected abstract restartAll(connector: string): Promise<void>

  kafkaClusterId(): Promise<string> {
    return this.parts.clusterId()
  }

  connectors(): readonly string[] {
    return this.parts.configs.connectors()
  }

  info(connector: string): ConnectorInfo {
    const { props, tasks } = this.stored(connector)
    return {
      name: connector,
      // As Kafka Connect shows what it has read from its topic; what it was just given it shows as it came.
      config: hashOrdered(props),
      tasks: tasks.map((_, task) => ({ connector, task })),
      type: this.types.type(props),
    }
  }

  status(connector: string): ConnectorStatus {
    const stored = this.parts.configs.get(connector)
    const status = stored === undefined ? undefined : this.board.status(connector, this.types.type(stored.props))
    if (status === undefined) throw new CodedError('CONNECTOR_STATUS_NOT_FOUND', { connector })
    return status
  }

  taskStatus(connector: string, task: number): ConnectorStatus['tasks'][number] {
    const status = this.board.task(connector, task)
    if (status === undefined) throw new CodedError('TASK_STATUS_NOT_FOUND', { connector, task })
    return status
  }

  tasks(connector: string): readonly TaskInfo[] {
    return this.stored(connector).tasks.map((config, task) => ({ id: { connector, task }, config }))
  }

  topics(connector: string): readonly string[] {
    return this.tracking.list(connector)
  }

  resetTopics(connector: string): void {
    this.tracking.reset(connector)
  }

  async offsets(connector: string): Promise<readonly ConnectorOffset[]> {
    const { props } = this.stored(connector)
    return this.connectorOffsets.list(connector, props, this.types.type(props) === 'sink')
  }

  plugins(connectorsOnly: boolean): readonly PluginInfo[] {
    return this.parts.plugins.list(connectorsOnly ? ['sink', 'source'] : undefined)
  }

  pluginConfig(className: string): Promise<readonly ConfigKeyInfo[]> {
    return pluginConfig(this.parts.plugins, className)
  }

  async validate(props: ConnectorProps, className?: string): Promise<ConfigInfos> {
    const given = props['connector.class']
    if (className !== undefined && typeof given === 'string' && !sameConnector(className, given))
      throw new CodedError('CLASS_MISMATCH', { given, class: className })
    return this.parts.validator.validate(props)
  }

  async preview(props: ConnectorProps, count: number, className?: string): Promise<Preview> {
    const given = props['connector.class'] ?? className
    const complete = { name: 'preview', ...props, ...(given !== undefined && { 'connector.class': given }) }
    this.#refuse(await this.validate(complete, className))
    const resolved = withoutNulls(await this.parts.resolve(complete))
    const { plugins, workerProps, kafka, log } = this.parts
    const secrets = await configSecrets(complete, this.parts.resolve)
    return preview({ plugins, workerProps, kafka, log }, resolved, secrets, count)
  }

  // What the worker tells.

  connectorReported(connector: string, report: RunReport): void {
    this.#reported(connector, undefined, report)
  }

  taskReported({ connector, task }: TaskId, report: RunReport): void {
    this.#reported(connector, task, report)
  }

  #reported(connector: string, task: number | undefined, report: RunReport): void {
    if (!this.shows(connector, task)) return
    this.board.reported(connector, task, report)
    if (report.state === 'FAILED') void this.#planRestart(connector, task, report)
    else this.#restarts.cancel(partKey(connector, task))
  }

  protected stopRestarts(): void {
    this.#restarts.close()
  }

  /** `errors.restart.*`: says when what failed is restarted, and does it. */
  async #planRestart(connector: string, task: number | undefined, report: RunReport): Promise<void> {
    const { configs, resolve, log } = this.parts
    const stored = configs.get(connector)
    if (stored === undefined || !setsRestarts(stored.props)) return
    const isFailed = () => !this.isStopping && this.shows(connector, task) && this.board.isFailed(connector, task)
    try {
      const settings = restartSettings(await resolve(stored.props))
      if (settings === undefined || !isFailed()) return
      const text = this.#restarts.failed(partKey(connector, task), settings, () =>
        this.later(connector, 'restart', async () => {
          if (isFailed()) await this.restartPart(connector, task)
        }),
      )
      log.warn(text, { connector, ...(task !== undefined && { task }) })
      const trace = `${report.trace ?? ''}\n${text}`.trim()
      this.board.reported(connector, task, { ...report, trace, progress: text })
    } catch (error) {
      log.error('What failed is not restarted by itself', { connector, error })
    }
  }

  tasksOutdated(connector: string): void {
    this.later(connector, 'configure', () => this.reconfigure(connector))
  }

  pluginReloaded(className: string): void {
    const { configs, plugins } = this.parts
    for (const connector of configs.connectors()) {
      const props = configs.get(connector)?.props
      if (props === undefined || !usesPlugin(props, className, plugins)) continue
      this.later(connector, 'reload', () => this.#reload(connector, className))
    }
  }

  configExpires(connector: string, ms: number): void {
    if (this.parts.configs.get(connector)?.props['config.action.reload']?.trim() === 'none') return
    this.expiries.set(connector, Math.max(shortestTtlMs, ms), () =>
      this.later(connector, 'reload', () => this.restartAll(connector)),
    )
  }

  topicUsed(id: TaskId, topic: string): void {
    this.tracking.used(id, topic)
  }

  protected turn<T>(connector: string, operation: () => Promise<T>): Promise<T> {
    return this.turns.run(connector, async () => {
      if (this.isStopping) throw new CodedError('STOPPING')
      return operation()
    })
  }

  /** What a request set off, after its answer. */
  protected later(connector: string, what: string, run: () => Promise<void>): void {
    void this.turns.run(connector, async () => {
      if (this.isStopping || this.parts.configs.get(connector) === undefined) return
      try {
        await run()
      } catch (error) {
        await this.failed(connector, what, error)
      }
    })
  }

  /** Invariant 8: what could not be done is shown, not only logged. */
  protected async failed(connector: string, what: string, error: unknown): Promise<void> {
    const { configs, log } = this.parts
    const trace = traceOf(error, await configSecrets(configs.get(connector)?.props ?? {}, this.parts.resolve))
    log.error(`Could not ${what} a connector`, { connector, trace })
    this.#reported(connector, undefined, { state: 'FAILED', trace })
  }

  async #reload(connector: string, className: string): Promise<void> {
    const { configs, validator, log } = this.parts
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
    await this.restartAll(connector)
  }

  protected stored(connector: string): StoredConnector {
    const stored = this.parts.configs.get(connector)
    if (stored === undefined) throw new CodedError('CONNECTOR_NOT_FOUND', { connector })
    return stored
  }

  /** The settings with changes over them; null removes one. */
  protected merged(connector: string, changes: ConnectorProps): ConnectorProps {
    const { props } = this.stored(connector)
    return Object.fromEntries(
      Object.entries({ ...props, ...changes }).filter(
        ([key, value]) => !(value === null && Object.hasOwn(changes, key)),
      ),
    )
  }

  protected async checked(connector: string, props: ConnectorProps): Promise<ConnectorProps> {
    const given = props['name']
    if (given !== undefined && given !== null && given !== connector)
      throw new CodedError('NAME_MISMATCH', { given, connector })
    const complete = { ...props, name: connector }
    this.#refuse(await this.parts.validator.validate(complete))
    return complete
  }

  #refuse(result: ConfigInfos): void {
    if (result.error_count > 0) {
      const wrong = result.configs.flatMap(({ value }) => (value.errors.length > 0 ? [value] : []))
      const hint = wrong.find(one => one.hint !== undefined)?.hint ?? slip(result)
      throw new CodedError(
        'INVALID_CONNECTOR',
        { count: result.error_count, errors: wrong.flatMap(({ errors }) => errors).join('\n') },
        { ...(wrong[0] !== undefined && { configKey: wrong[0].name }), ...(hint !== undefined && { hint }) },
      )
    }
  }

  /** Asks for task configs; what comes of them is `tasksMade`'s. */
  protected async reconfigure(connector: string, attempt = 0): Promise<void> {
    const { worker, configs } = this.parts
    const stored = configs.get(connector)
    if (stored === undefined || stored.targetState !== 'STARTED') return
    if (this.board.status(connector, 'unknown')?.connector.state === 'FAILED') return
    this.retries.cancel(connector)
    const resolved = await this.parts.resolve(stored.props)
    // Groups that cannot work fail the connector, as in Kafka Connect, not each of its tasks.
    const creates = this.parts.workerProps['topic.creation.enable']?.trim().toLowerCase() !== 'false'
    if (creates && this.types.type(stored.props) === 'source') topicGroups(withoutNulls(resolved))
    let made: readonly Readonly<Record<string, string>>[]
    try {
      made = await worker.taskConfigs(connector)
    } catch (error) {
      if (!isRetriable(error)) throw error
      await this.#retryConfigure(connector, attempt, error)
      return
    }
    this.board.connectorProgress(connector, undefined)
    const tasks = unresolved(made, stored.props, resolved)
    const max = Number(resolved['tasks.max'] ?? 1)
    if (tasks.length > max && resolved['tasks.max.enforce']?.trim().toLowerCase() !== 'false')
      throw new CodedError('TASKS_MAX_EXCEEDED', { connector, count: tasks.length, max })
    await this.tasksMade(connector, tasks, stored)
  }

  async #retryConfigure(connector: string, attempt: number, error: Error): Promise<void> {
    const delay = Math.round(backoffDelay(retry, attempt))
    const secrets = await configSecrets(this.stored(connector).props, this.parts.resolve)
    const trace = traceOf(error, secrets)
    this.parts.log.warn('A connector could not give its tasks, it is asked again', { connector, trace, inMs: delay })
    this.board.connectorProgress(
      connector,
      `it could not give its tasks ${attempt + 1} times (${secrets.hide(error.message)}), asked again in ${Math.ceil(delay / 1000)} s`,
    )
    this.retries.set(connector, delay, () =>
      this.later(connector, 'configure', () => this.reconfigure(connector, attempt + 1)),
    )
  }
}
