import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { errorCodes } from '../../../runtime/protocol/error-codes.ts'
import { addOffsetsToTxn } from '../../../runtime/protocol/messages/add-offsets-to-txn.ts'
import { addPartitionsToTxn } from '../../../runtime/protocol/messages/add-partitions-to-txn.ts'
import { createTopics } from '../../../runtime/protocol/messages/create-topics.ts'
import { deleteTopics } from '../../../runtime/protocol/messages/delete-topics.ts'
import { describeTransactions } from '../../../runtime/protocol/messages/describe-transactions.ts'
import { endTxn } from '../../../runtime/protocol/messages/end-txn.ts'
import { fetch } from '../../../runtime/protocol/messages/fetch.ts'
import { initProducerId } from '../../../runtime/protocol/messages/init-producer-id.ts'
import { listOffsets } from '../../../runtime/protocol/messages/list-offsets.ts'
import { offsetFetch } from '../../../runtime/protocol/messages/offset-fetch.ts'
import { produce } from '../../../runtime/protocol/messages/produce.ts'
import { txnOffsetCommit } from '../../../runtime/protocol/messages/txn-offset-commit.ts'
import { RecordBatchReader } from '../../../runtime/protocol/record-batch-reader.ts'
import { RecordBatchWriter } from '../../../runtime/protocol/record-batch-writer.ts'
import { BrokerProcess } from '../../support/broker-process.ts'
import { type TestBroker, testBroker } from '../../support/test-broker.ts'
import { WireClient } from '../../support/wire-client.ts'

interface Named {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

/** Speaks the protocol of transactions itself, so that it can break its rules. */
class Wire {
  readonly client: WireClient
  #sequences = new Map<string, number>()

  private constructor(client: WireClient) {
    this.client = client
  }

  static async open(port: number, topic?: string): Promise<Wire> {
    const wire = new Wire(await WireClient.open(port))
    if (topic !== undefined) {
      const topics = [{ name: topic, numPartitions: 1, replicationFactor: 1 }]
      await wire.client.call(createTopics, 7, { topics })
    }
    return wire
  }

  async init(transactionalId: string, transactionTimeoutMs = 60_000): Promise<Named> {
    const answer = await this.client.call(initProducerId, 4, { transactionalId, transactionTimeoutMs })
    expect(answer.errorCode).toBe(0)
    return { transactionalId, producerId: answer.producerId, producerEpoch: answer.producerEpoch }
  }

