import type { BrokerBenchmark } from '../bench.ts'
import type { Content } from '../parts/s3.ts'
import { measure, settled } from '../processes.ts'
import { evenly } from '../statistics.ts'
import { s3Sink } from './connectors.ts'

const partitions = 4
const pad = 'abcdefghijklmnopqrstuvwxyz0123456789 the quick brown fox jumps over it '

/** Ten fields, about 300 bytes of JSON: the records that the JVM's sink was measured with. */
export const sinkRecord = (id: number): { readonly key: string; readonly value: string } => ({
  key: String(id),
  value: JSON.stringify({
    id,
    customer: (id * 7919) % 100_000,
    store: id % 50,
    amount: ((id * 37) % 1e7) / 100,
    active: id % 3 === 0,
    note: pad + ((id * 2654435761) % 4294967296).toString(36),
    created_at: new Date(1_767_225_600_000 + id * 1000).toISOString(),
    sku: `SKU-${id}`,
    tags: ['a', 'b', `t${id % 17}`],
    address: { city: `City ${id % 311}`, zip: String(10_000 + (id % 89_999)) },
  }),
})

/** Throws unless the objects hold every record exactly once. */
export function expectAll(content: Content, records: number): void {
  const { lines, ids } = content
  if (lines !== records || ids !== records)
    throw new Error(`The objects hold ${lines} lines with ${ids} different ids where ${records} were expected`)
}

/** A topic that is full when the sink is submitted, to the last object. */
export const s3: BrokerBenchmark = {
  name: 's3',
  title: 'topic -> S3, gzip JSON lines',
  doc: 'JSON of about 300 B in 4 partitions, one task, gzip level 1, at most 50,000 records per object; every object is read back and every id counted',
  broker: true,
  peer: false,
  async run({ subject, records: wanted, id, folder, parts }) {
    const { kafka, witness } = parts
    const store = await parts.objectStore()
    const { records, perObject, objects } = evenly(wanted, partitions, 50_000)
    const topic = await parts.once('bench-sink', async () => {
      const name = `bench-sink-${process.pid}`
      await witness.create(name, partitions)
      await witness.fill(name, partitions, records, sinkRecord)
      return name
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
      const content = await store.read(prefix, line => (line as { id: number }).id)
      expectAll(content, records)
      return { '': { ...figures, megabytes: content.bytes / 2 ** 20, objects } }
    } finally {
      await worker.stop()
      await store.remove(prefix)
      await witness.dropGroup(`connect-${id}`)
    }
  },
}
