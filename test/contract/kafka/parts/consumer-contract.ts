import { Producer as PlatformaticProducer, stringSerializers } from '@platformatic/kafka'
import { CompressionTypes, Kafka as KafkaJs, logLevel, Partitioners } from 'kafkajs'
import { afterEach, describe, expect, it } from 'vitest'
import type { TopicPartition, TopicPartitionOffset } from '../../../../runtime/api/record.ts'
import type { Consumer, ConsumerOptions, Fetched, Kafka } from '../../../../runtime/kafka/ports.ts'
import { kafkaOf, Ledger, newTopic, range, type Target, unique, until, writeNumbers } from './target.ts'

/** A consumer that is polled until it is stopped; what it read, and the hooks that ran. */
class Running {
  readonly numbers = new Map<string, number[]>()
  readonly next = new Map<string, TopicPartitionOffset>()
  readonly events: string[] = []
  readonly consumer: Consumer
  error: Error | null = null
  #stopped = false
  readonly #loop: Promise<void>

  constructor(kafka: Kafka, options: ConsumerOptions, commitOnRevoke = true) {
    const list = (partitions: readonly TopicPartition[]): string =>
      partitions
        .map(({ partition }) => partition)
        .sort()
        .join()
    this.consumer = kafka.consumer({
      ...options,
      settings: { 'auto.offset.reset': 'earliest', 'heartbeat.interval.ms': '100', ...options.settings },
      assigned: async partitions => {
        this.events.push(`+${list(partitions)}`)
        await options.assigned?.(partitions)
      },
      revoked: async partitions => {
        this.events.push(`-${list(partitions)}`)
        if (commitOnRevoke) await this.commit()
        await options.revoked?.(partitions)
      },
      lost: async partitions => {
        this.events.push(`!${list(partitions)}`)
      },
    })
    this.#loop = this.#run()
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stopped) this.take(await this.consumer.poll(200))
    } catch (error) {
      this.error = error as Error
    }
  }

  take(fetched: Fetched): void {
    for (const { topic, partition, reader, from, nextOffset } of fetched.batches) {
      const key = `${topic}/${partition}`
      const list = this.numbers.get(key) ?? []
      for (let i = from; i < reader.count; i++) list.push(Number.parseInt(reader.value(i)!.toString(), 10))
      this.numbers.set(key, list)
      this.next.set(key, { topic, partition, offset: nextOffset })
    }
    fetched.release()
  }

  get count(): number {
    return [...this.numbers.values()].reduce((sum, list) => sum + list.length, 0)
  }

  async commit(): Promise<void> {
    const mine = new Set(this.consumer.assignment().map(({ topic, partition }) => `${topic}/${partition}`))
    await this.consumer.commit([...this.next].filter(([key]) => mine.has(key)).map(([, offset]) => offset))
  }

  async close(): Promise<void> {
    this.#stopped = true
    this.consumer.wakeup()
    await this.#loop
    await this.consumer.close()
  }
}

