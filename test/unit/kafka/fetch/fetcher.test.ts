import { afterEach, describe, expect, it, vi } from 'vitest'
import { Cluster } from '../../../../runtime/kafka/cluster/cluster.ts'
import { Drain } from '../../../../runtime/kafka/fetch/drain.ts'
import { fetchConfig } from '../../../../runtime/kafka/fetch/fetch-config.ts'
import { Fetcher } from '../../../../runtime/kafka/fetch/fetcher.ts'
import { clientConfig } from '../../../../runtime/kafka/settings.ts'
import type { RequestOf } from '../../../../runtime/protocol/api.ts'
import { setBaseOffset } from '../../../../runtime/protocol/batch-header.ts'
import { errorCodes, type KafkaErrorName } from '../../../../runtime/protocol/error-codes.ts'
import { fetch } from '../../../../runtime/protocol/messages/fetch.ts'
import { listOffsets } from '../../../../runtime/protocol/messages/list-offsets.ts'
import { metadata } from '../../../../runtime/protocol/messages/metadata.ts'
import { RecordBatchWriter } from '../../../../runtime/protocol/record-batch-writer.ts'
import { type Asked, type ScriptedBroker, scriptedBroker } from '../connection/scripted-broker.ts'

const [TOPIC_ID, OTHER_ID] = ['AAAAAAAAAAAAAAAAAAAAAQ', 'AAAAAAAAAAAAAAAAAAAAAg']

interface Request {
  readonly offsets: Readonly<Record<number, number>>
  readonly maxBytes: number
  readonly maxWaitMs: number
}

let broker: ScriptedBroker
let topicId: string
let cluster: Cluster
let fetcher: Fetcher
const requests: Request[] = []
const fatal: Error[] = []

const batch = (offset: number, size = 10): Buffer => {
  const writer = new RecordBatchWriter()
  writer.add(1, null, Buffer.alloc(size, 'x'))
  const bytes = Buffer.from(writer.finish())
  setBaseOffset(bytes, 0, offset)
  return bytes
}

/** Answers per partition: an error, or the records from the asked offset on; nothing at `end`, then the request is parked. */
interface Script {
  readonly partitions: number
  error?: (partition: number, offset: number, request: number) => KafkaErrorName | undefined
  readonly end: number | ((partition: number) => number)
  readonly size?: number
  /** Instead of a batch. */
  readonly bytes?: (offset: number, request: number) => Buffer | null
}

const start = async (script: Script, settings: Record<string, string> = {}, maxBufferedBytes?: number) => {
  broker = await scriptedBroker([metadata, fetch, listOffsets])
  topicId = TOPIC_ID
  const leaders = Array.from({ length: script.partitions }, (_, partitionIndex) => ({ partitionIndex, leaderId: 1 }))
  broker.onRequest = asked => {
    if (asked.api === metadata) {
      const brokers = [{ nodeId: 1, host: broker.host, port: broker.port }]
      asked.answer(metadata, { brokers, topics: [{ name: 't', topicId, partitions: leaders }] })
    } else if (asked.api === listOffsets) {
      asked.answer(listOffsets, { topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 3 }] }] })
    } else answerFetch(asked, script)
  }
  const config = clientConfig({
    'bootstrap.servers': broker.bootstrap,
    'retry.backoff.ms': '1',
    'retry.backoff.max.ms': '5',
    ...settings,
  })
  cluster = new Cluster(config)
  cluster.watch(['t'])
  await cluster.refresh()
  let arrived = (): void => {}
  fetcher = new Fetcher({
    cluster,
    config: fetchConfig(config, maxBufferedBytes),
    log: undefined,
    onArrival: () => arrived(),
    onFatal: error => fatal.push(error),
  })
  const drain = new Drain(Number.POSITIVE_INFINITY, () => {})
  /** Reads until `count` records came, or a partition says an error. */
  return async (count: number): Promise<string[]> => {
    const read: string[] = []
    while (read.length < count) {
      if (fetcher.waiting.size === 0) await new Promise<void>(resolve => (arrived = resolve))
      const fetched = drain.take(fetcher.waiting)
      for (const { partition, reader, from } of fetched.batches) {
        for (let i = from; i < reader.count; i++) read.push(`${partition}:${reader.offset(i)}`)
      }
      fetched.release()
    }
    return read
  }
}

