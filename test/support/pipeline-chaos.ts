import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { expect } from 'vitest'
import { type PostgresServer, startPostgres } from '../../runtime/testing/postgres-server.ts'
import type { WorkerProcess } from '../../runtime/testing/worker-process.ts'
import { lakeProblems } from './lake-check.ts'
import {
  createTopic,
  eventually,
  lagOf,
  lakeSink,
  metricOf,
  randomFrom,
  readLake,
  readTopic,
  type World,
} from './pipeline-world.ts'
import type { Bucket, Endpoint } from './s3-sink-run.ts'

export const ordersTopic = 'shop.public.orders'

/** The connector that captures `public.orders`. */
export const ordersSource = (postgres: PostgresServer): Readonly<Record<string, string>> => ({
  'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
  'tasks.max': '1',
  'plugin.name': 'pgoutput',
  'database.hostname': postgres.host,
  'database.port': String(postgres.port),
  'database.user': postgres.user,
  'database.password': postgres.password,
  'database.dbname': postgres.database,
  'topic.prefix': 'shop',
  'table.include.list': 'public.orders',
  'topic.creation.default.partitions': '3',
  'topic.creation.default.replication.factor': '1',
})

const connected = async (world: World, postgres: PostgresServer): Promise<Client> => {
  const sql = new Client({ ...postgres })
  // A server that a test stops cuts the connection.
  sql.on('error', () => {})
  await sql.connect()
  world.after(() => sql.end().catch(() => {}))
  return sql
}

/** The table, and rows numbered from 0 on. */
export class Orders {
  readonly sql: Client
  inserted = 0

  readonly #world: World

  private constructor(world: World, sql: Client) {
    this.#world = world
    this.sql = sql
  }

  static async create(world: World, postgres: PostgresServer): Promise<Orders> {
    const orders = new Orders(world, await connected(world, postgres))
    await orders.sql.query(`
      CREATE TABLE orders (
        id bigint PRIMARY KEY, version int NOT NULL, customer text NOT NULL, product text NOT NULL, quantity int NOT NULL,
        price numeric(10,2) NOT NULL, paid boolean NOT NULL, note text, day date NOT NULL, placed_at timestamptz NOT NULL)`)
    return orders
  }

  /** The same table after a restart of its server. */
  async again(postgres: PostgresServer): Promise<Orders> {
    const orders = new Orders(this.#world, await connected(this.#world, postgres))
    orders.inserted = this.inserted
    return orders
  }

  async insert(count: number): Promise<void> {
    if (count <= 0) return
    await this.sql.query(
      `INSERT INTO orders SELECT id, 0, 'customer é ' || id % 977, 'product "' || id % 97 || '"', id % 9, (id % 10000) / 7.0,
         id % 2 = 0, CASE WHEN id % 3 = 0 THEN NULL ELSE 'note ' || id END, date '2024-02-28' + (id % 3)::int, now()
       FROM generate_series($1::bigint, $2::bigint) AS id`,
      [this.inserted, this.inserted + count - 1],
    )
    this.inserted += count
  }

  /** Changes about one row in `step` and takes one in `5 * step` away; rows 0 to 9 stay. */
  async change(step: number, remainder: number): Promise<void> {
    await this.sql.query('UPDATE orders SET version = version + 1, note = note WHERE id % $1 = $2', [step, remainder])
    await this.sql.query('DELETE FROM orders WHERE id > 9 AND id % $1 = $2', [5 * step, remainder])
  }

  /** Version by id, of what is in the table now. */
  async rows(): Promise<Map<number, number>> {
    const { rows } = await this.sql.query<{ id: string; version: number }>('SELECT id, version FROM orders')
    return new Map(rows.map(({ id, version }) => [Number(id), version]))
  }
}

interface Change {
  readonly op: string
  readonly before: { readonly id: number } | null
  readonly after: { readonly id: number; readonly version: number } | null
}

/** Applies change events in order; ids that were seen, and the rows as the events leave them. */
export class Replay {
  readonly seen = new Set<number>()
  readonly rows = new Map<number, number>()

