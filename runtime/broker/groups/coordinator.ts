import type { Log } from '../../api/context.ts'
import type { Clock } from '../../base/clock.ts'
import { controlType } from '../../protocol/control-records.ts'
import { errorCodes, type KafkaErrorName } from '../../protocol/error-codes.ts'
import type { BrokerSettings } from '../settings/broker-settings.ts'
import { InternalLog, type WritingProducer } from '../topics/internal-log.ts'
import { OFFSETS_TOPIC, type Topics } from '../topics/topics.ts'
import { Group } from './group.ts'
import { GroupEntry } from './group-entry.ts'
import type { JoinRequest, JoinResult, SyncRequest, SyncResult } from './member.ts'
import {
  type CommittedOffset,
  decodeGroup,
  decodeKey,
  decodeOffset,
  encodeGroup,
  encodeKey,
  encodeOffset,
} from './offset-records.ts'
import { PendingOffsets } from './pending-offsets.ts'

export interface CoordinatorParts {
  readonly clock: Clock
  readonly log: Log
  readonly settings: BrokerSettings
  readonly topics: Topics
}

export interface OffsetToCommit {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
}

/** The shell around the groups' state machines: their timers, and the log in which they and their offsets are durable. */
export class Coordinator {
  readonly #parts: CoordinatorParts
  readonly #log: InternalLog
  readonly #entries = new Map<string, GroupEntry>()
  readonly #pending = new PendingOffsets()
  readonly #commits = new Set<Promise<void>>()
  readonly #minSession: number
  readonly #maxSession: number
  #closed = false

  private constructor(parts: CoordinatorParts) {
    this.#parts = parts
    this.#log = new InternalLog(OFFSETS_TOPIC, parts.topics, parts.clock)
    this.#minSession = parts.settings.number('group.min.session.timeout.ms')
    this.#maxSession = parts.settings.number('group.max.session.timeout.ms')
  }