const answerFetch = (asked: Asked, script: Script): void => {
  const body = asked.body as RequestOf<typeof fetch>
  const wanted = body.topics[0]!.partitions
  const request = requests.length
  const { maxBytes, maxWaitMs } = body
  requests.push({
    offsets: Object.fromEntries(wanted.map(({ partition, fetchOffset }) => [partition, fetchOffset])),
    maxBytes,
    maxWaitMs,
  })
  let any = false
  const partitions = wanted.map(({ partition, fetchOffset }) => {
    const error = script.error?.(partition, fetchOffset, request)
    const end = typeof script.end === 'number' ? script.end : script.end(partition)
    const made = (): Buffer | null =>
      script.bytes === undefined ? batch(fetchOffset, script.size) : script.bytes(fetchOffset, request)
    const records = error === undefined && fetchOffset < end ? made() : null
    if (error !== undefined || records !== null) any = true
    const errorCode = error === undefined ? 0 : errorCodes[error]
    return { partitionIndex: partition, errorCode, highWatermark: end, lastStableOffset: end, records }
  })
  // Without news the request stays at the broker.
  if (any || maxWaitMs === 0) asked.answer(fetch, { responses: [{ topicId, partitions }] })
}

const assign = (...offsets: readonly number[]): void =>
  fetcher.assign(offsets.map((offset, partition) => ({ topic: 't', partition, offset })))

afterEach(async () => {
  fetcher.stop()
  await cluster.close()
  await broker.close()
  requests.length = 0
  fatal.length = 0
})

