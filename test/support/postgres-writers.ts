import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import type { PostgresServer } from '../../runtime/testing/postgres-server.ts'
import { ordersSource } from './pipeline-chaos.ts'
import { jsonConverter, readTopic, type World } from './pipeline-world.ts'

export const ledgerTopic = 'shop.public.ledger'
/** What it holds comes after all else. */
export const finishTopic = 'shop.public.finish'

/** The connector that captures both tables, as JSON whatever the worker's converters are. */
export const writersSource = (postgres: PostgresServer): Readonly<Record<string, string>> => ({
  ...ordersSource(postgres),
  'table.include.list': 'public.ledger,public.finish',
  'slot.retry.delay.ms': '200',
  'slot.max.retries': '100',
  'retriable.restart.connector.wait.ms': '200',
  'key.converter': jsonConverter,
  'value.converter': jsonConverter,
  'key.converter.schemas.enable': 'false',
  'value.converter.schemas.enable': 'false',
})

/** Whether the offsets, as REST shows them, are those of a stream: its snapshot is complete. */
export const isStreaming = (answer: unknown): boolean => {
  const { offsets = [] } = answer as { offsets?: { offset: Record<string, unknown> | null }[] }
  const offset = offsets[0]?.offset ?? undefined
  return offset !== undefined && (offset['snapshot'] === undefined || offset['snapshot_completed'] === true)
}

/** Whether they say that rows are still to be read beside the stream. */
export const isReading = (answer: unknown): boolean =>
  JSON.stringify(answer).includes('incremental_snapshot_collections')

const writerName = 'writer'
/** Rows that all writers change. */
const shared = 300

export interface WritersOptions {
  readonly writers: number
  /** Rows that are there before anybody writes. */
  readonly rows: number
  readonly random: () => number
  /** Each writer rests at most this long after a transaction. */
  readonly restMs: number
}

/**
 * Many clients that change the table `ledger` at once. Every committed change of a row, its deletion included, takes the next
 * version of that row: what was committed is a chain per row, without a gap.
 */
export class Writers {
  /** To look at the server, and to do harm. */
  readonly sql: Client
  committed = 0
  /** Rows of one writer each (-1 - writer) also go and come back. */
  deletes = false
  readonly #clients: readonly Client[]
  readonly #options: WritersOptions
  /** Versions of the writers' own rows; an odd distance from the creation means deleted. */
  readonly #own: { version: number; there: boolean }[]
  #running = true
  #work: Promise<unknown> = Promise.resolve()

  private constructor(sql: Client, clients: readonly Client[], options: WritersOptions) {
    this.sql = sql
    this.#clients = clients
    this.#options = options
    this.#own = clients.map(() => ({ version: 0, there: false }))
  }

  static async create(world: World, postgres: PostgresServer, options: WritersOptions): Promise<Writers> {
    const open = async () => {
      const client = new Client({ ...postgres, application_name: writerName })
      // The server may be stopped first.
      client.on('error', () => {})
      await client.connect()
      world.after(() => client.end().catch(() => {}))
      return client
    }
    const sql = await open()
    await sql.query(`
      CREATE TABLE ledger (id int PRIMARY KEY, version int NOT NULL, pad text NOT NULL);
      ALTER TABLE ledger REPLICA IDENTITY FULL;
      CREATE TABLE finish (id int PRIMARY KEY);
      INSERT INTO ledger SELECT id, 0, repeat(md5(id::text), 4) FROM generate_series(0, ${options.rows - 1}) AS id`)
    const clients: Client[] = []
    while (clients.length < options.writers) clients.push(await open())
    const writers = new Writers(sql, clients, options)
    world.after(() => writers.#halt())
    return writers
  }

  start(): void {
    this.#work = Promise.all(this.#clients.map((client, writer) => this.#write(client, writer)))
    // `stop` tells of a failure.
    this.#work.catch(() => {})
  }

  /** A test that failed leaves them running. */
  async #halt(): Promise<void> {
    this.#running = false
    await this.#work.catch(() => {})
  }

