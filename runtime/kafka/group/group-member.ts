import type { Log } from '../../api/context.ts'
import { settledWithin } from '../../base/abort.ts'
import { backoffDelay } from '../../base/backoff.ts'
import { KafkaProtocolError } from '../../protocol/error-codes.ts'
import { heartbeat as heartbeatApi } from '../../protocol/messages/heartbeat.ts'
import { leaveGroup as leaveGroupApi } from '../../protocol/messages/leave-group.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { GroupCoordinator } from '../cluster/coordinator.ts'
import { asError, isRetriable } from '../errors.ts'
import type { MembershipOptions } from '../ports.ts'
import { type Generation, joinAndSync, NO_GENERATION } from './join.ts'
import { isBeating, type MemberEvent, type MemberState, nextMemberState } from './member-state.ts'

export interface GroupMemberOptions extends MembershipOptions {
  readonly cluster: Cluster
  /** Static membership: a restart within the session keeps the assignment. */
  readonly groupInstanceId: string | null
  readonly log: Log | undefined
}

/** Time between heartbeats while another round is likely. */
const FOLLOW_UP_INTERVAL_MS = 200

/** Longest wait of a member that closes for the name that its first join is given. */
const NAMING_MS = 2000

/**
 * One member of a classic consumer group, of any protocol type. `poll` runs the hooks, one at a time; joining and
 * heartbeats go on by themselves.
 */
export class GroupMember {
  readonly coordinator: GroupCoordinator
  readonly #options: GroupMemberOptions
  #state: MemberState = 'outside'
  #generation: Generation = NO_GENERATION
  #assignment: Buffer | null = null
  #fatal: Error | null = null
  /** A rebalance asked for while one was under way already. */
  #again = false
  #polling = false
  #attempts = 0
  #notBefore = 0
  /** Settles with the join that is under way. */
  #joining: Promise<void> = Promise.resolve()
  #lastPoll = performance.now()
  #lastContact = performance.now()
  #joinedAt = Number.NEGATIVE_INFINITY
  #heartbeatTimer: NodeJS.Timeout | null = null
  /** When it fires. */
  #heartbeatAt = 0
  #beating = false
  #dueTimer: NodeJS.Timeout | null = null

  constructor(options: GroupMemberOptions) {
    this.#options = options
    this.coordinator = new GroupCoordinator(options.cluster, options.groupId)
  }

  get state(): MemberState {
    return this.#state
  }

  /** What requests to the coordinator are signed with. */
  get generation(): Generation {
    return this.#generation
  }

  /** Milliseconds since the coordinator answered last: beyond the session timeout others may have what we had (invariant 7). */
  get silence(): number {
    return performance.now() - this.#lastContact
  }