describe(Fetcher, () => {
  it('asks without a wait while it is behind, then parks one request at the end', async () => {
    const read = await start({ partitions: 2, end: 3 })
    assign(0, 1)
    expect((await read(5)).sort()).toEqual(['0:0', '0:1', '0:2', '1:1', '1:2'])
    while (requests.at(-1)!.maxWaitMs === 0) await new Promise(resolve => setImmediate(resolve))
    const parked = requests.filter(({ maxWaitMs }) => maxWaitMs > 0)
    const asked = new Set(
      parked.flatMap(({ offsets }) => Object.entries(offsets).map(([partition, offset]) => `${partition}:${offset}`)),
    )
    while (asked.size < 2) {
      await new Promise(resolve => setImmediate(resolve))
      for (const { offsets, maxWaitMs } of requests) {
        if (maxWaitMs > 0)
          for (const [partition, offset] of Object.entries(offsets)) asked.add(`${partition}:${offset}`)
      }
    }
    expect([...asked].sort()).toEqual(['0:3', '1:3'])
  })

  it.each([
    'NOT_LEADER_OR_FOLLOWER',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'FENCED_LEADER_EPOCH',
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_ID',
  ] as const)('gets over %s', async code => {
    const read = await start({ partitions: 1, end: 2, error: (_, __, request) => (request < 2 ? code : undefined) })
    assign(0)
    expect(await read(2)).toEqual(['0:0', '0:1'])
  })

  it('hands over what it has before it says that the topic is forbidden', async () => {
    const read = await start({
      partitions: 1,
      end: 9,
      error: (_, offset) => (offset >= 2 ? 'TOPIC_AUTHORIZATION_FAILED' : undefined),
    })
    assign(0)
    expect(await read(2)).toEqual(['0:0', '0:1'])
    await expect(read(1)).rejects.toMatchObject({ kafkaCode: 'TOPIC_AUTHORIZATION_FAILED', topic: 't', partition: 0 })
    await expect(read(1)).rejects.toMatchObject({ kafkaCode: 'TOPIC_AUTHORIZATION_FAILED' })
  })

  it('goes where auto.offset.reset says when the offset is gone', async () => {
    const error = (_: number, offset: number) => (offset > 50 ? ('OFFSET_OUT_OF_RANGE' as const) : undefined)
    const read = await start({ partitions: 1, end: 5, error }, { 'auto.offset.reset': 'earliest' })
    assign(99)
    expect(await read(2)).toEqual(['0:3', '0:4'])
  })

  it("stops looking for an offset when the partition is another reader's", async () => {
    await start({ partitions: 1, end: 5, error: () => 'OFFSET_OUT_OF_RANGE' })
    const { onRequest } = broker
    let looks = 0
    broker.onRequest = asked => {
      if (asked.api !== listOffsets) return onRequest(asked)
      looks++
      const errorCode = errorCodes.LEADER_NOT_AVAILABLE
      asked.answer(listOffsets, { topics: [{ name: 't', partitions: [{ partitionIndex: 0, errorCode }] }] })
    }
    assign(99)
    await vi.waitFor(() => expect(looks).toBeGreaterThan(1))
    fetcher.unassign([{ topic: 't', partition: 0 }])
    const before = looks
    // Time enough for many more looks, which are at most 5 ms apart.
    for (const end = performance.now() + 80; performance.now() < end; ) await cluster.refresh()
    expect(looks - before).toBeLessThanOrEqual(1)
  })

  it('asks for no more than there is room for', async () => {
    const read = await start({ partitions: 4, end: 50, size: 9000 }, {}, 40_000)
    assign(0, 0, 0, 0)
    await read(200)
    expect(Math.max(...requests.map(({ maxBytes }) => maxBytes))).toBeLessThanOrEqual(40_000)
  })

  it('after a seek takes no answer that was asked for before', async () => {
    const read = await start({ partitions: 1, end: 100 })
    assign(0)
    await read(5)
    fetcher.seek({ topic: 't', partition: 0, offset: 70 })
    expect(await read(3)).toEqual(['0:70', '0:71', '0:72'])
  })

  it('does not ask for paused and held partitions', async () => {
    const read = await start({ partitions: 2, end: 3 })
    fetcher.assign([{ topic: 't', partition: 0, offset: 0 }], true)
    fetcher.assign([{ topic: 't', partition: 1, offset: 0 }])
    expect(await read(3)).toEqual(['1:0', '1:1', '1:2'])
    expect(requests.some(({ offsets }) => offsets[0] !== undefined)).toBe(false)
    fetcher.unhold()
    expect(await read(3)).toEqual(['0:0', '0:1', '0:2'])
  })

  it('partitions at their end are asked for while others have much to catch up with', async () => {
    const read = await start({ partitions: 6, end: partition => (partition === 5 ? 0 : 10_000) })
    assign(0, 0, 0, 0, 0, 0)
    await read(600)
    const parked = requests.findIndex(({ maxWaitMs, offsets }) => maxWaitMs > 0 && offsets[5] === 0)
    expect(parked).toBeGreaterThan(0)
    expect(parked).toBeLessThan(20)
  })

  it('waits at the broker for what is not there, though the log seems to go on', async () => {
    // A hole of compaction at the end: below the high watermark, and nothing to read.
    const read = await start({ partitions: 1, end: 5, bytes: offset => (offset < 3 ? batch(offset) : null) })
    assign(0)
    expect(await read(3)).toEqual(['0:0', '0:1', '0:2'])
    await vi.waitFor(() => expect(requests.at(-1)!.maxWaitMs).toBeGreaterThan(0))
    expect(requests.filter(({ offsets }) => offsets[0] === 3).length).toBe(2)
  })

  it('gets over answers without a whole batch, and says so when nothing else comes', async () => {
    const cut = (offset: number): Buffer => batch(offset).subarray(0, 50)
    const read = await start({
      partitions: 1,
      end: 9,
      bytes: (offset, request) => (offset < 2 && request !== 1 ? batch(offset) : cut(offset)),
    })
    assign(0)
    expect(await read(2)).toEqual(['0:0', '0:1'])
    await expect(read(1)).rejects.toThrow(/t-0 cannot be read at offset 2: 50 bytes hold no whole record batch/)
  })

  it('says that a header is damaged', async () => {
    const damaged = (offset: number): Buffer => {
      const bytes = batch(offset)
      bytes[16] = 9
      return bytes
    }
    const read = await start({ partitions: 1, end: 9, bytes: offset => (offset < 2 ? batch(offset) : damaged(offset)) })
    assign(0)
    expect(await read(2)).toEqual(['0:0', '0:1'])
    await expect(read(1)).rejects.toThrow(/t-0 cannot be read at offset 2: .*magic 9/)
  })

  it.each([
    ['latest', ['0:3', '0:4']],
    ['earliest', ['0:3', '0:4']],
  ])('reads a topic that was made anew from its beginning (auto.offset.reset=%s)', async (reset, expected) => {
    const error = (_: number, offset: number): KafkaErrorName | undefined => {
      if (offset < 52) return undefined
      topicId = OTHER_ID
      return 'UNKNOWN_TOPIC_ID'
    }
    const read = await start({ partitions: 1, end: 90, error }, { 'auto.offset.reset': reset })
    assign(50)
    expect(await read(2)).toEqual(['0:50', '0:51'])
    expect(await read(2)).toEqual(expected)
  })

  it('does not go on in a topic that was made anew when auto.offset.reset is none', async () => {
    const error = (): KafkaErrorName | undefined => {
      if (topicId === OTHER_ID) return undefined
      topicId = OTHER_ID
      return 'UNKNOWN_TOPIC_ID'
    }
    const read = await start({ partitions: 1, end: 90, error }, { 'auto.offset.reset': 'none' })
    assign(50)
    await expect(read(1)).rejects.toThrow(/t-0 cannot be read at offset 50: the topic was deleted and made anew/)
  })
})
