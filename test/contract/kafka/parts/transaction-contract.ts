import { Kafka as KafkaJs, logLevel, Partitioners, type Producer } from 'kafkajs'
import { afterEach, describe, expect, it } from 'vitest'
import type { Kafka } from '../../../../runtime/kafka/ports.ts'
import { kafkaOf, newTopic, range, readNumbers, type Target, unique, until } from './target.ts'

/** What others wrote in transactions, read with read_committed. */
export function transactionContract(target: () => Target): void {
  describe('read_committed', () => {
    const producers: Producer[] = []
    const clients: Kafka[] = []
    const witness = async (): Promise<Producer> => {
      const kafka = new KafkaJs({ brokers: target().bootstrap.split(','), logLevel: logLevel.NOTHING })
      const producer = kafka.producer({
        transactionalId: unique('tx'),
        maxInFlightRequests: 1,
        idempotent: true,
        createPartitioner: Partitioners.DefaultPartitioner,
      })
      await producer.connect()
      producers.push(producer)
      return producer
    }
    afterEach(async () => {
      await Promise.all(producers.splice(0).map(producer => producer.disconnect()))
      await Promise.all(clients.splice(0).map(kafka => kafka.close()))
    })

    const write = async (
      producer: Producer,
      topic: string,
      numbers: readonly number[],
      end: 'commit' | 'abort',
      padding = '',
    ): Promise<void> => {
      const transaction = await producer.transaction()
      for (let at = 0; at < numbers.length; at += 50) {
        const messages = numbers.slice(at, at + 50).map(i => ({ value: `${i}${padding}`, partition: 0 }))
        await transaction.send({ topic, messages, acks: -1 })
      }
      await (end === 'commit' ? transaction.commit() : transaction.abort())
    }

    it('leaves out two aborts within one fetch, and nothing else', async () => {
      const topic = await newTopic(target())
      const producer = await witness()
      await write(producer, topic, range(0, 10), 'abort')
      await write(producer, topic, range(10, 20), 'commit')
      await write(producer, topic, range(20, 30), 'abort')
      await write(producer, topic, range(30, 40), 'commit')
      expect(await readNumbers(target().bootstrap, topic, 'read_committed')).toEqual(
        new Map([[0, [...range(10, 20), ...range(30, 40)]]]),
      )
      expect((await readNumbers(target().bootstrap, topic)).get(0)).toEqual(range(0, 40))
    })

    it('leaves out an abort larger than a fetch, between transactions of another producer', async () => {
      const topic = await newTopic(target())
      const [one, other] = [await witness(), await witness()]
      const open = await one.transaction()
      for (let at = 0; at < 1500; at += 50) {
        const messages = range(at, at + 50).map(i => ({ value: `${i}${' '.repeat(1000)}`, partition: 0 }))
        await open.send({ topic, messages, acks: -1 })
        if (at === 700) await write(other, topic, range(5000, 5010), 'commit')
      }
      await open.abort()
      await write(other, topic, range(6000, 6010), 'commit')
      const kafka = kafkaOf(target().bootstrap, { 'max.partition.fetch.bytes': '100000', 'fetch.max.bytes': '100000' })
      clients.push(kafka)
      const read: number[] = []
      const log = kafka.topicLog({
        topic,
        isolation: 'read_committed',
        onRecord: ({ value }) => read.push(Number.parseInt(value!.toString(), 10)),
      })
      await log.start()
      expect(read).toEqual([...range(5000, 5010), ...range(6000, 6010)])
    })

    it('does not pass an open transaction, and goes on when it ends', async () => {
      const topic = await newTopic(target())
      const producer = await witness()
      await write(producer, topic, [0], 'commit')
      const kafka = kafkaOf(target().bootstrap)
      clients.push(kafka)
      const read: number[] = []
      const log = kafka.topicLog({
        topic,
        isolation: 'read_committed',
        onRecord: ({ value }) => read.push(Number.parseInt(value!.toString(), 10)),
      })
      const open = await producer.transaction()
      await open.send({ topic, messages: [{ value: '1', partition: 0 }], acks: -1 })
      await log.start()
      expect(read).toEqual([0])
      await open.commit()
      await until(() => read.length === 2)
      await log.readToEnd()
    })

    it('a consumer commits past markers: nothing is left of the lag', async () => {
      const topic = await newTopic(target())
      const producer = await witness()
      await write(producer, topic, range(0, 5), 'commit')
      await write(producer, topic, range(5, 9), 'abort')
      const kafka = kafkaOf(target().bootstrap)
      clients.push(kafka)
      const consumer = kafka.consumer({
        groupId: unique('group'),
        topics: [topic],
        settings: { 'isolation.level': 'read_committed', 'auto.offset.reset': 'earliest' },
      })
      let next = 0
      await until(async () => {
        for (const batch of (await consumer.poll(100)).batches) next = batch.nextOffset
        return next > 0
      })
      // 5 records, their marker, 4 records, theirs.
      expect(next).toBe(11)
    })
  })
}
