import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { startPostgres } from '../../runtime/testing/postgres-server.ts'
import { WorkerProcess } from '../../runtime/testing/worker-process.ts'
import { parseBeats, quantile, reportBeats } from './beats.ts'
import { ask, idOf, numberedLines, partsOf, runOn, type Status, statuses } from './cluster-rest.ts'
import { lakeProblems } from './lake-check.ts'
import { Orders, ordersSource, ordersTopic, Replay } from './pipeline-chaos.ts'
import {
  command,
  createTopic,
  eventually,
  lagOf,
  lakeSink,
  randomFrom,
  readLake,
  readTopic,
  type World,
  workerProperties,
} from './pipeline-world.ts'
import type { Bucket, Endpoint } from './s3-sink-run.ts'

export interface ClusterChaos {
  readonly bootstrap: string
  readonly endpoint: Endpoint
  readonly bucket: Bucket
  /** How long workers die, come and leave. */
  readonly durationMs: number
  /** File sources, each with a topic; one sink for each, and one for the table. */
  readonly files: number
  readonly tasksPerSink: number
  readonly beaters: number
  readonly sessionMs: number
  /** `exactly.once.source.support=enabled`: then no line and no beat may come twice. */
  readonly exactlyOnce?: boolean
  readonly properties?: Readonly<Record<string, string>>
}

const workerOf = async (world: World, chaos: ClusterChaos, name: string): Promise<WorkerProcess> => {
  const folder = join(world.folder, name)
  const { 'offset.storage.file.filename': _, ...properties } = workerProperties(folder, {
    'bootstrap.servers': chaos.bootstrap,
    'plugin.path': fileURLToPath(new URL('./connectors', import.meta.url)),
    'group.id': 'chaos',
    'config.storage.topic': 'connect-configs',
    'offset.storage.topic': 'connect-offsets',
    'status.storage.topic': 'connect-status',
    'config.storage.replication.factor': '1',
    'offset.storage.replication.factor': '1',
    'status.storage.replication.factor': '1',
    'session.timeout.ms': String(chaos.sessionMs),
    'heartbeat.interval.ms': String(Math.floor(chaos.sessionMs / 10)),
    'consumer.session.timeout.ms': String(chaos.sessionMs),
    'consumer.heartbeat.interval.ms': String(Math.floor(chaos.sessionMs / 10)),
    'scheduled.rebalance.max.delay.ms': '1000',
    ...(chaos.exactlyOnce === true && {
      'exactly.once.source.support': 'enabled',
      'consumer.isolation.level': 'read_committed',
    }),
    ...chaos.properties,
  })
  const worker = await WorkerProcess.start({ command, folder, properties })
  world.after(() => worker.kill())
  return worker
}

/** Most minus least, of connectors and of tasks. */
const imbalance = (all: Record<string, Status>, workers: readonly WorkerProcess[]): number => {
  const spread = (parts: readonly { worker_id: string }[]) => {
    const counts = workers.map(worker => parts.filter(part => part.worker_id === idOf(worker)).length)
    return Math.max(...counts) - Math.min(...counts)
  }
  const each = Object.values(all)
  return Math.max(spread(each.map(({ connector }) => connector)), spread(each.flatMap(({ tasks }) => tasks)))
}

/** Lines are appended to the files and rows inserted until `end` is called. */
const load = (folder: string, files: number, orders: Orders) => {
  const written = new Array<number>(files).fill(0)
  const ended = new AbortController()
  const run = async () => {
    for (let round = 0; !ended.signal.aborted; round++) {
      for (let file = 0; file < files; file++) {
        await appendFile(join(folder, `in-${file}`), numberedLines(written[file]!, 20))
        written[file] = written[file]! + 20
      }
      await orders.insert(40)
      if (round % 20 === 19) await orders.change(211, round % 211)
      await delay(100)
    }
  }
  const running = run()
  return {
    written,
    async end() {
      ended.abort()
      await running
    },
  }
}

