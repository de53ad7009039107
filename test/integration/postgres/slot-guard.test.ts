import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TestPostgres } from '../../support/postgres.ts'
import { Capture, StoredOffsets } from '../../support/postgres-capture.ts'

let server: TestPostgres
let count = 0
const running: Capture[] = []
beforeAll(async () => {
  server = await TestPostgres.start({ max_replication_slots: '40', max_wal_senders: '40' })
})
afterEach(async () => {
  for (const capture of running.splice(0)) await capture.stop()
})
afterAll(() => server?.stop())

type Props = Readonly<Record<string, string>>
const megabyte = 1024 * 1024
const database = () =>
  server.database(
    `guard_${++count}`,
    'create table t (id int primary key, v text)',
    'create table other (id int, v text)',
  )
const start = async (props: Props, options: ConstructorParameters<typeof Capture>[0] = {}) => {
  const capture = new Capture(options)
  running.push(capture)
  await capture.start({ 'table.include.list': 'public.t', ...props })
  return capture
}
const streaming = (capture: Capture) =>
  capture.until(() => capture.logs.some(line => line.includes('Streaming')), 'the stream')
const sql = (props: Props, ...statements: readonly string[]) => server.run(props['database.dbname']!, ...statements)
const write = (props: Props, table: string, megabytes: number) =>
  sql(props, `insert into ${table} select g, repeat('x', 1000) from generate_series(1, ${megabytes * 1000}) g`)
const confirmed = async (props: Props): Promise<number> => {
  const client = await server.client(props['database.dbname'])
  const { rows } = await client.query(
    `select (confirmed_flush_lsn - '0/0')::text lsn from pg_replication_slots where slot_name = $1`,
    [props['slot.name']],
  )
  await client.end()
  return Number(rows[0]?.lsn)
}
const drop = async (props: Props) => {
  const client = await server.client(props['database.dbname'])
  await expect
    .poll(async () => {
      await client.query('select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1', [
        props['slot.name'],
      ])
      return client.query('select pg_drop_replication_slot($1)', [props['slot.name']]).then(
        () => true,
        () => false,
      )
    })
    .toBe(true)
  await client.end()
}

describe('a table that is quiet while others change', () => {
  test('does not hold the slot, without heartbeats and without a record', async () => {
    const props = await database()
    const offsets = new StoredOffsets()
    const capture = await start({ ...props, 'publication.autocreate.mode': 'filtered' }, { offsets })
    await streaming(capture)
    await sql(props, "insert into t values (1, 'ours')")
    await capture.until(() => capture.records.length === 1, 'a change')
    const before = await confirmed(props)
    await write(props, 'other', 3)
    await capture.until(async () => (await confirmed(props)) > before + 2 * megabyte, 'the slot to follow', 30_000)
    // Invariant 2: it is there because the position is stored.
    expect(Number(offsets.stored!['lsn_proc'])).toBeGreaterThanOrEqual(await confirmed(props))
    expect(capture.records).toHaveLength(1)
    await capture.stop()
    await sql(props, "insert into t values (2, 'between')")
    const again = await start(props, { offsets })
    await again.until(() => again.records.length > 0, 'what came between')
    expect(again.records).toHaveLength(1)
  }, 60_000)

  test('with lsn.flush.mode=connector_and_driver: the slot is not moved past what is stored', async () => {
    const props: Props = { ...(await database()), 'lsn.flush.mode': 'connector_and_driver' }
    const offsets = new StoredOffsets()
    const capture = await start(props, { offsets })
    await streaming(capture)
    await sql(props, "insert into t values (1, 'ours')")
    await capture.until(() => capture.records.length === 1, 'a change')
    const { lsn: ours } = capture.records[0]!.sourceOffset
    // The server forgets what lies before, so that a position there could not be resumed.
    const forgotten = async () => {
      await sql(props, "insert into other values (1, 'theirs')", 'select pg_log_standby_snapshot()', 'checkpoint')
      const client = await server.client(props['database.dbname'])
      const { rows } = await client.query(
        `select restart_lsn - '0/0' > $2::numeric forgotten from pg_replication_slots where slot_name = $1`,
        [props['slot.name'], ours],
      )
      await client.end()
      return rows[0].forgotten as boolean
    }
    await capture.until(forgotten, 'the slot to keep less', 30_000)
    await capture.stop()
    const again = await start(props, { offsets })
    await streaming(again)
    await sql(props, "insert into t values (2, 'more')")
    await again.until(() => again.records.length === 1, 'the next change')
  }, 60_000)
})

