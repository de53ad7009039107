import type { Log } from '../../api/context.ts'
import type { TopicPartition, TopicPartitionOffset } from '../../api/record.ts'
import { type Deferred, deferred } from '../../base/deferred.ts'
import { decodeAssignment } from '../../protocol/consumer-protocol.ts'
import { KafkaProtocolError } from '../../protocol/error-codes.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { commitOffsets } from '../cluster/commit-offsets.ts'
import { GroupCoordinator } from '../cluster/coordinator.ts'
import { committedOffsets } from '../cluster/group-offsets.ts'
import { listOffsets } from '../cluster/offsets.ts'
import { closedError, KafkaClientError } from '../errors.ts'
import { Drain } from '../fetch/drain.ts'
import { type FetchConfig, fetchConfig } from '../fetch/fetch-config.ts'
import { Fetcher } from '../fetch/fetcher.ts'
import { GroupMember } from '../group/group-member.ts'
import type { Assignment, Consumer, ConsumerOptions, Fetched } from '../ports.ts'
import { Yielding } from '../yielding.ts'
import { groupConfig } from './consumer-config.ts'
import { Subscription } from './subscription.ts'

const NOTHING: Fetched = { batches: [], release() {} }
const keyOf = ({ topic, partition }: TopicPartition): string => `${partition}/${topic}`

/** The consumer of `ports.ts`: a group member of type `consumer` over a fetcher. */
export class KafkaConsumer implements Consumer {
  readonly #cluster: Cluster
  readonly #options: ConsumerOptions
  readonly #config: FetchConfig
  readonly #cooperative: boolean
  readonly #subscription: Subscription
  readonly #member: GroupMember
  /** On a connection of its own: a broker answers in order, and our JoinGroup may be waiting there for other members. */
  readonly #offsets: GroupCoordinator
  readonly #fetcher: Fetcher
  readonly #drain: Drain
  readonly #yielding = new Yielding()
  readonly #unwatch: () => void
  #owned: readonly TopicPartition[] = []
  /** The last assignment, given up or not: a sticky assignor wants to repeat it. */
  #previous: readonly TopicPartition[] = []
  #signal: Deferred<void> | null = null
  #awake = false
  #fatal: Error | null = null
  #closed = false
  #metadataTimer: NodeJS.Timeout | null = null
  #begun = false

