import { hashOrdered } from '../../api/hash-order.ts'
import { settledWithin } from '../../base/abort.ts'
import { backoffDelay } from '../../base/backoff.ts'
import { CodedError } from '../../base/errors.ts'
import type { Membership, MembershipOptions } from '../../kafka/ports.ts'
import type {
  ClusterConfigStore,
  ClusterStatusStore,
  ConfigChange,
  ConnectorProps,
  StoredConnector,
  TargetState,
} from '../../stores/ports.ts'
import { isLevelName } from '../../telemetry/levels.ts'
import { levels } from '../../telemetry/log.ts'
import { ElsewhereError } from '../elsewhere.ts'
import type { ConnectorInfo, ConnectorOffset, ConnectorStatus } from '../entities.ts'
import type { Herder, InternalRequests } from '../herder.ts'
import { type HerderParts, LocalHerder } from '../local-herder.ts'
import { type RestartFlags, restartPlan } from '../restart-plan.ts'
import { sameProps, sameTasks } from '../task-configs.ts'
import { ClusterMember, type ClusterSettings, type MemberHost } from './cluster-member.ts'
import { pushTasks, tasksOf } from './internal-requests.ts'
import { LoadWatch } from './load-watch.ts'
import { type KeySettings, SessionKeys } from './session-keys.ts'
import { checkSignature } from './signing.ts'
import { SourceFencing } from './source-fencing.ts'
import {
  configuredWork,
  connectorOf,
  connectorWork,
  isConnectorWork,
  sortedWork,
  taskOf,
  taskWork,
  type Work,
} from './work.ts'
import { WorkStatuses } from './work-statuses.ts'

type TaskConfigs = readonly Readonly<Record<string, string>>[]

export interface SigningSettings extends KeySettings {
  readonly signatureAlgorithm: string
  readonly verificationAlgorithms: readonly string[]
}

export interface DistributedParts extends HerderParts {
  readonly configs: ClusterConfigStore
  readonly statuses: ClusterStatusStore
  readonly settings: ClusterSettings
  readonly signing: SigningSettings
  readonly membership: () => Promise<(options: MembershipOptions) => Membership>
  /** `http://host:port/` of this worker's REST, as other workers reach it. */
  readonly url: () => string
}

/** How long a request waits for a rebalance before it is refused. */
const momentMs = 5000
const stopWaitMs = 2000
const pushRetry = { initialMs: 250, maxMs: 60_000, jitter: 0 }

/** A herder among others: a group shares out connectors and tasks, its leader changes the configs. */
export class DistributedHerder extends LocalHerder implements Herder, MemberHost {
  readonly #cluster: DistributedParts
  /** What of the owned work was started, or tried to. */
  readonly #started = new Set<Work>()
  readonly #keys: SessionKeys
  readonly #fencing: SourceFencing
  readonly #watch: LoadWatch
  readonly #workStatuses: WorkStatuses
  #member: ClusterMember | undefined
  #ready = false
  /** Tries in vain to give a connector's tasks to the leader. */
  readonly #pushes = new Map<string, number>()

