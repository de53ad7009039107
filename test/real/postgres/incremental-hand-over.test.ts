import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { type ApacheKafka, startApacheKafka } from '../../support/apache-kafka.ts'
import { ask, type ClusterWorker, type Status } from '../../support/cluster-rest.ts'
import { startJavaConnect } from '../../support/java-connect.ts'
import { command, createTopic, eventually, jsonConverter, readTopic, World } from '../../support/pipeline-world.ts'
import { TestPostgres } from '../../support/postgres.ts'

/** The folder of Debezium's jars, as `npm run test:real` sets it. */
const debezium = process.env['MILLRACE_DEBEZIUM']
const rows = 10_000
const topic = 'handed.public.t'

interface Worker extends ClusterWorker {
  stop(): Promise<void>
  kill(): Promise<void>
}

let world: World
let kafka: ApacheKafka
let server: TestPostgres
beforeEach(async () => {
  world = await World.create()
  kafka = await startApacheKafka()
  world.after(() => kafka.close())
  server = await TestPostgres.start()
  world.after(() => server.stop())
})
afterEach(() => world.close())

/** The same for both makes: the same topics. */
const properties = () => ({
  'bootstrap.servers': kafka.bootstrap,
  'group.id': 'incremental-hand-over',
  'key.converter': jsonConverter,
  'value.converter': jsonConverter,
  'key.converter.schemas.enable': 'false',
  'value.converter.schemas.enable': 'false',
  'config.storage.topic': 'connect-configs',
  'offset.storage.topic': 'connect-offsets',
  'status.storage.topic': 'connect-status',
  'config.storage.replication.factor': '1',
  'offset.storage.replication.factor': '1',
  'status.storage.replication.factor': '1',
  'offset.flush.interval.ms': '200',
  'session.timeout.ms': '6000',
  'heartbeat.interval.ms': '500',
  'scheduled.rebalance.max.delay.ms': '0',
})
const java = async (name: string): Promise<Worker> => {
  const folder = join(world.folder, name)
  const worker = await startJavaConnect(folder, { ...properties(), 'plugin.path': dirname(debezium!) })
  world.after(() => worker.kill())
  return worker
}
const millrace = async (name: string): Promise<Worker> => {
  const folder = join(world.folder, name)
  const more = { listeners: 'http://127.0.0.1:0', 'task.threads': '1' }
  const worker = await WorkerProcess.start({ command, folder, properties: { ...properties(), ...more } })
  world.after(() => worker.kill())
  return worker
}

interface Event {
  readonly op: string
  readonly after: { readonly seq: number; readonly v: string }
}

const events = async (): Promise<readonly Event[]> => {
  const found: Event[] = []
  await readTopic(kafka.bootstrap, topic, value => {
    if (value !== null) found.push(JSON.parse(value.toString()) as Event)
  })
  return found
}
const seqsRead = async (): Promise<readonly number[]> =>
  (await events()).flatMap(({ op, after }) => (op === 'r' ? [after.seq] : []))

const keys = [
  ['an integer', 'seq int primary key, extra text', 'g, null'],
  ['a long and a text', 'seq bigint, extra text, primary key (extra, seq)', "g, lpad((g / 100)::text, 4, '0')"],
  ['a uuid', 'seq int, extra uuid primary key', "g, lpad(g::text, 32, '0')::uuid"],
  ['a decimal', 'seq int, extra numeric(20, 3) primary key', 'g, g * 1.5'],
] as const

test.skipIf(debezium === undefined).each(keys)(
  'an incremental snapshot that Debezium began goes on here, and back there: the key is %s',
  async (_, columns, values) => {
    const props = await server.database(
      'handed',
      `create table t (${columns}, v text)`,
      `insert into t select ${values}, 'first' from generate_series(1, ${rows}) g`,
      'create table signals (id text primary key, type text not null, data text)',
    )
    await createTopic(kafka.bootstrap, topic, 1)
    const config = {
      ...props,
      'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
      'snapshot.mode': 'no_data',
      'signal.data.collection': 'public.signals',
      'incremental.snapshot.chunk.size': '5',
      'tasks.max': '1',
    }
    let worker = await java('java-0')
    const isRunning = async () => {
      const answer = await fetch(`${worker.rest}/connectors/source/status`)
      // A worker of Java's answers with a page while it starts.
      return answer.ok ? ((await answer.json()) as Status).tasks[0] : undefined
    }
    const runs = () => eventually('the task to run', isRunning, task => task?.state === 'RUNNING', 90_000)
    const more = async (count: number) => {
      const before = (await seqsRead()).length
      await eventually('more rows', seqsRead, seqs => seqs.length >= before + count, 90_000)
    }
    await eventually(
      'the connector to be taken',
      () => ask(worker, 'PUT', '/connectors/source/config', config),
      ({ status }) => status === 201,
    )
    await runs()
    const slot = `select 1 from pg_replication_slots where active`
    const client = await server.client('handed')
    world.after(() => client.end())
    await eventually(
      'the stream',
      async () => (await client.query(slot)).rows.length,
      found => found === 1,
      60_000,
    )
    await client.query(
      `insert into signals values ('s1', 'execute-snapshot', '{"type":"INCREMENTAL","data-collections":["public.t"]}')`,
    )
    await more(500)
    // No watermark can be written: it goes no further, and does not finish before it is killed.
    const lock = await server.client('handed')
    world.after(() => lock.end())
    await lock.query('begin; lock table signals in exclusive mode')
    await eventually(
      'a chunk to be stored',
      () => ask(worker, 'GET', '/connectors/source/offsets'),
      ({ body }) => /incremental_snapshot_primary_key":"aced0005..../.test(JSON.stringify(body)),
    )
    await client.query(`update t set v = 'second' where seq % 100 = 0`)
    await worker.kill()
    await lock.query('rollback')
    const byDebezium = await seqsRead()

    worker = await millrace('ours')
    await runs()
    await more(500)
    await client.query(`update t set v = 'third' where seq % 100 = 50`)
    await worker.stop()
    const here = (await seqsRead()).slice(byDebezium.length)

    worker = await java('java-1')
    await runs()
    await eventually('the end', seqsRead, seqs => seqs.at(-1) === rows || seqs.includes(rows), 120_000)
    const all = await seqsRead()
    const byDebeziumAgain = all.slice(byDebezium.length + here.length)
    console.log(
      `${all.length} rows read of ${rows}: Debezium ${byDebezium.length}, here ${here[0]} to ${here.at(-1)}, Debezium from ${byDebeziumAgain[0]} on`,
    )
    expect(new Set(all).size).toBe(rows)
    // Nobody began again: what comes twice are the chunks that were not stored when the first one was killed.
    expect(byDebezium.length).toBeLessThan(rows)
    expect(here[0]).toBeGreaterThan(1)
    expect(byDebeziumAgain[0]).toBe(here.at(-1)! + 1)
    expect(all.length).toBeLessThan(rows * 1.5)
    const state = new Map((await events()).map(({ after }) => [after.seq, after.v]))
    const { rows: expected } = await client.query<{ seq: string; v: string }>('select seq, v from t')
    expect(expected.filter(({ seq, v }) => state.get(Number(seq)) !== v)).toEqual([])
  },
)