  constructor(cluster: Cluster, options: ConsumerOptions, log?: Log) {
    this.#cluster = cluster
    this.#options = options
    this.#config = fetchConfig(cluster.config, options.maxBufferedBytes)
    const group = groupConfig(cluster.config)
    this.#cooperative = group.cooperative
    this.#subscription = new Subscription(cluster, options.topics, group.assignors, group.autoCreateTopics)
    this.#fetcher = new Fetcher({
      cluster,
      config: this.#config,
      log,
      onArrival: () => this.#notify(),
      onFatal: error => this.#fail(error),
    })
    this.#drain = new Drain(this.#config.maxPollRecords, ({ topic, partition }, error) => {
      log?.warn('A damaged record batch is fetched again', { topic, partition, reason: error.message })
      this.#fetcher.schedule()
    })
    this.#member = new GroupMember({
      cluster,
      groupId: options.groupId,
      groupInstanceId: group.groupInstanceId,
      protocolType: 'consumer',
      sessionTimeoutMs: group.sessionTimeoutMs,
      heartbeatIntervalMs: group.heartbeatIntervalMs,
      rebalanceTimeoutMs: group.maxPollIntervalMs,
      log,
      protocols: () => this.#subscription.protocols(this.#owned, this.#previous, this.#member.generation.generationId),
      assign: (protocol, members) => this.#subscription.assign(protocol, members),
      prepare: () => (this.#cooperative ? Promise.resolve() : this.#revoke(this.#owned)),
      applied: assignment => this.#apply(assignment),
      lost: () => this.#lose(),
      onDue: () => this.#notify(),
    })
    this.#offsets = new GroupCoordinator(cluster, options.groupId, 'main')
    this.#unwatch = cluster.onRefresh(() => this.#look())
  }

  async poll(timeoutMs: number, signal?: AbortSignal): Promise<Fetched> {
    if (this.#closed) throw closedError('consumer')
    await this.#yielding.due()
    if (!this.#begun) await this.#begin()
    const end = performance.now() + timeoutMs
    for (;;) {
      if (this.#fatal !== null) throw this.#fatal
      // Hooks first: what another member may get must not be handed over any more.
      await this.#member.poll()
      if (this.#hasArrived()) {
        const fetched = this.#drain.take(this.#fetcher.waiting)
        this.#fetcher.schedule()
        if (fetched.batches.length > 0) return fetched
      }
      const left = end - performance.now()
      if (this.#awake || signal?.aborted || left <= 0) {
        this.#awake = false
        return NOTHING
      }
      if (!this.#member.isDue) await this.#wait(left, signal)
    }
  }

  wakeup(): void {
    this.#awake = true
    this.#notify()
  }

  assignment(): readonly TopicPartition[] {
    return this.#owned
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#fetcher.pause(partitions, true)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#fetcher.pause(partitions, false)
  }

  seek(offsets: readonly TopicPartitionOffset[]): void {
    for (const offset of offsets) {
      if (!this.#fetcher.seek(offset)) {
        throw new Error(`Cannot seek in ${offset.topic}-${offset.partition}: it is not assigned to this consumer`)
      }
    }
  }

  async commit(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    if (offsets.length === 0) return
    const { generation } = this.#member
    if (generation.generationId < 0) {
      const text = `Offsets of group ${this.#options.groupId} were not committed: this member is not in the group`
      throw new KafkaClientError('FENCED', text)
    }
    try {
      await this.#cluster.retrying(() => commitOffsets(this.#offsets, generation, offsets), {
        again: () => {},
        patience: error => (isUnknownTopic(error) ? 0 : undefined),
      })
    } catch (error) {
      if (!(error instanceof KafkaProtocolError)) throw error
      // A join that is under way, or was meanwhile, says itself what has become of us: we may still have these partitions.
      const { state, generation: now } = this.#member
      const joinsAnew = state === 'joining' || state === 'syncing' || (now !== generation && now.generationId >= 0)
      if (!joinsAnew) this.#member.answered(error, generation)
      throw commitFailure(error, joinsAnew)
    }
  }

  committed(partitions: readonly TopicPartition[]): Promise<readonly TopicPartitionOffset[]> {
    if (partitions.length === 0) return Promise.resolve([])
    return this.#cluster.retrying(() => committedOffsets(this.#offsets, partitions, this.#config.readCommitted), {
      again: () => {},
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#unwatch()
    if (this.#metadataTimer !== null) clearInterval(this.#metadataTimer)
    try {
      if (this.#fatal === null && this.#member.state === 'lost') await this.#lose()
      else if (this.#fatal === null) await this.#revoke(this.#owned)
    } finally {
      this.#fetcher.stop()
      await this.#member.close()
      await this.#cluster.close()
      this.#notify()
    }
  }

  /** A pattern is matched against topics that were read; names need not exist. */
  async #begin(): Promise<void> {
    await this.#cluster.retrying(() => this.#cluster.refresh(), { again: () => {} })
    this.#begun = true
    const { metadataMaxAgeMs } = this.#cluster.config
    // New topics and partitions are noticed by looking; a refresh that fails is tried again by who needs it.
    this.#metadataTimer = setInterval(() => void this.#cluster.refresh().catch(() => {}), metadataMaxAgeMs)
    this.#metadataTimer.unref()
  }

  #hasArrived(): boolean {
    for (const state of this.#fetcher.waiting) if (state.isReading) return true
    return false
  }

  #look(): void {
    if (this.#member.state !== 'stable') return
    const reason = this.#subscription.staleBecause()
    if (reason !== null) this.#member.requestRejoin(reason)
  }

  async #apply({ bytes }: Assignment): Promise<boolean> {
    const assigned = decodeAssignment(bytes).assignedPartitions.flatMap(({ topic, partitions }) =>
      partitions.map(partition => ({ topic, partition })),
    )
    const wanted = new Set(assigned.map(keyOf))
    const had = new Set(this.#owned.map(keyOf))
    const revoked = this.#owned.filter(partition => !wanted.has(keyOf(partition)))
    const added = assigned.filter(partition => !had.has(keyOf(partition)))
    if (revoked.length > 0) await this.#revoke(revoked)
    const offsets = await this.#startOffsets(added)
    this.#owned = [...this.#owned, ...added]
    this.#previous = this.#owned
    this.#cluster.watch(added.map(({ topic }) => topic))
    this.#fetcher.assign(offsets, true)
    try {
      await this.#options.assigned?.(offsets)
    } catch (error) {
      // The next poll gives them anew: nothing is read of what its owner did not take over.
      this.#release(added)
      throw error
    }
    this.#fetcher.unhold()
    // In two steps: what was given up is handed out in the next one.
    return this.#cooperative && revoked.length > 0
  }

  /** Committed offsets, and `auto.offset.reset` for partitions without. */
  async #startOffsets(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffset[]> {
    if (partitions.length === 0) return []
    const committed = new Map((await this.committed(partitions)).map(found => [keyOf(found), found]))
    const without = partitions.filter(partition => !committed.has(keyOf(partition)))
    if (without.length > 0) {
      const { reset, readCommitted } = this.#config
      const [first] = without
      if (reset === 'none') {
        const text = `Group ${this.#options.groupId} has no committed offset for ${first!.topic}-${first!.partition}, and auto.offset.reset is none`
        throw new KafkaClientError('NO_OFFSET', text)
      }
      this.#cluster.watch(without.map(({ topic }) => topic))
      const found = await this.#cluster.retrying(() => listOffsets(this.#cluster, without, reset, readCommitted))
      for (const offset of found) committed.set(keyOf(offset), offset)
    }
    return partitions.map(({ topic, partition }) => {
      const { offset } = committed.get(keyOf({ topic, partition }))!
      return { topic, partition, offset }
    })
  }

  async #revoke(partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return
    // Still assigned during the hook: it may ask for positions and commit (invariant 3).
    await this.#options.revoked?.(partitions)
    this.#release(partitions)
  }

  async #lose(): Promise<void> {
    const lost = this.#owned
    this.#previous = []
    this.#release(lost)
    if (lost.length > 0) await (this.#options.lost ?? this.#options.revoked)?.(lost)
  }

  #release(partitions: readonly TopicPartition[]): void {
    const gone = new Set(partitions.map(keyOf))
    this.#owned = this.#owned.filter(partition => !gone.has(keyOf(partition)))
    this.#fetcher.unassign(partitions)
  }

  #wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const waiting = deferred()
    this.#signal = waiting
    const timer = setTimeout(() => waiting.resolve(), Math.min(ms, 0x7fff_ffff))
    const onAbort = (): void => waiting.resolve()
    signal?.addEventListener('abort', onAbort, { once: true })
    return waiting.promise.finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      this.#signal = null
    })
  }

  #notify(): void {
    this.#signal?.resolve()
  }

  #fail(error: Error): void {
    this.#fatal ??= error
    this.#notify()
  }
}

const isUnknownTopic = (error: unknown): boolean =>
  error instanceof KafkaProtocolError && error.kafkaCode === 'UNKNOWN_TOPIC_OR_PARTITION'

function commitFailure(error: KafkaProtocolError, joinsAnew: boolean): Error {
  const code = joinsAnew && error.kafkaCode === 'ILLEGAL_GENERATION' ? 'REBALANCE_IN_PROGRESS' : error.kafkaCode
  switch (code) {
    case 'REBALANCE_IN_PROGRESS':
      return new KafkaClientError('REBALANCE', `Offsets were not committed, the group rebalances: ${error.message}`, {
        cause: error,
      })
    case 'ILLEGAL_GENERATION':
    case 'UNKNOWN_MEMBER_ID':
    case 'FENCED_INSTANCE_ID':
      return new KafkaClientError('FENCED', `Offsets were not committed: ${error.message}`, { cause: error })
    default:
      return error
  }
}
