import type { BrokerBenchmark } from '../bench.ts'
import type { Content } from '../parts/s3.ts'
import { measure, settled } from '../processes.ts'
import { evenly } from '../statistics.ts'
import { s3Sink } from './connectors.ts'
import { envelope, order, type TextRecord } from './sink-records.ts'

const partitions = 4
/** Throws unless the objects hold every record exactly once. */
export function expectAll(content: Content, records: number): void {
  const { lines, ids } = content
  if (lines !== records || ids !== records)
    throw new Error(`The objects hold ${lines} lines with ${ids} different ids where ${records} were expected`)
}

/** A topic that is full when the sink is submitted, to the last object. */
const topicToS3 = (
  name: string,
  title: string,
  values: string,
  make: (index: number) => TextRecord,
  idOf: (line: unknown) => number,
): BrokerBenchmark => ({
  name,
  title,
  doc: `${values} in ${partitions} partitions, one task, gzip level 1, at most 50,000 records per object; every object is read back and every id counted`,
  broker: true,
  peer: false,
  async run({ subject, records: wanted, id, folder, parts }) {
    const { kafka, witness } = parts
    const store = await parts.objectStore()
    const { records, perObject, objects } = evenly(wanted, partitions, 50_000)
    const topic = await parts.once(name, async () => {
      const filled = `bench-${name}-${process.pid}`
      await witness.create(filled, partitions)
      await witness.fill(filled, partitions, records, make)
      return filled
    })
    const prefix = `${id}/`
    const worker = await subject.start({ bootstrap: kafka.bootstrap, folder })
    try {
      await settled(worker.pid)
      const used = measure(worker.pid)
      const started = Date.now()
      await worker.submit(id, s3Sink(store, topic, id, perObject))
      const last = await store.arrived(prefix, objects, () => worker.check(id))
      const figures = used(records, (last - started) / 1000)
      await worker.remove(id)
      await worker.stop()
      const content = await store.read(prefix, idOf)
      expectAll(content, records)
      return { '': { ...figures, megabytes: content.bytes / 2 ** 20, objects } }
    } finally {
      await worker.stop()
      await store.remove(prefix)
      await witness.dropGroup(`connect-${id}`)
    }
  },
})

export const s3 = topicToS3(
  's3',
  'topic -> S3, gzip JSON lines',
  'JSON of about 300 B that compresses well, the records that the JVM was measured with,',
  order,
  line => (line as { id: number }).id,
)

export const s3Envelopes = topicToS3(
  's3-envelopes',
  'topic -> S3, gzip JSON lines, change events',
  'change events of about 790 B of rows of 10 columns, a third of it random text,',
  envelope,
  line => (line as { after: { id: number } }).after.id,
)
