import { randomBytes } from 'node:crypto'
import { createKafka } from '../../../../runtime/kafka/kafka.ts'
import type { ClientSettings, Delivery, Kafka, Producer } from '../../../../runtime/kafka/ports.ts'

/** A cluster that the contract runs against. */
export interface Target {
  readonly bootstrap: string
  readonly replicationFactor: number
}

/** Quick to notice what is wrong, so that tests are too. */
export const quick: ClientSettings = {
  'retry.backoff.ms': '20',
  'retry.backoff.max.ms': '200',
  'reconnect.backoff.ms': '20',
  'reconnect.backoff.max.ms': '200',
}

export const kafkaOf = (bootstrap: string, settings: ClientSettings = {}): Kafka =>
  createKafka({ 'bootstrap.servers': bootstrap, 'client.id': 'contract', ...quick, ...settings })

export const unique = (name: string): string => `${name}-${randomBytes(5).toString('hex')}`

/** A new topic, all its partitions led. */
export async function newTopic(
  target: Target,
  partitions = 1,
  configs: Readonly<Record<string, string>> = {},
): Promise<string> {
  const name = unique('topic')
  const kafka = kafkaOf(target.bootstrap)
  try {
    const admin = kafka.admin()
    await admin.createTopics([{ name, partitions, replicationFactor: target.replicationFactor, configs }])
    await until(async () => {
      const [found] = await admin.describeTopics([name])
      return found?.partitions.length === partitions && found.partitions.every(({ leader }) => leader >= 0)
    })
    return name
  } finally {
    await kafka.close()
  }
}

/** Counts what became of records, and checks that it is told in order per partition. */
export class Ledger implements Delivery {
  acked = 0
  errors: Error[] = []
  failedCount = 0

  acknowledged(count: number): void {
    this.acked += count
  }

  failed(count: number, _topic: string, _partition: number, error: Error): void {
    this.failedCount += count
    this.errors.push(error)
  }
}

/** Appends one record per number, as text, to one partition. */
export function writeNumbers(
  producer: Producer,
  topic: string,
  partition: number,
  from: number,
  to: number,
  delivery: Delivery,
  padding = '',
): void {
  const now = Date.now()
  for (let i = from; i < to; i++) {
    const writer = producer.open(topic, partition)
    writer.beginRecord(now, null)
    writer.writeText(`${i}${padding}`)
    writer.endRecord(true, null)
    producer.appended(topic, partition, delivery)
  }
}

/** The numbers of each partition, in order of offset, as our topic log reads them. */
export async function readNumbers(
  bootstrap: string,
  topic: string,
  isolation: 'read_committed' | 'read_uncommitted' = 'read_uncommitted',
): Promise<Map<number, number[]>> {
  const numbers = new Map<number, number[]>()
  const kafka = kafkaOf(bootstrap)
  try {
    const log = kafka.topicLog({
      topic,
      isolation,
      onRecord({ partition, value }) {
        const list = numbers.get(partition) ?? []
        list.push(Number.parseInt(value!.toString('utf8'), 10))
        numbers.set(partition, list)
      },
    })
    await log.start()
    await log.readToEnd()
    return numbers
  } finally {
    await kafka.close()
  }
}

export const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

/** Waits for a condition, looking again every few milliseconds. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Waited ${timeoutMs} ms in vain for: ${condition}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
