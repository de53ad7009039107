// The entry of a task thread.
import { parentPort, workerData } from 'node:worker_threads'
import { loadPlugin } from '../plugins/load.ts'
import { Host } from './host.ts'
import type { MainApi, ThreadSettings } from './messages.ts'
import { connectRpc } from './rpc.ts'

if (parentPort === null) throw new Error('This file is started by the worker, as a thread')

let host: Host | undefined
connectRpc<MainApi>(parentPort, main => {
  host = new Host({
    settings: workerData as ThreadSettings,
    main,
    load: loadPlugin,
    openTask: async () => (await import('./open-task.ts')).openTask,
  })
  return host
})

// What a plugin throws in a callback of its own must not take the other tasks of this thread with it. What belongs to no
// plugin is a defect of the runtime: the thread ends with it, and its tasks are reported as failed (invariant 8).
const answerFor = (error: unknown): void => {
  if (host?.uncaught(error) !== true) throw error
}
process.on('uncaughtException', answerFor)
process.on('unhandledRejection', answerFor)
