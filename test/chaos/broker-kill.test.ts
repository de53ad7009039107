import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTopics } from '../../runtime/protocol/messages/create-topics.ts'
import { fetch } from '../../runtime/protocol/messages/fetch.ts'
import { initProducerId } from '../../runtime/protocol/messages/init-producer-id.ts'
import { offsetCommit } from '../../runtime/protocol/messages/offset-commit.ts'
import { offsetFetch } from '../../runtime/protocol/messages/offset-fetch.ts'
import { produce } from '../../runtime/protocol/messages/produce.ts'
import { RecordBatchReader } from '../../runtime/protocol/record-batch-reader.ts'
import { RecordBatchWriter } from '../../runtime/protocol/record-batch-writer.ts'
import { WireClient } from '../support/wire-client.ts'

const KILLS = Number(process.env['MILLRACE_CHAOS_KILLS'] ?? 6)
const BATCH = 20
const COMPACT_KEYS = 50

/** A broker of its own process, killed and started again on the same port and folder. */
class KilledBroker {
  readonly #folder: string
  #child: ChildProcess | null = null
  port = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  async start(): Promise<void> {
    const script = fileURLToPath(new URL('broker-process.ts', import.meta.url))
    const child = fork(script, [this.#folder, String(this.port)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#child = child
    this.port = await new Promise<number>((resolve, reject) => {
      child.once('message', message => resolve((message as { port: number }).port))
      child.once('exit', code => reject(new Error(`the broker did not start: exit code ${code}`)))
    })
  }

  async kill(): Promise<void> {
    const child = this.#child!
    const gone = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
}

/** Goes on until `stop`: `work` is called again after each failure, with a new connection. */
class Loop {
  #stopping = false
  readonly #done: Promise<void>

  constructor(broker: KilledBroker, work: (client: WireClient, stopping: () => boolean) => Promise<void>) {
    this.#done = this.#run(broker, work)
  }

  async #run(broker: KilledBroker, work: (client: WireClient, stopping: () => boolean) => Promise<void>) {
    let finished = false
    while (!finished) {
      let client: WireClient | null = null
      try {
        client = await WireClient.open(broker.port)
        await work(client, () => this.#stopping)
        finished = true
      } catch (error) {
        if (!/connection is lost|ECONNREFUSED|ECONNRESET|EPIPE/.test(String(error))) throw error
        await delay(10)
      } finally {
        client?.close()
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#done
  }
}

interface Sent {
  readonly bytes: Buffer
  readonly last: number
}

/** Sends numbered records in batches, `window` of them in flight; after a loss it sends the same bytes again, in order. */
function startProducer(broker: KilledBroker, partition: number, window: number, producerId: number | null): Producer {
  const state: Producer = { next: 0, acknowledged: 0, resent: 0, loop: null as never }
  const unacknowledged: Sent[] = []
  const writer = new RecordBatchWriter()
  const make = (): Sent => {
    writer.reset()
    const baseSequence = state.next
    for (let i = 0; i < BATCH; i++) writer.add(Date.now(), null, Buffer.from(String(state.next++).padStart(100, '.')))
    const idempotence = producerId === null ? {} : { producerId, producerEpoch: 0, baseSequence }
    return { bytes: Buffer.from(writer.finish(idempotence)), last: state.next }
  }
  state.loop = new Loop(broker, async (client, stopping) => {
    state.resent += unacknowledged.length
    const inFlight: { sent: Sent; answer: Promise<void> }[] = []
    const send = (sent: Sent) => inFlight.push({ sent, answer: append(client, 'numbers', partition, sent.bytes) })
    for (const sent of unacknowledged) send(sent)
    while (!stopping() || inFlight.length > 0) {
      while (inFlight.length < window && !stopping()) {
        const sent = make()
        unacknowledged.push(sent)
        send(sent)
      }
      try {
        await inFlight[0]!.answer
      } catch (error) {
        await Promise.allSettled(inFlight.map(entry => entry.answer))
        throw error
      }
      state.acknowledged = inFlight.shift()!.sent.last
      unacknowledged.shift()
    }
  })
  return state
}

interface Producer {
  next: number
  acknowledged: number
  resent: number
  loop: Loop
}

async function append(client: WireClient, name: string, index: number, bytes: Buffer): Promise<void> {
  const topicData = [{ name, partitionData: [{ index, records: bytes }] }]
  const { responses } = await client.call(produce, 9, { acks: -1, timeoutMs: 5000, topicData })
  const { errorCode, errorMessage } = responses[0]!.partitionResponses[0]!
  if (errorCode !== 0) throw new Error(`produce: ${errorCode} ${errorMessage}`)
}

async function readPartition(
  client: WireClient,
  topic: string,
  partition: number,
): Promise<{ key: string | null; value: string }[]> {
  const records: { key: string | null; value: string }[] = []
  const reader = new RecordBatchReader()
  let fetchOffset = 0
  for (;;) {
    const { responses } = await client.call(fetch, 11, {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1 << 24,
      topics: [{ topic, partitions: [{ partition, fetchOffset, partitionMaxBytes: 1 << 20 }] }],
    })
    const answer = responses[0]!.partitions[0]!
    expect(answer.errorCode).toBe(0)
    const bytes = answer.records ?? Buffer.alloc(0)
    if (bytes.length === 0) return records
    for (let at = 0; at < bytes.length; ) {
      at = reader.read(bytes, at)
      for (let i = 0; i < reader.count; i++) {
        if (reader.offset(i) < fetchOffset) continue
        records.push({ key: reader.key(i)?.toString() ?? null, value: reader.value(i)!.toString() })
      }
      fetchOffset = reader.lastOffset + 1
    }
  }
}

describe('the embedded broker under kill -9', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-chaos-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test(`${KILLS} kills: nothing acknowledged is lost, nothing idempotent is doubled, commits stay`, async () => {
    const broker = new KilledBroker(folder)
    await broker.start()
    const setup = await WireClient.open(broker.port)
    await setup.call(createTopics, 7, {
      topics: [
        { name: 'numbers', numPartitions: 4, replicationFactor: 1 },
        {
          name: 'table',
          numPartitions: 1,
          replicationFactor: 1,
          configs: [
            { name: 'cleanup.policy', value: 'compact' },
            { name: 'segment.bytes', value: '20000' },
          ],
        },
      ],
    })
    const newProducerId = async () =>
      (await setup.call(initProducerId, 4, { transactionalId: null, transactionTimeoutMs: 0 })).producerId
    const ids = [await newProducerId(), await newProducerId(), await newProducerId()]
    setup.close()

    const idempotent = [
      startProducer(broker, 0, 1, ids[0]!),
      startProducer(broker, 1, 5, ids[1]!),
      startProducer(broker, 2, 5, ids[2]!),
    ]
    const plain = startProducer(broker, 3, 1, null)

    const table = new Map<string, number>()
    let tableNext = 0
    const keyed = new Loop(broker, async (client, stopping) => {
      const writer = new RecordBatchWriter()
      while (!stopping()) {
        writer.reset()
        const number = tableNext++
        const key = `k${number % COMPACT_KEYS}`
        writer.add(Date.now(), Buffer.from(key), Buffer.from(String(number)))
        await append(client, 'table', 0, Buffer.from(writer.finish()))
        table.set(key, number)
      }
    })

    let sentOffset = 0
    let committed = 0
    const lostCommits: string[] = []
    const committer = new Loop(broker, async (client, stopping) => {
      const group = { groupId: 'committer', topics: [{ name: 'numbers', partitionIndexes: [0] }] }
      const { groups } = await client.call(offsetFetch, 8, { groups: [group] })
      const found = groups[0]!.topics[0]!.partitions[0]!.committedOffset
      const least = committed === 0 ? -1 : committed
      if (found < least || found > sentOffset) lostCommits.push(`${found}, not from ${least} to ${sentOffset}`)
      while (!stopping()) {
        const committedOffset = ++sentOffset
        const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: '' }]
        const { topics } = await client.call(offsetCommit, 8, {
          groupId: 'committer',
          topics: [{ name: 'numbers', partitions }],
        })
        if (topics[0]!.partitions[0]!.errorCode !== 0) throw new Error('commit refused')
        committed = committedOffset
      }
    })

    for (let kill = 0; kill < KILLS; kill++) {
      await delay(100 + Math.random() * 900)
      await broker.kill()
      await broker.start()
    }
    await delay(200)
    await Promise.all([...idempotent, plain].map(producer => producer.loop.stop()))
    await Promise.all([keyed.stop(), committer.stop()])
    await broker.kill()
    await broker.start()

    const client = await WireClient.open(broker.port)
    for (const [partition, producer] of idempotent.entries()) {
      const numbers = (await readPartition(client, 'numbers', partition)).map(r => Number(r.value.replaceAll('.', '')))
      expect(producer.acknowledged).toBe(producer.next)
      expect(numbers.length).toBe(producer.next)
      expect(numbers.findIndex((number, i) => number !== i)).toBe(-1)
    }
    const plainNumbers = new Set(
      (await readPartition(client, 'numbers', 3)).map(r => Number(r.value.replaceAll('.', ''))),
    )
    expect(plainNumbers.size).toBe(plain.next)

    const last = new Map<string, number>()
    const tableRecords = await readPartition(client, 'table', 0)
    for (const { key, value } of tableRecords) last.set(key!, Number(value))
    for (const [key, number] of table) {
      // The write under way when the broker died may have got there without its answer.
      expect(last.get(key)! >= number && last.get(key)! % COMPACT_KEYS === number % COMPACT_KEYS).toBe(true)
    }
    expect(tableRecords.length).toBeLessThan(Math.max(tableNext, 2000))

    expect(lostCommits).toEqual([])
    const group = { groupId: 'committer', topics: [{ name: 'numbers', partitionIndexes: [0] }] }
    const { groups } = await client.call(offsetFetch, 8, { groups: [group] })
    expect(groups[0]!.topics[0]!.partitions[0]!.committedOffset).toBe(committed)
    client.close()
    await broker.kill()
    const total = [...idempotent, plain].reduce((sum, producer) => sum + producer.next, 0)
    const resent = [...idempotent, plain].reduce((sum, producer) => sum + producer.resent, 0)
    console.log(
      `${total} numbered records, ${resent} batches sent again, ${tableNext} keyed, ${tableRecords.length} left of them, ${committed} commits`,
    )
    expect(total).toBeGreaterThan(1000)
  })
})
