import { setTimeout as delay } from 'node:timers/promises'
import type { BrokerBenchmark } from '../bench.ts'
import { measure, settled } from '../processes.ts'
import { postgresSource } from './connectors.ts'

/** Rows that are inserted while the connector streams, from the first INSERT to the last record in the topic. */
export const stream: BrokerBenchmark = {
  name: 'stream',
  title: 'Postgres stream -> topic',
  doc: 'rows of 10 columns inserted by one session, 1,000 per transaction, while the connector streams over pgoutput; counted as in snapshot. The rate is bounded by the INSERTs ("database wrote s")',
  broker: true,
  peer: true,
  async run({ subject, records, id, folder, parts }) {
    const { kafka, witness } = parts
    const database = await parts.database()
    const topic = `${id}.public.bench_stream`
    await database.reset()
    await witness.create(topic, 1)
    const worker = await subject.start({ bootstrap: kafka.bootstrap, folder })
    try {
      await worker.submit('source', postgresSource(database, id, 'bench_stream', 'no_data'))
      const check = () => worker.check('source')
      for (const late = Date.now() + 60_000; !(await database.slotActive(id)); await delay(100)) {
        await check()
        if (Date.now() > late) throw new Error(`Nobody reads the slot after 60 s; the worker logged:\n${worker.log()}`)
      }
      // One row through: it streams.
      await database.insert(1, 1)
      await witness.arrived(topic, 1, check)
      await settled(worker.pid)
      const used = measure(worker.pid)
      const started = Date.now()
      const inserting = database.insert(2, records)
      const arrived = witness.arrived(topic, records, check, { from: 1 })
      const [databaseSeconds, { last }] = await Promise.all([inserting, arrived])
      const figures = used(records, (last - started) / 1000)
      await worker.remove('source')
      await worker.stop()
      const there = (await witness.count(topic)) - 1
      if (there !== records) throw new Error(`${there} records are in the topic where ${records} were expected`)
      return { '': { ...figures, databaseSeconds } }
    } finally {
      await worker.stop()
      await database.forget(id)
      await witness.drop(id)
    }
  },
}
