import { join } from 'node:path'
import type { Kafka, Producer } from '../../runtime/kafka/ports.ts'

export interface PortFigure {
  readonly records: number
  readonly cpuSeconds: number
  readonly wallSeconds: number
  readonly peakRssMb: number
}

const valueBytes = 300
const perBatch = 1000

/** The port of the checkout that is measured. */
const open = async (tree: string, bootstrap: string): Promise<Kafka> => {
  const { createKafka } = (await import(
    join(tree, 'runtime/kafka/kafka.ts')
  )) as typeof import('../../runtime/kafka/kafka.ts')
  return createKafka({ 'bootstrap.servers': bootstrap, 'client.id': 'bench' })
}

const meter = (): ((records: number) => PortFigure) => {
  const cpu = process.cpuUsage()
  const started = performance.now()
  return records => {
    const { user, system } = process.cpuUsage(cpu)
    return {
      records,
      cpuSeconds: (user + system) / 1e6,
      wallSeconds: (performance.now() - started) / 1000,
      peakRssMb: process.resourceUsage().maxRSS / 1024,
    }
  }
}

/**
 * Writes records with values of 300 bytes that begin with their number (uint32, big endian), keys of 8 bytes, in runs of
 * 1,000 over the partitions, until all are acknowledged. Throws when one is not.
 */
export async function produce(tree: string, bootstrap: string, topic: string, records: number): Promise<PortFigure> {
  const kafka = await open(tree, bootstrap)
  const producer: Producer = kafka.producer()
  await producer.prepare([topic])
  const partitions = producer.partitionCount(topic)!
  const value = Buffer.alloc(valueBytes, '{"id":1,"name":"some text"}')
  const key = Buffer.from('key-0042')
  let acknowledged = 0
  let failure: Error | undefined
  const delivery = {
    acknowledged(count: number) {
      acknowledged += count
    },
    failed(_count: number, _topic: string, _partition: number, error: Error) {
      failure ??= error
    },
  }
  const figures = meter()
  for (let from = 0; from < records; from += perBatch) {
    const partition = (from / perBatch) % partitions
    const end = Math.min(records, from + perBatch)
    const now = Date.now()
    for (let index = from; index < end; index++) {
      value.writeUInt32BE(index)
      producer.open(topic, partition).add(now, key, value)
      producer.appended(topic, partition, delivery)
    }
    producer.send()
    await producer.ready()
  }
  await producer.flush()
  const result = figures(acknowledged)
  await producer.close()
  await kafka.close()
  if (failure !== undefined) throw failure
  if (acknowledged !== records) throw new Error(`${acknowledged} of ${records} records were acknowledged`)
  return result
}

/** Reads what `produce` wrote as a member of a group and looks at every value. Throws unless each number came exactly once. */
export async function consume(
  tree: string,
  bootstrap: string,
  topic: string,
  records: number,
  groupId: string,
): Promise<PortFigure> {
  const kafka = await open(tree, bootstrap)
  const seen = new Uint8Array(records)
  let distinct = 0
  let count = 0
  const settings = { 'auto.offset.reset': 'earliest' }
  const late = Date.now() + 300_000
  // Joining the group is not counted: nothing is fetched before this hook has been called.
  let figures: ((records: number) => PortFigure) | undefined
  const assigned = async () => {
    figures ??= meter()
  }
  const consumer = kafka.consumer({ groupId, topics: [topic], settings, assigned })
  while (count < records) {
    const fetched = await consumer.poll(1000)
    for (const { reader, from } of fetched.batches) {
      for (let i = from; i < reader.count; i++) {
        const index = reader.value(i)!.readUInt32BE(0)
        if (seen[index] === 0) distinct++
        seen[index] = 1
        count++
      }
    }
    fetched.release()
    if (Date.now() > late) throw new Error(`${count} of ${records} records came in 300 s`)
  }
  const result = figures!(count)
  await consumer.close()
  await kafka.close()
  if (distinct !== records || count !== records)
    throw new Error(`${count} records with ${distinct} different numbers came where ${records} were expected`)
  return result
}
