import { availableParallelism } from 'node:os'
import type { Log } from '../api/context.ts'
import { ConnectError } from '../api/errors.ts'
import { deadline, settledWithin } from '../base/abort.ts'
import type { Resolution } from '../config/providers.ts'
import { withoutNulls } from '../config/without-nulls.ts'
import type { PluginLocation } from '../plugins/location.ts'
import type { ConnectorProps, OffsetStore, SourceOffset, TargetState } from '../stores/ports.ts'
import type { LabelledMetrics } from '../telemetry/metrics.ts'
import { Secrets, traceOf } from './error-text.ts'
import { sharedLevels } from './log-levels.ts'
import type { MainApi, Resolved, RunNumber } from './messages.ts'
import type { PluginAccess } from './plugin-access.ts'
import { referencedPlugins } from './plugin-references.ts'
import type { ConnectorWorker, RunReport, TaskGuard, TaskId, TaskLoad, WorkerListener } from './ports.ts'

import type { TaskThread } from './task-thread.ts'
import { ThreadPool } from './thread-pool.ts'
import { WorkerCounts } from './worker-counts.ts'

type Props = Readonly<Record<string, string>>

export interface WorkerOptions {
  /** The worker's properties: variables resolved, `bootstrap.servers` an address. */
  readonly workerProps: Props
  readonly offsets: OffsetStore
  readonly plugins: PluginAccess
  /** Puts config providers' values in the place of variables; `secrets` are what was put there. */
  readonly resolve: (props: ConnectorProps) => Promise<Resolution<ConnectorProps>>
  readonly log: Log
}

interface RunningTask {
  readonly id: TaskId
  readonly run: RunNumber
  /** undefined: its thread is gone. */
  thread: TaskThread | undefined
  report: RunReport | undefined
  readonly guard: TaskGuard | undefined
}

interface RunningConnector {
  readonly run: RunNumber
  readonly props: ConnectorProps
  readonly startedAt: number
  target: TargetState
  /** undefined: it has none yet, or its thread is gone. */
  thread: TaskThread | undefined
}

const keyOf = ({ connector, task }: TaskId): string => `${connector}-${task}`
const MIB = 1024 * 1024
const MEMORY = 256 * MIB
const MAX_SHARE = 32 * MIB
/** A thread that ended within this time of a connector's start may do it again: that connector is not started anew. */
const CRASH_LOOP_MS = 10_000
/** What a thread gets on top of the graceful time before it counts as blocked. */
const BLOCKED_MS = 5000

const number = (props: Props, key: string, otherwise: number): number => {
  const value = Number(props[key]?.trim() || otherwise)
  if (!Number.isFinite(value) || value < 0)
    throw new ConnectError(`Invalid value ${props[key]} for configuration ${key}`)
  return value
}

/** Runs connectors and tasks in threads; what they need of the main thread (offsets, plugins, secrets) it gives them. */
export class ThreadedWorker implements ConnectorWorker {
  readonly #options: WorkerOptions
  readonly #tasks = new Map<string, RunningTask>()
  readonly #connectors = new Map<string, RunningConnector>()
  readonly #counts = new WorkerCounts()
  readonly #pool: ThreadPool
  readonly #graceMs: number
  #listener: WorkerListener | undefined
  #stopListening: () => void = () => {}
  #lastRun = 0

