import { afterEach, describe, expect, it } from 'vitest'
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

const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

interface Request {
  readonly offsets: Readonly<Record<number, number>>
  readonly maxBytes: number
  readonly maxWaitMs: number
}

let broker: ScriptedBroker
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
  readonly end: number
  readonly size?: number
}

const start = async (script: Script, settings: Record<string, string> = {}, maxBufferedBytes?: number) => {
  broker = await scriptedBroker([metadata, fetch, listOffsets])
  const leaders = Array.from({ length: script.partitions }, (_, partitionIndex) => ({ partitionIndex, leaderId: 1 }))
  broker.onRequest = asked => {
    if (asked.api === metadata) {
      const brokers = [{ nodeId: 1, host: broker.host, port: broker.port }]
      asked.answer(metadata, { brokers, topics: [{ name: 't', topicId: TOPIC_ID, partitions: leaders }] })
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
    const records = error === undefined && fetchOffset < script.end ? batch(fetchOffset, script.size) : null
    if (error !== undefined || records !== null) any = true
    const errorCode = error === undefined ? 0 : errorCodes[error]
    return { partitionIndex: partition, errorCode, highWatermark: script.end, lastStableOffset: script.end, records }
  })
  // Without news the request stays at the broker.
  if (any || maxWaitMs === 0) asked.answer(fetch, { responses: [{ topicId: TOPIC_ID, partitions }] })
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
})