export function consumerContract(target: () => Target): void {
  describe('consumer', () => {
    const clients: Kafka[] = []
    const running: Running[] = []
    const open = (settings: Record<string, string> = {}): Kafka => {
      const kafka = kafkaOf(target().bootstrap, settings)
      clients.push(kafka)
      return kafka
    }
    const run = (options: ConsumerOptions, settings: Record<string, string> = {}, commitOnRevoke = true): Running => {
      const one = new Running(open(settings), options, commitOnRevoke)
      running.push(one)
      return one
    }
    const fill = async (topic: string, partitions: number, from: number, to: number, padding = ''): Promise<void> => {
      const producer = open().producer({ 'batch.size': '4000' })
      await producer.prepare([topic])
      const ledger = new Ledger()
      for (let partition = 0; partition < partitions; partition++) {
        writeNumbers(producer, topic, partition, from, to, ledger, padding)
      }
      await producer.flush()
      expect(ledger.errors).toEqual([])
      await producer.close()
    }
    afterEach(async () => {
      await Promise.all(running.splice(0).map(one => one.close()))
      await Promise.all(clients.splice(0).map(kafka => kafka.close()))
    })

    it('reads from the beginning, commits, goes on from there', async () => {
      const topic = await newTopic(target(), 2)
      const groupId = unique('group')
      await fill(topic, 2, 0, 1000)
      const first = run({ groupId, topics: [topic] })
      await until(() => first.count === 2000)
      expect(first.numbers.get(`${topic}/1`)).toEqual(range(0, 1000))
      expect(first.events).toEqual(['+0,1'])
      await first.close()
      await fill(topic, 2, 1000, 1010)
      const starts: TopicPartitionOffset[] = []
      const second = run({
        groupId,
        topics: [topic],
        assigned: async partitions => {
          starts.push(...partitions)
        },
      })
      await until(() => second.count === 20)
      expect(starts.map(({ offset }) => offset)).toEqual([1000, 1000])
      expect(second.numbers.get(`${topic}/0`)).toEqual(range(1000, 1010))
      expect(
        await second.consumer.committed([
          { topic, partition: 0 },
          { topic, partition: 5 },
        ]),
      ).toEqual([{ topic, partition: 0, offset: 1000 }])
    })

    it('begins inside a batch when the offset is there', async () => {
      const topic = await newTopic(target())
      await fill(topic, 1, 0, 100)
      const one = run({ groupId: unique('group'), topics: [topic] })
      await until(() => one.count === 100)
      one.numbers.clear()
      one.consumer.seek([{ topic, partition: 0, offset: 37 }])
      await until(() => one.count === 63)
      expect(one.numbers.get(`${topic}/0`)).toEqual(range(37, 100))
      expect(() => one.consumer.seek([{ topic, partition: 9, offset: 0 }])).toThrow(/not assigned/)
    })

    it('hands nothing over of a paused partition', async () => {
      const topic = await newTopic(target(), 2)
      const one = run({
        groupId: unique('group'),
        topics: [topic],
        assigned: async () => one.consumer.pause([{ topic, partition: 0 }]),
      })
      await fill(topic, 2, 0, 500)
      await until(() => one.numbers.get(`${topic}/1`)?.length === 500)
      expect(one.numbers.has(`${topic}/0`)).toBe(false)
      one.consumer.resume([{ topic, partition: 0 }])
      await until(() => one.count === 1000)
      expect(one.numbers.get(`${topic}/0`)).toEqual(range(0, 500))
    })

    it('seeks in the assignment hook, before the first record', async () => {
      const topic = await newTopic(target())
      await fill(topic, 1, 0, 100)
      const one = run({
        groupId: unique('group'),
        topics: [topic],
        assigned: async () => one.consumer.seek([{ topic, partition: 0, offset: 90 }]),
      })
      await until(() => one.count >= 10)
      expect(one.numbers.get(`${topic}/0`)).toEqual(range(90, 100))
    })

    it('waits in a poll no longer than asked, and ends it on wakeup and on abort', async () => {
      const topic = await newTopic(target())
      const consumer = open().consumer({ groupId: unique('group'), topics: [topic] })
      await until(async () => {
        await consumer.poll(50)
        return consumer.assignment().length === 1
      })
      const started = performance.now()
      expect((await consumer.poll(100)).batches).toEqual([])
      expect(performance.now() - started).toBeGreaterThan(90)
      for (const wake of [
        (): AbortSignal | undefined => {
          setTimeout(() => consumer.wakeup(), 20)
          return undefined
        },
        (): AbortSignal | undefined => AbortSignal.timeout(20),
      ]) {
        const before = performance.now()
        await consumer.poll(10_000, wake())
        expect(performance.now() - before).toBeLessThan(5000)
      }
    })

    it('never holds much more than maxBufferedBytes, and lets one fetch through whatever its size', async () => {
      const topic = await newTopic(target(), 4)
      await fill(topic, 4, 0, 2000, ' '.repeat(500))
      const one = run({ groupId: unique('group'), topics: [topic], maxBufferedBytes: 10_000 })
      await until(() => one.count === 8000)
      for (let partition = 0; partition < 4; partition++) {
        expect(one.numbers.get(`${topic}/${partition}`)).toEqual(range(0, 2000))
      }
    })

    it('what was handed over stays as it is until it is released', async () => {
      const topic = await newTopic(target(), 2)
      await fill(topic, 2, 0, 5000, ' '.repeat(300))
      const consumer = open().consumer({
        groupId: unique('group'),
        topics: [topic],
        settings: { 'auto.offset.reset': 'earliest', 'max.partition.fetch.bytes': '100000' },
        maxBufferedBytes: 400_000,
      })
      const held: Fetched[] = []
      let count = 0
      while (count < 10_000) {
        const fetched = await consumer.poll(500)
        held.push(fetched)
        for (const { reader, from } of fetched.batches) count += reader.count - from
      }
      const seen = new Map<number, number[]>()
      for (const { batches } of held) {
        for (const { partition, reader, from } of batches) {
          const list = seen.get(partition) ?? []
          for (let i = from; i < reader.count; i++) list.push(Number.parseInt(reader.value(i)!.toString(), 10))
          seen.set(partition, list)
        }
      }
      expect(seen.get(0)).toEqual(range(0, 5000))
      expect(seen.get(1)).toEqual(range(0, 5000))
      for (const fetched of held) fetched.release()
    })

    for (const strategy of ['range', 'roundrobin', 'sticky', 'cooperative-sticky']) {
      it(`shares partitions with ${strategy}: nothing lost or read twice while members come and go`, async () => {
        const topic = await newTopic(target(), 4)
        const groupId = unique('group')
        const options = {
          groupId,
          topics: [topic],
          settings: { 'partition.assignment.strategy': strategy },
        }
        await fill(topic, 4, 0, 300)
        const first = run(options)
        await until(() => first.count === 1200)
        const second = run(options)
        await until(() => second.consumer.assignment().length === 2 && first.consumer.assignment().length === 2)
        await fill(topic, 4, 300, 600)
        await until(() => first.count + second.count === 2400)
        await second.close()
        await fill(topic, 4, 600, 700)
        await until(() => first.count + second.count === 2800)
        const all = (partition: number): number[] =>
          [
            ...(first.numbers.get(`${topic}/${partition}`) ?? []),
            ...(second.numbers.get(`${topic}/${partition}`) ?? []),
          ].sort((a, b) => a - b)
        for (let partition = 0; partition < 4; partition++) expect(all(partition)).toEqual(range(0, 700))
        expect([first.error, second.error]).toEqual([null, null])
        const cooperative = strategy === 'cooperative-sticky'
        // Eager members give everything up; cooperative ones only what moves.
        expect(first.events[1]).toMatch(cooperative ? /^-\d,\d$/ : /^-0,1,2,3$/)
      })
    }

    it('gives an assignment again when its hook failed', async () => {
      const topic = await newTopic(target(), 2)
      await fill(topic, 2, 0, 5)
      const given: string[] = []
      const consumer = open().consumer({
        groupId: unique('group'),
        topics: [topic],
        settings: { 'auto.offset.reset': 'earliest' },
        async assigned(partitions) {
          given.push(partitions.map(({ partition, offset }) => `${partition}:${offset}`).join())
          if (given.length === 1) throw new Error('not yet')
        },
      })
      await expect(
        (async () => {
          for (;;) await consumer.poll(50)
        })(),
      ).rejects.toThrow('not yet')
      expect(consumer.assignment()).toEqual([])
      let count = 0
      while (count < 10) {
        const fetched = await consumer.poll(50)
        for (const { reader, from } of fetched.batches) count += reader.count - from
        fetched.release()
      }
      expect(given).toEqual(['0:0,1:0', '0:0,1:0'])
      await consumer.close()
    })

    it('follows a pattern: new topics are taken up', async () => {
      const prefix = unique('pattern')
      const admin = open().admin()
      const create = (name: string) =>
        admin.createTopics([{ name, partitions: 1, replicationFactor: target().replicationFactor }])
      await create(`${prefix}-a`)
      await create(`not-${prefix}-a`)
      const one = run({
        groupId: unique('group'),
        topics: new RegExp(`${prefix}-.*`),
        settings: { 'metadata.max.age.ms': '200' },
      })
      await until(() => one.consumer.assignment().length === 1)
      await create(`${prefix}-b`)
      await until(() => one.consumer.assignment().length === 2)
      await fill(`${prefix}-b`, 1, 0, 10)
      await until(() => one.count === 10)
      expect(
        one.consumer
          .assignment()
          .map(({ topic }) => topic)
          .sort(),
      ).toEqual([`${prefix}-a`, `${prefix}-b`])
    })

    it('takes up partitions that are added', async () => {
      const topic = await newTopic(target(), 1)
      const one = run({ groupId: unique('group'), topics: [topic], settings: { 'metadata.max.age.ms': '200' } })
      await until(() => one.consumer.assignment().length === 1)
      await open().admin().createPartitions(topic, 3)
      await until(() => one.consumer.assignment().length === 3)
      await fill(topic, 3, 0, 10)
      await until(() => one.count === 30)
    })

    it('goes on where auto.offset.reset says when its offset was deleted', async () => {
      const topic = await newTopic(target())
      const groupId = unique('group')
      await fill(topic, 1, 0, 100)
      const admin = open().admin()
      await admin.alterGroupOffsets(groupId, [{ topic, partition: 0, offset: 10 }])
      await admin.deleteRecords([{ topic, partition: 0, offset: 60 }])
      const one = run({ groupId, topics: [topic] })
      await until(() => one.count === 40)
      expect(one.numbers.get(`${topic}/0`)).toEqual(range(60, 100))
    })

    it('fails for an offset out of range, or none at all, with auto.offset.reset=none', async () => {
      const topic = await newTopic(target())
      await fill(topic, 1, 0, 10)
      const groupId = unique('group')
      const settings = { 'auto.offset.reset': 'none' }
      const without = run({ groupId, topics: [topic], settings })
      await until(() => without.error !== null)
      expect(without.error?.message).toMatch(new RegExp(`${groupId}.*${topic}-0.*auto.offset.reset`))
      await without.close()
      await open()
        .admin()
        .alterGroupOffsets(groupId, [{ topic, partition: 0, offset: 1000 }])
      const beyond = run({ groupId, topics: [topic], settings })
      await until(() => beyond.error !== null)
      expect(beyond.error).toMatchObject({ kafkaCode: 'OFFSET_OUT_OF_RANGE', topic, partition: 0 })
    })

    it('a static member that comes back within its session keeps its partitions, without a rebalance', async () => {
      const topic = await newTopic(target(), 2)
      const groupId = unique('group')
      const settings = (id: string) => ({ 'group.instance.id': id, 'session.timeout.ms': '30000' })
      const [a, b] = [
        run({ groupId, topics: [topic], settings: settings('a') }),
        run({ groupId, topics: [topic], settings: settings('b') }),
      ]
      await until(() => a.consumer.assignment().length === 1 && b.consumer.assignment().length === 1)
      const [mine] = b.consumer.assignment()
      const events = a.events.length
      await b.close()
      const again = run({ groupId, topics: [topic], settings: settings('b') })
      await until(() => again.consumer.assignment().length === 1)
      expect(again.consumer.assignment()).toEqual([mine])
      expect(a.events.length).toBe(events)
      // A second one of the same name fences the first.
      const intruder = run({ groupId, topics: [topic], settings: settings('b') })
      await until(() => again.error !== null)
      expect(again.error).toMatchObject({ kafkaCode: 'FENCED_INSTANCE_ID' })
      await until(() => intruder.consumer.assignment().length === 1)
    })

    it('a member that is not polled leaves; what it had is lost to it, and its commit is refused', async () => {
      const topic = await newTopic(target(), 1)
      const groupId = unique('group')
      const lost: string[] = []
      const consumer = open().consumer({
        groupId,
        topics: [topic],
        settings: { 'max.poll.interval.ms': '400', 'heartbeat.interval.ms': '50' },
        lost: async partitions => {
          lost.push(...partitions.map(({ partition }) => `${partition}`))
        },
      })
      await until(async () => {
        await consumer.poll(20)
        return consumer.assignment().length === 1
      })
      const other = run({ groupId, topics: [topic] })
      await until(() => other.consumer.assignment().length === 1)
      await expect(consumer.commit([{ topic, partition: 0, offset: 1 }])).rejects.toMatchObject({ kind: 'FENCED' })
      await consumer.poll(50)
      expect(lost).toEqual(['0'])
      expect(consumer.assignment()).toEqual([])
    })

    it('reads what @platformatic/kafka writes, in every compression', async () => {
      const topic = await newTopic(target(), 1)
      const producer = new PlatformaticProducer({
        clientId: 'witness',
        bootstrapBrokers: target().bootstrap.split(','),
        serializers: stringSerializers,
      })
      try {
        const kinds = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
        for (const [at, compression] of kinds.entries()) {
          const messages = range(at * 100, at * 100 + 100).map(i => ({ topic, partition: 0, key: 'k', value: `${i}` }))
          await producer.send({ messages, compression, acks: -1 })
        }
        const one = run({ groupId: unique('group'), topics: [topic] })
        await until(() => one.count === 500)
        expect(one.numbers.get(`${topic}/0`)).toEqual(range(0, 500))
      } finally {
        await producer.close()
      }
    })

    it('reads what kafkajs writes, gzip included, and kafkajs describes our group', async () => {
      const topic = await newTopic(target(), 1)
      const groupId = unique('group')
      const witness = new KafkaJs({ brokers: target().bootstrap.split(','), logLevel: logLevel.NOTHING })
      const producer = witness.producer({ createPartitioner: Partitioners.DefaultPartitioner })
      const admin = witness.admin()
      await Promise.all([producer.connect(), admin.connect()])
      try {
        for (const compression of [CompressionTypes.None, CompressionTypes.GZIP]) {
          const messages = range(0, 500).map(i => ({ key: `k${i}`, value: `${i}`, headers: { h: 'x' } }))
          await producer.send({ topic, messages, compression })
        }
        const one = run({ groupId, topics: [topic] })
        await until(() => one.count === 1000)
        await one.commit()
        const { groups } = await admin.describeGroups([groupId])
        expect(groups[0]).toMatchObject({ state: 'Stable', protocolType: 'consumer', protocol: 'range' })
        expect(groups[0]?.members[0]?.clientId).toBe('contract')
        const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] })
        expect(offsets?.partitions[0]).toMatchObject({ partition: 0, offset: '1000' })
      } finally {
        await Promise.all([producer.disconnect(), admin.disconnect()])
      }
    })
  })
}
