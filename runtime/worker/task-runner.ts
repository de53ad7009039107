import type { Log } from '../api/context.ts'
import { AbortedError, deadline } from '../base/abort.ts'
import { type Deferred, deferred } from '../base/deferred.ts'
import type { TargetState } from '../stores/ports.ts'
import { Activity } from '../task/activity.ts'
import { nextTaskState, reportedState, type TaskEvent, type TaskState } from '../task/state.ts'
import type { TaskMetrics } from '../telemetry/metrics-task.ts'
import { type Secrets, traceOf } from './error-text.ts'
import type { RunReport } from './ports.ts'

/** A task with everything it needs at hand. */
export interface OpenedTask {
  readonly metrics: TaskMetrics
  /** Of the plugin. */
  readonly version: string
  /** Runs until `stop` aborts or it fails. */
  run(stop: AbortSignal): Promise<void>
  pause(): void
  resume(): void
  /** From here on nothing is stored or committed (invariant 7). */
  cancel(): void
  /** Brings `metrics` up to date. */
  measure(): void
  /** Closes the plugin and the clients. */
  close(): Promise<void>
}

export interface TaskRunnerParts {
  /** Loads the plugins, makes the clients, opens the connector's task. `stop` aborts when it should not go on. */
  readonly open: (activity: Activity, stop: AbortSignal) => Promise<OpenedTask>
  readonly target: TargetState
  readonly report: (report: RunReport) => void
  readonly secrets: Secrets
  readonly log: Log
}

const LAST_COMMIT_MS = 5000

/** One task from start to end: opens it, keeps its state, reports what is seen of it, stops it in time. */
export class TaskRunner {
  readonly #parts: TaskRunnerParts
  readonly #activity = new Activity()
  readonly #stop = new AbortController()
  readonly #live: Promise<void>
  #state: TaskState
  #opened: OpenedTask | undefined
  #released: Deferred<void> | undefined
  #trace: string | undefined
  #reported = ''
  #silent = false
  #fatal = deferred<never>()

  constructor(parts: TaskRunnerParts) {
    this.#parts = parts
    this.#fatal.promise.catch(() => {})
    this.#state = parts.target === 'STARTED' ? 'opening' : 'waiting'
    this.#live = this.#run()
  }

  get state(): TaskState {
    return this.#state
  }

  setTarget(target: TargetState): void {
    const paused = target !== 'STARTED'
    this.#dispatch(paused ? 'pause' : 'resume')
    if (!paused) this.#released?.resolve()
    if (this.#state === 'paused') this.#opened?.pause()
    if (this.#state === 'running') this.#opened?.resume()
  }

  /** Something outside its calls went wrong for which this task answers: an error nobody caught in a callback of its plugin. */
  fail(error: unknown): void {
    this.#fatal.reject(error)
  }

  /** Asks it to stop; resolves when it has ended, or after `graceMs`, when it is given up and heard of no more. */
  async stop(graceMs: number): Promise<void> {
    this.#dispatch('stop')
    this.#stop.abort()
    this.#released?.resolve()
    try {
      await deadline(this.#live, graceMs, () => new AbortedError(`It did not stop within ${graceMs} ms`))
    } catch (error) {
      this.#silent = true
      this.#opened?.cancel()
      this.#parts.log.error('The task is given up; what it has not committed is processed again', { error })
    }
  }

  /** The task's values, up to date; undefined before it is open. */
  metrics(): ReturnType<TaskMetrics['values']> | undefined {
    this.#opened?.measure()
    return this.#opened?.metrics.values()
  }

  get gauges(): Readonly<Record<string, number>> {
    return this.#activity.gauges
  }

  /** That came in since the start. */
  get records(): number {
    return this.#opened?.metrics.records ?? 0
  }

  /** Reports again when what there is to say of its progress has changed. */
  refresh(): void {
    if (this.#state !== 'stopping' && this.#state !== 'stopped') this.#report()
  }

  async #run(): Promise<void> {
    // Whoever made this runner shall have it before the first report.
    await null
    this.#report()
    try {
      if (this.#state === 'waiting') {
        this.#released = deferred()
        await this.#released.promise
      }
      if (this.#stop.signal.aborted) return
      await this.#openAndRun()
    } catch (error) {
      this.#failed(error)
    } finally {
      await this.#close()
      if (this.#state !== 'failed') this.#dispatch('ended')
      this.#report()
    }
  }

  async #openAndRun(): Promise<void> {
    this.#activity.begin('opening')
    const opening = this.#parts.open(this.#activity, this.#stop.signal)
    const opened = await Promise.race([opening, this.#fatal.promise]).catch((error: unknown) => {
      // Should it be opened after all, nobody would close it.
      opening.then(late => late.close()).catch(() => {})
      throw error
    })
    this.#opened = opened
    this.#activity.end()
    if (this.#stop.signal.aborted) return
    this.#dispatch('opened')
    if (this.#state === 'paused') opened.pause()
    this.#report()
    const running = opened.run(this.#stop.signal)
    await Promise.race([running, this.#fatal.promise]).catch(async (error: unknown) => {
      // What is acknowledged is committed before the clients close.
      this.#stop.abort()
      const ended = running.catch(() => {})
      await deadline(ended, LAST_COMMIT_MS, () => new AbortedError('late')).catch(() => this.#opened?.cancel())
      throw error
    })
  }

  #failed(error: unknown): void {
    const { log, secrets } = this.#parts
    if (this.#state === 'stopping') {
      if (!(error instanceof AbortedError)) log.warn('The task threw while it was stopping', { error })
      return
    }
    this.#trace = traceOf(error, secrets)
    this.#dispatch('fail')
    this.#stop.abort()
    log.error('The task has failed and does nothing until it is restarted', { error })
    this.#report()
  }

  async #close(): Promise<void> {
    this.#activity.begin('close')
    try {
      await this.#opened?.close()
    } catch (error) {
      this.#parts.log.warn('The task did not close well', { error })
    }
    this.#activity.end()
  }

  #dispatch(event: TaskEvent): void {
    const before = this.#state
    this.#state = nextTaskState(before, event)
    if (this.#state === before) return
    const phase = this.#state === 'running' || this.#state === 'paused' ? this.#state : 'other'
    this.#opened?.metrics.phase(phase)
    if (this.#state !== 'stopped') this.#report()
  }

  #report(): void {
    const state = reportedState[this.#state]
    if (state === undefined || this.#silent) return
    const live = this.#state === 'running' || this.#state === 'paused'
    const progress = live ? this.#activity.describe() : undefined
    const report: RunReport = {
      state,
      ...(this.#trace === undefined ? {} : { trace: this.#trace }),
      ...(this.#opened === undefined ? {} : { version: this.#opened.version }),
      ...(progress === undefined ? {} : { progress }),
    }
    const text = JSON.stringify(report)
    if (text === this.#reported) return
    this.#reported = text
    this.#parts.report(report)
  }
}
