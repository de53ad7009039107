import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adminContract } from '../../contract/kafka/parts/admin-contract.ts'
import { consumerContract } from '../../contract/kafka/parts/consumer-contract.ts'
import { failureContract } from '../../contract/kafka/parts/failure-contract.ts'
import { groupMemberContract } from '../../contract/kafka/parts/group-member-contract.ts'
import { producerContract } from '../../contract/kafka/parts/producer-contract.ts'
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
import { type ApacheKafka, kafkaLibs, startApacheKafka } from '../../support/apache-kafka.ts'

let kafka: ApacheKafka

beforeAll(async () => {
  kafka = await startApacheKafka()
}, 120_000)

afterAll(() => kafka?.close())

const target = (): Target => ({ bootstrap: kafka.bootstrap, replicationFactor: 1 })

describe('one broker of Apache Kafka', () => {
  adminContract(target)
  producerContract(target)
  consumerContract(target)
  groupMemberContract(target)
  topicLogContract(target)
  transactionContract(target)
  failureContract(target, { durationMs: 20_000 })

  for (const strategy of ['Range', 'RoundRobin', 'Sticky', 'CooperativeSticky']) {
    it(`shares a group with Kafka's own Java consumer, ${strategy}: every record once`, async () => {
      const topic = await newTopic(target(), 4)
      const groupId = unique('mixed')
      const assignor = `org.apache.kafka.clients.consumer.${strategy}Assignor`
      const client = kafkaOf(kafka.bootstrap)
      const java = spawn('java', [
        '-Xmx128m',
        '-cp',
        `${kafkaLibs()}/*`,
        'org.apache.kafka.tools.consumer.ConsoleConsumer',
        ...['--bootstrap-server', kafka.bootstrap, '--topic', topic, '--from-beginning'],
        ...['--command-property', `group.id=${groupId}`],
        ...['--command-property', `partition.assignment.strategy=${assignor}`],
        ...['--command-property', 'heartbeat.interval.ms=200'],
        ...['--command-property', 'auto.commit.interval.ms=200'],
      ])
      let printed = ''
      let reading = true
      let reader = Promise.resolve()
      java.stdout.on('data', chunk => {
        printed += chunk
      })
      try {
        const theirs = (): number[] => (printed.match(/^\d+$/gm) ?? []).map(Number)
        const admin = client.admin()
        await until(async () => (await admin.describeGroup(groupId)).state === 'Stable', 40_000)
        const ours: number[] = []
        let partitions: readonly number[] = []
        const consumer = client.consumer({
          groupId,
          topics: [topic],
          settings: {
            'partition.assignment.strategy': assignor,
            'heartbeat.interval.ms': '200',
            'auto.offset.reset': 'earliest',
          },
        })
        reader = (async () => {
          while (reading) {
            const fetched = await consumer.poll(100)
            partitions = consumer.assignment().map(({ partition }) => partition)
            for (const { reader: batch, from } of fetched.batches) {
              for (let i = from; i < batch.count; i++) ours.push(Number(batch.value(i)!.toString()))
            }
            fetched.release()
          }
          await consumer.close()
        })()
        await until(() => partitions.length === 2, 30_000)
        const producer = client.producer()
        await producer.prepare([topic])
        const ledger = new Ledger()
        for (const partition of range(0, 4)) {
          writeNumbers(producer, topic, partition, partition * 1000, partition * 1000 + 100, ledger)
        }
        await producer.flush()
        await until(() => ours.length + theirs().length === 400)
        const wanted = range(0, 4).flatMap(partition => range(partition * 1000, partition * 1000 + 100))
        expect([...ours, ...theirs()].sort((a, b) => a - b)).toEqual(wanted)
        expect(ours.length).toBe(200)
      } finally {
        java.kill('SIGKILL')
        reading = false
        await reader
        await client.close()
      }
    })
  }

  it('killed and started again under load: nothing lost, doubled or out of order', async () => {
    const topic = await newTopic(target(), 2)
    const client = kafkaOf(kafka.bootstrap)
    try {
      const producer = client.producer({ 'batch.size': '8000' })
      await producer.prepare([topic])
      const ledger = new Ledger()
      let next = 0
      let writing = true
      const load = (async () => {
        while (writing) {
          await producer.ready()
          for (const partition of [0, 1]) writeNumbers(producer, topic, partition, next, next + 20, ledger)
          next += 20
          producer.send()
          await new Promise(resolve => setTimeout(resolve, 3))
        }
      })()
      for (let i = 0; i < 3; i++) {
        const before = ledger.acked
        await until(() => ledger.acked > before + 2000)
        await kafka.brokers[0]!.kill()
        await kafka.brokers[0]!.start()
      }
      const before = ledger.acked
      await until(() => ledger.acked > before + 2000)
      writing = false
      await load
      await producer.flush()
      expect(ledger).toMatchObject({ acked: next * 2, failedCount: 0 })
      const numbers = await readNumbers(kafka.bootstrap, topic)
      expect(numbers.get(0)).toEqual(range(0, next))
      expect(numbers.get(1)).toEqual(range(0, next))
    } finally {
      await client.close()
    }
  })
})
