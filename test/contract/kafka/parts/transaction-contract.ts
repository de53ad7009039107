import { Kafka as KafkaJs, logLevel, Partitioners, type Producer } from 'kafkajs'
import { afterEach, describe, expect, it } from 'vitest'
import type { ClientSettings, Kafka } from '../../../../runtime/kafka/ports.ts'
import { addPartitionsToTxn } from '../../../../runtime/protocol/messages/add-partitions-to-txn.ts'
import { endTxn } from '../../../../runtime/protocol/messages/end-txn.ts'
import { produce } from '../../../../runtime/protocol/messages/produce.ts'
import { type FailureProxy, startFailureProxy } from '../../../support/failure-proxy.ts'
import { kafkaOf, Ledger, newTopic, range, readNumbers, type Target, unique, until, writeNumbers } from './target.ts'

/** What others wrote in transactions, read with read_committed; and what we write in them. */
export function transactionContract(target: () => Target): void {
  producerInTransactions(target)

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
      // What stands behind it may be committed: the end is only reached with it.
      let reached = false
      const reaching = log.readToEnd().then(() => (reached = true))
      await log.append([{ key: null, value: Buffer.from('2') }])
      expect([read, reached]).toEqual([[0], false])
      await open.commit()
      await reaching
      await until(() => read.length === 3)
      expect(read).toEqual([0, 1, 2])
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

function producerInTransactions(target: () => Target): void {
  describe('a transactional producer', () => {
    const clients: Kafka[] = []
    const proxies: FailureProxy[] = []
    const open = (bootstrap = target().bootstrap): Kafka => {
      const kafka = kafkaOf(bootstrap)
      clients.push(kafka)
      return kafka
    }
    afterEach(async () => {
      await Promise.all(clients.splice(0).map(kafka => kafka.close()))
      await Promise.all(proxies.splice(0).map(proxy => proxy.close()))
    })
    const begun = async (kafka: Kafka, id: string, topics: readonly string[], settings: ClientSettings = {}) => {
      const producer = kafka.transactionalProducer({ 'transactional.id': id, ...settings })
      await producer.init()
      await producer.prepare(topics)
      return producer
    }
    const committed = async (topic: string): Promise<number[]> =>
      [...(await readNumbers(target().bootstrap, topic, 'read_committed')).values()].flat().sort((a, b) => a - b)

    it.each(['none', 'gzip', 'zstd'])(
      'commits over partitions and topics, aborts, and goes on: %s',
      async compression => {
        const [topic, other] = [await newTopic(target(), 3), await newTopic(target())]
        const producer = await begun(open(), unique('tx'), [topic, other], { 'compression.type': compression })
        const ledger = new Ledger()
        // Nothing to end is no error.
        await producer.commit()
        await producer.abort()
        for (let round = 0; round < 6; round++) {
          for (let partition = 0; partition < 3; partition++) {
            const from = round * 30 + partition * 10
            writeNumbers(producer, topic, partition, from, from + 10, ledger)
          }
          writeNumbers(producer, other, 0, round, round + 1, ledger)
          if (round % 2 === 0) await producer.commit()
          else await producer.abort()
        }
        expect([ledger.acked, ledger.failedCount]).toEqual([186, 0])
        expect(await committed(other)).toEqual([0, 2, 4])
        expect(await committed(topic)).toEqual([...range(0, 30), ...range(60, 90), ...range(120, 150)])
      },
    )

    it('is fenced by a newer one, which aborts what was open; nothing it writes afterwards counts', async () => {
      const topic = await newTopic(target())
      const id = unique('tx')
      const old = await begun(open(), id, [topic])
      const ledger = new Ledger()
      writeNumbers(old, topic, 0, 0, 10, ledger)
      await old.flush()
      const next = await begun(open(), id, [topic])
      writeNumbers(next, topic, 0, 100, 110, ledger)
      await next.commit()
      writeNumbers(old, topic, 0, 10, 20, ledger)
      await expect(old.commit()).rejects.toThrow(/INVALID_PRODUCER_EPOCH|PRODUCER_FENCED/)
      await expect(old.ready()).rejects.toThrow(/INVALID_PRODUCER_EPOCH|PRODUCER_FENCED/)
      writeNumbers(next, topic, 0, 110, 120, ledger)
      await next.commit()
      expect(await committed(topic)).toEqual(range(100, 120))
    })

    it('is fenced by an admin, for good', async () => {
      const topic = await newTopic(target())
      const [id, unused] = [unique('tx'), unique('tx')]
      const producer = await begun(open(), id, [topic])
      writeNumbers(producer, topic, 0, 0, 10, new Ledger())
      await producer.flush()
      await open().admin().fenceProducers([id, unused])
      await expect(producer.commit()).rejects.toThrow(/INVALID_PRODUCER_EPOCH|PRODUCER_FENCED/)
      expect(await committed(topic)).toEqual([])
    })

    it('ends with the first record that fails; the rest of its transaction is not seen', async () => {
      const topic = await newTopic(target(), 1, { 'max.message.bytes': '2000' })
      const producer = await begun(open(), unique('tx'), [topic])
      const ledger = new Ledger()
      writeNumbers(producer, topic, 0, 0, 5, ledger)
      await producer.flush()
      writeNumbers(producer, topic, 0, 5, 6, ledger, ' '.repeat(5000))
      await expect(producer.commit()).rejects.toThrow(/MESSAGE_TOO_LARGE/)
      await producer.close()
      expect(await committed(topic)).toEqual([])
      expect([ledger.acked, ledger.failedCount]).toEqual([5, 1])
    })

    it('a producer closed in the middle leaves nobody waiting', async () => {
      const topic = await newTopic(target())
      const producer = await begun(open(), unique('tx'), [topic])
      writeNumbers(producer, topic, 0, 0, 5, new Ledger())
      await producer.flush()
      await producer.close()
      const plain = open().producer()
      await plain.prepare([topic])
      writeNumbers(plain, topic, 0, 7, 8, new Ledger())
      await plain.flush()
      expect(await committed(topic)).toEqual([7])
    })

    it('goes on when answers are lost, each transaction whole', async () => {
      const topic = await newTopic(target(), 2)
      const proxy = await startFailureProxy(target().bootstrap)
      proxies.push(proxy)
      const producer = await begun(open(proxy.bootstrap), unique('tx'), [topic])
      let answers = 0
      const inTransactions: readonly number[] = [produce.key, addPartitionsToTxn.key, endTxn.key]
      proxy.onAnswer = key => (inTransactions.includes(key) && ++answers % 5 === 0 ? 'lose' : 'pass')
      const ledger = new Ledger()
      for (let round = 0; round < 20; round++) {
        writeNumbers(producer, topic, 0, round * 10, round * 10 + 5, ledger)
        writeNumbers(producer, topic, 1, round * 10 + 5, round * 10 + 10, ledger)
        await (round % 3 === 2 ? producer.abort() : producer.commit())
      }
      expect(proxy.faults).toBeGreaterThan(5)
      expect(ledger.failedCount).toBe(0)
      const kept = range(0, 20).filter(round => round % 3 !== 2)
      expect(await committed(topic)).toEqual(kept.flatMap(round => range(round * 10, round * 10 + 10)))
    })
  })
}
