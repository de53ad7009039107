import { Worker } from 'node:worker_threads'
import { ConnectError } from '../api/errors.ts'
import { moduleUrl } from '../base/module-url.ts'
import { Host, type HostParts } from './host.ts'
import type { SharedLevels } from './log-levels.ts'
import type { MainApi, ThreadApi, ThreadSettings } from './messages.ts'
import { channelPair, connectRpc, type Remote } from './rpc.ts'

/** A place where tasks run, seen from the main thread. */
export interface TaskThread {
  readonly name: string
  readonly remote: Remote<ThreadApi>
  /** Milliseconds that the oldest unanswered ping has waited; 0 when it answers. */
  silentMs(): number
  ping(levels: SharedLevels | undefined): void
  /** Ends it now, whatever runs in it; `reason` goes to what waits for answers. */
  terminate(reason: Error): Promise<void>
}

export interface ThreadEvents {
  readonly main: MainApi
  /** It ended without being asked to. */
  readonly ended: (reason: Error) => void
}

class Pings {
  #since: number | undefined

  silentMs(): number {
    return this.#since === undefined ? 0 : performance.now() - this.#since
  }

  send(remote: Remote<ThreadApi>, levels: SharedLevels | undefined): void {
    if (this.#since !== undefined && levels === undefined) return
    this.#since ??= performance.now()
    remote.ping(levels).then(
      () => {
        this.#since = undefined
      },
      () => {},
    )
  }
}

/**
 * MB of the heap's young part, of which V8 makes three. The record path hardly makes objects that outlive a batch: more room is memory
 * that is never given back, and saves no time.
 */
const youngMb = 12

/** A worker thread of its own. */
export const startThread = (name: string, settings: ThreadSettings, events: ThreadEvents): TaskThread => {
  const worker = new Worker(moduleUrl('./thread', import.meta.url), {
    name,
    workerData: settings,
    resourceLimits: { maxYoungGenerationSizeMb: youngMb },
  })
  const rpc = connectRpc<ThreadApi>(worker, () => events.main)
  const pings = new Pings()
  let reason: unknown
  let asked = false
  worker.on('error', error => {
    reason = error
  })
  worker.on('exit', code => {
    if (asked) return
    const ended = new ConnectError(`Task thread ${name} ended with ${code}, and the tasks in it with it`, {
      cause: reason,
    })
    rpc.close(ended)
    events.ended(ended)
  })
  return {
    name,
    remote: rpc.remote,
    silentMs: () => pings.silentMs(),
    ping: levels => pings.send(rpc.remote, levels),
    async terminate(why) {
      asked = true
      rpc.close(why)
      await worker.terminate()
    },
  }
}

/** The main thread in the place of a task thread (`task.threads=0`): the same messages, no thread. */
export const startLocal = (
  settings: ThreadSettings,
  events: ThreadEvents,
  parts: Pick<HostParts, 'load' | 'openTask'>,
): TaskThread => {
  const [ours, theirs] = channelPair()
  let host: Host | undefined
  connectRpc<MainApi>(theirs, main => {
    host = new Host({ settings, main, ...parts })
    return host
  })
  const rpc = connectRpc<ThreadApi>(ours, () => events.main)
  // Others in this process may have handlers of their own: only what a plugin threw is taken from them.
  const answerFor = (error: unknown): void => {
    if (host?.uncaught(error) === true || process.listenerCount('uncaughtException') > 1) return
    console.error(error)
    process.exit(1)
  }
  const answerForRejection = (error: unknown): void => {
    if (host?.uncaught(error) !== true && process.listenerCount('unhandledRejection') === 1) throw error
  }
  process.on('uncaughtException', answerFor)
  process.on('unhandledRejection', answerForRejection)
  return {
    name: 'main',
    remote: rpc.remote,
    silentMs: () => 0,
    ping: levels => void rpc.remote.ping(levels).catch(() => {}),
    async terminate(why) {
      process.off('uncaughtException', answerFor)
      process.off('unhandledRejection', answerForRejection)
      rpc.close(why)
    },
  }
}