describe('what the server keeps', () => {
  const limited = { 'slot.retained.warn.mb': '1' }

  test('is measured; a position that nobody moves is warned of, with the remedy', async () => {
    const props: Props = { ...(await database()), ...limited, 'lsn.flush.mode': 'manual' }
    const offsets = new StoredOffsets()
    const first = await start(props, { offsets })
    await streaming(first)
    await first.stop()
    expect(first.logs.filter(line => line.includes('keeps'))).toEqual([])
    await write(props, 'other', 4)
    const second = await start(props, { offsets })
    await second.until(() => second.logs.some(line => line.includes('keeps')), 'the warning')
    expect(second.logs.find(line => line.includes('keeps'))).toMatch(
      /^warn The server keeps \d+ MB of its write-ahead log, from \S+ on, for the replication slot guard_\d+: its disk may fill.*SELECT pg_replication_slot_advance\('guard_\d+', LSN\)/,
    )
    expect(second.gauges.get('postgres_slot_retained_bytes')).toBeGreaterThan(4 * megabyte)
    expect(second.gauges.get('postgres_slot_lag_bytes')).toBeGreaterThan(4 * megabyte)
  }, 60_000)

  test('because of an open transaction: the warning names it', async () => {
    const props: Props = { ...(await database()), ...limited }
    const offsets = new StoredOffsets()
    const first = await start(props, { offsets })
    await streaming(first)
    const holder = await server.client(props['database.dbname'])
    await holder.query('begin; insert into other values (0)')
    const { rows } = await holder.query('select pg_backend_pid() pid')
    await write(props, 't', 4)
    await first.until(() => first.records.length === 4000, 'the rows')
    await sql(props, "insert into t values (-1, 'more')")
    await first.until(() => first.records.length === 4001, 'one more')
    await first.stop()
    const second = await start(props, { offsets })
    await second.until(() => second.logs.some(line => line.includes('keeps')), 'the warning')
    expect(second.logs.find(line => line.includes('keeps'))).toContain(`SELECT pg_terminate_backend(${rows[0].pid})`)
    await holder.end()
  }, 60_000)
})

describe('a slot that is gone', () => {
  test('is told as lost changes, with where the gap begins and ends and what to do', async () => {
    const props = await database()
    const offsets = new StoredOffsets()
    const first = await start(props, { offsets })
    await streaming(first)
    await sql(props, "insert into t values (1, 'one')", "insert into t values (2, 'two')")
    await first.until(() => first.records.length === 2, 'two rows')
    await drop(props)
    await expect(first.until(() => false, 'its failure')).rejects.toThrow(
      /^Changes are missing: .* does not exist any more\. What was written from [0-9A-F]+\/[0-9A-F]+ to [0-9A-F]+\/[0-9A-F]+ \(\d+ MB of log\) will not arrive\. For a new snapshot: stop the connector, DELETE \/connectors\/capture\/offsets, resume it; or set snapshot\.mode=when_needed/m,
    )
    expect(await confirmed(props)).toBeNaN()
  })

  test('with snapshot.mode=always: a retry does not go on over the gap', async () => {
    const props: Props = { ...(await database()), 'snapshot.mode': 'always' }
    const capture = await start(props)
    await streaming(capture)
    await sql(props, "insert into t values (1, 'one')")
    await capture.until(() => capture.records.length === 1, 'a row')
    await drop(props)
    await expect(capture.until(() => false, 'its failure')).rejects.toThrow(/^Changes are missing/m)
    expect(await confirmed(props)).toBeNaN()
  })
})
