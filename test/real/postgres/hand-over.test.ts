import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startPostgres } from '../../../runtime/testing/postgres-server.ts'
import { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { type ApacheKafka, startApacheKafka } from '../../support/apache-kafka.ts'
import { ask, type ClusterWorker, runOn, statuses } from '../../support/cluster-rest.ts'
import { startJavaConnect } from '../../support/java-connect.ts'
import {
  command,
  createTopic,
  eventually,
  jsonConverter,
  randomFrom,
  readTopic,
  World,
} from '../../support/pipeline-world.ts'
import {
  finishTopic,
  historyOf,
  isStreaming,
  ledgerTopic,
  Writers,
  writersSource,
} from '../../support/postgres-writers.ts'

/** The folder of Debezium's jars, as `npm run test:real` sets it. */
const debezium = process.env['MILLRACE_DEBEZIUM']

interface Worker extends ClusterWorker {
  stop(): Promise<void>
  kill(): Promise<void>
}

let world: World
let kafka: ApacheKafka
beforeEach(async () => {
  world = await World.create()
  kafka = await startApacheKafka()
  world.after(() => kafka.close())
})
afterEach(() => world.close())

/** The same for both makes: the same topics. */
const properties = () => ({
  'bootstrap.servers': kafka.bootstrap,
  'group.id': 'hand-over',
  'key.converter': jsonConverter,
  'value.converter': jsonConverter,
  'config.storage.topic': 'connect-configs',
  'offset.storage.topic': 'connect-offsets',
  'status.storage.topic': 'connect-status',
  'config.storage.replication.factor': '1',
  'offset.storage.replication.factor': '1',
  'status.storage.replication.factor': '1',
  'offset.flush.interval.ms': '1000',
  'session.timeout.ms': '6000',
  'heartbeat.interval.ms': '500',
  'scheduled.rebalance.max.delay.ms': '0',
})
const java = async (name: string): Promise<Worker> => {
  const worker = await startJavaConnect(join(world.folder, name), {
    ...properties(),
    'plugin.path': dirname(debezium!),
  })
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

test.skipIf(debezium === undefined).each(['stop', 'kill'] as const)(
  "Debezium's pipeline is continued here and handed back, with every change counted: %s",
  async end => {
    const postgres = await startPostgres()
    world.after(() => postgres.stop())
    const random = randomFrom(7)
    const writers = await Writers.create(world, postgres, { writers: 30, rows: 3000, random, restMs: 200 })
    for (const topic of [ledgerTopic, finishTopic]) await createTopic(kafka.bootstrap, topic, 3)
    writers.start()

    /** Runs the pipeline until it has told of more changes; what its topic holds then. */
    const told: number[] = []
    const turn = async (worker: Worker): Promise<void> => {
      const parts = await eventually(
        'the pipeline to run',
        // Kafka Connect's REST listens before it can answer.
        () => statuses(worker).catch((): Awaited<ReturnType<typeof statuses>> => ({})),
        all => all['source'] !== undefined && (runOn(2, [worker])(all) || all['source'].tasks[0]?.state === 'FAILED'),
        120_000,
      )
      expect(parts['source']!.tasks[0]?.trace).toBeUndefined()
      await eventually(
        'its snapshot to be complete',
        async () => (await ask(worker, 'GET', '/connectors/source/offsets')).body,
        isStreaming,
        120_000,
      )
      writers.deletes = true
      const before = writers.committed
      await eventually(
        'changes to be told',
        async () => (await historyOf(kafka.bootstrap, false)).events,
        events => events > (told.at(-1) ?? 3000) + 1000,
        120_000,
      )
      // In the middle of the stream.
      await delay(random() * 1000)
      expect(writers.committed).toBeGreaterThan(before)
    }
    const over = async (worker: Worker): Promise<void> => {
      await worker[end]()
      told.push((await historyOf(kafka.bootstrap, false)).events)
    }

    const first = await java('java-0')
    await eventually(
      'the connector to be taken',
      () => ask(first, 'PUT', '/connectors/source/config', writersSource(postgres)),
      ({ status }) => status === 201,
    )
    await turn(first)
    await over(first)
    const ours = await millrace('ours')
    await turn(ours)
    await over(ours)
    const last = await java('java-1')
    await turn(last)

    const versions = await writers.stop()
    await writers.finish()
    await eventually(
      'the last change to arrive',
      () => readTopic(kafka.bootstrap, finishTopic),
      records => records.length > 0,
      120_000,
    )
    const history = await historyOf(kafka.bootstrap, false)
    console.log(
      `${writers.committed} changes: ${history.events} events, ${history.repeated} told again; told by Debezium ${told[0]}, then here ${told[1]! - told[0]!}, then by Debezium`,
    )
    expect(history.problems).toEqual([])
    expect([...versions].filter(([id, version]) => history.versions.get(id) !== version)).toEqual([])
    expect(history.versions.size).toBe(versions.size)
  },
)