  /** Versions by id, as committed; a row that is gone has the version of its deletion. */
  async stop(): Promise<Map<number, number>> {
    this.#running = false
    await this.#work
    const { rows } = await this.sql.query<{ id: number; version: number }>('SELECT id, version FROM ledger')
    const versions = new Map(rows.map(({ id, version }) => [id, version]))
    for (const [writer, { version, there }] of this.#own.entries())
      if (!there && version > 0) versions.set(-1 - writer, version)
    return versions
  }

  /** A row in the other table, after all that was committed. */
  async finish(): Promise<void> {
    await this.sql.query('INSERT INTO finish VALUES (1)')
  }

  /** Cuts every connection to the server but the writers'; how many there were. */
  async terminateOthers(): Promise<number> {
    const { rowCount } = await this.sql.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE backend_type IN ('client backend', 'walsender') AND application_name <> $1`,
      [writerName],
    )
    return rowCount ?? 0
  }

  async #write(client: Client, writer: number): Promise<void> {
    const { random, restMs } = this.#options
    while (this.#running) {
      const kind = random()
      if (kind < 0.6) this.committed += await this.#update(client, 1)
      else if (kind < 0.8) await this.#transaction(client, random() < 0.7)
      else if (this.deletes) await this.#turn(client, writer)
      await delay(random() * restMs)
    }
  }

  #some = (): number => Math.floor(this.#options.random() * shared)

  async #update(client: Client, count: number): Promise<number> {
    // In the order of ids: nobody waits in a circle.
    const ids = [...new Set(Array.from({ length: count }, this.#some))].sort((a, b) => a - b)
    for (const id of ids) await client.query('UPDATE ledger SET version = version + 1 WHERE id = $1', [id])
    return ids.length
  }

  async #transaction(client: Client, kept: boolean): Promise<void> {
    await client.query('BEGIN')
    const changed = await this.#update(client, 4)
    await client.query(kept ? 'COMMIT' : 'ROLLBACK')
    if (kept) this.committed += changed
  }

  async #turn(client: Client, writer: number): Promise<void> {
    const own = this.#own[writer]!
    const id = -1 - writer
    const version = own.version + 1
    if (own.there) await client.query('DELETE FROM ledger WHERE id = $1', [id])
    else await client.query('INSERT INTO ledger VALUES ($1, $2, $3)', [id, version, ''])
    own.there = !own.there
    own.version = version
    this.committed++
  }
}

interface Event {
  readonly op: string
  readonly before: { readonly id: number; readonly version: number } | null
  readonly after: { readonly id: number; readonly version: number } | null
}

/** What a topic tells of each row, checked event by event. */
export class History {
  readonly problems: string[] = []
  readonly versions = new Map<number, number>()
  events = 0
  /** Events of the stream that were told before. */
  repeated = 0
  /** Rows that an update or delete told of first: one that a snapshot was to read which was cut off, and goes on beside the stream. */
  unread = 0
  readonly #once: boolean

  /** `once`: nothing of the stream may come again. */
  constructor(once: boolean) {
    this.#once = once
  }

  apply(line: string): void {
    const { op, before, after } = JSON.parse(line) as Event
    const { id } = after ?? before!
    const version = after?.version ?? before!.version + 1
    const last = this.versions.get(id)
    this.versions.set(id, version)
    this.events++
    // What was left of a snapshot that was cut off is read at a later instant.
    if (op === 'r') {
      if (last !== undefined && version < last) this.#wrong(id, op, version, last)
      return
    }
    if (last === undefined) {
      if (op !== 'c') this.unread++
      return
    }
    if (version <= last) this.repeated++
    if (version > last + 1 || (this.#once && version <= last)) this.#wrong(id, op, version, last)
  }

  #wrong(id: number, op: string, version: number, last: number | undefined): void {
    this.problems.push(`row ${id}: ${op} of version ${version} after ${last}`)
  }
}

/** Reads the topic from its start. */
export const historyOf = async (bootstrap: string, once: boolean): Promise<History> => {
  const history = new History(once)
  await readTopic(bootstrap, ledgerTopic, value => {
    if (value !== null) history.apply(value.toString())
  })
  return history
}
