import { afterEach, describe, expect, it } from 'vitest'
import type { Kafka, LogRecord, TopicLogOptions } from '../../../../runtime/kafka/ports.ts'
import { kafkaOf, newTopic, type Target, unique, until } from './target.ts'

const bytes = (text: string): Buffer => Buffer.from(text)

export function topicLogContract(target: () => Target): void {
  describe('topic log', () => {
    const clients: Kafka[] = []
    const open = (settings: Record<string, string> = {}): Kafka => {
      const kafka = kafkaOf(target().bootstrap, settings)
      clients.push(kafka)
      return kafka
    }
    const logOf = (topic: string, read: LogRecord[], options: Partial<TopicLogOptions> = {}) =>
      open({ 'metadata.max.age.ms': '200' }).topicLog({ topic, onRecord: record => read.push(record), ...options })
    afterEach(async () => {
      await Promise.all(clients.splice(0).map(kafka => kafka.close()))
    })

    it('reads what is there, then follows; appends are acknowledged in order', async () => {
      const topic = await newTopic(target(), 2, { 'cleanup.policy': 'compact' })
      const [mine, theirs]: [LogRecord[], LogRecord[]] = [[], []]
      const first = logOf(topic, mine)
      await first.start()
      expect(mine).toEqual([])
      await first.append([
        { key: bytes('a'), value: bytes('1'), partition: 1 },
        { key: bytes('a'), value: null, partition: 1 },
      ])
      await first.append([{ key: bytes('b'), value: bytes('2'), partition: 1 }])
      await first.readToEnd()
      expect(
        mine.map(({ partition, offset, key, value }) => [partition, offset, key?.toString(), value?.toString()]),
      ).toEqual([
        [1, 0, 'a', '1'],
        [1, 1, 'a', undefined],
        [1, 2, 'b', '2'],
      ])
      const second = logOf(topic, theirs)
      await second.start()
      expect(theirs).toEqual(mine)
      await first.append([{ key: bytes('c'), value: bytes('3') }])
      await until(() => theirs.length === 4 && mine.length === 4)
    })

    it('places keys as the Java clients do', async () => {
      const topic = await newTopic(target(), 10)
      const read: LogRecord[] = []
      const log = logOf(topic, read)
      await log.start()
      await log.append(['21', 'foobar', 'a-little-bit-long-string'].map(key => ({ key: bytes(key), value: null })))
      await log.readToEnd()
      const place = new Map(read.map(({ key, partition }) => [key!.toString(), partition]))
      // murmur2: -973932308, -790332482, -985981536
      const positive = (hash: number): number => (hash & 0x7fffffff) % 10
      expect(place.get('21')).toBe(positive(-973932308))
      expect(place.get('foobar')).toBe(positive(-790332482))
      expect(place.get('a-little-bit-long-string')).toBe(positive(-985981536))
    })

    it('keeps the bytes it gave', async () => {
      const topic = await newTopic(target())
      const read: LogRecord[] = []
      const log = logOf(topic, read)
      await log.start()
      for (let i = 0; i < 20; i++) {
        await log.append([{ key: bytes(`key ${i}`), value: bytes(`value ${i}`.padEnd(1000, '.')) }])
      }
      await log.readToEnd()
      expect(read.map(({ value }) => value!.toString().replace(/\.*$/, ''))).toEqual(
        Array.from({ length: 20 }, (_, i) => `value ${i}`),
      )
    })

    it('reads partitions that are added later', async () => {
      const topic = await newTopic(target(), 1)
      const read: LogRecord[] = []
      const log = logOf(topic, read)
      await log.start()
      const kafka = open()
      await kafka.admin().createPartitions(topic, 2)
      const producer = kafka.producer()
      await until(async () => {
        await producer.prepare([topic])
        return producer.partitionCount(topic) === 2
      })
      producer.open(topic, 1).add(Date.now(), null, bytes('late'))
      const failures: Error[] = []
      producer.appended(topic, 1, { acknowledged() {}, failed: (_, __, ___, error) => failures.push(error) })
      await producer.flush()
      await until(() => read.length === 1)
      expect(failures).toEqual([])
    })

    it('fails to start on a topic that is not there, by name', async () => {
      const topic = unique('missing')
      const log = open({ 'default.api.timeout.ms': '300' }).topicLog({ topic, onRecord() {} })
      await expect(log.start()).rejects.toThrow(topic)
    })

    it('an error in onRecord stops it and is said', async () => {
      const topic = await newTopic(target())
      const errors: Error[] = []
      const log = logOf(topic, [], {
        onRecord() {
          throw new Error('cannot use it')
        },
        onError: error => errors.push(error),
      })
      await log.start()
      await log.append([{ key: null, value: bytes('x') }])
      await until(() => errors.length === 1)
      await expect(log.readToEnd()).rejects.toThrow('cannot use it')
    })
  })
}
