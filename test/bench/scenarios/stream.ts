import { setTimeout as delay } from 'node:timers/promises'
import type { BrokerBenchmark, RunContext } from '../bench.ts'
import type { Figures } from '../metrics.ts'
import type { PostgresPart } from '../parts/postgres.ts'
import { measure, settled } from '../processes.ts'
import { median, percentile } from '../statistics.ts'
import type { Worker } from '../worker.ts'
import { postgresSource, withSchemas } from './connectors.ts'

interface Streaming {
  readonly worker: Worker
  readonly database: PostgresPart
  /** With one partition. */
  readonly topic: string
  /** Waits for so many records more than the one that showed that it streams. */
  arrived(records: number): Promise<{ readonly first: number; readonly last: number }>
  /** Waits until the slot is read, or not read. */
  slot(active: boolean): Promise<void>
}

/** Runs `work` with a connector that streams, then counts what is in the topic once the worker has ended. */
const streaming = async (
  { subject, records, id, folder, parts }: RunContext,
  work: (streaming: Streaming) => Promise<Figures>,
  topicConfig: Readonly<Record<string, string>> = {},
  converters: Readonly<Record<string, string>> = {},
): Promise<Figures> => {
  const { kafka, witness } = parts
  const database = await parts.database()
  const topic = `${id}.public.bench_stream`
  await database.reset()
  await witness.create(topic, 1, topicConfig)
  const worker = await subject.start({ bootstrap: kafka.bootstrap, folder })
  const check = () => worker.check('source')
  const slot = async (active: boolean) => {
    for (const late = Date.now() + 60_000; (await database.slotActive(id)) !== active; await delay(100)) {
      await check()
      if (Date.now() > late)
        throw new Error(`After 60 s the slot is ${active ? 'not' : 'still'} read; the worker logged:\n${worker.log()}`)
    }
  }
  try {
    await worker.submit('source', { ...postgresSource(database, id, 'bench_stream', 'no_data'), ...converters })
    await slot(true)
    // One row through: it streams.
    await database.insert(1, 1)
    await witness.arrived(topic, 1, check)
    await settled(worker.pid)
    const arrived = (count: number) => witness.arrived(topic, count, check, { from: 1 })
    const figures = await work({ worker, database, topic, arrived, slot })
    await worker.remove('source')
    await worker.stop()
    const there = (await witness.count(topic)) - 1
    if (there !== records) throw new Error(`${there} records are in the topic where ${records} were expected`)
    return figures
  } finally {
    await worker.stop()
    await database.forget(id)
    await witness.drop(id)
  }
}

/** Rows that are inserted while the connector streams, from the first INSERT to the last record in the topic. */
const inserted = (converters: Readonly<Record<string, string>>): Pick<BrokerBenchmark, 'broker' | 'peer' | 'run'> => ({
  broker: true,
  peer: true,
  async run(context) {
    const { records } = context
    const figures = await streaming(
      context,
      async ({ worker, database, arrived }) => {
        const used = measure(worker.pid)
        const started = Date.now()
        const [databaseSeconds, { last }] = await Promise.all([database.insert(2, records), arrived(records)])
        return { ...used(records, (last - started) / 1000), databaseSeconds }
      },
      {},
      converters,
    )
    return { '': figures }
  },
})

export const stream: BrokerBenchmark = {
  name: 'stream',
  title: 'Postgres stream -> topic',
  doc: 'rows of 10 columns inserted by one session, 1,000 per transaction, while the connector streams over pgoutput; counted as in snapshot. No faster than the INSERTs ("database wrote s")',
  ...inserted({}),
}

export const streamSchemas: BrokerBenchmark = {
  name: 'stream-schemas',
  title: 'Postgres stream -> topic, with schemas',
  doc: 'as stream, each record with the JSON of its schemas',
  ...inserted(withSchemas),
}

/** The same rows, inserted while the connector was stopped: what it can do when the database does nothing else. */
export const backlog: BrokerBenchmark = {
  name: 'backlog',
  title: 'Postgres backlog -> topic',
  doc: 'rows as in stream, inserted while the connector was stopped, from the request to resume it to the last record in the topic; counted as in snapshot',
  broker: true,
  peer: true,
  async run(context) {
    const { records } = context
    const figures = await streaming(context, async ({ worker, database, arrived, slot }) => {
      await worker.request('PUT', '/connectors/source/stop')
      await slot(false)
      await database.insert(2, records)
      await settled(worker.pid)
      const used = measure(worker.pid)
      const started = Date.now()
      await worker.request('PUT', '/connectors/source/resume')
      const { first, last } = await arrived(records)
      return { ...used(records, (last - started) / 1000), firstRecordMs: first - started }
    })
    return { '': figures }
  },
}

const perSecond = 1000
/** Half a minute of changes. */
const mostPaced = 30_000

/** How long a change is on its way when there is room: from its commit to its place in the topic. */
export const latency: BrokerBenchmark = {
  name: 'latency',
  title: 'Postgres commit -> topic, 1,000 changes/s',
  doc: "rows inserted one per transaction, 1,000 per second, for up to 30 s: the broker's time of storing each record less the commit time in it",
  broker: true,
  peer: true,
  async run(context) {
    const records = Math.min(context.records, mostPaced)
    const figures = await streaming(
      { ...context, records },
      async ({ worker, database, topic, arrived }) => {
        const used = measure(worker.pid)
        const started = Date.now()
        const [{ last }] = await Promise.all([arrived(records), database.pace(2, records, perSecond)])
        const usage = used(records, (last - started) / 1000)
        const waited: number[] = []
        await context.parts.witness.read([topic], (_, { timestamp, value }) => {
          const { source } = JSON.parse(String(value)) as { readonly source: { readonly ts_us: number } }
          waited.push(timestamp - source.ts_us / 1000)
        })
        // The first one showed that it streams.
        waited.shift()
        return { ...usage, latencyMedianMs: median(waited), latencyP99Ms: percentile(waited, 99) }
      },
      { 'message.timestamp.type': 'LogAppendTime' },
    )
    return { '': figures }
  },
}
