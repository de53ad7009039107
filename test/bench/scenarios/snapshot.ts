import type { BrokerBenchmark } from '../bench.ts'
import { measure, settled } from '../processes.ts'
import { postgresSource, withSchemas } from './connectors.ts'

/** Every row of a table, from the connector's submission to the last record in the topic. */
const reading = (converters: Readonly<Record<string, string>>): Pick<BrokerBenchmark, 'broker' | 'peer' | 'run'> => ({
  broker: true,
  peer: true,
  async run({ subject, records, id, folder, parts }) {
    const { kafka, witness } = parts
    const database = await parts.database()
    const topic = `${id}.public.bench_rows`
    await database.reset()
    await witness.create(topic, 1)
    const worker = await subject.start({ bootstrap: kafka.bootstrap, folder })
    try {
      await settled(worker.pid)
      const used = measure(worker.pid)
      const started = Date.now()
      await worker.submit('source', {
        ...postgresSource(database, id, 'bench_rows', 'initial'),
        ...converters,
      })
      const { first, last } = await witness.arrived(topic, records, () => worker.check('source'))
      const figures = used(records, (last - started) / 1000)
      await worker.remove('source')
      await worker.stop()
      const there = await witness.count(topic)
      if (there !== records) throw new Error(`${there} records are in the topic where ${records} were expected`)
      return { '': { ...figures, firstRecordMs: first - started } }
    } finally {
      await worker.stop()
      await database.forget(id)
      await witness.drop(id)
    }
  },
})

export const snapshot: BrokerBenchmark = {
  name: 'snapshot',
  title: 'Postgres snapshot -> topic',
  doc: 'rows of 10 columns, JSON without schemas (about 730 B); records counted by the end offsets of the topic, again after the worker has ended',
  ...reading({}),
}

export const snapshotSchemas: BrokerBenchmark = {
  name: 'snapshot-schemas',
  title: 'Postgres snapshot -> topic, with schemas',
  doc: 'as snapshot, each record with the JSON of its schemas',
  ...reading(withSchemas),
}
