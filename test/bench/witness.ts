import { setTimeout as delay } from 'node:timers/promises'
import { type Admin, type EachMessagePayload, Kafka, logLevel, Partitioners } from 'kafkajs'

/** Counts and fills topics through kafkajs, which shares no code with what is measured. */
export class Witness {
  readonly #kafka: Kafka
  readonly #admin: Admin

  private constructor(kafka: Kafka, admin: Admin) {
    this.#kafka = kafka
    this.#admin = admin
  }

  static async connect(bootstrap: string): Promise<Witness> {
    const kafka = new Kafka({
      clientId: 'bench-witness',
      brokers: [bootstrap],
      logLevel: logLevel.NOTHING,
      retry: { retries: 5 },
    })
    const admin = kafka.admin()
    await admin.connect()
    return new Witness(kafka, admin)
  }

  /** `config`: settings of the topic. */
  async create(topic: string, partitions: number, config: Readonly<Record<string, string>> = {}): Promise<void> {
    const made = await this.#admin.createTopics({
      waitForLeaders: true,
      topics: [
        {
          topic,
          numPartitions: partitions,
          replicationFactor: 1,
          configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
        },
      ],
    })
    if (!made) throw new Error(`Topic ${topic} was there before`)
  }

  /** Removes topics whose name begins so. */
  async drop(prefix: string): Promise<void> {
    const topics = (await this.#admin.listTopics()).filter(topic => topic.startsWith(prefix))
    if (topics.length > 0) await this.#admin.deleteTopics({ topics })
  }

  async dropGroup(group: string): Promise<void> {
    await this.#admin.deleteGroups([group])
  }

  /** Records in a topic that is there: its ends less its beginnings; no transactions and no compaction here. */
  async count(topic: string): Promise<number> {
    const offsets = await this.#admin.fetchTopicOffsets(topic)
    return offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
  }

  /** The timestamps (ms since the epoch) of what single-partition topics hold, in the order of their offsets. */
  async timestamps(topics: readonly string[]): Promise<Map<string, number[]>> {
    const found = new Map(topics.map(topic => [topic, [] as number[]]))
    await this.read(topics, (topic, { timestamp }) => void found.get(topic)!.push(timestamp))
    return found
  }

  /** Every record that single-partition topics hold now, in the order of their offsets. */
  async read(
    topics: readonly string[],
    onRecord: (topic: string, record: { readonly timestamp: number; readonly value: Buffer | null }) => void,
  ): Promise<void> {
    const ends = new Map<string, number>()
    for (const topic of topics) ends.set(topic, Number((await this.#admin.fetchTopicOffsets(topic))[0]!.high))
    const read = new Map(topics.map(topic => [topic, 0]))
    const consumer = this.#kafka.consumer({ groupId: `bench-witness-${process.pid}-${Date.now()}` })
    await consumer.connect()
    await consumer.subscribe({ topics: [...topics], fromBeginning: true })
    const complete = () => topics.every(topic => read.get(topic)! >= ends.get(topic)!)
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('The topics could not be read in 60 s')), 60_000)
      const check = () => {
        if (!complete()) return
        clearTimeout(late)
        resolve()
      }
      const eachMessage = async ({ topic, message }: EachMessagePayload) => {
        onRecord(topic, { timestamp: Number(message.timestamp), value: message.value })
        read.set(topic, read.get(topic)! + 1)
        check()
      }
      consumer.run({ eachMessage }).catch(reject)
      check()
    })
    await consumer.disconnect()
  }

  /**
   * Resolves when the topic has `target` records more than `from`: when the first of them was seen and when the last, ms
   * since the epoch, each up to 100 ms late. `check` is called now and then and ends the wait by throwing.
   */
  async arrived(
    topic: string,
    target: number,
    check: () => Promise<void>,
    { from = 0, stalledMs = 120_000 } = {},
  ): Promise<{ readonly first: number; readonly last: number }> {
    let first = 0
    let seen = from
    let moved = Date.now()
    for (let turn = 0; ; turn++) {
      const count = await this.count(topic)
      const now = Date.now()
      if (count > seen) {
        first ||= now
        seen = count
        moved = now
      }
      if (count > from + target) throw new Error(`${topic} has ${count - from} records where ${target} were expected`)
      if (count === from + target) return { first, last: now }
      if (now - moved > stalledMs)
        throw new Error(`${topic}: ${count - from} of ${target} records, and none came for ${stalledMs / 1000} s`)
      if (turn % 20 === 19) await check()
      await delay(100)
    }
  }

  /** Writes `records` records in runs over the partitions, each partition getting the same number. */
  async fill(
    topic: string,
    partitions: number,
    records: number,
    make: (index: number) => { readonly key: string; readonly value: string },
  ): Promise<void> {
    const producer = this.#kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    const perPartition = records / partitions
    const batch = 1000
    for (let partition = 0; partition < partitions; partition++) {
      const end = perPartition * (partition + 1)
      for (let index = perPartition * partition; index < end; index += batch) {
        const messages = Array.from({ length: Math.min(batch, end - index) }, (_, i) => ({
          partition,
          ...make(index + i),
        }))
        // One at a time: it is only then that this client loses nothing.
        await producer.send({ topic, messages })
      }
    }
    await producer.disconnect()
    const there = await this.count(topic)
    if (there !== records) throw new Error(`${topic} was filled with ${there} records instead of ${records}`)
  }

  async close(): Promise<void> {
    await this.#admin.disconnect()
  }
}
