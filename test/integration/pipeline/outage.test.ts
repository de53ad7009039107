import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type PostgresServer, startPostgres } from '../../../runtime/testing/postgres-server.ts'
import type { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { lakeProblems } from '../../support/lake-check.ts'
import { Orders, ordersSource, ordersTopic, Replay } from '../../support/pipeline-chaos.ts'
import { eventually, lagOf, lakeSink, metricOf, readLake, readTopic, World } from '../../support/pipeline-world.ts'
import type { Bucket } from '../../support/s3-sink-run.ts'

let world: World
let postgres: PostgresServer
let orders: Orders
let worker: WorkerProcess
beforeEach(async () => {
  world = await World.create()
  postgres = await startPostgres()
  world.after(() => postgres.stop())
  orders = await Orders.create(world, postgres)
  worker = await world.worker()
})
afterEach(() => world.close())

const states = async () => (await worker.parts()).map(({ name, state }) => `${name} ${state}`)

/** Waits until the objects hold this many rows, then compares them with topic and table. */
const accounted = async (bucket: Bucket, rows: number) => {
  await eventually(
    `${rows} rows in the bucket`,
    async () => {
      const failed = (await worker.parts()).filter(part => part.state === 'FAILED')
      if (failed.length > 0) return failed
      if ((await lagOf(worker.bootstrap, 'connect-sink', ordersTopic)) > 0) return 'lag'
      const replay = new Replay()
      await readLake(bucket, line => replay.apply(line))
      return replay.rows.size
    },
    seen => seen === rows,
    60_000,
  )
  expect(lakeProblems(await readTopic(worker.bootstrap, ordersTopic), await readLake(bucket))).toEqual([])
}

test('an S3 that answers 503: the sink waits, nothing fails, nothing is lost, nothing comes twice', async () => {
  const { server, bucket } = await world.lake()
  await orders.insert(3000)
  await worker.submit('source', ordersSource(postgres))
  await worker.submit(
    'sink',
    lakeSink(server, ordersTopic, { 's3.part.retries': '1', 's3.retry.backoff.ms': '10', 'retry.backoff.ms': '100' }),
  )
  await eventually(
    'some objects',
    () => bucket.keys(),
    keys => keys.length > 0,
  )
  let refused = 0
  const mend = server.fail({
    status: 503,
    match: ({ method }) => {
      if (method === 'GET' || method === 'HEAD') return false
      refused++
      return true
    },
  })
  await orders.insert(3000)
  await eventually(
    'many refusals',
    async () => refused,
    count => count > 12,
  )
  // The truth about an outage is a running task that says what it waits for, not a failed one.
  expect(await states()).toEqual(['source-0 RUNNING', 'sink-0 RUNNING'])
  const held = await lagOf(worker.bootstrap, 'connect-sink', ordersTopic)
  await orders.insert(500)
  mend()
  await accounted(bucket, 6500)
  expect(held).toBeGreaterThan(0)
})

test('a Postgres that crashes and comes back, while streaming and for longer than a retry', async () => {
  const { server, bucket } = await world.lake()
  await orders.insert(1000)
  await worker.submit('source', { ...ordersSource(postgres), 'retriable.restart.connector.wait.ms': '500' })
  await worker.submit('sink', lakeSink(server, ordersTopic))
  await eventually(
    'the snapshot',
    () => metricOf(worker, 'source_record_write_total'),
    count => count >= 1000,
  )
  let attempts = 1
  for (let round = 0; round < 2; round++) {
    await orders.insert(500)
    await postgres.crash()
    // Down for longer than the first retry.
    await eventually(
      'a failed attempt to connect',
      async () => readFileSync(worker.logFile, 'utf8').split('ECONNREFUSED').length,
      count => count > attempts,
    )
    attempts = readFileSync(worker.logFile, 'utf8').split('ECONNREFUSED').length
    expect(await states()).toEqual(['source-0 RUNNING', 'sink-0 RUNNING'])
    await postgres.restart()
    orders = await orders.again(postgres)
    await orders.insert(500)
  }
  await accounted(bucket, 3000)
  expect(await states()).toEqual(['source-0 RUNNING', 'sink-0 RUNNING'])
})

test('a Postgres that crashes in the middle of the snapshot', async () => {
  const { server, bucket } = await world.lake()
  await orders.insert(40_000)
  await worker.submit('source', { ...ordersSource(postgres), 'retriable.restart.connector.wait.ms': '500' })
  await worker.submit('sink', lakeSink(server, ordersTopic, { 'flush.size': '5000' }))
  await eventually(
    'the first rows',
    () => metricOf(worker, 'source_record_poll_total'),
    count => count > 0,
  )
  await postgres.crash()
  await postgres.restart()
  await accounted(bucket, 40_000)
  expect(await states()).toEqual(['source-0 RUNNING', 'sink-0 RUNNING'])
})
