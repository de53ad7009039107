import type { RequestOf, ResponseInputOf } from '../../protocol/api.ts'
import { errorCodes, KafkaProtocolError } from '../../protocol/error-codes.ts'
import { fetch } from '../../protocol/messages/fetch.ts'
import { type CommittedSlice, LEADER_EPOCH, type LogWatcher, type PartitionLog } from '../log/partition-log.ts'
import { type BrokerParts, errorFields, type RequestContext, type Served, serve } from '../serve.ts'

type Request = RequestOf<typeof fetch>
type RequestPartition = Request['topics'][number]['partitions'][number]
type Response = ResponseInputOf<typeof fetch>
type TopicResponse = NonNullable<Response['responses']>[number]
type PartitionResponse = NonNullable<TopicResponse['partitions']>[number]

/** An isolation level. */
export const READ_COMMITTED = 1

/** Below version 4 clients expect record formats that are not written here. */
export const serveFetch = (parts: BrokerParts): Served =>
  serve(fetch, [4, 18], (request, context) => handle(request, context, parts))

/**
 * Fetch sessions are not kept: answering session id 0 makes clients name all their partitions each time, which on one
 * machine costs little.
 */
async function handle(request: Request, context: RequestContext, parts: BrokerParts): Promise<Response> {
  if (request.sessionId !== 0) return { errorCode: errorCodes.FETCH_SESSION_ID_NOT_FOUND }
  const read = new FetchRead(request, context, parts)
  const deadline = parts.clock.monotonic() + Math.max(0, request.maxWaitMs)
  for (;;) {
    const watch = watchLogs(read.logs())
    try {
      const enough = await read.run()
      const wait = deadline - parts.clock.monotonic()
      if (enough || wait <= 0 || context.signal.aborted) return read.response
      read.discard()
      await watch.until(Math.max(1, request.minBytes - read.bytes), wait, context.signal)
    } finally {
      watch.end()
    }
  }
}

/** One pass over the partitions of a request. */
class FetchRead {
  bytes = 0
  response: Response = {}
  #releases: (() => void)[] = []
  readonly #request: Request
  readonly #context: RequestContext
  readonly #parts: BrokerParts

  constructor(request: Request, context: RequestContext, parts: BrokerParts) {
    this.#request = request
    this.#context = context
    this.#parts = parts
    context.afterSending(() => this.discard())
  }

  #topicOf({ topic, topicId }: Request['topics'][number]) {
    return this.#context.version >= 13 ? this.#parts.topics.byId(topicId) : this.#parts.topics.get(topic)
  }

  logs(): PartitionLog[] {
    const logs: PartitionLog[] = []
    for (const asked of this.#request.topics) {
      const topic = this.#topicOf(asked)
      for (const { partition } of asked.partitions) {
        const log = topic?.partitions[partition]
        if (log !== undefined) logs.push(log)
      }
    }
    return logs
  }

  /** Gives the buffers back. */
  discard(): void {
    for (const release of this.#releases) release()
    this.#releases = []
  }

  /** Whether there is something to answer: enough bytes, or an error. */
  async run(): Promise<boolean> {
    this.bytes = 0
    const limit = Math.min(this.#request.maxBytes, this.#parts.settings.number('fetch.max.bytes'))
    let hasError = false
    const responses: TopicResponse[] = []
    for (const asked of this.#request.topics) {
      const topic = this.#topicOf(asked)
      const partitions: PartitionResponse[] = []
      for (const partition of asked.partitions) {
        const log = topic?.partitions[partition.partition]
        const known = topic !== undefined || this.#context.version < 13
        const result = await this.#read(log, partition, limit - this.bytes, known)
        if (result.errorCode !== 0) hasError = true
        partitions.push(result)
      }
      responses.push({ topic: asked.topic, topicId: asked.topicId, partitions })
    }
    this.response = { sessionId: 0, responses }
    return hasError || this.bytes >= Math.min(this.#request.minBytes, limit)
  }

  async #read(
    log: PartitionLog | undefined,
    asked: RequestPartition,
    left: number,
    isKnownTopic: boolean,
  ): Promise<PartitionResponse> {
    const partitionIndex = asked.partition
    try {
      if (log === undefined) {
        throw new KafkaProtocolError(isKnownTopic ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'UNKNOWN_TOPIC_ID')
      }
      checkLeaderEpoch(asked.currentLeaderEpoch)
      const maxBytes = Math.min(asked.partitionMaxBytes, left)
      const atLeastOne = this.bytes === 0
      const isCommitted = this.#request.isolationLevel === READ_COMMITTED
      const slice =
        maxBytes > 0 || atLeastOne ? await readLog(log, asked.fetchOffset, maxBytes, atLeastOne, isCommitted) : null
      if (slice === null) log.checkOffset(asked.fetchOffset)
      else {
        this.#releases.push(slice.release)
        this.bytes += slice.records.length
      }
      return {
        partitionIndex,
        errorCode: 0,
        highWatermark: log.endOffset,
        lastStableOffset: log.lastStableOffset,
        logStartOffset: log.startOffset,
        abortedTransactions: isCommitted ? (slice?.aborted ?? []) : null,
        records: slice === null ? [] : slice.records,
      }
    } catch (error) {
      const { errorCode } = errorFields(error, this.#parts.log)
      const isOutOfRange = errorCode === errorCodes.OFFSET_OUT_OF_RANGE && log !== undefined
      return {
        partitionIndex,
        errorCode,
        highWatermark: isOutOfRange ? log.endOffset : -1,
        logStartOffset: isOutOfRange ? log.startOffset : -1,
        abortedTransactions: null,
        records: [],
      }
    }
  }
}

async function readLog(
  log: PartitionLog,
  offset: number,
  maxBytes: number,
  atLeastOne: boolean,
  isCommitted: boolean,
): Promise<CommittedSlice | null> {
  const limit = Math.max(0, maxBytes)
  if (isCommitted) return log.readCommitted(offset, limit, atLeastOne)
  const slice = await log.read(offset, limit, atLeastOne)
  return slice === null ? null : { ...slice, aborted: [] }
}

/** There is one leader, whose epoch never changes. -1: the client does not know. */
export function checkLeaderEpoch(epoch: number): void {
  if (epoch > LEADER_EPOCH) throw new KafkaProtocolError('UNKNOWN_LEADER_EPOCH', { detail: `epoch ${epoch}` })
  if (epoch >= 0 && epoch < LEADER_EPOCH) throw new KafkaProtocolError('FENCED_LEADER_EPOCH')
}

/** Counts what is appended from now on, so that nothing is missed between reading and waiting. */
function watchLogs(logs: readonly PartitionLog[]) {
  let appended = 0
  let gone = false
  let wake: (() => void) | null = null
  let wanted = Number.POSITIVE_INFINITY
  const watcher: LogWatcher = {
    appended(bytes) {
      appended += bytes
      if (appended >= wanted) wake?.()
    },
    closed() {
      gone = true
      wake?.()
    },
  }
  for (const log of logs) log.watchers.add(watcher)
  return {
    /** Resolves when so many bytes came, a partition went, the time is over, or the client has gone. */
    async until(bytes: number, ms: number, signal: AbortSignal): Promise<void> {
      if (appended >= bytes || gone || signal.aborted) return
      wanted = bytes
      await new Promise<void>(resolve => {
        const done = () => {
          clearTimeout(timer)
          // The connection outlives thousands of polls: nothing of them may stay with it.
          signal.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, ms)
        wake = done
        signal.addEventListener('abort', done, { once: true })
      })
    },
    end(): void {
      for (const log of logs) log.watchers.delete(watcher)
    },
  }
}