  /** Reads groups and offsets back. */
  static async open(parts: CoordinatorParts): Promise<Coordinator> {
    const coordinator = new Coordinator(parts)
    const now = parts.clock.monotonic()
    await coordinator.#log.load({
      record: (key, value, batch) =>
        coordinator.#replay(key, value, batch.isTransactional ? batch.producerId : -1, now),
      marker: (key, producerId) => {
        const type = controlType(key)
        if (type !== 'other') coordinator.endTransaction(producerId, type === 'commit')
      },
    })
    const committed = new Set<string>()
    for (const [id, entry] of coordinator.#entries) {
      for (const topic of entry.topics().keys()) committed.add(topic)
      // Only tombstones were left of it.
      if (entry.isUnused) coordinator.#entries.delete(id)
      else coordinator.#arm(entry)
    }
    // A crash came between the end of the topic and the end of its offsets.
    for (const topic of committed) {
      if (parts.topics.get(topic) === undefined) await coordinator.topicDeleted(topic)
    }
    return coordinator
  }

  /** `producerId` -1: not part of a transaction. */
  #replay(keyBytes: Buffer, value: Buffer | null, producerId: number, now: number): void {
    const key = decodeKey(keyBytes)
    if (key === null) return
    if (producerId >= 0) {
      if (key.kind === 'offset' && value !== null) this.#pending.add(producerId, { ...key, value: decodeOffset(value) })
      return
    }
    const entry = this.#entryOf(key.group)
    if (key.kind === 'group') {
      const old = this.#entries.get(key.group)
      const fresh = new GroupEntry(this.#newGroup(key.group))
      for (const [topic, partitions] of old?.topics() ?? []) {
        for (const [partition, offset] of partitions) fresh.setOffset(topic, partition, offset)
      }
      if (value !== null) fresh.group.restore(decodeGroup(value), now)
      if (value === null && !fresh.hasOffsets) this.#entries.delete(key.group)
      else this.#entries.set(key.group, fresh)
    } else if (value === null) {
      entry.deleteOffset(key.topic, key.partition)
    } else {
      entry.setOffset(key.topic, key.partition, decodeOffset(value))
    }
  }

  get(groupId: string): GroupEntry | undefined {
    return this.#entries.get(groupId)
  }

  all(): Iterable<GroupEntry> {
    return this.#entries.values()
  }

  join(groupId: string, request: JoinRequest): Promise<JoinResult> {
    const refuse = (error: KafkaErrorName): Promise<JoinResult> =>
      Promise.resolve({
        error,
        memberId: request.memberId,
        generation: -1,
        protocolType: null,
        protocol: null,
        leader: '',
        skipAssignment: false,
        members: [],
      })
    if (groupId === '') return refuse('INVALID_GROUP_ID')
    const { sessionTimeoutMs } = request
    if (sessionTimeoutMs < this.#minSession || sessionTimeoutMs > this.#maxSession) {
      return refuse('INVALID_SESSION_TIMEOUT')
    }
    if (request.memberId !== '' && !this.#entries.has(groupId)) return refuse('UNKNOWN_MEMBER_ID')
    const entry = this.#entryOf(groupId)
    const joined = this.#run(entry, now => new Promise<JoinResult>(resolve => entry.group.join(request, now, resolve)))
    // A refused join leaves no group behind.
    if (entry.isUnused) this.#entries.delete(groupId)
    return joined
  }

  sync(groupId: string, request: SyncRequest): Promise<SyncResult> {
    const entry = this.#entries.get(groupId)
    if (entry === undefined) {
      const assignment = Buffer.alloc(0)
      return Promise.resolve({ error: 'UNKNOWN_MEMBER_ID', protocolType: null, protocol: null, assignment })
    }
    return this.#run(entry, now => new Promise(resolve => entry.group.sync(request, now, resolve)))
  }

  heartbeat(groupId: string, memberId: string, instanceId: string | null, generation: number): KafkaErrorName {
    const entry = this.#entries.get(groupId)
    if (entry === undefined) return 'UNKNOWN_MEMBER_ID'
    return this.#run(entry, now => entry.group.heartbeat(memberId, instanceId, generation, now))
  }

  leave(groupId: string, memberId: string, instanceId: string | null): KafkaErrorName {
    const entry = this.#entries.get(groupId)
    if (entry === undefined) return 'UNKNOWN_MEMBER_ID'
    return this.#run(entry, now => entry.group.leave(memberId, instanceId, now))
  }

  /** Whether the member may commit; the group is made when someone outside of it commits for one that does not exist. */
  checkCommit(groupId: string, memberId: string, instanceId: string | null, generation: number): KafkaErrorName {
    if (groupId === '') return 'INVALID_GROUP_ID'
    const entry = this.#entries.get(groupId)
    if (entry === undefined) return generation < 0 ? 'NONE' : 'ILLEGAL_GENERATION'
    return this.#run(entry, now => entry.group.checkCommit(memberId, instanceId, generation, now))
  }

  /** Resolves when the offsets are durable; readers see them from then on. */
  async commit(groupId: string, offsets: readonly OffsetToCommit[]): Promise<void> {
    const committedAt = this.#parts.clock.now()
    const records = offsets.map(({ topic, partition, offset, leaderEpoch, metadata }) => ({
      key: encodeKey({ kind: 'offset', group: groupId, topic, partition }),
      value: encodeOffset({ offset, leaderEpoch, metadata, committedAt }),
    }))
    const written = this.#log.append(records).then(() => {
      const entry = this.#entryOf(groupId)
      for (const { topic, partition, offset, leaderEpoch, metadata } of offsets) {
        entry.setOffset(topic, partition, { offset, leaderEpoch, metadata, committedAt })
      }
    })
    this.#commits.add(written)
    await written.finally(() => this.#commits.delete(written))
  }

  /** As `commit`, but nobody sees the offsets before `endTransaction`. */
  async commitInTransaction(
    group: string,
    offsets: readonly OffsetToCommit[],
    { producerId, producerEpoch }: WritingProducer,
  ): Promise<void> {
    const committedAt = this.#parts.clock.now()
    const pending = offsets.map(({ topic, partition, offset, leaderEpoch, metadata }) => {
      return { group, topic, partition, value: { offset, leaderEpoch, metadata, committedAt } }
    })
    await this.#log.append(
      pending.map(o => ({ key: encodeKey({ kind: 'offset', ...o }), value: encodeOffset(o.value) })),
      { producerId, producerEpoch },
    )
    for (const offset of pending) this.#pending.add(producerId, offset)
  }

  /** The marker of the producer's transaction is in the log. */
  endTransaction(producerId: number, committed: boolean): void {
    for (const { group, topic, partition, value } of this.#pending.take(producerId)) {
      if (committed) this.#entryOf(group).setOffset(topic, partition, value)
    }
  }

  /** Whether the offset may change by a transaction that has not ended. */
  isUnstable(groupId: string, topic: string, partition: number): boolean {
    return this.#pending.has(groupId, topic, partition)
  }

  async deleteGroup(groupId: string): Promise<KafkaErrorName> {
    const entry = this.#entries.get(groupId)
    if (groupId === '') return 'INVALID_GROUP_ID'
    if (entry === undefined) return 'GROUP_ID_NOT_FOUND'
    if (entry.group.state !== 'Empty') return 'NON_EMPTY_GROUP'
    await this.#forget(entry)
    return 'NONE'
  }

  /** `NONE`, or why nothing of the group's offsets may be deleted. */
  checkOffsetDelete(groupId: string): KafkaErrorName {
    const entry = this.#entries.get(groupId)
    if (groupId === '') return 'INVALID_GROUP_ID'
    if (entry === undefined) return 'GROUP_ID_NOT_FOUND'
    const { state, protocolType } = entry.group
    return state === 'Empty' || protocolType === 'consumer' ? 'NONE' : 'NON_EMPTY_GROUP'
  }

  async deleteOffsets(
    groupId: string,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<void> {
    const entry = this.#entries.get(groupId)
    if (entry === undefined) return
    await this.#log.append(
      partitions.map(({ topic, partition }) => ({
        key: encodeKey({ kind: 'offset', group: groupId, topic, partition }),
        value: null,
      })),
    )
    for (const { topic, partition } of partitions) entry.deleteOffset(topic, partition)
  }

  /** A deleted topic's offsets must not be those of a later one of the same name. */
  async topicDeleted(topic: string): Promise<void> {
    // Those that were taken while the topic was there; later ones are refused.
    await Promise.allSettled(this.#commits)
    this.#pending.forgetTopic(topic)
    for (const entry of [...this.#entries.values()]) {
      const partitions = [...(entry.topics().get(topic)?.keys() ?? [])].map(partition => ({ topic, partition }))
      await this.deleteOffsets(entry.group.id, partitions)
    }
  }

  /** Forgets what groups without members left behind longer than `offsets.retention.minutes` ago. */
  async expire(): Promise<void> {
    const oldest = this.#parts.clock.now() - this.#parts.settings.number('offsets.retention.minutes') * 60_000
    for (const entry of [...this.#entries.values()]) {
      const { group } = entry
      if (group.state !== 'Empty') continue
      // Offsets of a program that assigns its partitions itself count from their commit, those of a group from its end.
      const isExpired = ({ committedAt }: CommittedOffset) =>
        committedAt < oldest && (group.protocolType === null || group.since < oldest)
      const expired = [...entry.topics()].flatMap(([topic, partitions]) =>
        [...partitions].flatMap(([partition, offset]) => (isExpired(offset) ? [{ topic, partition }] : [])),
      )
      await this.deleteOffsets(group.id, expired)
      if (entry.hasOffsets || this.#pending.hasGroup(group.id)) continue
      if (group.state === 'Empty' && group.since < oldest) await this.#forget(entry)
    }
  }

  close(): void {
    this.#closed = true
    for (const entry of this.#entries.values()) if (entry.timer !== null) clearTimeout(entry.timer)
  }

  async #forget(entry: GroupEntry): Promise<void> {
    const { id } = entry.group
    entry.group.die()
    if (entry.timer !== null) clearTimeout(entry.timer)
    this.#entries.delete(id)
    const keys = [...entry.topics()].flatMap(([topic, partitions]) =>
      [...partitions.keys()].map(partition => encodeKey({ kind: 'offset', group: id, topic, partition })),
    )
    await this.#log.append([...keys, encodeKey({ kind: 'group', group: id })].map(key => ({ key, value: null })))
  }

  #entryOf(groupId: string): GroupEntry {
    let entry = this.#entries.get(groupId)
    if (entry === undefined) this.#entries.set(groupId, (entry = new GroupEntry(this.#newGroup(groupId))))
    return entry
  }

  #newGroup(id: string): Group {
    const { settings, clock } = this.#parts
    return new Group(id, clock.now(), {
      initialRebalanceDelayMs: settings.number('group.initial.rebalance.delay.ms'),
      maxSize: settings.number('group.max.size'),
      changed: group => this.#store(group),
    })
  }

  /**
   * Members are answered without waiting for the write: a crash in between brings back an earlier generation, and they
   * join again. Commits of the new generation stand behind it in the log.
   */
  #store(group: Group): void {
    group.since = this.#parts.clock.now()
    const record = { key: encodeKey({ kind: 'group', group: group.id }), value: encodeGroup(group.snapshot()) }
    this.#log.append([record]).catch((error: Error) => {
      if (this.#closed) return
      this.#parts.log.error('A group could not be stored; after a restart its members have to join again', {
        group: group.id,
        error: error.message,
      })
    })
  }

  /** Lets the machine work, and sets the timer to what it has to do next. */
  #run<T>(entry: GroupEntry, work: (now: number) => T): T {
    const result = work(this.#parts.clock.monotonic())
    this.#arm(entry)
    return result
  }

  #arm(entry: GroupEntry): void {
    const at = entry.group.nextDeadline()
    // Deadlines mostly move away with each heartbeat: the timer then finds nothing due and is set anew.
    if (at >= entry.timerAt || this.#closed) return
    if (entry.timer !== null) clearTimeout(entry.timer)
    entry.timerAt = at
    const delay = Math.min(Math.max(0, at - this.#parts.clock.monotonic()), 0x7fff_ffff)
    entry.timer = setTimeout(() => {
      entry.timer = null
      entry.timerAt = Number.POSITIVE_INFINITY
      entry.group.tick(this.#parts.clock.monotonic())
      this.#arm(entry)
    }, delay)
    entry.timer.unref()
  }
}

export const codeOf = (error: KafkaErrorName): number => errorCodes[error]
