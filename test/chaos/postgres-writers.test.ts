import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startPostgres } from '../../runtime/testing/postgres-server.ts'
import type { WorkerProcess } from '../../runtime/testing/worker-process.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { ask, idOf, runOn, statuses } from '../support/cluster-rest.ts'
import { exactlyOnceWorker } from '../support/exactly-once-run.ts'
import { createTopic, eventually, metricOf, randomFrom, readTopic, World } from '../support/pipeline-world.ts'
import {
  finishTopic,
  historyOf,
  isReading,
  isStreaming,
  ledgerTopic,
  Writers,
  writersSource,
} from '../support/postgres-writers.ts'

/** The full form: MILLRACE_CHAOS_ROWS=1000000 MILLRACE_CHAOS_KILLS=40. */
const rows = Number(process.env['MILLRACE_CHAOS_ROWS'] ?? 40_000)
const kills = Number(process.env['MILLRACE_CHAOS_KILLS'] ?? 5)
const lifeMs = rows > 100_000 ? 6000 : 900
const patienceMs = rows > 100_000 ? 300_000 : 60_000
const polled = 'source_record_poll_total'

let world: World
beforeEach(async () => {
  world = await World.create()
})
afterEach(() => world.close())

interface Run {
  readonly once: boolean
  bootstrap(): string
  /** Submits the connector, and says where to ask for its offsets. */
  begin(config: Readonly<Record<string, string>>): Promise<void>
  offsets(): Promise<unknown>
  /** Records that the source handed over since its worker began. */
  polled(): Promise<number>
  /** SIGKILL, and a new one in its place. */
  kill(): Promise<void>
}

/** Everything that 200 writers commit is in the topic, in order of commits for each row, whatever was killed meanwhile. */
const storm = async (prepare: () => Promise<Run>): Promise<void> => {
  const seed = Number(process.env['MILLRACE_CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9))
  console.log(`MILLRACE_CHAOS_SEED=${seed}`)
  const random = randomFrom(seed)
  const postgres = await startPostgres({ settings: { max_connections: '260' } })
  world.after(() => postgres.stop())
  const writers = await Writers.create(world, postgres, { writers: 200, rows, random, restMs: 400 })
  const run = await prepare()
  for (const topic of [ledgerTopic, finishTopic]) await createTopic(run.bootstrap(), topic, 3)
  writers.start()
  await run.begin({ ...writersSource(postgres), 'snapshot.fetch.size': '500' })
  const died = { snapshot: 0, stream: 0, connections: 0 }
  for (let round = 0; round < kills; round++) {
    // The first ones meet the snapshot; from then on rows also go.
    if (round * 3 >= kills && !writers.deletes) {
      await eventually('the snapshot to be complete', run.offsets, isStreaming, patienceMs)
      writers.deletes = true
    }
    // Four lives of five come as far as handing over records.
    if (random() < 0.8) await eventually('records to be handed over', run.polled, count => count > 0, patienceMs)
    const until = performance.now() + random() * lifeMs
    while (performance.now() < until) {
      if (random() < 0.3) died.connections += await writers.terminateOthers()
      await delay(random() * 200)
    }
    died[writers.deletes ? 'stream' : 'snapshot']++
    await run.kill()
  }
  await delay(random() * lifeMs)
  const versions = await writers.stop()
  await writers.finish()
  await eventually(
    'the last change to arrive',
    () =>
      readTopic(run.bootstrap(), finishTopic).then(
        ({ length }) => length,
        () => 0,
      ),
    count => count > 0,
    patienceMs,
  )
  // Of a snapshot that was cut off the rest is read beside the stream.
  await eventually('the rest of the snapshot', run.offsets, offsets => !isReading(offsets), patienceMs)
  const history = await historyOf(run.bootstrap(), run.once)
  console.log(
    `${writers.committed} changes by 200 writers on ${rows} rows: ${history.events} events, ${history.repeated} told again, ${history.unread} rows by a change first; killed: ` +
      `${died.snapshot} workers in the snapshot, ${died.stream} in the stream, ${died.connections} connections`,
  )
  expect(history.problems.slice(0, 20), `${history.problems.length} events are out of order`).toEqual([])
  if (died.snapshot + died.connections === 0) expect(history.unread).toBe(0)
  const different = [...versions].filter(([id, version]) => history.versions.get(id) !== version)
  expect(different.slice(0, 20), `${different.length} rows are not as committed`).toEqual([])
  expect(history.versions.size).toBe(versions.size)
  expect(died.connections).toBeGreaterThan(0)
}

test('at least once: a worker with its broker inside, killed together', { timeout: 900_000 }, () =>
  storm(async () => {
    let worker = await world.worker()
    return {
      once: false,
      bootstrap: () => worker.bootstrap,
      begin: config => worker.submit('source', config),
      offsets: () => worker.request('GET', '/connectors/source/offsets'),
      polled: () => metricOf(worker, polled),
      async kill() {
        await worker.kill()
        worker = await world.worker()
      },
    }
  }),
)

test('exactly once: the worker of the task is killed, another takes over', { timeout: 900_000 }, () =>
  storm(async () => {
    const broker = await BrokerProcess.start(join(world.folder, 'broker'))
    world.after(() => broker.kill())
    const { bootstrap } = broker
    const start = (name: string) => exactlyOnceWorker({ world, bootstrap, sessionMs: 1500 }, name)
    let workers: WorkerProcess[] = await Promise.all([start('w0'), start('w1')])
    const runs = () => eventually('the task to run', () => statuses(workers[0]!), runOn(2, workers), 60_000)
    let started = 0
    return {
      once: true,
      bootstrap: () => bootstrap,
      async begin(config) {
        await eventually(
          'the group to take the connector',
          () => ask(workers[1]!, 'PUT', '/connectors/source/config', { ...config, 'exactly.once.support': 'required' }),
          ({ status }) => status === 201,
        )
        await runs()
      },
      offsets: async () => (await ask(workers[0]!, 'GET', '/connectors/source/offsets')).body,
      polled: async () => {
        const counts = await Promise.all(workers.map(worker => metricOf(worker, polled)))
        return counts.reduce((sum, count) => sum + count)
      },
      async kill() {
        const all = await runs()
        const owner = workers.findIndex(worker => idOf(worker) === all['source']!.tasks[0]!.worker_id)
        await workers[owner]!.kill()
        const fresh = await start(`r${started++}`)
        workers = workers.map((worker, at) => (at === owner ? fresh : worker))
        await runs()
      },
    }
  }),
)
