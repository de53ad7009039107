import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import pg from 'pg'
import { startPostgres } from '../../../runtime/testing/postgres-server.ts'

/** The rows are the same for every id, whoever reads them: ten columns of the usual types, about 730 bytes as an envelope. */
const row = (g: string): string => `${g}, (${g} * 7919 % 100000)::int, (${g} % 50)::int,
  ((${g} * 37 % 10000000) / 100.0)::numeric(12,2), md5(${g}::text) || md5((${g} + 1)::text) || md5((${g} + 2)::text) || 'note',
  ${g} % 3 = 0, timestamptz '2026-01-01' + ${g} * interval '1 second', timestamptz '2026-02-01' + ${g} * interval '1 millisecond',
  jsonb_build_object('sku', 'SKU-' || ${g}, 'qty', ${g} % 9, 'tags', jsonb_build_array('a', 'b')), md5(${g}::text)::uuid`

const columns = `id bigint PRIMARY KEY, customer int, store int, amount numeric(12,2), note text, active boolean,
  created_at timestamptz, updated_at timestamptz, doc jsonb, ref uuid`

/** A PostgreSQL with a table of `records` rows (`bench_rows`) and an empty one that rows are put into (`bench_stream`). */
export interface PostgresPart {
  /** Settings of a connector that say where it is. */
  readonly connection: Readonly<Record<string, string>>
  /** Empties the streamed table and writes what is in memory to the disk, so that each run starts alike. */
  reset(): Promise<void>
  /** Inserts rows `first` ... into `bench_stream`, 1,000 per transaction; returns the seconds it took. */
  insert(first: number, rows: number): Promise<number>
  /** Inserts rows `first` ... into `bench_stream`, each in a transaction of its own that is durable, so many per second. */
  pace(first: number, rows: number, perSecond: number): Promise<void>
  /** Whether somebody reads this replication slot. */
  slotActive(slot: string): Promise<boolean>
  /** Removes slot and publication, waiting up to 20 s until nobody uses the slot. */
  forget(slot: string): Promise<void>
  stop(): Promise<void>
}

export async function startDatabase(records: number): Promise<PostgresPart> {
  const server = await startPostgres({
    database: 'bench',
    settings: {
      max_wal_size: '8GB',
      checkpoint_timeout: '30min',
      shared_buffers: '512MB',
      synchronous_commit: 'off',
      wal_writer_delay: '10ms',
      autovacuum: 'off',
    },
  })
  const { host, port, user, password, database } = server
  // The package stops the server after a signal, but leaves the folder.
  const removeFolder = () => rmSync(dirname(server.dataDir), { recursive: true, force: true })
  process.once('exit', removeFolder)
  const sql = async (text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ host, port, user, password, database })
    await client.connect()
    try {
      return (await client.query(text, values === undefined ? [] : [...values])).rows
    } finally {
      await client.end()
    }
  }
  const slotActive = async (slot: string): Promise<boolean | undefined> =>
    (await sql('SELECT active FROM pg_replication_slots WHERE slot_name = $1', [slot]))[0]?.['active'] as
      | boolean
      | undefined
  try {
    for (const table of ['bench_rows', 'bench_stream']) await sql(`CREATE TABLE ${table} (${columns})`)
    await sql(`CREATE PROCEDURE bench_insert(first bigint, n int, per int) LANGUAGE plpgsql AS $$ BEGIN
      FOR i IN 0 .. (n + per - 1) / per - 1 LOOP
        INSERT INTO bench_stream SELECT ${row('g')}
          FROM generate_series(first + i * per, least(first + (i + 1) * per, first + n) - 1) g;
        COMMIT;
      END LOOP; END $$`)
    await sql(`CREATE PROCEDURE bench_pace(first bigint, n int, per_second int) LANGUAGE plpgsql AS $$
      DECLARE
        begun timestamptz := clock_timestamp();
        early double precision;
      BEGIN
        FOR i IN 0 .. n - 1 LOOP
          early := i / per_second::double precision - extract(epoch FROM clock_timestamp() - begun);
          IF early > 0 THEN PERFORM pg_sleep(early); END IF;
          INSERT INTO bench_stream SELECT ${row('g')} FROM generate_series(first + i, first + i) g;
          COMMIT;
        END LOOP;
      END $$`)
    await sql(`INSERT INTO bench_rows SELECT ${row('g')} FROM generate_series(1::bigint, ${records}) g`)
    await sql('VACUUM ANALYZE bench_rows')
    await sql('CHECKPOINT')
  } catch (error) {
    await server.stop()
    throw error
  }
  return {
    connection: {
      'database.hostname': host,
      'database.port': String(port),
      'database.user': user,
      'database.password': password,
      'database.dbname': database,
    },
    async reset() {
      await sql('TRUNCATE bench_stream')
      await sql('CHECKPOINT')
    },
    async insert(first, rows) {
      const started = performance.now()
      await sql(`CALL bench_insert(${first}, ${rows}, 1000)`)
      return (performance.now() - started) / 1000
    },
    async pace(first, rows, perSecond) {
      const client = new pg.Client({ host, port, user, password, database })
      await client.connect()
      try {
        await client.query('SET synchronous_commit = on')
        await client.query(`CALL bench_pace(${first}, ${rows}, ${perSecond})`)
      } finally {
        await client.end()
      }
    },
    slotActive: async slot => (await slotActive(slot)) === true,
    async forget(slot) {
      const late = Date.now() + 20_000
      for (let active = await slotActive(slot); active !== undefined; active = await slotActive(slot)) {
        if (!active) {
          await sql('SELECT pg_drop_replication_slot($1)', [slot])
          break
        }
        if (Date.now() > late) throw new Error(`Replication slot ${slot} is still in use after the worker ended`)
        await new Promise(resolve => setTimeout(resolve, 100))
      }
      await sql(`DROP PUBLICATION IF EXISTS ${slot}`)
    },
    stop: () => server.stop(),
  }
}
