import { afterEach, describe, expect, it } from 'vitest'
import type { Kafka } from '../../../../runtime/kafka/ports.ts'
import { fetch } from '../../../../runtime/protocol/messages/fetch.ts'
import { produce } from '../../../../runtime/protocol/messages/produce.ts'
import { type FailureProxy, type Fault, startFailureProxy } from '../../../support/failure-proxy.ts'
import { kafkaOf, Ledger, newTopic, range, readNumbers, type Target, until, writeNumbers } from './target.ts'

const PARTITIONS = 3

export interface FailureOptions {
  /** How long faults go on. */
  readonly durationMs: number
}

/** Every record by its number: none lost, none doubled, none out of order. */
export function failureContract(target: () => Target, options: FailureOptions): void {
  describe('through failures', () => {
    const clients: Kafka[] = []
    let proxy: FailureProxy
    afterEach(async () => {
      await Promise.all(clients.splice(0).map(kafka => kafka.close()))
      await proxy.close()
    })

    /** Writes until the time is up, then lets everything through; returns how many numbers each partition must have. */
    const writeThrough = async (topic: string, settings: Record<string, string> = {}): Promise<number> => {
      const kafka = kafkaOf(proxy.bootstrap, settings)
      clients.push(kafka)
      const producer = kafka.producer({ 'batch.size': '8000', 'delivery.timeout.ms': '120000' })
      await producer.prepare([topic])
      const ledger = new Ledger()
      const end = Date.now() + options.durationMs
      let next = 0
      while (Date.now() < end) {
        await producer.ready()
        for (let partition = 0; partition < PARTITIONS; partition++) {
          writeNumbers(producer, topic, partition, next, next + 50, ledger, ' '.repeat(50))
        }
        next += 50
        producer.send()
        // Some batches find the one before still on its way, some do not.
        await new Promise(resolve => setTimeout(resolve, Math.random() * 4))
      }
      proxy.onAnswer = proxy.onRequest = () => 'pass'
      proxy.refuse = false
      await producer.flush()
      expect(ledger.errors).toEqual([])
      expect(ledger.acked).toBe(next * PARTITIONS)
      expect(proxy.faults).toBeGreaterThan(options.durationMs / 1000)
      return next
    }

    const expectAll = async (topic: string, count: number): Promise<void> => {
      const numbers = await readNumbers(target().bootstrap, topic)
      for (let partition = 0; partition < PARTITIONS; partition++) {
        expect(numbers.get(partition)).toEqual(range(0, count))
      }
    }

    const sometimes =
      (share: number, apiKey: number, fault: () => Fault): ((key: number) => Fault) =>
      key =>
        key === apiKey && Math.random() < share ? fault() : 'pass'

    it('acknowledgements lost', async () => {
      const topic = await newTopic(target(), PARTITIONS)
      proxy = await startFailureProxy(target().bootstrap)
      proxy.onAnswer = sometimes(0.1, produce.key, () => 'lose')
      await expectAll(topic, await writeThrough(topic))
    })

    it('acknowledgements lost, while the batches are compressed', async () => {
      const topic = await newTopic(target(), PARTITIONS)
      proxy = await startFailureProxy(target().bootstrap)
      proxy.onAnswer = sometimes(0.1, produce.key, () => 'lose')
      await expectAll(topic, await writeThrough(topic, { 'compression.type': 'zstd' }))
    })

    it('requests cut inside the frame', async () => {
      const topic = await newTopic(target(), PARTITIONS)
      proxy = await startFailureProxy(target().bootstrap)
      proxy.onRequest = sometimes(0.1, produce.key, () => ({ cut: 1 + Math.floor(Math.random() * 5000) }))
      await expectAll(topic, await writeThrough(topic))
    })

    it('connections refused for a while, again and again', async () => {
      const topic = await newTopic(target(), PARTITIONS)
      proxy = await startFailureProxy(target().bootstrap)
      const timer = setInterval(() => {
        proxy.refuse = !proxy.refuse
      }, 300)
      // Refusals are no counted faults.
      proxy.onAnswer = sometimes(0.05, produce.key, () => 'lose')
      try {
        await expectAll(topic, await writeThrough(topic))
      } finally {
        clearInterval(timer)
      }
    })

    it('fetch answers cut, lost and slow', async () => {
      const topic = await newTopic(target(), PARTITIONS)
      proxy = await startFailureProxy(target().bootstrap)
      const writer = kafkaOf(target().bootstrap)
      clients.push(writer)
      const producer = writer.producer({ 'batch.size': '8000' })
      await producer.prepare([topic])
      const ledger = new Ledger()
      for (let partition = 0; partition < PARTITIONS; partition++) {
        writeNumbers(producer, topic, partition, 0, 5000, ledger, ' '.repeat(100))
      }
      await producer.flush()
      let cuts = 0
      proxy.onAnswer = key => {
        if (key !== fetch.key || cuts > 30 || Math.random() > 0.5) return 'pass'
        cuts++
        return Math.random() < 0.5 ? 'lose' : { cut: 1 + Math.floor(Math.random() * 20_000) }
      }
      proxy.answerRate = 4_000_000
      const kafka = kafkaOf(proxy.bootstrap, { 'max.partition.fetch.bytes': '30000' })
      clients.push(kafka)
      const read = new Map<number, number[]>()
      const log = kafka.topicLog({
        topic,
        onRecord({ partition, value }) {
          const list = read.get(partition) ?? []
          list.push(Number.parseInt(value!.toString(), 10))
          read.set(partition, list)
        },
      })
      await log.start()
      expect(proxy.faults).toBeGreaterThan(5)
      for (let partition = 0; partition < PARTITIONS; partition++) expect(read.get(partition)).toEqual(range(0, 5000))
    })

    it('a broker that never answers: request.timeout.ms ends the wait', async () => {
      const topic = await newTopic(target(), PARTITIONS)
      proxy = await startFailureProxy(target().bootstrap)
      const kafka = kafkaOf(proxy.bootstrap, { 'request.timeout.ms': '300' })
      clients.push(kafka)
      const producer = kafka.producer()
      await producer.prepare([topic])
      const ledger = new Ledger()
      proxy.answerRate = 1
      writeNumbers(producer, topic, 0, 0, 10, ledger)
      producer.send()
      await new Promise(resolve => setTimeout(resolve, 700))
      expect(ledger.acked).toBe(0)
      proxy.answerRate = undefined
      await until(() => ledger.acked === 10)
      expect((await readNumbers(target().bootstrap, topic)).get(0)).toEqual(range(0, 10))
    })
  })
}