  constructor(options: WorkerOptions) {
    this.#options = options
    const { workerProps } = options
    this.#graceMs = number(workerProps, 'task.shutdown.graceful.timeout.ms', 5000)
    this.#pool = new ThreadPool({
      size: number(workerProps, 'task.threads', Math.max(1, availableParallelism() - 1)),
      settings: () => ({ workerProps, levels: sharedLevels() }),
      main: this.#mainApi(),
      loadOf: thread => Array.from(this.#tasks.values()).filter(task => task.thread === thread).length,
      ended: (thread, reason) => this.#threadEnded(thread, reason),
      silent: (thread, ms) => this.#threadSilent(thread, ms),
      log: options.log,
    })
  }

  async start(listener: WorkerListener): Promise<void> {
    this.#listener = listener
    this.#stopListening = this.#options.plugins.onReloaded(name => listener.pluginReloaded(name))
  }

  async stop(): Promise<void> {
    this.#stopListening()
    await this.stopTasks(this.runningTasks())
    this.#connectors.clear()
    await this.#pool.close()
  }

  async startConnector(connector: string, props: ConnectorProps, target: TargetState): Promise<void> {
    this.#counts.connectorStarts++
    const run = ++this.#lastRun
    const running: RunningConnector = { run, props, startedAt: performance.now(), target, thread: undefined }
    this.#connectors.set(connector, running)
    const replaced = () => this.#connectors.get(connector) !== running
    let sent = false
    try {
      const { ttlMs, ...resolved } = await this.#resolve(props)
      if (replaced()) return
      if (ttlMs !== undefined) this.#listener?.configExpires(connector, ttlMs)
      const plugin = await this.#connectorPlugin(resolved.props)
      const thread = await this.#pool.pick()
      // Stopped, or started anew, while its plugin was looked up.
      if (replaced()) return
      running.thread = thread
      sent = true
      await thread.remote.startConnector({ connector, run, raw: props, resolved, target: running.target, plugin })
    } catch (error) {
      // The end of its thread was reported already.
      if (replaced() || (sent && running.thread === undefined)) return
      if (!sent) this.#connectors.delete(connector)
      this.#options.log.error('The connector could not be started', { connector, error })
      this.#connectorReport(connector, { state: 'FAILED', trace: traceOf(error, secretTexts(props)) })
    }
  }

  async stopConnector(connector: string): Promise<void> {
    const running = this.#connectors.get(connector)
    this.#connectors.delete(connector)
    const { thread } = running ?? {}
    if (thread !== undefined) await this.#within(thread, BLOCKED_MS, thread.remote.stopConnector(connector))
  }

  async taskConfigs(connector: string): Promise<readonly Props[]> {
    const thread = this.#connectors.get(connector)?.thread
    if (thread === undefined) throw new ConnectError(`Connector ${connector} is not running on this worker`)
    return thread.remote.taskConfigs(connector)
  }

  async startTask(
    id: TaskId,
    connectorProps: ConnectorProps,
    taskProps: Props,
    target: TargetState,
    guard?: TaskGuard,
  ): Promise<void> {
    this.#counts.taskStarts++
    const task: RunningTask = { id, run: ++this.#lastRun, thread: undefined, report: undefined, guard }
    this.#tasks.set(keyOf(id), task)
    try {
      const connector = await this.#resolve(connectorProps)
      const own = await this.#resolve({ ...connectorProps, ...taskProps })
      const { workerProps, plugins } = this.#options
      const references = referencedPlugins(connector.props, workerProps)
      const located = await Promise.all(references.map(({ name, kind }) => plugins.locate(name, kind)))
      const connectorPlugin = await this.#connectorPlugin(connector.props)
      const thread = await this.#pool.pick()
      // Stopped, or started anew, while its plugins were looked up.
      if (this.#tasks.get(keyOf(id)) !== task) return
      task.thread = thread
      await thread.remote.startTask({
        id,
        run: task.run,
        connector,
        task: own,
        target,
        plugins: [connectorPlugin, ...located],
        memoryBytes: this.#memoryShare(),
      })
    } catch (error) {
      if (this.#tasks.get(keyOf(id)) !== task || task.report?.state === 'FAILED') return
      this.#options.log.error('The task could not be started', { ...id, error })
      this.#taskReport(task, { state: 'FAILED', trace: traceOf(error, secretTexts(connectorProps)) })
    }
  }

  async stopTasks(ids: readonly TaskId[]): Promise<void> {
    const byThread = new Map<TaskThread, TaskId[]>()
    const stopping = ids.flatMap(id => {
      const task = this.#tasks.get(keyOf(id))
      if (task?.thread === undefined) return task === undefined ? [] : [task]
      byThread.set(task.thread, [...(byThread.get(task.thread) ?? []), id])
      return [task]
    })
    await Promise.all(Array.from(byThread, ([thread, own]) => this.#stopIn(thread, own)))
    // From here on nothing they do counts: their reports are no news, their offsets are not stored (invariant 7).
    for (const task of stopping) if (this.#tasks.get(keyOf(task.id)) === task) this.#tasks.delete(keyOf(task.id))
  }

  async setTargetState(connector: string, target: TargetState): Promise<void> {
    const running = this.#connectors.get(connector)
    if (running !== undefined) running.target = target
    const threads = new Set<TaskThread | undefined>([running?.thread])
    for (const { id, thread } of this.#tasks.values()) if (id.connector === connector) threads.add(thread)
    await Promise.all(
      Array.from(threads, async thread => {
        // A thread that is slow to answer will follow; one that never does is noticed by its pings.
        const followed = thread?.remote.setTarget(connector, target).catch(() => {})
        if (followed !== undefined) await settledWithin(followed, this.#graceMs)
      }),
    )
  }

  runningConnectors(): readonly string[] {
    return Array.from(this.#connectors.keys())
  }

  runningTasks(): readonly TaskId[] {
    return Array.from(this.#tasks.values(), ({ id }) => id)
  }

  async checkOffsets(connector: string, props: ConnectorProps, offsets: readonly SourceOffset[]): Promise<boolean> {
    const resolved = await this.#resolve({ name: connector, ...props })
    const plugin = await this.#connectorPlugin(resolved.props)
    const thread = await this.#pool.pick()
    return thread.remote.checkOffsets({ resolved, plugin, offsets })
  }

  /** Passes changed log levels on to the threads at once, rather than with the next ping. */
  shareLevels(): void {
    this.#pool.shareLevels()
  }

  /** What everything here counted, for `renderMetrics`. */
  async metrics(): Promise<readonly LabelledMetrics[]> {
    const answers = await this.#ofThreads(thread => thread.remote.metrics())
    const tasks = Array.from(this.#tasks.values(), ({ id, report }) => ({
      id,
      state: report?.state ?? ('UNASSIGNED' as const),
    }))
    return [...answers, ...this.#counts.metrics(this.#connectors.size, tasks)]
  }

  taskLoads(): Promise<readonly TaskLoad[]> {
    return this.#ofThreads(thread => thread.remote.taskLoads())
  }

  /** What every thread answers; a blocked one must not block whoever asks. */
  async #ofThreads<T>(ask: (thread: TaskThread) => Promise<readonly T[]>): Promise<T[]> {
    const late = () => new ConnectError('late')
    const answers = this.#pool.threads().map(thread => deadline(ask(thread), 1000, late).catch((): T[] => []))
    return (await Promise.all(answers)).flat()
  }

  async #stopIn(thread: TaskThread, ids: readonly TaskId[]): Promise<void> {
    await this.#within(thread, this.#graceMs + BLOCKED_MS, thread.remote.stopTasks(ids, this.#graceMs))
  }

  /** Waits for a thread's answer; one that gives none is blocked for good as far as we can see, and is ended. */
  async #within(thread: TaskThread, ms: number, answer: Promise<void>): Promise<void> {
    const late = new ConnectError(
      `Task thread ${thread.name} was ended: it did not answer for ${ms} ms, something in it blocks`,
    )
    try {
      await deadline(answer, ms, () => late)
    } catch (error) {
      // Any other error says that the thread is gone already.
      if (error !== late) return
      this.#options.log.error('A task thread is ended', { error })
      await this.#pool.kill(thread, late)
    }
  }

  async #connectorPlugin(props: Props): Promise<PluginLocation> {
    const name = props['connector.class']
    if (name === undefined) throw new ConnectError('Missing required configuration "connector.class"')
    return this.#options.plugins.locate(name)
  }

  async #resolve(props: ConnectorProps): Promise<Resolution<Resolved['props']>> {
    const resolved = await this.#options.resolve(props)
    return { ...resolved, props: withoutNulls(resolved.props) }
  }

  #memoryShare(): number {
    const whole = number(this.#options.workerProps, 'millrace.memory.bytes', MEMORY)
    return Math.max(MIB, Math.min(MAX_SHARE, Math.floor(whole / Math.max(1, this.#tasks.size))))
  }

  #mainApi(): MainApi {
    const current = (run: RunNumber, id: TaskId): RunningTask | undefined => {
      const task = this.#tasks.get(keyOf(id))
      return task?.run === run ? task : undefined
    }
    const connectorIs = (run: RunNumber, connector: string): boolean => this.#connectors.get(connector)?.run === run
    const { offsets } = this.#options
    return {
      offsets: (_run, id, partitions) => offsets.get(id.connector, partitions),
      store: async (run, id, list) => {
        if (current(run, id) === undefined)
          throw new ConnectError(`Task ${keyOf(id)} was stopped or replaced: its offsets are not stored any more`)
        await offsets.put(id.connector, list)
      },
      fence: async (run, id) => current(run, id)?.guard?.fence(),
      confirm: (run, id) => {
        const task = current(run, id)
        if (task === undefined) throw new ConnectError(`Task ${keyOf(id)} was stopped or replaced`)
        task.guard?.confirm()
      },
      taskReported: (run, id, report) => {
        const task = current(run, id)
        if (task !== undefined) this.#taskReport(task, report)
      },
      connectorReported: (run, connector, report) => {
        if (connectorIs(run, connector)) this.#connectorReport(connector, report)
      },
      tasksOutdated: (run, connector) => {
        if (connectorIs(run, connector)) this.#listener?.tasksOutdated(connector)
      },
      topicUsed: (run, id, topic) => {
        if (current(run, id) !== undefined) this.#listener?.topicUsed(id, topic)
      },
    }
  }

  #taskReport(task: RunningTask, report: RunReport): void {
    this.#counts.taskReported(task.report?.state, report.state)
    task.report = report
    this.#listener?.taskReported(task.id, report)
  }

  #connectorReport(connector: string, report: RunReport): void {
    this.#counts.connectorReported(connector, report.state)
    this.#listener?.connectorReported(connector, report)
  }

  /** Invariant 8: what was in a thread that is gone is not running. */
  #threadEnded(thread: TaskThread, reason: Error): void {
    for (const task of this.#tasks.values()) {
      if (task.thread !== thread) continue
      task.thread = undefined
      if (task.report?.state !== 'FAILED')
        this.#taskReport(task, { state: 'FAILED', trace: traceOf(reason, noSecrets) })
    }
    for (const [connector, running] of this.#connectors) {
      if (running.thread !== thread) continue
      running.thread = undefined
      if (performance.now() - running.startedAt < CRASH_LOOP_MS)
        this.#connectorReport(connector, { state: 'FAILED', trace: traceOf(reason, noSecrets) })
      else void this.startConnector(connector, running.props, running.target)
    }
  }

  #threadSilent(thread: TaskThread, ms: number): void {
    const own = Array.from(this.#tasks.values()).filter(task => task.thread === thread)
    const names = own.map(({ id }) => keyOf(id)).join(', ')
    for (const { id, report } of own) {
      if (report === undefined || report.state === 'FAILED') continue
      const progress =
        ms === 0
          ? {}
          : {
              progress: `its thread has not answered for ${Math.round(ms / 1000)} s: something in it blocks (tasks in it: ${names})`,
            }
      this.#listener?.taskReported(id, { ...report, ...progress })
    }
  }
}

/** Before variables are resolved, all that can be a secret is what stands under a key that looks like one. */
const secretTexts = (props: ConnectorProps): Secrets => new Secrets(withoutNulls(props))

/** For errors of the worker's own, which name threads and exit codes only. */
const noSecrets = new Secrets({})