/**
 * Workers of one group are killed, join and leave under load. Afterwards: every line and row is in its topic, the objects
 * are the topics record by record, and no task beat twice at once for longer than a session.
 */
export const runClusterChaos = async (world: World, chaos: ClusterChaos): Promise<void> => {
  const seed = Number(process.env['MILLRACE_CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9))
  console.log(`MILLRACE_CHAOS_SEED=${seed}`)
  const random = randomFrom(seed)
  const { bootstrap, files, tasksPerSink, beaters, sessionMs } = chaos
  const postgres = await startPostgres()
  world.after(() => postgres.stop())
  const orders = await Orders.create(world, postgres)
  await orders.insert(500)
  const beatFile = join(world.folder, 'beats')
  let started = 0
  const start = () => workerOf(world, chaos, `w${started++}`)

  let workers = [await start()]
  workers.push(...(await Promise.all([start(), start()])))
  const connectors: Record<string, Readonly<Record<string, string>>> = {
    orders: { ...ordersSource(postgres), 'topic.creation.default.partitions': String(tasksPerSink) },
    beats: {
      'connector.class': 'test.BeatingSourceConnector',
      'tasks.max': String(beaters),
      topic: 'beats',
      'beat.file': beatFile,
    },
  }
  const sinkOf = (topic: string) =>
    lakeSink(chaos.endpoint, topic, { 'tasks.max': String(tasksPerSink), 'flush.size': '200' })
  const topics = [ordersTopic]
  connectors['sink-orders'] = sinkOf(ordersTopic)
  for (let file = 0; file < files; file++) {
    const topic = `lines-${file}`
    topics.push(topic)
    await writeFile(join(world.folder, `in-${file}`), '')
    connectors[topic] = { 'connector.class': 'FileStreamSource', topic, file: join(world.folder, `in-${file}`) }
    connectors[`sink-${topic}`] = sinkOf(topic)
  }
  for (const topic of topics) await createTopic(bootstrap, topic, tasksPerSink)
  await createTopic(bootstrap, 'beats', 1)
  for (const [name, config] of Object.entries(connectors)) await workers[0]!.submit(name, config)
  const count = Object.keys(connectors).length + 1 + beaters + files + (files + 1) * tasksPerSink

  /** All runs on these workers, shared out evenly; how long that took, in ms. */
  const settled = async (what: string): Promise<number> => {
    const from = performance.now()
    await eventually(
      what,
      () => statuses(workers[Math.floor(random() * workers.length)]!),
      all => runOn(count, workers)(all) && imbalance(all, workers) <= 1,
      60_000,
    )
    return performance.now() - from
  }
  await settled('everything to run on three workers')
  const work = load(world.folder, files, orders)
  world.after(() => work.end())
  const took: Record<'kill' | 'join' | 'leave', number[]> = { kill: [], join: [], leave: [] }
  const one = () => workers[Math.floor(random() * workers.length)]!
  const end = performance.now() + chaos.durationMs
  do {
    await delay(random() * 2000)
    const dead = one()
    workers = workers.filter(worker => worker !== dead)
    await dead.kill()
    took.kill.push(await settled('the work of a killed worker to run on the others'))
    await delay(random() * 1000)
    workers.push(...(await Promise.all([start(), start()])))
    took.join.push(await settled('two new workers to have their share'))
    await delay(random() * 1000)
    const leaving = one()
    workers = workers.filter(worker => worker !== leaving)
    await leaving.stop()
    took.leave.push(await settled('the work of a worker that left to run on the others'))
  } while (performance.now() < end)
  await work.end()
  await orders.sql.query(`INSERT INTO orders SELECT -1, 0, 'last', '', 0, 0, true, NULL, now(), now()`)

  const last = workers[0]!
  for (let file = 0; file < files; file++)
    await eventually(
      `the last line of file ${file} to be in its topic`,
      async () => {
        let found = false
        await readTopic(bootstrap, `lines-${file}`, value => {
          found ||= String(value) === `"line ${work.written[file]! - 1}"`
        })
        return found
      },
      found => found,
      60_000,
    )
  await eventually(
    'the last row to be in its topic',
    async () => {
      const replay = new Replay()
      await readTopic(bootstrap, ordersTopic, value => void (value === null || replay.apply(String(value))))
      return replay.seen.has(-1)
    },
    seen => seen,
    60_000,
  )
  for (const topic of topics)
    await eventually(
      `${topic} to be delivered`,
      () => lagOf(bootstrap, `connect-${topic === ordersTopic ? 'sink-orders' : `sink-${topic}`}`, topic),
      lag => lag === 0,
      60_000,
    )
  const all = await statuses(last)
  expect(partsOf(all).filter(({ state }) => state !== 'RUNNING')).toEqual([])
  for (const name of Object.keys(connectors)) await ask(last, 'PUT', `/connectors/${name}/stop`)

  let records = 0
  const lines = new Map<string, string[]>()
  const replay = new Replay()
  const objects = await readLake(chaos.bucket)
  for (const topic of topics) {
    const values: string[] = []
    const logged = await readTopic(bootstrap, topic, value => void (value === null || values.push(String(value))))
    records += logged.length
    lines.set(topic, values)
    const own = objects.filter(({ key }) => key.includes(`/${topic}/`))
    expect(lakeProblems(logged, own), `objects of ${topic}`).toEqual([])
  }
  for (let file = 0; file < files; file++) {
    const found = new Set(lines.get(`lines-${file}`))
    const missing = Array.from({ length: work.written[file]! }, (_, n) => `"line ${n}"`).filter(
      text => !found.has(text),
    )
    expect(missing.slice(0, 10), `${missing.length} lines of file ${file} are missing`).toEqual([])
  }
  for (const line of lines.get(ordersTopic)!) replay.apply(line)
  const missing = [...(await orders.rows()).keys()].filter(id => !replay.seen.has(id))
  expect(missing.slice(0, 10), `${missing.length} rows are missing`).toEqual([])

  if (chaos.exactlyOnce === true) {
    for (let file = 0; file < files; file++)
      expect(lines.get(`lines-${file}`)!.length, `records of file ${file}`).toBe(work.written[file])
    const beats = new Map<string, number>()
    const wrong: string[] = []
    await readTopic(bootstrap, 'beats', value => {
      const [task, number] = (JSON.parse(String(value)) as string).split(' ') as [string, string]
      if (Number(number) !== (beats.get(task) ?? 0)) wrong.push(`${task} ${number} after ${(beats.get(task) ?? 0) - 1}`)
      beats.set(task, Number(number) + 1)
    })
    expect(wrong.slice(0, 10), `${wrong.length} beats are missing or there twice`).toEqual([])
    expect(beats.size).toBe(beaters)
  }

  const { overlapMs, stayedMs, movedMs } = reportBeats(parseBeats(await readFile(beatFile, 'utf8')))
  const inWords = (values: readonly number[]) =>
    `median ${quantile(values, 0.5).toFixed(0)}, longest ${quantile(values, 1).toFixed(0)} ms`
  console.log(
    `${records} records, ${objects.length} objects, ${took.kill.length} killed, ${2 * took.join.length} joined, ` +
      `${took.leave.length} left\nRUNNING and balanced after a kill: ${inWords(took.kill)}; two joins: ${inWords(took.join)}; ` +
      `a leave: ${inWords(took.leave)}\npauses of tasks that stayed: ${inWords(stayedMs)}, that moved: ${inWords(movedMs)}; ` +
      `in two places at once: ${overlapMs} ms`,
  )
  // Invariant 7: a killed worker is gone, one that leaves stops before it hands over.
  expect(overlapMs).toBeLessThanOrEqual(sessionMs)
}
