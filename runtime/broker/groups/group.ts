import type { KafkaErrorName } from '../../protocol/error-codes.ts'
import { type GroupSnapshot, restoredMember, storedMember } from './group-snapshot.ts'
import {
  canExpire,
  type JoinRequest,
  type JoinResult,
  joinError,
  type Member,
  metadataFor,
  NO_ASSIGNMENT,
  offersSame,
  type SyncRequest,
  type SyncResult,
  selectProtocol,
  syncError,
} from './member.ts'

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead'

export interface GroupOptions {
  readonly initialRebalanceDelayMs: number
  readonly maxSize: number
  /** Called when the group became stable or empty: store its snapshot. */
  changed(group: Group): void
}

/** How long a member that cannot send heartbeats yet may wait for its first answer. */
const NEW_MEMBER_TIMEOUT_MS = 300_000
const NEVER = Number.POSITIVE_INFINITY

/**
 * The state machine of one group (of any protocol type), with time as an argument: milliseconds of a clock that never goes
 * back, and `tick` called at `nextDeadline`. Answers come through the callbacks given with a request, at once or later.
 *
 *     Empty --join--> PreparingRebalance --all joined, or timeout--> CompletingRebalance --leader's sync--> Stable
 *
 * and from the last two back to PreparingRebalance when a member joins anew, changes, leaves or falls silent.
 */
export class Group {
  readonly id: string
  state: GroupState = 'Empty'
  generation = 0
  protocolType: string | null = null
  protocol: string | null = null
  leader: string | null = null
  /** When the group got into this state, in milliseconds since the epoch. */
  since: number
  readonly members = new Map<string, Member>()
  readonly #options: GroupOptions
  readonly #byInstance = new Map<string, string>()
  /** Told their id, and expected to come with it: id to deadline. */
  readonly #pending = new Map<string, number>()
  readonly #unsynced = new Set<string>()
  #joinDeadline = NEVER
  #syncDeadline = NEVER
  /** During the delay before the first rebalance: when it must end, and whether someone came since it was set. */
  #initial: { readonly end: number; newcomer: boolean } | null = null

  constructor(id: string, since: number, options: GroupOptions) {
    this.id = id
    this.since = since
    this.#options = options
  }

  /** `answer` is called once: at once when refused, or when the members are gathered. */
  join(request: JoinRequest, now: number, answer: (result: JoinResult) => void): void {
    const result = this.#tryJoin(request, now, answer)
    if (result !== null) answer(result)
  }

  /** null: the answer comes later. */
  #tryJoin(request: JoinRequest, now: number, answer: (result: JoinResult) => void): JoinResult | null {
    const { memberId, instanceId } = request
    if (this.state === 'Dead') return joinError('COORDINATOR_NOT_AVAILABLE', memberId)
    if (!this.#isCompatible(request)) return joinError('INCONSISTENT_GROUP_PROTOCOL', memberId)
    if (memberId === '') {
      const replaced = instanceId === null ? undefined : this.#byInstance.get(instanceId)
      if (replaced !== undefined) return this.#replaceStatic(request, this.members.get(replaced)!, now, answer)
      if (this.members.size + this.#pending.size >= this.#options.maxSize) {
        return joinError('GROUP_MAX_SIZE_REACHED', memberId)
      }
      if (instanceId === null && request.requiresKnownMember) {
        this.#pending.set(request.newMemberId, now + request.sessionTimeoutMs)
        return joinError('MEMBER_ID_REQUIRED', request.newMemberId)
      }
      return this.#addMember(request, request.newMemberId, now, answer)
    }
    if (this.#pending.delete(memberId)) return this.#addMember(request, memberId, now, answer)
    const error = this.#checkMember(memberId, instanceId)
    if (error !== 'NONE') return joinError(error, memberId)
    return this.#rejoin(request, this.members.get(memberId)!, now, answer)
  }

  #isCompatible({ protocolType, protocols }: JoinRequest): boolean {
    if (protocolType === '' || protocols.length === 0) return false
    if (this.members.size === 0) return true
    if (protocolType !== this.protocolType) return false
    const all = [...this.members.values()]
    return protocols.some(({ name }) => all.every(m => m.protocols.some(p => p.name === name)))
  }

  #addMember(request: JoinRequest, id: string, now: number, answer: (result: JoinResult) => void): null {
    const isNew = request.memberId === ''
    const member: Member = {
      id,
      instanceId: request.instanceId,
      clientId: request.clientId,
      clientHost: request.clientHost,
      sessionTimeoutMs: request.sessionTimeoutMs,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      protocols: request.protocols,
      assignment: NO_ASSIGNMENT,
      deadline: now + (isNew ? NEW_MEMBER_TIMEOUT_MS : request.sessionTimeoutMs),
      isNew,
      joining: answer,
      syncing: null,
    }
    if (this.members.size === 0) this.protocolType = request.protocolType
    this.members.set(id, member)
    if (member.instanceId !== null) this.#byInstance.set(member.instanceId, id)
    this.leader ??= id
    if (this.#initial !== null) this.#initial.newcomer = true
    this.#rebalance(now)
    return null
  }

