import type { Log } from '../../api/context.ts'
import type { ConnectorWorker } from '../../worker/ports.ts'
import { taskWork, type Work } from './work.ts'

const SAMPLE_MS = 5000
/** What the newest sample counts in the mean: a minute ago is nearly forgotten. */
const NEWEST = 0.2

/** What this worker's tasks cost, smoothed over about half a minute: a burst moves nothing. */
export class LoadWatch {
  readonly #worker: Pick<ConnectorWorker, 'taskLoads'>
  readonly #log: Log
  #loads: ReadonlyMap<Work, number> = new Map()
  #timer: NodeJS.Timeout | undefined

  constructor(worker: Pick<ConnectorWorker, 'taskLoads'>, log: Log) {
    this.#worker = worker
    this.#log = log
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      this.sample().catch(error => this.#log.warn('The load of tasks could not be measured', { error }))
    }, SAMPLE_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Cores by task. */
  get loads(): ReadonlyMap<Work, number> {
    return this.#loads
  }

  async sample(): Promise<void> {
    const now = await this.#worker.taskLoads()
    this.#loads = new Map(
      now.map(({ id, cores }) => {
        const before = this.#loads.get(taskWork(id))
        return [taskWork(id), before === undefined ? cores : before + NEWEST * (cores - before)]
      }),
    )
  }
}