  async enter(who: Named, topic: string): Promise<number> {
    const { resultsByTopicV3AndBelow } = await this.client.call(addPartitionsToTxn, 3, {
      v3AndBelowTransactionalId: who.transactionalId,
      v3AndBelowProducerId: who.producerId,
      v3AndBelowProducerEpoch: who.producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions: [0] }],
    })
    return resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode
  }

  async write(who: Named, name: string, ...values: string[]): Promise<number> {
    const { transactionalId, producerId, producerEpoch } = who
    const writer = new RecordBatchWriter()
    for (const value of values) writer.add(Date.now(), null, Buffer.from(value))
    const key = `${producerId} ${producerEpoch} ${name}`
    const baseSequence = this.#sequences.get(key) ?? 0
    const records = Buffer.from(writer.finish({ transactional: true, producerId, producerEpoch, baseSequence }))
    const topicData = [{ name, partitionData: [{ index: 0, records }] }]
    const { responses } = await this.client.call(produce, 9, { acks: -1, transactionalId, topicData })
    const { errorCode } = responses[0]!.partitionResponses[0]!
    if (errorCode === 0) this.#sequences.set(key, baseSequence + values.length)
    return errorCode
  }

  async end(who: Named, committed: boolean): Promise<number> {
    return (await this.client.call(endTxn, 3, { ...who, committed })).errorCode
  }

  /** A whole transaction with these values. */
  async transact(who: Named, topic: string, committed: boolean, ...values: string[]): Promise<void> {
    expect(await this.enter(who, topic)).toBe(0)
    expect(await this.write(who, topic, ...values)).toBe(0)
    expect(await this.end(who, committed)).toBe(0)
  }

  async fetch(topic: string, over: { from?: number; maxWaitMs?: number; minBytes?: number } = {}) {
    const partitions = [{ partition: 0, fetchOffset: over.from ?? 0, partitionMaxBytes: 1 << 20 }]
    const { maxWaitMs = 1, minBytes = 1 } = over
    const topics = [{ topic, partitions }]
    const { responses } = await this.client.call(fetch, 11, { maxWaitMs, minBytes, isolationLevel: 1, topics })
    return responses[0]!.partitions[0]!
  }

  /** What a reader of committed records sees. */
  async committed(topic: string): Promise<string[]> {
    const { records, abortedTransactions } = await this.fetch(topic)
    const aborted = abortedTransactions!.map(a => ({ ...a }))
    const values: string[] = []
    const reader = new RecordBatchReader()
    const leaveOut = new Set<number>()
    for (let at = 0; at < (records?.length ?? 0); ) {
      at = reader.read(records!, at)
      for (const { producerId, firstOffset } of aborted) {
        if (firstOffset === reader.baseOffset) leaveOut.add(producerId)
      }
      if (reader.isControl) leaveOut.delete(reader.producerId)
      else if (!(reader.isTransactional && leaveOut.has(reader.producerId))) {
        for (let i = 0; i < reader.count; i++) values.push(reader.value(i)!.toString())
      }
    }
    return values
  }

  async endOffset(topic: string, isolationLevel: number): Promise<number> {
    const topics = [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }]
    const answer = await this.client.call(listOffsets, 5, { replicaId: -1, isolationLevel, topics })
    return answer.topics[0]!.partitions[0]!.offset
  }

  async commitOffset(who: Named, groupId: string, topic: string, committedOffset: number): Promise<number> {
    expect((await this.client.call(addOffsetsToTxn, 3, { ...who, groupId })).errorCode).toBe(0)
    const topics = [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset, committedMetadata: '' }] }]
    const answer = await this.client.call(txnOffsetCommit, 3, { ...who, groupId, topics })
    return answer.topics[0]!.partitions[0]!.errorCode
  }

  async offset(groupId: string, topic: string, requireStable = false) {
    const topics = [{ name: topic, partitionIndexes: [0] }]
    const answer = await this.client.call(offsetFetch, 7, { groupId, topics, requireStable })
    return answer.topics[0]!.partitions[0]!
  }
}

