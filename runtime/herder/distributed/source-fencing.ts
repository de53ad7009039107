import type { Log } from '../../api/context.ts'
import { ConnectError } from '../../api/errors.ts'
import { sleep } from '../../base/abort.ts'
import { backoffDelay } from '../../base/backoff.ts'
import { CodedError } from '../../base/errors.ts'
import type { Admin } from '../../kafka/ports.ts'
import type { ClusterConfigStore, ConnectorProps } from '../../stores/ports.ts'
import { transactionalIdOf } from '../../worker/exactly-once.ts'
import type { TaskGuard, TaskId } from '../../worker/ports.ts'
import type { ClusterMember, ClusterSettings } from './cluster-member.ts'
import { requestFence } from './internal-requests.ts'

export interface SourceFencingParts {
  readonly settings: Pick<ClusterSettings, 'groupId' | 'exactlyOnce'>
  readonly configs: ClusterConfigStore
  readonly admin: () => Promise<Admin>
  readonly signing: { readonly signatureAlgorithm: string }
  /** undefined: before the start. */
  readonly member: () => Pick<ClusterMember, 'settled' | 'isLeader' | 'leaderUrl' | 'isSessioned'> | undefined
  readonly isSource: (props: ConnectorProps) => boolean
  readonly log: Log
}

const retry = { initialMs: 250, maxMs: 5000 }
/** How long a rebalance is waited for before who leads is asked. */
const SETTLING_MS = 5000
/** How long a task waits for the leader to fence, whoever that becomes. */
const PATIENCE_MS = 60_000

/**
 * Before the first task of a new set starts, all of the set before are fenced by their transactional ids: otherwise one of
 * them, cut off from its group, could go on writing what is another's by now (invariant 7).
 */
export class SourceFencing {
  readonly #parts: SourceFencingParts
  /** Rounds under way: who asks meanwhile waits for the same. */
  readonly #rounds = new Map<string, Promise<void>>()

  constructor(parts: SourceFencingParts) {
    this.#parts = parts
  }

  /** On the leader. Resolves when no task of an earlier set can write any more. Throws CodedError. */
  round(connector: string): Promise<void> {
    let round = this.#rounds.get(connector)
    if (round === undefined) {
      round = this.#run(connector).finally(() => this.#rounds.delete(connector))
      this.#rounds.set(connector, round)
    }
    return round
  }

  async #run(connector: string): Promise<void> {
    const { configs, settings, admin, isSource, log } = this.#parts
    if (!settings.exactlyOnce) return
    await configs.readToEnd()
    const stored = configs.get(connector)
    if (stored === undefined) throw new CodedError('CONNECTOR_NOT_FOUND', { connector })
    if (!isSource(stored.props)) throw new CodedError('NO_SOURCE_TO_FENCE', { connector })
    if (!configs.needsFencing(connector)) return
    const generation = configs.generation(connector)
    const before = configs.fencedTasks(connector)
    const tasks = stored.tasks.length
    // One task then and now has the same id: the new one fences the old when it takes it.
    if (before !== undefined && !(before === 1 && tasks === 1)) {
      log.info('Fencing the tasks that ran before', { connector, tasks: before })
      const ids = Array.from({ length: before }, (_, task) => transactionalIdOf(settings.groupId, connector, task))
      await (await admin()).fenceProducers(ids)
    }
    await configs.putFencing(connector, tasks, generation)
  }

  /** Here when this worker leads, else over REST. */
  async #ask(connector: string): Promise<void> {
    const { configs, signing } = this.#parts
    const member = this.#parts.member()
    await member?.settled(SETTLING_MS)
    if (member?.isLeader === true) return this.round(connector)
    const url = member?.leaderUrl
    if (url === undefined) throw new CodedError('NO_LEADER')
    const key = member?.isSessioned === true ? configs.sessionKey : undefined
    await requestFence(url, connector, key, signing.signatureAlgorithm)
  }

  /** For a task that starts now, of the set that is stored now; undefined: it does not write in transactions. */
  guard({ connector, task }: TaskId, props: ConnectorProps, isOwned: () => boolean): TaskGuard | undefined {
    const { configs, settings, isSource, log } = this.#parts
    if (!settings.exactlyOnce || !isSource(props)) return undefined
    const ask = () => this.#ask(connector)
    const generation = configs.generation(connector)
    const confirm = () => {
      if (configs.generation(connector) !== generation)
        throw new ConnectError(
          `Cannot start source task ${connector}-${task} with exactly-once support as the connector has already generated a new set of task configs`,
        )
      if (!isOwned())
        throw new ConnectError(
          `Cannot start source task ${connector}-${task} as it has already been revoked from this worker`,
        )
    }
    return {
      confirm,
      async fence() {
        const end = performance.now() + PATIENCE_MS
        for (let attempt = 0; ; attempt++) {
          confirm()
          try {
            return await ask()
          } catch (error) {
            const delay = backoffDelay(retry, attempt)
            if (performance.now() + delay > end) throw error
            const reason = (error as Error).message
            log.warn('Earlier tasks could not be fenced, this is tried again', { connector, task, reason, inMs: delay })
            await sleep(delay)
          }
        }
      },
    }
  }
}