  apply(line: string): void {
    const { op, before, after } = JSON.parse(line) as Change
    const { id } = after ?? before!
    this.seen.add(id)
    if (op === 'd') this.rows.delete(id)
    else this.rows.set(id, after!.version)
  }
}

export interface PipelineChaos {
  readonly rows: number
  /** How often the worker is killed. */
  readonly kills: number
  /** How often its broker is, in turn with it and at random instants too. */
  readonly brokerKills?: number
  /** Ends the broker by SIGKILL and starts it again on the same data, after `downMs`; resolves when it answers. */
  readonly killBroker?: (downMs: number) => Promise<void>
  /** The time from one kill to the next is at most this long. */
  readonly lifeMs: number
  readonly endpoint: Endpoint
  readonly bucket: Bucket
  /** Properties of the worker beside the usual ones (its broker, when it does not bring one). */
  readonly properties?: Readonly<Record<string, string>>
  readonly sink?: Readonly<Record<string, string>>
  readonly patienceMs?: number
}

const isStreaming = async (worker: WorkerProcess): Promise<boolean> => {
  const { offsets } = await worker.request<{ offsets: { offset: Record<string, unknown> | null }[] }>(
    'GET',
    '/connectors/source/offsets',
  )
  const offset = offsets[0]?.offset
  return offset !== undefined && offset !== null && (!('snapshot' in offset) || offset['snapshot_completed'] === true)
}

/** Who dies when: the broker's deaths are spread over the run, never the first, so that there is something to lose. */
const deathsOf = (workers: number, brokers: number, random: () => number): ('worker' | 'broker')[] => {
  const deaths: ('worker' | 'broker')[] = Array.from({ length: workers }, () => 'worker')
  for (let broker = brokers - 1; broker >= 0; broker--)
    deaths.splice(1 + Math.floor(((broker + random()) * workers) / brokers), 0, 'broker')
  return deaths
}

/**
 * Postgres to topic to S3 while processes are killed at random instants. Afterwards: the objects are the topic, record by
 * record; every row is in them; and replayed in order they are the table.
 */
export const runPipelineChaos = async (world: World, chaos: PipelineChaos): Promise<void> => {
  const seed = Number(process.env['MILLRACE_CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9))
  console.log(`MILLRACE_CHAOS_SEED=${seed}`)
  const { rows, kills, lifeMs, endpoint, bucket, properties, brokerKills = 0, patienceMs = 60_000 } = chaos
  const random = randomFrom(seed)
  const postgres = await startPostgres()
  world.after(() => postgres.stop())
  const orders = await Orders.create(world, postgres)
  await orders.insert(Math.floor(rows / 2))
  let worker: WorkerProcess | undefined = await world.worker(properties)
  // A sink that asks for a topic may have it created before the source does, with one partition.
  await createTopic(worker.bootstrap, ordersTopic, 3)
  await worker.submit('source', ordersSource(postgres))
  await worker.submit('sink', lakeSink(endpoint, ordersTopic, chaos.sink))

  const deaths = deathsOf(kills, brokerKills, random)
  const perLife = Math.ceil(rows / 2 / (deaths.length + 1))
  const died = { starting: 0, running: 0, broker: 0 }
  for (const [kill, death] of deaths.entries()) {
    const instant = random()
    if (death === 'worker' && worker === undefined && instant < 0.2) {
      // Dies while it starts.
      const killed = new AbortController()
      const starting = world.worker(properties, { killed: killed.signal })
      await delay(random() * 1000)
      killed.abort()
      await starting.then(late => late.kill()).catch(() => {})
      died.starting++
      continue
    }
    worker ??= await world.worker(properties)
    const last = Math.min(rows, orders.inserted + perLife)
    await orders.insert(Math.min(last - orders.inserted, 10))
    // Three lives of four come as far as handing over records; the others may end before.
    const life = worker
    if (instant < 0.8)
      await eventually(
        'the source to hand over records',
        () => metricOf(life, 'source_record_poll_total'),
        n => n > 0,
      )
    const until = performance.now() + random() * lifeMs
    let changed = false
    // A snapshot that is cut off begins anew: what was deleted meanwhile is never told, in Debezium either.
    const streaming = await isStreaming(life)
    while (performance.now() < until) {
      await orders.insert(Math.min(last - orders.inserted, Math.ceil(perLife * random() * 0.2)))
      if (streaming && !changed) {
        changed = true
        await orders.change(211, kill)
      }
      await delay(random() * 80)
    }
    if (death === 'broker') {
      await chaos.killBroker!(random() * 2000)
      died.broker++
    } else {
      await worker.kill()
      died.running++
      worker = undefined
    }
  }
  while (orders.inserted < rows) await orders.insert(Math.min(perLife, rows - orders.inserted))

  worker ??= await world.worker(properties)
  const { bootstrap } = worker
  const last = worker
  await eventually(
    'the snapshot to be complete',
    () => isStreaming(last),
    streaming => streaming,
    patienceMs,
  )
  await orders.change(211, deaths.length)
  await orders.sql.query(`INSERT INTO orders SELECT -1, 0, 'last', '', 0, 0, true, NULL, now(), now()`)
  const failed = async () => (await last.parts()).filter(part => part.state === 'FAILED')
  const table = await orders.rows()
  // The topic is read in one go and each object once more: no oftener than needed.
  const replayed = await eventually(
    'the last row to reach the topic, and the sink to deliver it',
    async () => {
      if ((await failed()).length > 0) return { failed: await failed() }
      const lag = await lagOf(bootstrap, 'connect-sink', ordersTopic)
      if (lag > 0) return { lag }
      const replay = new Replay()
      await readLake(bucket, line => replay.apply(line))
      return replay.seen.has(-1) ? replay : { seen: replay.seen.size }
    },
    answer => answer instanceof Replay,
    patienceMs,
  )
  const replay = replayed as Replay
  for (const name of ['source', 'sink']) await last.request('PUT', `/connectors/${name}/stop`)
  const records = await readTopic(bootstrap, ordersTopic)
  const objects = await readLake(bucket)
  const problems = lakeProblems(records, objects)
  console.log(
    `${records.length} records for ${rows} rows, ${objects.length} objects; killed: ${died.running} workers that ran, ` +
      `${died.starting} that started, ${died.broker} brokers`,
  )
  expect(died.running + died.starting + died.broker).toBe(kills + brokerKills)
  expect(problems).toEqual([])
  // A row deleted before its snapshot came to an end was never captured; all others must have been.
  const missing = [...table.keys()].filter(id => !replay.seen.has(id))
  expect(missing.slice(0, 20), `${missing.length} rows are in no object`).toEqual([])
  const different = [...new Set([...table.keys(), ...replay.rows.keys()])].filter(
    id => table.get(id) !== replay.rows.get(id),
  )
  expect(different.slice(0, 20), `${different.length} rows are not as in the table`).toEqual([])
  expect((await last.parts()).filter(part => part.state === 'FAILED')).toEqual([])
}
