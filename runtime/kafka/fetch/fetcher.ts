import type { Log } from '../../api/context.ts'
import type { TopicPartition, TopicPartitionOffset } from '../../api/record.ts'
import { backoffDelay } from '../../base/backoff.ts'
import { wholeBatchSize } from '../../protocol/batch-header.ts'
import { errorOf, KafkaProtocolError } from '../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../protocol/primitives.ts'
import type { Cluster, Lane } from '../cluster/cluster.ts'
import { listOffsets } from '../cluster/offsets.ts'
import { Refresher } from '../cluster/refresher.ts'
import { BufferPool } from '../connection/buffer-pool.ts'
import { asError, isRetriable } from '../errors.ts'
import type { FetchConfig } from './fetch-config.ts'
import { FetchPartition } from './fetch-partition.ts'
import { type Asked, type FetchAnswer, offsetAfter, type PartitionAnswer, sendFetch } from './fetch-request.ts'
import { Frame } from './frame.ts'
import { TransactionFilter } from './transaction-filter.ts'

export interface FetcherOptions {
  readonly cluster: Cluster
  readonly config: FetchConfig
  readonly log: Log | undefined
  /** Something arrived, or went wrong: look at `waiting`. */
  readonly onArrival: () => void
  /** Nothing can be fetched any more. */
  readonly onFatal: (error: Error) => void
}

/** One connection's worth of fetching from one broker. A parked request waits at the broker for new records. */
interface FetchLane {
  readonly lane: Lane
  inFlight: number
  parked: boolean
}

const LANES: readonly Lane[] = ['fetch', 'tail']
/** Requests on one lane: the next waits at the broker while we take in the answer before. */
const DEPTH = 2
/** An answer is taken in without a pause: larger ones would hold up the event loop. */
const LARGEST_ANSWER = 8 * 1024 * 1024
const PARKED_BYTES = 256 * 1024
/** Answers without a whole batch, one behind the other, before the partition counts as damaged. */
const MAX_CUT_SHORT = 8

/** Codes that a look at the metadata, or a little time, cures. */
const passing: ReadonlySet<string> = new Set(['UNKNOWN_SERVER_ERROR', 'FENCED_LEADER_EPOCH', 'UNKNOWN_LEADER_EPOCH'])

/**
 * Fetches ahead from all leaders, bounded in bytes. Partitions that are behind are asked for without waiting, up to two
 * requests per connection with different partitions in each; those at the end are parked together at the broker, on a second
 * connection, so that neither waits for the other.
 */
export class Fetcher {
  readonly #cluster: Cluster
  readonly #config: FetchConfig
  readonly #log: Log | undefined
  readonly #options: FetcherOptions
  readonly #refresher: Refresher
  readonly #pool: BufferPool
  readonly #partitions = new Map<string, FetchPartition>()
  readonly #brokers = new Map<number, readonly FetchLane[]>()
  readonly #connecting = new Set<string>()
  /** Partitions with chunks, in the order they are to be served. */
  readonly waiting = new Set<FetchPartition>()
  #bufferedBytes = 0
  #reservedBytes = 0
  #timer: NodeJS.Timeout | null = null
  #timerAt = Number.POSITIVE_INFINITY
  #scheduled = false
  #stopped = false

  constructor(options: FetcherOptions) {
    this.#options = options
    this.#cluster = options.cluster
    this.#config = options.config
    this.#log = options.log
    this.#pool = new BufferPool(options.config.maxBufferedBytes)
    this.#refresher = new Refresher(options.cluster, () => this.pump(), options.onFatal)
  }

  /** Adds partitions; with `held` nothing is fetched before `unhold`. */
  assign(offsets: readonly TopicPartitionOffset[], held = false): void {
    for (const { topic, partition, offset } of offsets) {
      const state = new FetchPartition(topic, partition, offset)
      state.held = held
      this.#partitions.set(keyOf(topic, partition), state)
    }
    this.schedule()
  }

