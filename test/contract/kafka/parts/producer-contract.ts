import { Kafka as KafkaJs, logLevel } from 'kafkajs'
import { afterEach, describe, expect, it } from 'vitest'
import type { Kafka } from '../../../../runtime/kafka/ports.ts'
import { produce } from '../../../../runtime/protocol/messages/produce.ts'
import { type FailureProxy, startFailureProxy } from '../../../support/failure-proxy.ts'
import { kafkaOf, Ledger, newTopic, range, readNumbers, type Target, unique, until, writeNumbers } from './target.ts'

export function producerContract(target: () => Target): void {
  describe('producer', () => {
    const clients: Kafka[] = []
    const proxies: FailureProxy[] = []
    const open = (bootstrap = target().bootstrap, settings: Record<string, string> = {}): Kafka => {
      const kafka = kafkaOf(bootstrap, settings)
      clients.push(kafka)
      return kafka
    }
    const proxied = async (): Promise<FailureProxy> => {
      const proxy = await startFailureProxy(target().bootstrap)
      proxies.push(proxy)
      return proxy
    }
    afterEach(async () => {
      await Promise.all(clients.splice(0).map(kafka => kafka.close()))
      await Promise.all(proxies.splice(0).map(proxy => proxy.close()))
    })

    it('acknowledges runs in order, per partition', async () => {
      const topic = await newTopic(target(), 2)
      const producer = open().producer({ 'batch.size': '2000' })
      await producer.prepare([topic])
      expect(producer.partitionCount(topic)).toBe(2)
      const told: string[] = []
      const delivery = (name: string) => ({
        acknowledged: (count: number, of: string, partition: number) =>
          told.push(`${name} ${count} ${of === topic} ${partition}`),
        failed: (_: number, __: string, ___: number, error: Error) => told.push(error.message),
      })
      const [first, second, other] = [delivery('first'), delivery('second'), delivery('other')]
      writeNumbers(producer, topic, 0, 0, 3, first)
      writeNumbers(producer, topic, 1, 0, 1, other)
      writeNumbers(producer, topic, 0, 3, 5, second)
      writeNumbers(producer, topic, 0, 5, 6, first)
      expect(producer.bufferedBytes).toBeGreaterThan(0)
      producer.send()
      await producer.flush()
      expect(told.filter(text => text.endsWith('0'))).toEqual(['first 3 true 0', 'second 2 true 0', 'first 1 true 0'])
      expect(told).toContain('other 1 true 1')
      expect(producer.bufferedBytes).toBe(0)
      expect(await readNumbers(target().bootstrap, topic)).toEqual(
        new Map([
          [0, range(0, 6)],
          [1, [0]],
        ]),
      )
    })

    for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
      it(`writes batches compressed with ${compression} that are read back whole`, async () => {
        const topic = await newTopic(target(), 1)
        const producer = open().producer({ 'compression.type': compression, 'batch.size': '20000' })
        await producer.prepare([topic])
        const ledger = new Ledger()
        for (let i = 0; i < 10_000; i += 1000) {
          await producer.ready()
          writeNumbers(producer, topic, 0, i, i + 1000, ledger, ' and some words that are always the same')
          producer.send()
        }
        await producer.flush()
        expect(ledger).toMatchObject({ acked: 10_000, failedCount: 0 })
        expect(await readNumbers(target().bootstrap, topic)).toEqual(new Map([[0, range(0, 10_000)]]))
      })
    }

    it('is read by kafkajs: keys, nulls, headers, timestamps', async () => {
      const topic = await newTopic(target(), 1)
      const producer = open().producer({ 'compression.type': 'gzip' })
      await producer.prepare([topic])
      const ledger = new Ledger()
      const write = (
        key: string | null,
        value: string | null,
        headers: { key: string; value: Buffer | null }[],
      ): void => {
        const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text))
        producer.open(topic, 0).add(1_700_000_000_123, bytes(key), bytes(value), headers)
        producer.appended(topic, 0, ledger)
      }
      write('ключ', 'wört', [{ key: 'a', value: Buffer.from([0, 255]) }])
      write(null, 'no key', [])
      write('tombstone', null, [])
      producer.send()
      await producer.flush()
      const witness = new KafkaJs({ brokers: target().bootstrap.split(','), logLevel: logLevel.NOTHING })
      const consumer = witness.consumer({ groupId: unique('witness'), sessionTimeout: 10_000, maxWaitTimeInMs: 100 })
      const read: unknown[] = []
      try {
        await consumer.connect()
        await consumer.subscribe({ topics: [topic], fromBeginning: true })
        await consumer.run({
          eachMessage: async ({ message }) => {
            const { key, value, headers, timestamp } = message
            read.push([key?.toString() ?? null, value?.toString() ?? null, headers, timestamp])
          },
        })
        await until(() => read.length === 3)
      } finally {
        await consumer.disconnect()
      }
      const time = '1700000000123'
      expect(read).toEqual([
        ['ключ', 'wört', { a: Buffer.from([0, 255]) }, time],
        [null, 'no key', {}, time],
        ['tombstone', null, {}, time],
      ])
    })

    it('splits a batch that the topic refuses and keeps order and count', async () => {
      const topic = await newTopic(target(), 1, { 'max.message.bytes': '5000' })
      const producer = open().producer({ 'batch.size': '100000' })
      await producer.prepare([topic])
      const ledger = new Ledger()
      writeNumbers(producer, topic, 0, 0, 2000, ledger, ' '.repeat(20))
      await producer.flush()
      writeNumbers(producer, topic, 0, 2000, 2500, ledger, ' '.repeat(20))
      await producer.flush()
      expect(ledger).toMatchObject({ acked: 2500, failedCount: 0 })
      expect(await readNumbers(target().bootstrap, topic)).toEqual(new Map([[0, range(0, 2500)]]))
    })

    it('fails a record that is too large for the topic, by name, and goes on', async () => {
      const topic = await newTopic(target(), 1, { 'max.message.bytes': '1000' })
      const producer = open().producer()
      await producer.prepare([topic])
      const [before, large, after] = [new Ledger(), new Ledger(), new Ledger()]
      writeNumbers(producer, topic, 0, 0, 1, before)
      writeNumbers(producer, topic, 0, 1, 2, large, ' '.repeat(2000))
      writeNumbers(producer, topic, 0, 2, 3, after)
      await producer.flush()
      expect([before.acked, large.acked, after.acked]).toEqual([1, 0, 1])
      expect(large.errors[0]).toMatchObject({ kafkaCode: 'MESSAGE_TOO_LARGE', topic, partition: 0, retriable: false })
      expect(await readNumbers(target().bootstrap, topic)).toEqual(new Map([[0, [0, 2]]]))
    })

    it('fails a record above max.request.size, naming the setting, and sends its neighbours', async () => {
      const topic = await newTopic(target(), 1)
      const producer = open().producer({ 'max.request.size': '4000' })
      await producer.prepare([topic])
      const [small, large] = [new Ledger(), new Ledger()]
      writeNumbers(producer, topic, 0, 0, 1, small)
      writeNumbers(producer, topic, 0, 1, 2, large, ' '.repeat(9000))
      writeNumbers(producer, topic, 0, 2, 3, small)
      await producer.flush()
      expect(small.acked).toBe(2)
      expect(large.errors[0]?.message).toMatch(new RegExp(`${topic}-0 exceeds max.request.size \\(4000\\)`))
    })

    it('says which topic does not exist', async () => {
      const producer = open(undefined, { 'max.block.ms': '300' }).producer()
      const topic = 'not a valid topic name!'
      await expect(producer.prepare([topic])).rejects.toMatchObject({ name: 'KafkaProtocolError', topic })
    })

    it('holds back who asks whether there is room, while the broker is away', async () => {
      const topic = await newTopic(target(), 1)
      const proxy = await proxied()
      const producer = open(proxy.bootstrap).producer({ 'buffer.memory': '20000' })
      await producer.prepare([topic])
      const ledger = new Ledger()
      proxy.refuse = true
      writeNumbers(producer, topic, 0, 0, 300, ledger, ' '.repeat(100))
      let ready = false
      const room = producer.ready().then(() => {
        ready = true
      })
      await expect(producer.ready(AbortSignal.timeout(300))).rejects.toThrow()
      expect([ready, ledger.acked]).toEqual([false, 0])
      proxy.refuse = false
      await room
      await producer.flush()
      expect(ledger).toMatchObject({ acked: 300, failedCount: 0 })
      expect(await readNumbers(target().bootstrap, topic)).toEqual(new Map([[0, range(0, 300)]]))
    })

    it('fails what was not acknowledged in delivery.timeout.ms', async () => {
      const topic = await newTopic(target(), 1)
      const proxy = await proxied()
      const producer = open(proxy.bootstrap).producer({ 'delivery.timeout.ms': '400' })
      await producer.prepare([topic])
      proxy.refuse = true
      const ledger = new Ledger()
      writeNumbers(producer, topic, 0, 0, 10, ledger)
      await producer.flush()
      expect(ledger.failedCount).toBe(10)
      expect(ledger.errors[0]?.message).toMatch(new RegExp(`${topic}-0 .*delivery.timeout.ms`))
      // It can go on afterwards, without a gap that the broker would refuse.
      proxy.refuse = false
      const later = new Ledger()
      await until(async () => {
        writeNumbers(producer, topic, 0, 10, 11, later)
        await producer.flush()
        return later.acked > 0
      })
    })

    it('fails what is left when it is closed', async () => {
      const topic = await newTopic(target(), 1)
      const proxy = await proxied()
      const producer = open(proxy.bootstrap).producer()
      await producer.prepare([topic])
      proxy.refuse = true
      const ledger = new Ledger()
      writeNumbers(producer, topic, 0, 0, 10, ledger)
      await producer.close(100)
      expect(ledger).toMatchObject({ acked: 0, failedCount: 10 })
    })

    it('holds small batches back for linger.ms', async () => {
      const topic = await newTopic(target(), 1)
      const proxy = await proxied()
      let requests = 0
      proxy.onRequest = apiKey => {
        if (apiKey === produce.key) requests++
        return 'pass'
      }
      const producer = open(proxy.bootstrap).producer({ 'linger.ms': '200' })
      await producer.prepare([topic])
      const ledger = new Ledger()
      for (let i = 0; i < 5; i++) {
        writeNumbers(producer, topic, 0, i, i + 1, ledger)
        producer.send()
        await new Promise(resolve => setImmediate(resolve))
      }
      await until(() => ledger.acked === 5)
      expect(requests).toBe(1)
    })

    for (const acks of ['0', '1']) {
      it(`delivers with acks=${acks}`, async () => {
        const topic = await newTopic(target(), 1)
        const producer = open().producer({ acks })
        await producer.prepare([topic])
        const ledger = new Ledger()
        writeNumbers(producer, topic, 0, 0, 100, ledger)
        await producer.flush()
        expect(ledger.acked).toBe(100)
        await until(async () => (await readNumbers(target().bootstrap, topic)).get(0)?.length === 100)
      })
    }
  })
}