  /** A member that is known joins again: to rebalance, or because it never got the answer. */
  #rejoin(request: JoinRequest, member: Member, now: number, answer: (result: JoinResult) => void): JoinResult | null {
    const isSame = offersSame(member, request.protocols)
    const answerAgain =
      isSame && (this.state === 'CompletingRebalance' || (this.state === 'Stable' && this.leader !== member.id))
    member.deadline = now + member.sessionTimeoutMs
    if (answerAgain) return this.#joined(member, this.leader ?? '', false)
    member.protocols = request.protocols
    member.sessionTimeoutMs = request.sessionTimeoutMs
    member.rebalanceTimeoutMs = request.rebalanceTimeoutMs
    // An earlier join of the same member that still waits: its client gave up on it.
    member.joining?.(joinError('UNKNOWN_MEMBER_ID', member.id))
    member.joining = answer
    this.#rebalance(now)
    return null
  }

  /** A static member is back under a new id: the old id is fenced; a stable group goes on with the same assignment. */
  #replaceStatic(
    request: JoinRequest,
    old: Member,
    now: number,
    answer: (result: JoinResult) => void,
  ): JoinResult | null {
    const id = request.newMemberId
    const oldLeader = this.leader ?? ''
    const unchanged = old.protocols.find(p => p.name === this.protocol)
    old.joining?.(joinError('FENCED_INSTANCE_ID', old.id))
    old.syncing?.(syncError('FENCED_INSTANCE_ID'))
    const member: Member = {
      ...old,
      id,
      clientId: request.clientId,
      clientHost: request.clientHost,
      sessionTimeoutMs: request.sessionTimeoutMs,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      protocols: request.protocols,
      deadline: now + request.sessionTimeoutMs,
      joining: null,
      syncing: null,
    }
    // In the place of the old one, so that the order of members stays.
    const members = [...this.members.values()].map(m => (m === old ? member : m))
    this.members.clear()
    for (const m of members) this.members.set(m.id, m)
    this.#byInstance.set(old.instanceId!, id)
    if (this.leader === old.id) this.leader = id
    if (this.#unsynced.delete(old.id)) this.#unsynced.add(id)
    const sameMetadata = unchanged !== undefined && metadataFor(member, this.protocol).equals(unchanged.metadata)
    if (this.state === 'Stable' && sameMetadata && selectProtocol(members) === this.protocol) {
      this.#options.changed(this)
      // Older clients would assign anew if told that they lead, and the group would not listen: they are told the old id.
      const skip = request.canSkipAssignment
      return this.#joined(member, skip ? (this.leader ?? '') : oldLeader, skip && this.leader === id)
    }
    member.joining = answer
    this.#rebalance(now)
    return null
  }

  #joined(member: Member, leader: string, skipAssignment: boolean): JoinResult {
    const isLeader = leader === member.id
    return {
      error: 'NONE',
      memberId: member.id,
      generation: this.generation,
      protocolType: this.protocolType,
      protocol: this.protocol,
      leader,
      skipAssignment,
      members: !isLeader
        ? []
        : [...this.members.values()].map(m => ({
            memberId: m.id,
            instanceId: m.instanceId,
            metadata: metadataFor(m, this.protocol),
          })),
    }
  }

  /** Something changed: gather the members again, or look whether all are gathered. */
  #rebalance(now: number): void {
    if (this.state !== 'PreparingRebalance') {
      for (const member of this.members.values()) {
        if (member.syncing === null) continue
        // While it waited its silence did not count.
        member.deadline = now + member.sessionTimeoutMs
        member.syncing(syncError('REBALANCE_IN_PROGRESS'))
        member.syncing = null
      }
      const delay = this.state === 'Empty' ? this.#options.initialRebalanceDelayMs : 0
      this.#initial = delay > 0 ? { end: now + this.#rebalanceTimeout(), newcomer: false } : null
      this.#joinDeadline = now + (delay > 0 ? Math.min(delay, this.#rebalanceTimeout()) : this.#rebalanceTimeout())
      this.#unsynced.clear()
      this.#syncDeadline = NEVER
      this.state = 'PreparingRebalance'
    }
    this.#completeJoinIfAll(now)
  }

  #rebalanceTimeout(): number {
    let longest = 0
    for (const member of this.members.values()) longest = Math.max(longest, member.rebalanceTimeoutMs)
    return longest
  }

  #completeJoinIfAll(now: number): void {
    if (this.#initial !== null || this.#pending.size > 0) return
    for (const member of this.members.values()) if (member.joining === null) return
    this.#completeJoin(now)
  }

  #completeJoin(now: number): void {
    this.#initial = null
    for (const member of [...this.members.values()]) {
      if (member.joining === null && member.instanceId === null) this.#forget(member)
    }
    const members = [...this.members.values()]
    const joined = members.filter(member => member.joining !== null)
    if (joined.length === 0 && members.length > 0) {
      // Only static members, none of them here: their sessions decide.
      this.#joinDeadline = now + this.#rebalanceTimeout()
      return
    }
    this.#joinDeadline = NEVER
    this.generation++
    if (members.length === 0) {
      this.#becomeEmpty()
      return
    }
    // The leader stays the same as long as it is there: it may hold what it knows of the last assignment.
    if (!joined.some(member => member.id === this.leader)) this.leader = joined[0]!.id
    this.protocol = selectProtocol(members)
    this.state = 'CompletingRebalance'
    this.#syncDeadline = now + this.#rebalanceTimeout()
    for (const member of members) {
      member.assignment = NO_ASSIGNMENT
      this.#unsynced.add(member.id)
      if (member.joining === null) continue
      member.isNew = false
      member.deadline = now + member.sessionTimeoutMs
      const answer = member.joining
      member.joining = null
      answer(this.#joined(member, this.leader!, false))
    }
  }

  #becomeEmpty(): void {
    this.state = 'Empty'
    this.protocol = null
    this.leader = null
    this.#syncDeadline = NEVER
    this.#unsynced.clear()
    this.#options.changed(this)
  }

  /** `answer` is called once: at once when refused or stable, or when the leader has brought the assignments. */
  sync(request: SyncRequest, now: number, answer: (result: SyncResult) => void): void {
    const error = this.#checkSync(request)
    const member = this.members.get(request.memberId)
    if (error !== 'NONE' || member === undefined) {
      answer(syncError(error))
      return
    }
    this.#unsynced.delete(member.id)
    member.deadline = now + member.sessionTimeoutMs
    if (this.state === 'Stable') {
      answer(this.#synced(member))
      return
    }
    member.syncing?.(syncError('UNKNOWN_MEMBER_ID'))
    member.syncing = answer
    if (this.leader === member.id) this.#assign(request.assignments, now)
  }

  #assign(assignments: ReadonlyMap<string, Buffer>, now: number): void {
    this.state = 'Stable'
    for (const member of this.members.values()) member.assignment = assignments.get(member.id) ?? NO_ASSIGNMENT
    this.#options.changed(this)
    for (const member of this.members.values()) {
      if (member.syncing === null) continue
      const answer = member.syncing
      member.syncing = null
      member.deadline = now + member.sessionTimeoutMs
      answer(this.#synced(member))
    }
  }

  #checkSync(request: SyncRequest): KafkaErrorName {
    const error = this.#checkMember(request.memberId, request.instanceId)
    if (error !== 'NONE') return error
    if (request.generation !== this.generation) return 'ILLEGAL_GENERATION'
    const { protocolType, protocol } = request
    if (protocolType !== null && protocolType !== this.protocolType) return 'INCONSISTENT_GROUP_PROTOCOL'
    if (protocol !== null && protocol !== this.protocol) return 'INCONSISTENT_GROUP_PROTOCOL'
    return this.state === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE'
  }

  #synced(member: Member): SyncResult {
    const { protocolType, protocol } = this
    return { error: 'NONE', protocolType, protocol, assignment: member.assignment }
  }

  heartbeat(memberId: string, instanceId: string | null, generation: number, now: number): KafkaErrorName {
    const error = this.#checkMember(memberId, instanceId)
    if (error !== 'NONE') return error
    if (generation !== this.generation) return 'ILLEGAL_GENERATION'
    const member = this.members.get(memberId)!
    member.deadline = now + member.sessionTimeoutMs
    return this.state === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE'
  }

  /** A static member may be named by its instance alone. */
  leave(memberId: string, instanceId: string | null, now: number): KafkaErrorName {
    if (this.state === 'Dead') return 'COORDINATOR_NOT_AVAILABLE'
    if (instanceId === null && this.#pending.delete(memberId)) {
      if (this.state === 'PreparingRebalance') this.#completeJoinIfAll(now)
      return 'NONE'
    }
    const id = instanceId !== null && memberId === '' ? (this.#byInstance.get(instanceId) ?? '') : memberId
    const error = this.#checkMember(id, instanceId)
    if (error !== 'NONE') return error
    this.#remove(this.members.get(id)!, now)
    return 'NONE'
  }

  /**
   * Whether this member may commit offsets. `generation` below 0 is someone outside of the group: an admin, or a program
   * that assigns its partitions itself; it may as long as the group has no members. Counts as a heartbeat.
   */
  checkCommit(memberId: string, instanceId: string | null, generation: number, now: number): KafkaErrorName {
    if (this.state === 'Dead') return 'COORDINATOR_NOT_AVAILABLE'
    if (generation < 0 && memberId === '' && instanceId === null) {
      return this.members.size === 0 ? 'NONE' : 'UNKNOWN_MEMBER_ID'
    }
    const error = this.#checkMember(memberId, instanceId)
    if (error !== 'NONE') return error
    if (generation !== this.generation) return 'ILLEGAL_GENERATION'
    const member = this.members.get(memberId)!
    member.deadline = now + member.sessionTimeoutMs
    // While the others are gathered a member may still commit what it did; after that its partitions may be another's.
    return this.state === 'CompletingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE'
  }

  #checkMember(memberId: string, instanceId: string | null): KafkaErrorName {
    if (this.state === 'Dead') return 'COORDINATOR_NOT_AVAILABLE'
    if (instanceId !== null) {
      const known = this.#byInstance.get(instanceId)
      if (known === undefined) return 'UNKNOWN_MEMBER_ID'
      if (known !== memberId) return 'FENCED_INSTANCE_ID'
    }
    return this.members.has(memberId) ? 'NONE' : 'UNKNOWN_MEMBER_ID'
  }

  #remove(member: Member, now: number): void {
    this.#forget(member)
    if (this.state === 'Stable' || this.state === 'CompletingRebalance') this.#rebalance(now)
    else if (this.state === 'PreparingRebalance') this.#completeJoinIfAll(now)
  }

  #forget(member: Member): void {
    this.members.delete(member.id)
    this.#unsynced.delete(member.id)
    if (member.instanceId !== null) this.#byInstance.delete(member.instanceId)
    if (this.leader === member.id) this.leader = this.members.keys().next().value ?? null
    member.joining?.(joinError('UNKNOWN_MEMBER_ID', member.id))
    member.syncing?.(syncError('UNKNOWN_MEMBER_ID'))
    member.joining = member.syncing = null
  }

  /** When `tick` has something to do, unless it hears of its members before. */
  nextDeadline(): number {
    let next = Math.min(this.#joinDeadline, this.#syncDeadline)
    for (const deadline of this.#pending.values()) next = Math.min(next, deadline)
    for (const member of this.members.values()) if (canExpire(member)) next = Math.min(next, member.deadline)
    return next
  }

  /** Does what is due: silent members go, rebalances end. */
  tick(now: number): void {
    for (const [id, deadline] of this.#pending) {
      if (deadline > now) continue
      this.#pending.delete(id)
      if (this.state === 'PreparingRebalance') this.#completeJoinIfAll(now)
    }
    for (const member of [...this.members.values()]) {
      if (canExpire(member) && member.deadline <= now && this.members.has(member.id)) this.#remove(member, now)
    }
    if (this.#syncDeadline <= now) this.#expireUnsynced(now)
    if (this.#joinDeadline <= now) this.#joinTimeout(now)
  }

  #expireUnsynced(now: number): void {
    this.#syncDeadline = NEVER
    const silent = [...this.#unsynced].flatMap(id => this.members.get(id) ?? [])
    for (const member of silent) this.#forget(member)
    if (silent.length > 0) this.#rebalance(now)
  }

  #joinTimeout(now: number): void {
    if (this.#initial?.newcomer === true && now < this.#initial.end) {
      this.#initial.newcomer = false
      this.#joinDeadline = Math.min(now + this.#options.initialRebalanceDelayMs, this.#initial.end)
      return
    }
    this.#completeJoin(now)
  }

  /** The group is deleted: who comes now has to look for it again. */
  die(): void {
    for (const member of [...this.members.values()]) this.#forget(member)
    this.state = 'Dead'
    this.#joinDeadline = this.#syncDeadline = NEVER
  }

  snapshot(): GroupSnapshot {
    const { protocolType, generation, protocol, leader, since } = this
    const members = [...this.members.values()].map(member => storedMember(member, protocol))
    return { protocolType: protocolType ?? '', generation, protocol, leader, since, members }
  }

  /** As it was stored; members get a whole session to be heard of again. */
  restore(snapshot: GroupSnapshot, now: number): void {
    this.generation = snapshot.generation
    this.protocolType = snapshot.protocolType === '' ? null : snapshot.protocolType
    this.protocol = snapshot.protocol
    this.leader = snapshot.leader
    this.since = snapshot.since
    this.state = snapshot.members.length === 0 ? 'Empty' : 'Stable'
    for (const stored of snapshot.members) {
      const member = restoredMember(stored, snapshot.protocol, now)
      this.members.set(member.id, member)
      if (member.instanceId !== null) this.#byInstance.set(member.instanceId, member.id)
    }
  }
}