  unassign(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const key = keyOf(topic, partition)
      const state = this.#partitions.get(key)
      if (state === undefined) continue
      state.moveTo(state.position)
      this.waiting.delete(state)
      this.#partitions.delete(key)
    }
  }

  unhold(): void {
    for (const state of this.#partitions.values()) state.held = false
    this.#changed()
  }

  /** Partitions that are not assigned are passed over. */
  pause(partitions: readonly TopicPartition[], paused: boolean): void {
    for (const { topic, partition } of partitions) {
      const state = this.state(topic, partition)
      if (state !== undefined) state.paused = paused
    }
    if (!paused) this.#changed()
  }

  seek({ topic, partition, offset }: TopicPartitionOffset): boolean {
    const state = this.state(topic, partition)
    if (state === undefined) return false
    state.moveTo(offset)
    this.waiting.delete(state)
    this.schedule()
    return true
  }

  state(topic: string, partition: number): FetchPartition | undefined {
    return this.#partitions.get(keyOf(topic, partition))
  }

  assigned(): FetchPartition[] {
    return [...this.#partitions.values()]
  }

  stop(): void {
    this.#stopped = true
    this.#refresher.stop()
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.unassign([...this.#partitions.values()])
  }

  /** A pump in the next turn. */
  schedule(): void {
    if (this.#scheduled || this.#stopped) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.pump()
    })
  }

  #changed(): void {
    this.schedule()
    if (this.waiting.size > 0) this.#options.onArrival()
  }

  /** Asks for whatever may be asked for now. */
  pump(): void {
    if (this.#stopped) return
    const now = performance.now()
    const nodes = new Map<number, { behind: FetchPartition[]; ended: FetchPartition[] }>()
    for (const state of this.#partitions.values()) {
      if (state.isAsked || state.stopped || !state.isReading) continue
      // Two answers ahead are enough for one partition: the others want their share of the memory.
      if (state.chunkBytes > this.#config.maxPartitionBytes) continue
      if (state.notBefore > now) {
        this.#wakeAt(state.notBefore)
        continue
      }
      const leader = this.#cluster.metadata.partition(state.topic, state.partition)?.leader ?? -1
      if (leader < 0) {
        this.#refresher.request()
        continue
      }
      if (state.madeAnew(this.#cluster.metadata.topic(state.topic)?.id ?? ZERO_UUID)) {
        this.#beginAnew(state)
        continue
      }
      let lists = nodes.get(leader)
      if (lists === undefined) nodes.set(leader, (lists = { behind: [], ended: [] }))
      // Without a wait the broker would not gather `fetch.min.bytes`.
      if (state.isBehind && this.#config.minBytes <= 1) lists.behind.push(state)
      else lists.ended.push(state)
    }
    for (const [nodeId, { behind, ended }] of nodes) this.#ask(nodeId, behind, ended)
    this.#refresher.whenOld()
  }

  #ask(nodeId: number, behind: FetchPartition[], ended: FetchPartition[]): void {
    let lanes = this.#brokers.get(nodeId)
    if (lanes === undefined) {
      lanes = LANES.map(lane => ({ lane, inFlight: 0, parked: false }))
      this.#brokers.set(nodeId, lanes)
    }
    // First: they would never get their turn while others have much to catch up with. But one lane stays for those.
    const mayPark = ended.length > 0 && (behind.length === 0 || !lanes.some(({ parked }) => parked))
    const idle = mayPark ? quietest(lanes.toReversed(), 1) : null
    if (idle !== null) this.#send(nodeId, idle, ended, true)
    // Two groups when there are two partitions: while one answer is taken in, the other is on its way.
    const groups =
      behind.length > 1 ? [behind.splice(0, behind.length >> 1), behind] : behind.length > 0 ? [behind] : []
    for (const group of groups) {
      const lane = quietest(lanes, DEPTH)
      if (lane === null || !this.#send(nodeId, lane, group, false)) return
    }
  }

  /** False: nothing can be sent now. */
  #send(nodeId: number, lane: FetchLane, states: readonly FetchPartition[], park: boolean): boolean {
    const maxBytes = this.#allowance(park)
    if (maxBytes === 0) return false
    const connection = this.#cluster.connected(nodeId, lane.lane)
    if (connection === null) {
      this.#connect(nodeId, lane.lane)
      return false
    }
    const asked: Asked[] = states.map(state => {
      state.askedEpoch = state.epoch
      return { state, epoch: state.epoch, offset: state.fetchOffset }
    })
    lane.inFlight++
    lane.parked = park
    this.#reservedBytes += maxBytes
    const maxWaitMs = park ? this.#config.maxWaitMs : 0
    sendFetch(connection, this.#cluster, asked, this.#config, this.#pool, { maxWaitMs, maxBytes })
      .finally(() => {
        lane.inFlight--
        lane.parked = false
        this.#reservedBytes -= maxBytes
        for (const { state, epoch } of asked) if (state.askedEpoch === epoch) state.askedEpoch = -1
      })
      .then(
        answer => this.#take(asked, answer),
        error => this.#lost(asked, asError(error)),
      )
      .catch(error => this.#options.onFatal(asError(error)))
    return true
  }

  /** How large an answer may be now; 0: the memory is used up. With nothing at hand one is always let through. */
  #allowance(park: boolean): number {
    const { maxBufferedBytes, maxBytes, maxPartitionBytes } = this.#config
    const largest = Math.min(maxBytes, LARGEST_ANSWER, Math.max(1, maxBufferedBytes >> 2))
    // A parked request holds its share for long, and its answer is small as a rule.
    const most = park
      ? Math.min(largest, Math.max(PARKED_BYTES, Math.floor(LARGEST_ANSWER / this.#brokers.size)))
      : largest
    const free = maxBufferedBytes - this.#bufferedBytes - this.#reservedBytes
    if (free >= Math.min(most, maxPartitionBytes)) return Math.min(most, free)
    if (this.#reservedBytes > 0) return 0
    for (const state of this.waiting) if (state.isReading) return 0
    // All that is held back belongs to paused partitions: it is fetched again when they go on.
    for (const state of [...this.waiting]) {
      if (state.chunks.some(({ error, turnTo }) => error !== null || turnTo !== null)) continue
      state.moveTo(state.position)
      this.waiting.delete(state)
    }
    return this.#bufferedBytes === 0 || maxBufferedBytes - this.#bufferedBytes >= most ? most : 0
  }

  #take(asked: readonly Asked[], answer: FetchAnswer): void {
    const frame = new Frame(answer.frameBytes, answer.pooled, this.#pool, bytes => {
      this.#bufferedBytes -= bytes
      this.schedule()
    })
    this.#bufferedBytes += frame.bytes
    frame.retain()
    let arrived = false
    for (let i = 0; i < asked.length; i++) {
      const { state, epoch, offset } = asked[i]!
      const partition = answer.partitions[i] ?? null
      if (state.epoch !== epoch || this.#stopped) continue
      if (partition === null) this.#backOff(state)
      else if (partition.errorCode !== 0) arrived = this.#failed(state, offset, partition.errorCode) || arrived
      else arrived = this.#arrived(state, partition, frame) || arrived
    }
    frame.release()
    this.pump()
    if (arrived) this.#options.onArrival()
  }

  #arrived(state: FetchPartition, answer: PartitionAnswer, frame: Frame): boolean {
    const { records } = answer
    const limit = this.#config.readCommitted ? answer.lastStableOffset : answer.highWatermark
    if (records === null || records.length === 0) {
      state.failures = 0
      // Whatever the log's end: the rest may be a hole of compaction, or the answer was full. Asking goes on with a wait.
      state.limit = Math.min(limit, state.fetchOffset)
      return false
    }
    const next = offsetAfter(records, state.fetchOffset)
    if (next === state.fetchOffset && isCut(records)) return this.#cutShort(state, records.length)
    state.failures = 0
    state.limit = limit
    state.fetchOffset = next
    const filter = this.#config.readCommitted ? new TransactionFilter(answer.abortedTransactions ?? []) : null
    state.add({ records, pos: 0, filter, frame, error: null, turnTo: null })
    this.waiting.add(state)
    // Those that got something come last next time: answers are full before their end.
    const key = keyOf(state.topic, state.partition)
    this.#partitions.delete(key)
    this.#partitions.set(key, state)
    return true
  }

  /** Not even one batch: it is asked for first next time, and then comes whole whatever its size. */
  #cutShort(state: FetchPartition, bytes: number): boolean {
    if (state.failures < MAX_CUT_SHORT) {
      this.#backOff(state)
      return false
    }
    const { topic, partition, fetchOffset } = state
    const text = `${topic}-${partition} cannot be read at offset ${fetchOffset}: ${bytes} bytes hold no whole record batch`
    state.fail(new Error(text))
    this.waiting.add(state)
    return true
  }

  /** True when the reader must hear of it. */
  #failed(state: FetchPartition, offset: number, errorCode: number): boolean {
    const { topic, partition } = state
    const { name, retriable } = errorOf(errorCode)
    if (name === 'OFFSET_OUT_OF_RANGE' && this.#config.reset !== 'none') {
      void this.#reset(state, offset, this.#config.reset, 'it is not in the log (any more)')
      return false
    }
    if ((retriable && name !== 'CORRUPT_MESSAGE') || passing.has(name)) {
      this.#backOff(state)
      return false
    }
    const error = new KafkaProtocolError(errorCode, { api: 'Fetch', topic, partition, detail: `offset ${offset}` })
    state.fail(error)
    this.waiting.add(state)
    return true
  }

  #backOff(state: FetchPartition): void {
    state.notBefore = performance.now() + backoffDelay(this.#cluster.config.retryBackoff, state.failures++)
    this.#refresher.request()
    this.#wakeAt(state.notBefore)
  }

  /** From the beginning, wherever `auto.offset.reset` points: all of its records are new (invariant 4). */
  #beginAnew(state: FetchPartition): void {
    const reason = 'the topic was deleted and made anew'
    if (this.#config.reset !== 'none') {
      void this.#reset(state, state.fetchOffset, 'earliest', reason)
      return
    }
    const { topic, partition, fetchOffset } = state
    const text = `${topic}-${partition} cannot be read at offset ${fetchOffset}: ${reason}, and auto.offset.reset is none`
    state.fail(new Error(text))
    this.waiting.add(state)
    this.#options.onArrival()
  }

  async #reset(state: FetchPartition, offset: number, place: 'earliest' | 'latest', reason: string): Promise<void> {
    const { epoch } = state
    state.stopped = true
    try {
      const { readCommitted } = this.#config
      const look = async (): Promise<readonly TopicPartitionOffset[]> =>
        state.epoch === epoch ? listOffsets(this.#cluster, [state], place, readCommitted) : []
      const [found] = await this.#cluster.retrying(look, { timeoutMs: Number.POSITIVE_INFINITY })
      if (state.epoch !== epoch || found === undefined) return
      this.#log?.warn('Reading cannot go on at its offset and goes on elsewhere', {
        reason,
        topic: state.topic,
        partition: state.partition,
        offset,
        place,
        newOffset: found.offset,
      })
      state.turnTo(found.offset)
      this.schedule()
    } catch (error) {
      if (!this.#stopped) this.#options.onFatal(asError(error))
    }
  }

  /** No answer at all. */
  #lost(asked: readonly Asked[], error: Error): void {
    if (this.#stopped) return
    if (!isRetriable(error)) {
      this.#options.onFatal(error)
      return
    }
    this.#log?.debug('A fetch got no answer and is sent again', { reason: error.message })
    for (const { state, epoch } of asked) if (state.epoch === epoch) this.#backOff(state)
    this.schedule()
  }

  #connect(nodeId: number, lane: Lane): void {
    const key = `${nodeId}/${lane}`
    if (this.#connecting.has(key)) return
    this.#connecting.add(key)
    this.#cluster
      .connect(nodeId, lane)
      .finally(() => this.#connecting.delete(key))
      .then(
        () => this.pump(),
        error => {
          if (this.#stopped) return
          if (!isRetriable(error)) {
            this.#options.onFatal(asError(error))
            return
          }
          this.#refresher.request()
          this.#wakeAt(performance.now() + this.#cluster.config.retryBackoff.initialMs)
        },
      )
  }

  #wakeAt(at: number): void {
    if (this.#stopped || at >= this.#timerAt) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timerAt = at
    this.#timer = setTimeout(
      () => {
        this.#timer = null
        this.#timerAt = Number.POSITIVE_INFINITY
        this.pump()
      },
      Math.max(1, Math.ceil(at - performance.now())),
    )
  }
}

/** The first batch does not end in `records`. A damaged header is no cut: decoding says what is wrong with it. */
function isCut(records: Buffer): boolean {
  try {
    return wholeBatchSize(records, 0, records.length) < 0
  } catch {
    return false
  }
}

const keyOf = (topic: string, partition: number): string => `${partition}/${topic}`

/** The lane with the fewest requests that nobody is parked on. */
function quietest(lanes: readonly FetchLane[], below: number): FetchLane | null {
  let best: FetchLane | null = null
  for (const lane of lanes) {
    if (lane.parked || lane.inFlight >= below) continue
    if (best === null || lane.inFlight < best.inFlight) best = lane
  }
  return best
}
