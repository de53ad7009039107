import type { Log } from '../../api/context.ts'
import { settledWithin, sleep } from '../../base/abort.ts'
import { type Deferred, deferred } from '../../base/deferred.ts'
import type { Assignment, MemberInfo, Membership, MembershipOptions } from '../../kafka/ports.ts'
import { type AssignorState, assign, assignEagerly, newLeader } from './assignor.ts'
import {
  type ConnectAssignment,
  decodeConnectAssignment,
  encodeConnectAssignment,
  offers,
  type ProtocolName,
  protocolVersion,
  type WorkerState,
  workerStates,
} from './connect-protocol.ts'
import { agreement, applyAssignment } from './owned-work.ts'
import type { Work } from './work.ts'

/** A round that takes work away is followed by one that gives it out. */
const FOLLOW_UP_MS = 5000

/** Times in ms. */
export interface ClusterSettings {
  readonly groupId: string
  readonly protocol: ProtocolName
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly rebalanceTimeoutMs: number
  readonly maxDelayMs: number
  readonly syncTimeoutMs: number
  /** How often the leader looks at the load of tasks; undefined: they are shared out by number. */
  readonly loadIntervalMs: number | undefined
  /** `exactly.once.source.support=enabled` */
  readonly exactlyOnce: boolean
}

/** What a member shares out and runs; the herder behind it. */
export interface MemberHost {
  /** `http://host:port/` of this worker's REST. */
  url(): string
  /** All that there is to run, as far as the configs were read. */
  configured(): ReadonlySet<Work>
  readonly configOffset: number
  /** What its tasks cost, in cores. */
  loads(): ReadonlyMap<Work, number>
  readConfigs(): Promise<void>
  /** Of work that nobody runs any more: what its last worker has given up in order. */
  released(gone: ReadonlyMap<Work, string | undefined>): Promise<ReadonlySet<Work>>
  /** The leader has shared out: who runs what, by URL; what is in nobody's hands; the URLs of all members. */
  shared(owners: ReadonlyMap<Work, string>, free: readonly Work[], urls: readonly string[]): void
  /** Resolves when this is stopped. */
  release(work: readonly Work[]): Promise<void>
  /** `owned` has changed: start what is new. */
  take(): void
  /** It cannot be a member any more, for good. */
  memberFailed(error: Error): void
}

const longestWaitMs = 1000

/** This worker's place in its group: joins, leads when it is chosen, and knows what it owns. */
export class ClusterMember {
  readonly #settings: ClusterSettings
  readonly #host: MemberHost
  readonly #log: Log
  readonly #member: Membership
  #owned: ReadonlySet<Work> = new Set()
  #last: ConnectAssignment | undefined
  #state: AssignorState = newLeader
  #completed = -1
  #owners: ReadonlyMap<Work, string> = new Map()
  #wake: Deferred<void> = deferred()
  #settled: Deferred<void> = deferred()
  /** The leader's: what tasks cost, as their workers said last. */
  #loads: ReadonlyMap<Work, number> = new Map()
  #delay: NodeJS.Timeout | undefined
  #nextLook: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #stopped = false