describe('transactions on the embedded broker', () => {
  let server: TestBroker | undefined
  afterEach(async () => {
    await server?.remove()
    server = undefined
  })
  const start = async (settings: Readonly<Record<string, string>> = {}): Promise<Wire> => {
    server = await testBroker(settings)
    return Wire.open(server.broker.port, 't')
  }

  test('are seen as a whole, when they commit, and never when they abort', async () => {
    const wire = await start()
    const [one, other] = [await wire.init('one'), await wire.init('other')]
    await wire.enter(one, 't')
    expect(await wire.write(one, 't', 'a', 'b')).toBe(0)
    await wire.transact(other, 't', false, 'x')
    await wire.transact(other, 't', true, 'c')
    expect(await wire.committed('t')).toEqual([])
    expect([await wire.endOffset('t', 1), await wire.endOffset('t', 0)]).toEqual([0, 6])
    expect((await wire.fetch('t')).lastStableOffset).toBe(0)
    expect(await wire.end(one, true)).toBe(0)
    expect(await wire.committed('t')).toEqual(['a', 'b', 'c'])
    expect((await wire.fetch('t', { from: 5 })).abortedTransactions).toEqual([])
    expect(await wire.endOffset('t', 1)).toBe(7)
    wire.client.close()
  })

  test('what was held back reaches a reader who waits, whatever he waits for', async () => {
    const wire = await start()
    const reader = await Wire.open(server!.broker.port)
    const one = await wire.init('one')
    await wire.enter(one, 't')
    await wire.write(one, 't', 'x'.repeat(5000))
    const answer = reader.fetch('t', { maxWaitMs: 20_000, minBytes: 4000 })
    await wire.end(one, true)
    expect((await answer).records!.length).toBeGreaterThan(5000)
    wire.client.close()
    reader.client.close()
  })

  test('a newer producer of the id fences the older, whose open transaction is aborted', async () => {
    const wire = await start()
    const old = await wire.init('id')
    await wire.enter(old, 't')
    await wire.write(old, 't', 'lost')
    const next = await wire.init('id')
    expect(next).toMatchObject({ producerId: old.producerId, producerEpoch: old.producerEpoch + 1 })
    expect(await wire.write(old, 't', 'zombie')).toBe(errorCodes.INVALID_PRODUCER_EPOCH)
    expect(await wire.enter(old, 't')).toBe(errorCodes.PRODUCER_FENCED)
    expect(await wire.end(old, true)).toBe(errorCodes.PRODUCER_FENCED)
    await wire.transact(next, 't', true, 'kept')
    expect(await wire.committed('t')).toEqual(['kept'])
    const known = { transactionTimeoutMs: 1000, ...old }
    expect((await wire.client.call(initProducerId, 4, known)).errorCode).toBe(errorCodes.PRODUCER_FENCED)
    wire.client.close()
  })

  test('a producer that gives its epoch back for a new one may ask again when it did not hear the answer', async () => {
    const wire = await start()
    const first = await wire.init('id')
    const renew = (known: Named) => wire.client.call(initProducerId, 4, { transactionTimeoutMs: 1000, ...known })
    const renewed = await renew(first)
    expect(renewed).toMatchObject({ errorCode: 0, producerId: first.producerId, producerEpoch: 1 })
    expect(await renew(first)).toMatchObject({ errorCode: 0, producerEpoch: 1 })
    await wire.transact({ ...first, producerEpoch: 1 }, 't', true, 'a')
    // By now somebody heard it.
    expect((await renew(first)).errorCode).toBe(errorCodes.PRODUCER_FENCED)
    await wire.init('id')
    expect((await renew({ ...first, producerEpoch: 1 })).errorCode).toBe(errorCodes.PRODUCER_FENCED)
    wire.client.close()
  })

  test('nothing is written outside of them, and what makes no sense is refused', async () => {
    const wire = await start({ 'transaction.max.timeout.ms': '100000' })
    const one = await wire.init('one')
    expect(await wire.write(one, 't', 'no')).toBe(errorCodes.INVALID_TXN_STATE)
    expect(await wire.end(one, true)).toBe(errorCodes.INVALID_TXN_STATE)
    expect(await wire.enter(one, 'missing')).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
    expect(await wire.enter({ ...one, producerId: 77 }, 't')).toBe(errorCodes.INVALID_PRODUCER_ID_MAPPING)
    await wire.enter(one, 't')
    await wire.write(one, 't', 'yes')
    expect(await wire.end(one, true)).toBe(0)
    expect(await wire.end(one, true)).toBe(0)
    expect(await wire.end(one, false)).toBe(errorCodes.INVALID_TXN_STATE)
    expect(await wire.write(one, 't', 'late')).toBe(errorCodes.INVALID_TXN_STATE)
    const tooLong = { transactionalId: 'two', transactionTimeoutMs: 100_001 }
    expect((await wire.client.call(initProducerId, 4, tooLong)).errorCode).toBe(errorCodes.INVALID_TRANSACTION_TIMEOUT)
    wire.client.close()
  })

  test('one that takes too long is aborted, and its producer fenced', async () => {
    const wire = await start({ 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '20' })
    const slow = await wire.init('slow', 50)
    await wire.enter(slow, 't')
    await wire.write(slow, 't', 'late')
    await vi.waitFor(async () => expect(await wire.endOffset('t', 1)).toBe(2), 10_000)
    expect(await wire.committed('t')).toEqual([])
    expect(await wire.end(slow, true)).toBe(errorCodes.PRODUCER_FENCED)
    await wire.transact(await wire.init('slow'), 't', true, 'kept')
    expect(await wire.committed('t')).toEqual(['kept'])
    wire.client.close()
  })

  test('offsets of a group count when their transaction commits', async () => {
    const wire = await start()
    const one = await wire.init('one')
    expect(await wire.commitOffset(one, 'g', 't', 7)).toBe(0)
    expect((await wire.offset('g', 't')).committedOffset).toBe(-1)
    expect((await wire.offset('g', 't', true)).errorCode).toBe(errorCodes.UNSTABLE_OFFSET_COMMIT)
    expect(await wire.end(one, true)).toBe(0)
    expect(await wire.offset('g', 't', true)).toMatchObject({ errorCode: 0, committedOffset: 7 })
    expect(await wire.commitOffset(one, 'g', 't', 8)).toBe(0)
    expect(await wire.end(one, false)).toBe(0)
    expect((await wire.offset('g', 't', true)).committedOffset).toBe(7)
    expect(await wire.commitOffset(one, 'g', 't', 9)).toBe(0)
    wire.client.close()

    await server!.restart()
    const again = await Wire.open(server!.broker.port)
    expect((await again.offset('g', 't')).committedOffset).toBe(7)
    expect(await again.end(one, true)).toBe(0)
    expect((await again.offset('g', 't', true)).committedOffset).toBe(9)
    again.client.close()
    await server!.restart()
    const last = await Wire.open(server!.broker.port)
    expect((await last.offset('g', 't', true)).committedOffset).toBe(9)
    last.client.close()
  })

  test('a restart forgets nothing, and a deleted topic does not keep a transaction from ending', async () => {
    const wire = await start()
    const one = await wire.init('one')
    await wire.enter(one, 't')
    await wire.write(one, 't', 'a')
    wire.client.close()
    await server!.restart()
    const again = await Wire.open(server!.broker.port, 'u')
    expect(await again.enter(one, 'u')).toBe(0)
    const { transactionStates } = await again.client.call(describeTransactions, 0, { transactionalIds: ['one', 'no'] })
    expect(transactionStates[0]).toMatchObject({
      transactionState: 'Ongoing',
      topics: [{ topic: 't' }, { topic: 'u' }],
    })
    expect(transactionStates[1]!.errorCode).toBe(errorCodes.TRANSACTIONAL_ID_NOT_FOUND)
    await again.client.call(deleteTopics, 4, { topicNames: ['u'] })
    expect(await again.end(one, true)).toBe(0)
    expect(await again.committed('t')).toEqual(['a'])
    again.client.close()
  })

  test('one whose coordinator forgot it is aborted at the next start: nobody waits for ever', async () => {
    const wire = await start()
    const one = await wire.init('one')
    await wire.enter(one, 't')
    await wire.write(one, 't', 'lost')
    wire.client.close()
    const { dataDir } = server!
    await server!.broker.close()
    // As a loss of power may leave it: the records are there, the note that a transaction is open is not.
    await rm(join(dataDir, 'topics', '__transaction_state-0'), { recursive: true })
    await server!.restart()
    const again = await Wire.open(server!.broker.port)
    expect(server!.warnings.at(-1)).toMatch(/Aborted what was left of a lost transaction .*"t-0"/)
    expect([await again.endOffset('t', 1), await again.committed('t')]).toEqual([2, []])
    await again.transact(await again.init('one'), 't', true, 'kept')
    expect(await again.committed('t')).toEqual(['kept'])
    again.client.close()
  })

  test('live on through kill -9 at any moment: open ones stay open, ended ones stay as they ended', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-tx-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const broker = await BrokerProcess.start(folder)
    onTestFinished(() => broker.kill())
    let wire = await Wire.open(broker.port, 't')
    const expected: string[] = []
    for (let round = 0; round < 4; round++) {
      const [steady, doomed] = [await wire.init('steady'), await wire.init('doomed')]
      await wire.transact(steady, 't', true, `s${round}`)
      await wire.transact(steady, 't', false, `x${round}`)
      expected.push(`s${round}`)
      await wire.enter(doomed, 't')
      expect(await wire.write(doomed, 't', `d${round}`)).toBe(0)
      // An end that is on its way when the broker dies is decided one way or the other.
      const ending = wire.end(doomed, true).catch(() => -1)
      await broker.kill()
      expect([0, -1]).toContain(await ending)
      await broker.start()
      const next = await Wire.open(broker.port)
      wire.client.close()
      wire = next
      expect(await wire.end(doomed, true)).toBe(0)
      expected.push(`d${round}`)
      expect(await wire.committed('t')).toEqual(expected)
    }
    wire.client.close()
  })
})
