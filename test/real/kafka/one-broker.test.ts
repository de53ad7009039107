import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adminContract } from '../../contract/kafka/parts/admin-contract.ts'
import { consumerContract } from '../../contract/kafka/parts/consumer-contract.ts'
import { failureContract } from '../../contract/kafka/parts/failure-contract.ts'
import { producerContract } from '../../contract/kafka/parts/producer-contract.ts'
import {
  kafkaOf,
  Ledger,
  newTopic,
  range,
  readNumbers,
  type Target,
  until,
  writeNumbers,
} from '../../contract/kafka/parts/target.ts'
import { topicLogContract } from '../../contract/kafka/parts/topic-log-contract.ts'
import { transactionContract } from '../../contract/kafka/parts/transaction-contract.ts'
import { type ApacheKafka, startApacheKafka } from '../../support/apache-kafka.ts'

let kafka: ApacheKafka

beforeAll(async () => {
  kafka = await startApacheKafka()
}, 120_000)

afterAll(() => kafka?.close())

const target = (): Target => ({ bootstrap: kafka.bootstrap, replicationFactor: 1, transactions: true })

describe('one broker of Apache Kafka', () => {
  adminContract(target)
  producerContract(target)
  consumerContract(target)
  topicLogContract(target)
  transactionContract(target)
  failureContract(target, { durationMs: 20_000 })

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