  constructor(
    settings: ClusterSettings,
    host: MemberHost,
    membership: (options: MembershipOptions) => Membership,
    log: Log,
  ) {
    this.#settings = settings
    this.#host = host
    this.#log = log
    this.#member = membership({
      groupId: settings.groupId,
      protocolType: 'connect',
      sessionTimeoutMs: settings.sessionTimeoutMs,
      heartbeatIntervalMs: settings.heartbeatIntervalMs,
      followUpMs: FOLLOW_UP_MS,
      rebalanceTimeoutMs: settings.rebalanceTimeoutMs,
      protocols: () =>
        offers(
          settings.protocol,
          {
            url: host.url(),
            configOffset: host.configOffset,
            running: [...this.#owned],
            loads: settings.loadIntervalMs === undefined ? undefined : host.loads(),
          },
          this.#last,
        ),
      assign: (protocol, members, self) => this.#assign(protocol, members, self),
      prepare: () => (this.#isEager ? this.#drop() : Promise.resolve()),
      applied: assignment => this.#apply(assignment),
      lost: () => this.#drop(),
      onDue: () => this.#wake.resolve(),
    })
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Stops what is owned, then leaves the group: others may have it at once. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake.resolve()
    await this.#running
    // Only now: an assignment that was being taken over has set them again.
    clearTimeout(this.#delay)
    clearTimeout(this.#nextLook)
    await this.#drop()
    await this.#member.close()
  }

  get owned(): ReadonlySet<Work> {
    return this.#owned
  }

  get generation(): number {
    return this.#member.generation.generationId
  }

  get isLeader(): boolean {
    const { memberId, leaderId } = this.#member.generation
    return memberId !== '' && memberId === leaderId && this.#last !== undefined
  }

  /** undefined: not known, a rebalance goes on. */
  get leaderUrl(): string | undefined {
    return this.#last === undefined || this.#last.leaderUrl === '' ? undefined : this.#last.leaderUrl
  }

  /** Requests between workers are signed; before there is a group, what it is to be counts. */
  get isSessioned(): boolean {
    return protocolVersion(this.#member.generation.protocol || this.#settings.protocol) >= 2
  }

  /** Known to the leader only. */
  ownerOf(work: Work): string | undefined {
    return this.#owners.get(work)
  }

  /** Resolves when an assignment is applied, or after `ms`. */
  async settled(ms: number): Promise<void> {
    if (this.#last === undefined) await settledWithin(this.#settled.promise, ms)
  }

  requestRejoin(reason: string): void {
    if (!this.#stopped) this.#member.requestRejoin(reason)
  }

  get #isEager(): boolean {
    return this.#member.generation.protocol === 'default'
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#wake = deferred()
      try {
        if (this.#isCutOff) {
          this.#log.warn('The group was silent for longer than the session: this worker stops what it runs', {
            group: this.#settings.groupId,
          })
          await this.#drop()
          this.#member.requestRejoin('cut off')
        }
        await this.#member.poll()
      } catch (error) {
        if (this.#stopped) return
        this.#log.error('This worker cannot be a member of its group', { group: this.#settings.groupId, error })
        await this.#drop()
        this.#host.memberFailed(error as Error)
        return
      }
      if (!this.#member.isDue) await settledWithin(this.#wake.promise, longestWaitMs)
    }
  }

  /** Others may be given what we run: it must stop first (invariant 7). */
  get #isCutOff(): boolean {
    const { state, silence } = this.#member
    const { sessionTimeoutMs, rebalanceTimeoutMs } = this.#settings
    // While we join the answer comes when all others have joined.
    const joins = state === 'joining' || state === 'syncing'
    return this.#owned.size > 0 && silence > sessionTimeoutMs + (joins ? rebalanceTimeoutMs : 0)
  }

  async #drop(): Promise<void> {
    const owned = [...this.#owned]
    this.#owned = new Set()
    this.#forgetLast()
    await this.#host.release(owned)
  }

  #forgetLast(): void {
    if (this.#last !== undefined) this.#settled = deferred()
    this.#last = undefined
  }

  async #apply({ generation, bytes }: Assignment): Promise<boolean> {
    clearTimeout(this.#delay)
    clearTimeout(this.#nextLook)
    const given = decodeConnectAssignment(bytes)
    if (given === undefined) return true
    if (!given.mismatch) this.#completed = generation.generationId
    if (agreement(given, this.#host.configOffset) !== 'apply') {
      await settledWithin(this.#host.readConfigs(), this.#settings.syncTimeoutMs)
      if (agreement(given, this.#host.configOffset) !== 'apply') {
        this.#log.warn('The config topic is read up to an older record than the others have, this worker joins again', {
          offset: this.#host.configOffset,
          wanted: given.configOffset,
        })
        await sleep(given.mismatch ? 0 : longestWaitMs)
        return true
      }
    }
    const change = applyAssignment(this.#owned, given, generation.protocol !== 'default')
    // Nobody must think that it is still ours to start, while it is being stopped.
    this.#owned = new Set([...this.#owned].filter(work => change.owned.has(work)))
    await this.#host.release(change.release)
    this.#owned = change.owned
    this.#last = given
    this.#settled.resolve()
    this.#log.info('An assignment was taken over', {
      generation: generation.generationId,
      leader: given.leaderUrl,
      assigned: given.assigned.length,
      revoked: given.revoked.length,
      delayMs: given.delayMs,
    })
    this.#host.take()
    if (given.delayMs > 0)
      this.#delay = setTimeout(() => this.requestRejoin('the scheduled delay is over'), given.delayMs)
    const { loadIntervalMs } = this.#settings
    if (loadIntervalMs !== undefined && this.isLeader)
      this.#nextLook = setTimeout(() => this.requestRejoin('the load of tasks is looked at'), loadIntervalMs)
    return change.rejoin
  }

  async #assign(protocol: string, members: readonly MemberInfo[], self: string): Promise<ReadonlyMap<string, Buffer>> {
    const version = protocolVersion(protocol)
    const states = workerStates(members)
    const newest = Math.max(...[...states.values()].map(state => state.configOffset))
    if (this.#host.configOffset < newest) await settledWithin(this.#host.readConfigs(), this.#settings.syncTimeoutMs)
    const common = { leader: self, leaderUrl: states.get(self)?.url ?? this.#host.url() }
    const none = { ...common, assigned: [], revoked: [], delayMs: 0 }
    if (this.#host.configOffset < newest) {
      const bytes = encodeConnectAssignment({ ...none, mismatch: true, configOffset: newest }, version)
      return new Map([...states.keys()].map(member => [member, bytes]))
    }
    const agreed = { ...none, mismatch: false, configOffset: this.#host.configOffset }
    const configured = this.#host.configured()
    const owners = new Map<Work, string>()
    const encoded = new Map<string, Buffer>()
    if (version === 0) {
      for (const [member, assigned] of assignEagerly(configured, [...states.keys()])) {
        for (const work of assigned) owners.set(work, states.get(member)!.url)
        encoded.set(member, encodeConnectAssignment({ ...agreed, assigned }, version))
      }
    } else {
      const running = new Map([...states].map(([member, state]) => [member, state.running]))
      const active = new Set([...running.values()].flat())
      const gone = [...this.#state.previous].filter(work => !active.has(work) && configured.has(work))
      const released = await this.#host.released(new Map(gone.map(work => [work, this.#owners.get(work)])))
      const result = assign(this.#state, {
        nowMs: performance.now(),
        maxDelayMs: this.#settings.maxDelayMs,
        generation: this.generation,
        completedGeneration: this.#completed,
        configured,
        members: running,
        released,
        loads: this.#loadsOf(configured, states.values()),
      })
      this.#state = result.state
      for (const [member, share] of result.shares) {
        const { url } = states.get(member)!
        for (const work of [...running.get(member)!, ...share.assigned]) owners.set(work, url)
        encoded.set(
          member,
          encodeConnectAssignment({ ...agreed, ...share, delayMs: Math.ceil(result.delayMs) }, version),
        )
      }
    }
    const free = [...configured].filter(work => !owners.has(work))
    // Who had what is gone stays known until it is given out again.
    const before = free.flatMap(work => {
      const url = this.#owners.get(work)
      return url === undefined ? [] : [[work, url] as const]
    })
    this.#host.shared(
      owners,
      free,
      [...states.values()].map(({ url }) => url),
    )
    this.#owners = new Map([...before, ...owners])
    return encoded
  }

  /** By load: what workers say now, and what they said of work that is in nobody's hands. undefined: by number. */
  #loadsOf(configured: ReadonlySet<Work>, states: Iterable<WorkerState>): ReadonlyMap<Work, number> | undefined {
    if (this.#settings.loadIntervalMs === undefined) return undefined
    const said = [this.#loads, ...[...states].map(({ loads }) => loads ?? new Map<Work, number>())]
    this.#loads = new Map(said.flatMap(loads => [...loads]).filter(([work]) => configured.has(work)))
    return this.#loads
  }
}
