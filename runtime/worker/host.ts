import { AsyncLocalStorage } from 'node:async_hooks'
import type { PluginKind } from '../api/define.ts'
import { ConnectError } from '../api/errors.ts'
import { parseOrThrow } from '../config/parse.ts'
import type { PluginLocation } from '../plugins/location.ts'
import type { TargetState } from '../stores/ports.ts'
import { logger } from '../telemetry/log.ts'
import type { LabelledMetrics } from '../telemetry/metrics.ts'
import { ConnectorRunner } from './connector-runner.ts'
import { hidingLog, Secrets } from './error-text.ts'
import { applyLevels, type SharedLevels } from './log-levels.ts'
import type { CheckOffsets, MainApi, StartConnector, StartTask, ThreadApi, ThreadSettings } from './messages.ts'
import type { ConnectorDefinition, LoadPlugin } from './plugin-access.ts'
import type { TaskId, TaskLoad } from './ports.ts'
import type { Remote } from './rpc.ts'
import { TaskLoads } from './task-loads.ts'
import type { OpenTask } from './task-material.ts'
import { TaskRunner } from './task-runner.ts'

export interface HostParts {
  readonly settings: ThreadSettings
  readonly main: Remote<MainApi>
  readonly load: LoadPlugin
  /** Made on the first task: an idle worker does not load Kafka's client. */
  readonly openTask: () => Promise<OpenTask>
}

interface Owner {
  fail(error: unknown): void
}

/** How often a task's progress is looked at. */
const REFRESH_MS = 2000

const keyOf = ({ connector, task }: TaskId): string => `${connector}-${task}`

/** What runs inside a task thread (or in the main thread, with `task.threads=0`): tasks, and connectors beside them. */
export class Host implements ThreadApi {
  readonly #parts: HostParts
  readonly #tasks = new Map<string, { readonly id: TaskId; readonly runner: TaskRunner }>()
  readonly #connectors = new Map<string, { readonly runner: ConnectorRunner; readonly owner: Owner }>()
  readonly #owners = new AsyncLocalStorage<Owner>()
  readonly #loads = new TaskLoads()
  #ticker: NodeJS.Timeout | undefined

  constructor(parts: HostParts) {
    this.#parts = parts
    applyLevels(parts.settings.levels)
  }

  startTask(start: StartTask): void {
    const { id, run, target } = start
    const { main, load, settings } = this.#parts
    const secrets = new Secrets(start.task.props, [...start.connector.secrets, ...start.task.secrets])
    const log = hidingLog(logger('millrace.task', { ...id }), secrets)
    let runner: TaskRunner | undefined
    const owner: Owner = { fail: error => runner?.fail(error) }
    runner = this.#owners.run(
      owner,
      () =>
        new TaskRunner({
          target,
          secrets,
          log,
          report: report => void main.taskReported(run, id, report).catch(() => {}),
          open: async (activity, stop) => {
            const openTask = await this.#parts.openTask()
            return openTask({ start, settings, main, load, log, secrets, activity, stop })
          },
        }),
    )
    this.#tasks.set(keyOf(id), { id, runner })
    this.#tick()
  }

  async stopTasks(ids: readonly TaskId[], graceMs: number): Promise<void> {
    const stopping = ids.flatMap(id => {
      const task = this.#tasks.get(keyOf(id))
      return task === undefined ? [] : [{ key: keyOf(id), task }]
    })
    // All stop signals first, then one shared wait.
    await Promise.all(
      stopping.map(async ({ key, task }) => {
        await task.runner.stop(graceMs)
        if (this.#tasks.get(key) === task) this.#tasks.delete(key)
      }),
    )
    this.#tick()
  }

  async setTarget(connector: string, target: TargetState): Promise<void> {
    const running = this.#connectors.get(connector)
    if (running !== undefined) this.#owners.run(running.owner, () => running.runner.setTarget(target))
    for (const { id, runner } of this.#tasks.values()) if (id.connector === connector) runner.setTarget(target)
  }

  async startConnector(start: StartConnector): Promise<void> {
    const { connector, run } = start
    const { main, load } = this.#parts
    this.#connectors.get(connector)?.runner.stop()
    const runner = new ConnectorRunner({
      start,
      load: async () => asConnector(await load(start.plugin), start.plugin),
      report: report => void main.connectorReported(run, connector, report).catch(() => {}),
      outdated: () => void main.tasksOutdated(run, connector).catch(() => {}),
      log: logger('millrace.connector', { connector }),
    })
    const owner: Owner = { fail: error => runner.fail(error) }
    this.#connectors.set(connector, { runner, owner })
    await this.#owners.run(owner, () => runner.start())
  }

  async stopConnector(connector: string): Promise<void> {
    this.#connectors.get(connector)?.runner.stop()
    this.#connectors.delete(connector)
  }

  async taskConfigs(connector: string): Promise<readonly Readonly<Record<string, string>>[]> {
    const running = this.#connectors.get(connector)
    if (running === undefined) throw new ConnectError(`Connector ${connector} is not started`)
    return this.#owners.run(running.owner, () => running.runner.taskConfigs())
  }

  async checkOffsets({ resolved, plugin, offsets }: CheckOffsets): Promise<boolean> {
    const definition = asConnector(await this.#parts.load(plugin), plugin)
    if (definition.kind !== 'source' || definition.alterOffsets === undefined) return true
    const config = parseOrThrow(definition.config, resolved.props)
    return definition.alterOffsets(config as never, offsets)
  }

  metrics(): readonly LabelledMetrics[] {
    return Array.from(this.#tasks.values()).flatMap(({ id, runner }) => {
      const values = runner.metrics()
      if (values === undefined) return []
      return [{ labels: { connector: id.connector, task: String(id.task) }, values, gauges: runner.gauges }]
    })
  }

  taskLoads(): readonly TaskLoad[] {
    return this.#loads.measure(Array.from(this.#tasks.values(), ({ id, runner }) => ({ id, records: runner.records })))
  }

  ping(changed: SharedLevels | undefined): void {
    if (changed !== undefined) applyLevels(changed)
  }

  async shutdown(): Promise<void> {
    for (const { runner } of this.#connectors.values()) runner.stop()
    this.#connectors.clear()
    clearInterval(this.#ticker)
    this.#ticker = undefined
  }

  /** An error that nobody caught: the task or connector in whose callback it was thrown answers for it. False: none does. */
  uncaught(error: unknown): boolean {
    const owner = this.#owners.getStore()
    owner?.fail(error)
    return owner !== undefined
  }

  #tick(): void {
    if (this.#tasks.size === 0) {
      clearInterval(this.#ticker)
      this.#ticker = undefined
      return
    }
    this.#ticker ??= setInterval(() => {
      for (const { runner } of this.#tasks.values()) runner.refresh()
    }, REFRESH_MS).unref()
  }
}

const asConnector = (plugin: { readonly kind: PluginKind }, location: PluginLocation): ConnectorDefinition => {
  if (plugin.kind === 'source' || plugin.kind === 'sink') return plugin as ConnectorDefinition
  throw new ConnectError(`${location.class} is a ${plugin.kind}, not a connector`)
}