  constructor(parts: DistributedParts) {
    super(parts, () => this.#member?.generation ?? 0)
    this.#cluster = parts
    this.#fencing = new SourceFencing({
      ...parts,
      member: () => this.#member,
      isSource: props => this.types.type(props) === 'source',
    })
    this.#workStatuses = new WorkStatuses(parts.statuses, this.board)
    this.#watch = new LoadWatch(parts.worker, parts.log)
    this.#keys = new SessionKeys(parts.configs, parts.signing, () => this.#member?.isLeader === true, parts.log)
  }

  async start(): Promise<void> {
    const { configs, offsets, statuses, worker, settings, membership, log } = this.#cluster
    const member = new ClusterMember(settings, this, await membership(), log)
    configs.onChange(change => this.#changed(change))
    await Promise.all([configs.start(), offsets.start(), statuses.start()])
    await worker.start(this)
    this.#member = member
    if (settings.loadIntervalMs !== undefined) this.#watch.start()
    member.start()
  }

  async stop(): Promise<void> {
    const { configs, offsets, statuses, worker } = this.#cluster
    this.isStopping = true
    this.#keys.stop()
    this.#watch.stop()
    this.retries.close()
    this.expiries.close()
    this.stopRestarts()
    await settledWithin(this.turns.idle(), stopWaitMs)
    // Tasks stop and say so before the group is told: whoever leads may give them out at once.
    await this.#member?.stop()
    await worker.stop()
    await Promise.all([configs.stop(), offsets.stop(), statuses.stop()])
  }

  isReady(): boolean {
    return this.#ready
  }

  async create(connector: string, props: ConnectorProps, initial?: TargetState): Promise<ConnectorInfo> {
    const complete = await this.checked(connector, props)
    await this.#lead()
    return this.turn(connector, async () => {
      if (this.#cluster.configs.get(connector) !== undefined) throw new CodedError('CONNECTOR_EXISTS', { connector })
      await this.#cluster.configs.putConnector(connector, complete, initial)
      return { name: connector, config: complete, tasks: [], type: this.types.type(complete) }
    })
  }

  async put(
    connector: string,
    props: ConnectorProps,
  ): Promise<{ readonly created: boolean; readonly info: ConnectorInfo }> {
    const complete = await this.checked(connector, props)
    await this.#lead()
    return this.turn(connector, async () => {
      const created = this.#cluster.configs.get(connector) === undefined
      await this.#cluster.configs.putConnector(connector, complete)
      return { created, info: { ...this.info(connector), config: complete } }
    })
  }

  async patch(connector: string, changes: ConnectorProps): Promise<ConnectorInfo> {
    await this.#lead()
    return this.turn(connector, async () => {
      const complete = await this.checked(connector, this.merged(connector, changes))
      await this.#cluster.configs.putConnector(connector, complete)
      return this.info(connector)
    })
  }

  async remove(connector: string): Promise<void> {
    await this.#lead()
    return this.turn(connector, async () => {
      this.stored(connector)
      await this.#cluster.configs.removeConnector(connector)
      this.tracking.forget(connector)
    })
  }

  async setTarget(connector: string, target: TargetState): Promise<void> {
    const { configs } = this.#cluster
    if (configs.get(connector) === undefined) throw new CodedError('UNKNOWN_CONNECTOR', { connector })
    if (target === 'STOPPED') {
      await this.#lead()
      await configs.putTasks(connector, [])
    }
    await configs.putTargetState(connector, target)
  }

  async restart(connector: string, flags: RestartFlags): Promise<ConnectorStatus | undefined> {
    const { configs } = this.#cluster
    if (configs.get(connector) === undefined) throw new CodedError('UNKNOWN_CONNECTOR_TO_RESTART', { connector })
    if (!flags.includeTasks && !flags.onlyFailed) {
      await this.#own(connectorWork(connector))
      await this.turn(connector, () => this.restartPart(connector, undefined))
      return undefined
    }
    await this.#lead()
    const before = this.status(connector)
    const plan = restartPlan(before, flags)
    await configs.putRestart(connector, flags)
    return {
      ...before,
      ...(plan.connector && { connector: { ...before.connector, state: 'RESTARTING' } }),
      tasks: before.tasks.map(task => (plan.tasks.includes(task.id) ? { ...task, state: 'RESTARTING' } : task)),
    }
  }

  async restartTask(connector: string, task: number): Promise<void> {
    const stored = this.#cluster.configs.get(connector)
    if (stored === undefined) throw new CodedError('UNKNOWN_CONNECTOR_TO_RESTART', { connector })
    if (stored.tasks[task] === undefined) {
      throw stored.targetState === 'STOPPED' && task >= 0
        ? new CodedError('NO_TASKS_WHILE_STOPPED')
        : new CodedError('UNKNOWN_TASK', { connector, task })
    }
    const work = taskWork({ connector, task })
    await this.#own(work)
    await this.turn(connector, () => this.restartPart(connector, task))
  }

  async alterOffsets(connector: string, offsets: readonly ConnectorOffset[] | null): Promise<string> {
    if (offsets !== null && offsets.length === 0) throw new CodedError('OFFSETS_MISSING')
    await this.#lead()
    return this.turn(connector, async () => {
      await this.#cluster.configs.readToEnd()
      const { props, targetState, tasks } = this.stored(connector)
      if (targetState !== 'STOPPED' || tasks.length > 0) throw new CodedError('OFFSETS_NEED_STOP', { connector })
      const isSink = this.types.type(props) === 'sink'
      // One that was cut off must not put its own in their place.
      if (!isSink) await this.#fencing.round(connector)
      return this.connectorOffsets.alter(connector, props, isSink, offsets)
    })
  }

  setLogLevel(logger: string, level: string): Promise<void> {
    return this.#cluster.configs.putLogLevel(logger, level)
  }

  readonly internal: InternalRequests = {
    putTasks: async (connector, body, headers) => {
      this.#checkSigned(body, headers)
      await this.#lead()
      const tasks = tasksOf(body)
      const { targetState } = this.stored(connector)
      if (targetState === 'STOPPED' && tasks.length > 0) throw new CodedError('TASKS_OF_STOPPED', { connector })
      await this.#cluster.configs.putTasks(connector, tasks)
    },
    fence: async (connector, headers) => {
      this.#checkSigned('', headers)
      await this.#lead()
      await this.#fencing.round(connector)
    },
  }

  // What the group asks (MemberHost).

  url(): string {
    return this.#cluster.url()
  }

  configured(): ReadonlySet<Work> {
    return configuredWork(this.#cluster.configs)
  }

  get configOffset(): number {
    return this.#cluster.configs.offset
  }

  loads(): ReadonlyMap<Work, number> {
    return this.#watch.loads
  }

  readConfigs(): Promise<void> {
    return this.#cluster.configs.readToEnd()
  }

  released(gone: ReadonlyMap<Work, string | undefined>): Promise<ReadonlySet<Work>> {
    return this.#workStatuses.released(gone)
  }

  shared(_owners: ReadonlyMap<Work, string>, free: readonly Work[], urls: readonly string[]): void {
    const { statuses, configs } = this.#cluster
    this.#workStatuses.free(free, urls)
    for (const connector of statuses.connectors()) {
      const stored = configs.get(connector)
      if (stored === undefined) this.board.forget(connector)
      else this.board.keepTasks(connector, stored.tasks.length)
    }
  }

  async release(works: readonly Work[]): Promise<void> {
    const connectors = new Set(works.map(connectorOf))
    await Promise.all(
      Array.from(connectors, connector =>
        this.turns.run(connector, async () => {
          const own = works.filter(work => connectorOf(work) === connector)
          await this.#halt(own)
          if (this.#cluster.configs.get(connector) !== undefined)
            for (const work of own) this.#workStatuses.unassigned(work)
        }),
      ),
    )
    await this.#cluster.statuses.flush()
  }

  take(): void {
    this.#ready = true
    this.#cluster.configs.lead(this.#member?.isLeader === true)
    this.#keys.check()
    for (const connector of new Set([...this.#owned()].map(connectorOf)))
      this.later(connector, 'start', () => this.#startMissing(connector))
  }

  memberFailed(error: Error): void {
    this.#ready = false
    this.parts.log.error('This worker runs nothing any more: restart it', { error })
  }

  protected shows(connector: string, task?: number): boolean {
    const owned = this.#owned()
    return (
      this.#cluster.configs.get(connector) !== undefined &&
      owned.has(task === undefined ? connectorWork(connector) : taskWork({ connector, task }))
    )
  }

  protected async tasksMade(connector: string, made: TaskConfigs, stored: StoredConnector): Promise<void> {
    const { configs, signing } = this.#cluster
    // Kafka Connect's order of settings.
    const tasks = made.map(task => hashOrdered(task))
    const applied = configs.appliedProps(connector)
    if (applied !== undefined && sameProps(applied, stored.props) && sameTasks(tasks, stored.tasks)) return
    const member = this.#member
    try {
      if (member?.isLeader === true) await configs.putTasks(connector, tasks)
      else if (member?.leaderUrl === undefined) throw new CodedError('NO_LEADER')
      else
        await pushTasks(
          member.leaderUrl,
          connector,
          tasks,
          member.isSessioned ? configs.sessionKey : undefined,
          signing.signatureAlgorithm,
        )
      this.#pushes.delete(connector)
    } catch (error) {
      const tries = this.#pushes.get(connector) ?? 0
      this.#pushes.set(connector, tries + 1)
      const delay = backoffDelay(pushRetry, tries)
      this.parts.log.warn('Task configs could not be given to the leader, this is tried again', {
        connector,
        reason: (error as Error).message,
        inMs: delay,
      })
      this.retries.set(connector, delay, () => this.later(connector, 'configure', () => this.reconfigure(connector)))
    }
  }

  protected async restartPart(connector: string, task: number | undefined): Promise<void> {
    await this.#halt([task === undefined ? connectorWork(connector) : taskWork({ connector, task })])
    await this.#startMissing(connector)
  }

  protected async restartAll(connector: string): Promise<void> {
    await this.#halt(this.#ownOf(connector))
    await this.#startMissing(connector)
  }

  #checkSigned(body: string, headers: Parameters<InternalRequests['fence']>[1]): void {
    const { configs, signing, settings } = this.#cluster
    if (this.#member?.isSessioned ?? settings.protocol === 'sessioned')
      checkSignature(body, headers, configs.sessionKey, signing.verificationAlgorithms)
  }

  #owned(): ReadonlySet<Work> {
    return this.#member?.owned ?? new Set()
  }

  #ownOf(connector: string): Work[] {
    return [...this.#owned()].filter(work => connectorOf(work) === connector)
  }

  /** Throws when another worker leads (ElsewhereError), or nobody is known to. */
  async #lead(): Promise<void> {
    await this.#member?.settled(momentMs)
    if (this.#member?.isLeader === true) return
    const url = this.#member?.leaderUrl
    throw url === undefined ? new CodedError('NO_LEADER') : new ElsewhereError(url)
  }

  /** Throws when another worker runs it; only the leader knows which. */
  async #own(work: Work): Promise<void> {
    if (this.#owned().has(work)) return
    await this.#lead()
    const url = this.#member?.ownerOf(work)
    throw url === undefined || url === this.url() ? new CodedError('NO_LEADER') : new ElsewhereError(url)
  }

  #changed(change: ConfigChange): void {
    if (this.#member === undefined || this.isStopping) return
    switch (change.kind) {
      case 'connector': {
        const { connector, created } = change
        if (created) this.#member.requestRejoin(`connector ${connector} is new`)
        else if (this.#owned().has(connectorWork(connector)))
          this.later(connector, 'restart', () => this.restartPart(connector, undefined))
        return
      }
      case 'removed':
        this.retries.cancel(change.connector)
        this.expiries.cancel(change.connector)
        void this.turns.run(change.connector, async () => {
          if (this.#cluster.configs.get(change.connector) !== undefined) return
          const own = this.#ownOf(change.connector)
          await this.#halt(own)
          if (own.length > 0) this.board.forget(change.connector)
        })
        this.#member.requestRejoin(`connector ${change.connector} is gone`)
        return
      case 'tasks':
        // What stays ours goes on at once; the group settles the rest.
        this.later(change.connector, 'start', async () => {
          await this.#halt(this.#ownOf(change.connector).filter(work => !isConnectorWork(work)))
          await this.#startMissing(change.connector)
        })
        this.#member.requestRejoin(`connector ${change.connector} has other tasks`)
        return
      case 'target':
        this.later(change.connector, 'change the state of', () => this.#follow(change.connector))
        return
      case 'restart':
        this.later(change.connector, 'restart', () => this.#restartPlanned(change.connector, change))
        return
      case 'logger':
        if (isLevelName(change.level)) levels.set(change.logger, change.level, Date.now())
        return
      case 'session-key':
        return
    }
  }

  async #follow(connector: string): Promise<void> {
    const { worker } = this.parts
    const { targetState } = this.stored(connector)
    const own = this.#ownOf(connector)
    if (own.length === 0) return
    this.retries.cancel(connector)
    const owns = own.includes(connectorWork(connector))
    if (owns && !worker.runningConnectors().includes(connector)) {
      this.#started.delete(connectorWork(connector))
      await this.#startMissing(connector)
    }
    await worker.setTargetState(connector, targetState)
    if (owns && targetState === 'STARTED') await this.reconfigure(connector)
  }

  async #restartPlanned(connector: string, flags: RestartFlags): Promise<void> {
    const status = this.board.status(connector, 'unknown')
    if (status === undefined) return
    const plan = restartPlan(status, flags)
    const own = this.#ownOf(connector).filter(work =>
      isConnectorWork(work) ? plan.connector : plan.tasks.includes(taskOf(work)),
    )
    await this.#halt(own)
    for (const work of own) this.board.restarting(connector, isConnectorWork(work) ? undefined : taskOf(work))
    await this.#startMissing(connector)
  }

  async #halt(works: readonly Work[]): Promise<void> {
    const { worker } = this.parts
    const tasks = works.filter(work => !isConnectorWork(work))
    await worker.stopTasks(tasks.map(work => ({ connector: connectorOf(work), task: taskOf(work) })))
    for (const work of works) {
      if (isConnectorWork(work)) {
        this.retries.cancel(connectorOf(work))
        await worker.stopConnector(connectorOf(work))
      }
      this.#started.delete(work)
    }
  }

  /** Tasks first: they have their configs, and the connector may take its time. */
  async #startMissing(connector: string): Promise<void> {
    const { worker } = this.parts
    for (const work of sortedWork(this.#ownOf(connector)).reverse()) {
      if (this.#started.has(work) || this.isStopping) continue
      const { props, tasks, targetState } = this.stored(connector)
      if (!isConnectorWork(work)) {
        const config = tasks[taskOf(work)]
        if (config === undefined) continue
        this.#started.add(work)
        const id = { connector, task: taskOf(work) }
        await worker.startTask(
          id,
          props,
          config,
          targetState,
          this.#fencing.guard(id, props, () => this.#owned().has(work)),
        )
        continue
      }
      this.#started.add(work)
      await worker.startConnector(connector, props, targetState)
      if (targetState === 'STARTED') await this.reconfigure(connector)
    }
  }
}
