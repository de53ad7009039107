import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PostgresServer } from '../../runtime/testing/postgres-server.ts'
import type { WorkerProcess } from '../../runtime/testing/worker-process.ts'
import { Orders, ordersSource, ordersTopic, Replay } from '../support/pipeline-chaos.ts'
import { createTopic, eventually, metricOf, World } from '../support/pipeline-world.ts'
import { valuesOf } from '../support/topic-values.ts'

/**
 * What the Postgres source does when its server, its connection or its slot goes. Afterwards the events of the topic, replayed
 * in order, are the table, row by row. Run on any PostgreSQL.
 */
export const postgresOutageSuite = (
  start: (settings?: Readonly<Record<string, string>>) => Promise<PostgresServer>,
): void => {
  let world: World
  let postgres: PostgresServer
  let orders: Orders
  let worker: WorkerProcess
  beforeEach(async () => {
    world = await World.create()
  })
  afterEach(() => world.close())

  const begin = async (settings?: Readonly<Record<string, string>>): Promise<void> => {
    postgres = await start(settings)
    world.after(() => postgres.stop())
    orders = await Orders.create(world, postgres)
    worker = await world.worker()
    // One partition: the order of events is the order of changes.
    await createTopic(worker.bootstrap, ordersTopic, 1)
  }
  const capture = (more: Readonly<Record<string, string>> = {}) =>
    worker.submit('source', {
      ...ordersSource(postgres),
      'slot.name': 'orders',
      'retriable.restart.connector.wait.ms': '300',
      'slot.retry.delay.ms': '200',
      ...more,
    })
  const part = async () => (await worker.parts()).find(({ name }) => name === 'source-0')
  const polled = (count: number) =>
    eventually(
      `${count} records to be read`,
      () => metricOf(worker, 'source_record_write_total'),
      seen => seen >= count,
    )
  const failed = async () => {
    const seen = await eventually('the task to fail', part, state => state?.state === 'FAILED')
    return seen!.trace!
  }
  /** How often the worker's log says it. */
  const logged = (text: string) => readFileSync(worker.logFile, 'utf8').split(text).length - 1
  const replayed = async () => {
    const replay = new Replay()
    for (const value of await valuesOf(worker.bootstrap, ordersTopic)) if (value !== undefined) replay.apply(value)
    return replay
  }
  /** Every row that was ever there was seen, and what the events leave is the table. */
  const accounted = async () => {
    await orders.sql.query(`INSERT INTO orders SELECT -1, 0, 'last', '', 0, 0, true, NULL, now(), now()`)
    const table = await orders.rows()
    const { rows } = await eventually(
      'the last row to reach the topic',
      async () => {
        const seen = await part()
        if (seen?.state === 'FAILED') throw new Error(seen.trace)
        return replayed()
      },
      // A snapshot that was interrupted goes on beside the stream: the last change need not be the last event.
      replay => replay.rows.has(-1) && replay.rows.size >= table.size,
      60_000,
    )
    expect([...table.keys()].filter(id => rows.get(id) !== table.get(id))).toEqual([])
    expect([...rows.keys()].filter(id => !table.has(id))).toEqual([])
    expect(await part()).toMatchObject({ state: 'RUNNING' })
  }

  test('it crashes in the middle of the snapshot and comes back', async () => {
    await begin()
    await orders.insert(40_000)
    await capture()
    await eventually(
      'the first rows',
      () => metricOf(worker, 'source_record_poll_total'),
      count => count > 0,
    )
    await postgres.crash()
    await postgres.restart()
    orders = await orders.again(postgres)
    await accounted()
  })

  test('it crashes while rows stream, twice, for longer than a retry', async () => {
    await begin()
    await orders.insert(500)
    await capture()
    await polled(500)
    for (let round = 0; round < 2; round++) {
      await orders.insert(500)
      await orders.change(7, round)
      const before = logged('ECONNREFUSED')
      await postgres.crash()
      await eventually(
        'a failed attempt to connect',
        async () => logged('ECONNREFUSED'),
        count => count > before,
      )
      expect(await part()).toMatchObject({ state: 'RUNNING', trace: undefined })
      await postgres.restart()
      orders = await orders.again(postgres)
      await orders.insert(500)
    }
    await accounted()
  })

  test('its WAL sender is terminated again and again', async () => {
    await begin()
    await capture()
    let terminated = 0
    for (let round = 0; round < 12 || (terminated < 6 && round < 100); round++) {
      await orders.insert(400)
      await orders.change(11, round % 11)
      const { rowCount } = await orders.sql.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'walsender'`,
      )
      terminated += rowCount ?? 0
      await delay(50)
    }
    expect(terminated).toBeGreaterThan(5)
    await accounted()
  })

  test('its slot is dropped: the task fails in words; with reset offsets a new snapshot has every row', async () => {
    await begin()
    await orders.insert(300)
    await capture()
    await orders.insert(300)
    await polled(600)
    const dropped = () =>
      orders.sql.query(`SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active`).then(() =>
        orders.sql.query(`SELECT pg_drop_replication_slot('orders')`).then(
          () => true,
          () => false,
        ),
      )
    await eventually('the slot to be dropped', dropped, done => done)
    await orders.insert(300)
    expect(await failed()).toMatch(/Changes are missing.*slot orders does not exist.*when_needed/)
    // A restart alone must not go on over the gap.
    const before = logged('Changes are missing')
    await worker.request('POST', '/connectors/source/restart?includeTasks=true')
    await eventually(
      'it to fail again',
      async () => logged('Changes are missing'),
      count => count > before,
    )
    expect(await part()).toMatchObject({ state: 'FAILED' })
    expect((await replayed()).rows.size).toBe(600)

    await worker.request('PUT', '/connectors/source/stop')
    await eventually('it to be stopped', part, seen => seen === undefined)
    await worker.request('DELETE', '/connectors/source/offsets')
    await worker.request('PUT', '/connectors/source/resume')
    await accounted()
  })

  test('its slot loses what it kept: with snapshot.mode=when_needed a new snapshot has every row', async () => {
    await begin({ max_slot_wal_keep_size: '1MB', max_wal_size: '32MB', min_wal_size: '32MB' })
    await orders.insert(300)
    await capture()
    await polled(300)
    await worker.request('PUT', '/connectors/source/stop')
    await eventually('it to be stopped', part, seen => seen === undefined)
    await orders.insert(300)
    const lost = async () => {
      await orders.sql.query('SELECT pg_switch_wal()')
      await orders.sql.query('CREATE TABLE filler AS SELECT repeat(md5(g::text), 20) FROM generate_series(1, 4000) g')
      await orders.sql.query('DROP TABLE filler')
      await orders.sql.query('CHECKPOINT')
      const { rows } = await orders.sql.query(`SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'orders'`)
      return rows[0]?.wal_status as string
    }
    await eventually('the slot to lose it', lost, status => status === 'lost')
    await worker.request('PUT', '/connectors/source/resume')
    expect(await failed()).toMatch(/Changes are missing.*lost what it kept.*when_needed/)
    await capture({ 'snapshot.mode': 'when_needed' })
    await eventually('it to run again', part, seen => seen?.state === 'RUNNING')
    await accounted()
  })
}
