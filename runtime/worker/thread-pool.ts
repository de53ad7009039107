import type { Log } from '../api/context.ts'
import { ConnectError } from '../api/errors.ts'
import { sharedLevels } from './log-levels.ts'
import type { MainApi, ThreadSettings } from './messages.ts'
import { startLocal, startThread, type TaskThread } from './task-thread.ts'

export interface ThreadPoolParts {
  /** Most threads; 0: everything runs in the main thread. */
  readonly size: number
  readonly settings: () => ThreadSettings
  readonly main: MainApi
  /** How many tasks run in it. */
  readonly loadOf: (thread: TaskThread) => number
  /** It ended; not called for `close`. */
  readonly ended: (thread: TaskThread, reason: Error) => void
  /** It has not answered for so long; 0: it answers again. */
  readonly silent: (thread: TaskThread, ms: number) => void
  readonly log: Log
  readonly times?: PoolTimes
}

export interface PoolTimes {
  readonly pingMs: number
  /** A thread that does not answer for so long is reported (invariant 8). */
  readonly silentMs: number
  /** One that does not for so long is ended: its tasks do nothing any more, and FAILED says so to everybody who watches states. */
  readonly deadMs: number
}

const TIMES: PoolTimes = { pingMs: 2000, silentMs: 10_000, deadMs: 120_000 }

const stopping = (): ConnectError => new ConnectError('The worker is stopping')

/** Task threads, started when they are needed: an idle worker has none. */
export class ThreadPool {
  readonly #parts: ThreadPoolParts
  readonly #threads: TaskThread[] = []
  readonly #silent = new Set<TaskThread>()
  #timer: NodeJS.Timeout | undefined
  #started = 0
  #closed = false
  #levels = ''

  constructor(parts: ThreadPoolParts) {
    this.#parts = parts
  }

  threads(): readonly TaskThread[] {
    return this.#threads
  }

  /** The thread with the fewest tasks; a new one while every one has some and there may be more. */
  async pick(): Promise<TaskThread> {
    const { size, loadOf } = this.#parts
    let least: TaskThread | undefined
    for (const thread of this.#threads) {
      if (this.#silent.has(thread)) continue
      if (least === undefined || loadOf(thread) < loadOf(least)) least = thread
    }
    if (least !== undefined && (loadOf(least) === 0 || this.#threads.length >= Math.max(1, size))) return least
    return this.#start()
  }

  /** Ends a thread in which something blocks; whoever had tasks in it hears `ended`. */
  async kill(thread: TaskThread, reason: Error): Promise<void> {
    if (!this.#forget(thread)) return
    this.#parts.ended(thread, reason)
    await thread.terminate(reason)
  }

  shareLevels(): void {
    const levels = sharedLevels()
    this.#levels = JSON.stringify(levels)
    for (const thread of this.#threads) thread.ping(levels)
  }

  /** Ends every thread; none is started any more. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    const threads = this.#threads.splice(0)
    const reason = stopping()
    await Promise.all(
      threads.map(async thread => {
        await Promise.race([thread.remote.shutdown().catch(() => {}), new Promise(r => setTimeout(r, 1000).unref())])
        await thread.terminate(reason)
      }),
    )
  }

  async #start(): Promise<TaskThread> {
    const { size, settings, main, log, ended } = this.#parts
    if (this.#closed) throw stopping()
    const name = `millrace-tasks-${++this.#started}`
    let thread: TaskThread | undefined
    const onEnded = (reason: Error): void => {
      if (thread === undefined || !this.#forget(thread)) return
      log.error('A task thread ended', { thread: name, error: reason })
      ended(thread, reason)
    }
    if (size === 0) {
      const { loadPlugin } = await import('../plugins/load.ts')
      // Somebody else may have started it during the import.
      if (this.#threads[0] !== undefined) return this.#threads[0]
      if (this.#closed) throw stopping()
      thread = startLocal(
        settings(),
        { main, ended: onEnded },
        {
          load: loadPlugin,
          openTask: async () => (await import('./open-task.ts')).openTask,
        },
      )
    } else thread = startThread(name, settings(), { main, ended: onEnded })
    this.#threads.push(thread)
    this.#levels = JSON.stringify(sharedLevels())
    this.#timer ??= setInterval(() => this.#watch(), (this.#parts.times ?? TIMES).pingMs).unref()
    return thread
  }

  #forget(thread: TaskThread): boolean {
    const index = this.#threads.indexOf(thread)
    if (index < 0) return false
    this.#threads.splice(index, 1)
    this.#silent.delete(thread)
    return true
  }

  #watch(): void {
    const { silentMs, deadMs } = this.#parts.times ?? TIMES
    const levels = sharedLevels()
    const text = JSON.stringify(levels)
    const changed = text === this.#levels ? undefined : levels
    this.#levels = text
    for (const thread of Array.from(this.#threads)) {
      const ms = thread.silentMs()
      if (ms >= deadMs) {
        const reason = new ConnectError(
          `Task thread ${thread.name} was ended: it did not answer for ${Math.round(ms / 1000)} s, something in it blocks`,
        )
        this.#parts.log.error('A task thread is ended', { error: reason })
        void this.kill(thread, reason)
        continue
      }
      if (ms >= silentMs) {
        this.#silent.add(thread)
        this.#parts.silent(thread, ms)
      } else if (this.#silent.delete(thread)) this.#parts.silent(thread, 0)
      thread.ping(changed)
    }
  }
}
