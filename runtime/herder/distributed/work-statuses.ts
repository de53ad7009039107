import { settledWithin } from '../../base/abort.ts'
import type { ClusterStatusStore, Status } from '../../stores/ports.ts'
import type { StatusBoard } from '../status-board.ts'
import { connectorOf, isConnectorWork, taskOf, type Work } from './work.ts'

/** How long the leader waits for the last words of workers that left. */
const momentMs = 5000

const workerIdOf = (url: string): string => url.replace(/^https?:\/\//, '').replace(/\/$/, '')

/** What the status topic says of work that changes hands (invariant 8). */
export class WorkStatuses {
  readonly #statuses: ClusterStatusStore
  readonly #board: StatusBoard

  constructor(statuses: ClusterStatusStore, board: StatusBoard) {
    this.#statuses = statuses
    this.#board = board
  }

  /** Of work that nobody runs any more, with who ran it by URL: what that worker has given up in order. */
  async released(gone: ReadonlyMap<Work, string | undefined>): Promise<ReadonlySet<Work>> {
    if (gone.size === 0) return new Set()
    // Its last words may still be on their way to us.
    await settledWithin(this.#statuses.readToEnd(), momentMs)
    const released = [...gone].filter(([work, url]) => {
      const status = this.#of(work)
      return url !== undefined && status?.state === 'UNASSIGNED' && status.workerId === workerIdOf(url)
    })
    return new Set(released.map(([work]) => work))
  }

  /** Nobody runs these, whatever a dead worker said last; `urls` are of those that live. */
  free(works: readonly Work[], urls: readonly string[]): void {
    const alive = new Set(urls.map(workerIdOf))
    for (const work of works) {
      const status = this.#of(work)
      if (status !== undefined && status.state !== 'UNASSIGNED' && !alive.has(status.workerId)) this.unassigned(work)
    }
  }

  unassigned(work: Work): void {
    const connector = connectorOf(work)
    if (isConnectorWork(work)) this.#board.connectorReported(connector, { state: 'UNASSIGNED' })
    else this.#board.taskReported({ connector, task: taskOf(work) }, { state: 'UNASSIGNED' })
  }

  #of(work: Work): Status | undefined {
    return isConnectorWork(work)
      ? this.#statuses.connector(connectorOf(work))
      : this.#statuses.task(connectorOf(work), taskOf(work))
  }
}
