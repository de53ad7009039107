import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Kafka } from '../../../runtime/kafka/ports.ts'
import { consumerContract } from '../../contract/kafka/parts/consumer-contract.ts'
import { failureContract } from '../../contract/kafka/parts/failure-contract.ts'
import {
  kafkaOf,
  Ledger,
  newTopic,
  range,
  readNumbers,
  type Target,
  unique,
  until,
  writeNumbers,
} from '../../contract/kafka/parts/target.ts'
import { topicLogContract } from '../../contract/kafka/parts/topic-log-contract.ts'
import { transactionContract } from '../../contract/kafka/parts/transaction-contract.ts'
import { type ApacheKafka, startApacheKafka } from '../../support/apache-kafka.ts'

const PARTITIONS = 6

let kafka: ApacheKafka

beforeAll(async () => {
  kafka = await startApacheKafka({ brokers: 3, settings: { 'min.insync.replicas': '2' } })
}, 180_000)

afterAll(() => kafka?.close())

const target = (): Target => ({ bootstrap: kafka.bootstrap, replicationFactor: 3 })

/** Writes until `stop`, while something happens to the brokers. */
function loadOn(client: Kafka, topic: string, settings: Record<string, string> = {}) {
  const producer = client.producer({ 'batch.size': '8000', ...settings })
  const ledger = new Ledger()
  let next = 0
  let writing = true
  const run = (async () => {
    await producer.prepare([topic])
    while (writing) {
      await producer.ready()
      for (let partition = 0; partition < PARTITIONS; partition++) {
        writeNumbers(producer, topic, partition, next, next + 20, ledger, ' '.repeat(30))
      }
      next += 20
      producer.send()
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    await producer.flush()
  })()
  return {
    ledger,
    /** More is acknowledged, so the cluster serves again. */
    progress: async () => {
      const before = ledger.acked
      await until(() => ledger.acked > before + 5000, 60_000)
    },
    /** Ends the load; how many numbers each partition must have. */
    async stop(): Promise<number> {
      writing = false
      await run
      return next
    },
  }
}

/** Reads with a group member all the while; what it read per partition, commits every poll. */
function readerOf(client: Kafka, topic: string) {
  const numbers = new Map<number, number[]>()
  const consumer = client.consumer({
    groupId: unique('group'),
    topics: [topic],
    settings: { 'auto.offset.reset': 'earliest', 'heartbeat.interval.ms': '500' },
  })
  let reading = true
  const run = (async () => {
    while (reading) {
      const fetched = await consumer.poll(200)
      for (const { partition, reader, from } of fetched.batches) {
        const list = numbers.get(partition) ?? []
        for (let i = from; i < reader.count; i++) list.push(Number.parseInt(reader.value(i)!.toString(), 10))
        numbers.set(partition, list)
      }
      fetched.release()
    }
  })()
  return {
    numbers,
    async stop(): Promise<void> {
      reading = false
      await run
      await consumer.close()
    },
  }
}

const expectAll = (numbers: ReadonlyMap<number, readonly number[]>, count: number): void => {
  for (let partition = 0; partition < PARTITIONS; partition++) expect(numbers.get(partition)).toEqual(range(0, count))
}

describe('three brokers of Apache Kafka', () => {
  consumerContract(target)
  topicLogContract(target)
  transactionContract(target)
  failureContract(target, { durationMs: 20_000 })

  it('brokers killed one after the other under load: every record once, in order, written and read', async () => {
    const topic = await newTopic(target(), PARTITIONS)
    const client = kafkaOf(kafka.bootstrap)
    try {
      const load = loadOn(client, topic)
      const reader = readerOf(client, topic)
      for (const broker of kafka.brokers) {
        await load.progress()
        await broker.kill()
        await load.progress()
        await broker.start()
      }
      await load.progress()
      const count = await load.stop()
      expect(load.ledger).toMatchObject({ acked: count * PARTITIONS, failedCount: 0 })
      expectAll(await readNumbers(kafka.bootstrap, topic), count)
      await until(() => [...reader.numbers.values()].every(list => list.length >= count), 60_000)
      await reader.stop()
      expectAll(reader.numbers, count)
    } finally {
      await client.close()
    }
  })

  it('transactions while brokers are killed one after the other: each is seen whole, or not at all', async () => {
    const topic = await newTopic(target(), PARTITIONS)
    const client = kafkaOf(kafka.bootstrap)
    try {
      const producer = client.transactionalProducer({ 'transactional.id': unique('tx') })
      await producer.init()
      await producer.prepare([topic])
      const ledger = new Ledger()
      let round = 0
      let writing = true
      const run = (async () => {
        for (; writing; round++) {
          for (let p = 0; p < PARTITIONS; p++) writeNumbers(producer, topic, p, round * 5, round * 5 + 5, ledger)
          await (round % 4 === 3 ? producer.abort() : producer.commit())
        }
      })()
      const progress = async () => {
        const before = round
        await Promise.race([run, until(() => round > before + 20, 60_000)])
      }
      for (const broker of kafka.brokers) {
        await progress()
        await broker.kill()
        await progress()
        await broker.start()
      }
      await progress()
      writing = false
      await run
      expect(ledger.failedCount).toBe(0)
      const kept = range(0, round).filter(number => number % 4 !== 3)
      const expected = kept.flatMap(number => range(number * 5, number * 5 + 5))
      const read = await readNumbers(kafka.bootstrap, topic, 'read_committed')
      for (let p = 0; p < PARTITIONS; p++) expect(read.get(p)).toEqual(expected)
    } finally {
      await client.close()
    }
  })

  it('leaders moved by orderly restarts under load', async () => {
    const topic = await newTopic(target(), PARTITIONS)
    const client = kafkaOf(kafka.bootstrap)
    try {
      const load = loadOn(client, topic, { 'compression.type': 'lz4' })
      for (const broker of kafka.brokers) {
        await load.progress()
        await broker.stop()
        await load.progress()
        await broker.start()
      }
      const count = await load.stop()
      expect(load.ledger.errors).toEqual([])
      expectAll(await readNumbers(kafka.bootstrap, topic), count)
    } finally {
      await client.close()
    }
  })

  it('all brokers away at once, then back', async () => {
    const topic = await newTopic(target(), PARTITIONS)
    const client = kafkaOf(kafka.bootstrap)
    try {
      const load = loadOn(client, topic)
      const reader = readerOf(client, topic)
      await load.progress()
      await Promise.all(kafka.brokers.map(broker => broker.kill()))
      await Promise.all(kafka.brokers.map(broker => broker.start()))
      await load.progress()
      const count = await load.stop()
      expect(load.ledger.errors).toEqual([])
      expectAll(await readNumbers(kafka.bootstrap, topic), count)
      await until(() => [...reader.numbers.values()].every(list => list.length >= count), 60_000)
      await reader.stop()
      expectAll(reader.numbers, count)
    } finally {
      await client.close()
    }
  })

  it('a topic deleted and made anew while it is written to', async () => {
    const topic = await newTopic(target(), 1)
    const client = kafkaOf(kafka.bootstrap)
    try {
      const admin = client.admin()
      const producer = client.producer()
      await producer.prepare([topic])
      const before = new Ledger()
      writeNumbers(producer, topic, 0, 0, 100, before)
      await producer.flush()
      await admin.deleteTopics([topic])
      await until(async () => (await admin.describeTopics([topic])).length === 0)
      await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 3 }])
      const after = new Ledger()
      writeNumbers(producer, topic, 0, 100, 200, after)
      await producer.flush()
      expect([before.acked, after.acked, after.errors]).toEqual([100, 100, []])
      expect((await readNumbers(kafka.bootstrap, topic)).get(0)).toEqual(range(100, 200))
    } finally {
      await client.close()
    }
  })
})
