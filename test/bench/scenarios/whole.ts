import type { BrokerBenchmark } from '../bench.ts'
import { measure, settled } from '../processes.ts'
import { evenly } from '../statistics.ts'
import { postgresSource, s3Sink } from './connectors.ts'
import { expectAll } from './s3.ts'

/** Source and sink in one worker, from the source's submission to the last object. */
export const whole: BrokerBenchmark = {
  name: 'whole',
  title: 'Postgres -> topic -> S3, one worker',
  doc: 'a snapshot of rows of 10 columns through a topic of one partition into gzip JSON lines (level 1); every object is read back and every id counted',
  broker: true,
  peer: false,
  async run({ subject, records, id, folder, parts }) {
    const { kafka, witness } = parts
    const database = await parts.database()
    const store = await parts.objectStore()
    const { records: even, perObject, objects } = evenly(records, 1, 50_000)
    if (even !== records) throw new Error(`--records ${records} does not fill whole objects; ${even} would`)
    const topic = `${id}.public.bench_rows`
    const prefix = `${id}/`
    const sink = `${id}_sink`
    await database.reset()
    await witness.create(topic, 1)
    const worker = await subject.start({ bootstrap: kafka.bootstrap, folder })
    try {
      await settled(worker.pid)
      const used = measure(worker.pid)
      const started = Date.now()
      await worker.submit(sink, s3Sink(store, topic, id, perObject))
      await worker.submit('source', postgresSource(database, id, 'bench_rows', 'initial'))
      const last = await store.arrived(prefix, objects, async () => {
        await worker.check('source')
        await worker.check(sink)
      })
      const figures = used(records, (last - started) / 1000)
      await worker.remove('source')
      await worker.remove(sink)
      await worker.stop()
      const content = await store.read(prefix, line => (line as { after: { id: number } }).after.id)
      expectAll(content, records)
      return { '': { ...figures, megabytes: content.bytes / 2 ** 20, objects } }
    } finally {
      await worker.stop()
      await database.forget(id)
      await store.remove(prefix)
      await witness.dropGroup(`connect-${sink}`)
      await witness.drop(id)
    }
  },
}