  /** `poll` would do something now. */
  get isDue(): boolean {
    if (this.#fatal !== null) return true
    if (this.#state === 'outside') return performance.now() >= this.#notBefore
    return this.#state === 'assigned' || this.#state === 'revoking' || this.#state === 'lost'
  }

  /** Runs the hook that is due, joins when it is time. Throws what a hook throws, and what forbids membership for good. */
  async poll(): Promise<void> {
    this.#lastPoll = performance.now()
    if (this.#fatal !== null) throw this.#fatal
    if (this.#polling) throw new Error('A group member is polled from one place only')
    this.#polling = true
    try {
      await this.#runHook()
    } finally {
      this.#polling = false
      this.#lastPoll = performance.now()
    }
  }

  async #runHook(): Promise<void> {
    if (this.#state === 'revoking') {
      await this.#options.prepare()
      this.#on('prepared')
    }
    if (this.#state === 'lost') {
      await this.#options.lost()
      this.#on('surrendered')
    }
    if (this.#state === 'assigned') {
      const bytes = this.#assignment!
      const again = await this.#options.applied({ generation: this.#generation, bytes })
      this.#on('applied')
      if (again || this.#again) this.#on('rebalance')
      this.#again = false
      return
    }
    if (this.#state === 'outside' && performance.now() >= this.#notBefore) this.#join()
  }

  /** Wants a new generation: the subscription or what is to be assigned has changed. */
  requestRejoin(reason: string): void {
    this.#options.log?.debug('A rebalance is asked for', { group: this.#options.groupId, reason })
    if (this.#state === 'joining' || this.#state === 'syncing') this.#again = true
    else this.#on('rebalance')
  }

  /** What a request signed with `generation` was answered: the group may have moved on. */
  answered(error: KafkaProtocolError, generation: Generation): void {
    // Of an earlier generation: we know.
    if (generation !== this.#generation || this.#state === 'closed') return
    switch (error.kafkaCode) {
      case 'REBALANCE_IN_PROGRESS':
        if (this.#state !== 'syncing') this.#on('rebalance')
        return
      case 'UNKNOWN_MEMBER_ID':
        this.#generation = NO_GENERATION
        this.#on('expelled')
        return
      case 'ILLEGAL_GENERATION':
        this.#generation = { ...NO_GENERATION, memberId: generation.memberId }
        this.#on('expelled')
        return
      case 'FENCED_INSTANCE_ID':
        this.#fail(error)
    }
  }

  /** Leaves, so that others need not wait for the session to end; a static member stays, its restart is expected. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#on('close')
    this.#stopTimers()
    if (this.#options.groupInstanceId !== null) return
    // A first join may be under way: the group would wait for whom the coordinator has named, until the session ends.
    if (this.#generation.memberId === '') await settledWithin(this.#joining, NAMING_MS)
    await this.#leave('the member was closed')
  }

  #on(event: MemberEvent): void {
    this.#state = nextMemberState(this.#state, event)
    if (this.#state === 'closed') return
    if (isBeating(this.#state)) this.#beatLater(this.#interval)
    if (this.isDue) this.#options.onDue()
  }

  #join(): void {
    this.#on('join')
    const { memberId } = this.#generation
    this.#joining = joinAndSync(this.coordinator, this.#options, memberId, {
      memberIdGiven: given => {
        this.#generation = { ...NO_GENERATION, memberId: given }
        return this.#state === 'joining'
      },
      joined: generation => {
        if (this.#state === 'closed') this.#generation = generation
        if (this.#state !== 'joining') return false
        this.#contact()
        this.#joinedAt = performance.now()
        this.#generation = generation
        this.#on('joined')
        return true
      },
    }).then(
      bytes => {
        if (bytes === null || this.#state !== 'syncing') return
        this.#contact()
        this.#attempts = 0
        this.#assignment = bytes
        this.#on('synced')
      },
      error => this.#joinFailed(asError(error)),
    )
  }

  #joinFailed(error: Error): void {
    if (this.#state !== 'joining' && this.#state !== 'syncing') return
    const code = error instanceof KafkaProtocolError ? error.kafkaCode : ''
    const { groupId, log } = this.#options
    if (code === 'UNKNOWN_MEMBER_ID' || code === 'ILLEGAL_GENERATION') {
      this.#generation = NO_GENERATION
      this.#on('expelled')
    } else if (code === 'REBALANCE_IN_PROGRESS') {
      this.#on('retry')
    } else if (isRetriable(error)) {
      log?.debug('Joining the group failed and is tried again', { group: groupId, reason: error.message })
      const delay = backoffDelay(this.#options.cluster.config.retryBackoff, this.#attempts++)
      this.#notBefore = performance.now() + delay
      this.#on('retry')
      this.#dueTimer = setTimeout(() => this.#options.onDue(), delay + 1)
    } else this.#fail(error)
  }

  #fail(error: Error): void {
    if (this.#fatal !== null || this.#state === 'closed') return
    this.#fatal = error
    this.#stopTimers()
    this.#options.onDue()
  }

  #contact(): void {
    this.#lastContact = performance.now()
  }

  get #interval(): number {
    const { heartbeatIntervalMs, followUpMs = 0 } = this.#options
    if (performance.now() - this.#joinedAt >= followUpMs) return heartbeatIntervalMs
    return Math.min(heartbeatIntervalMs, FOLLOW_UP_INTERVAL_MS)
  }

  /** The next heartbeat, unless one is under way or comes sooner. */
  #beatLater(ms: number): void {
    if (this.#beating || this.#fatal !== null) return
    const at = performance.now() + ms
    if (this.#heartbeatTimer !== null) {
      if (this.#heartbeatAt <= at) return
      clearTimeout(this.#heartbeatTimer)
    }
    this.#heartbeatAt = at
    this.#heartbeatTimer = setTimeout(() => void this.#beat(), ms)
  }

  async #beat(): Promise<void> {
    const { groupId, groupInstanceId, log } = this.#options
    const generation = this.#generation
    let retryMs: number | undefined
    this.#heartbeatTimer = null
    this.#beating = true
    try {
      if (!isBeating(this.#state)) return
      if (this.#isIdle()) {
        await this.#giveUp()
        return
      }
      const { generationId, memberId } = generation
      const response = await this.coordinator.request(heartbeatApi, version => ({
        groupId,
        generationId,
        memberId,
        ...(version >= 3 ? { groupInstanceId } : {}),
      }))
      this.coordinator.check(response.errorCode, { api: heartbeatApi.name, detail: `group ${groupId}` })
      this.#contact()
    } catch (error) {
      if (isRetriable(error)) {
        log?.debug('A heartbeat failed', { group: groupId, reason: asError(error).message })
        retryMs = this.#options.cluster.config.retryBackoff.initialMs * 2
      } else if (error instanceof KafkaProtocolError) {
        this.#contact()
        this.answered(error, generation)
        if (error.kafkaCode === 'GROUP_AUTHORIZATION_FAILED') this.#fail(error)
      } else this.#fail(asError(error))
    } finally {
      this.#beating = false
      if (isBeating(this.#state)) this.#beatLater(Math.min(retryMs ?? Number.POSITIVE_INFINITY, this.#interval))
    }
  }

  #isIdle(): boolean {
    return !this.#polling && performance.now() - this.#lastPoll > this.#options.rebalanceTimeoutMs
  }

  /** Whoever should poll is stuck: others do its work. */
  async #giveUp(): Promise<void> {
    const { groupId, rebalanceTimeoutMs, log } = this.#options
    const text = `no poll for ${rebalanceTimeoutMs} ms (max.poll.interval.ms)`
    log?.warn(`The member leaves its group: ${text}`, { group: groupId })
    const left = this.#leave(text)
    this.#generation = NO_GENERATION
    this.#on('expelled')
    await left
  }

  /** The session's end does the same, only later. */
  async #leave(reason: string): Promise<void> {
    const { groupId, groupInstanceId, log, cluster } = this.#options
    const { memberId } = this.#generation
    if (memberId === '') return
    try {
      await this.coordinator.request(
        leaveGroupApi,
        version =>
          version >= 3
            ? { groupId, members: [{ memberId, groupInstanceId, ...(version >= 5 ? { reason } : {}) }] }
            : { groupId, memberId },
        { timeoutMs: Math.min(5000, cluster.config.requestTimeoutMs) },
        // Our join may be waiting for the others, and they for us.
        'main',
      )
    } catch (error) {
      log?.debug('Leaving the group failed', { group: groupId, reason: asError(error).message })
    }
  }

  #stopTimers(): void {
    if (this.#heartbeatTimer !== null) clearTimeout(this.#heartbeatTimer)
    if (this.#dueTimer !== null) clearTimeout(this.#dueTimer)
    this.#heartbeatTimer = null
  }
}
