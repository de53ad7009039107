import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { command, eventually, stringConverter, World, workerProperties } from '../../support/pipeline-world.ts'
import { testBroker } from '../../support/test-broker.ts'

interface Part {
  readonly state: string
  readonly worker_id: string
}
interface Status {
  readonly connector: Part
  readonly tasks: readonly Part[]
}

let world: World
let bootstrap: string
beforeEach(async () => {
  world = await World.create()
  const broker = await testBroker({
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '100',
  })
  world.after(() => broker.remove())
  bootstrap = broker.broker.bootstrap
})
afterEach(() => world.close())

const idOf = ({ rest }: WorkerProcess): string => new URL(rest).host

const start = async (name: string, more: Readonly<Record<string, string>> = {}): Promise<WorkerProcess> => {
  const folder = join(world.folder, name)
  const { 'offset.storage.file.filename': _, ...properties } = workerProperties(folder, {
    'bootstrap.servers': bootstrap,
    'key.converter': stringConverter,
    'value.converter': stringConverter,
    'group.id': 'workers',
    'config.storage.topic': 'connect-configs',
    'offset.storage.topic': 'connect-offsets',
    'status.storage.topic': 'connect-status',
    'offset.storage.partitions': '2',
    'status.storage.partitions': '2',
    'config.storage.replication.factor': '1',
    'offset.storage.replication.factor': '1',
    'status.storage.replication.factor': '1',
    'session.timeout.ms': '2000',
    'heartbeat.interval.ms': '200',
    'scheduled.rebalance.max.delay.ms': '4000',
    ...more,
  })
  const worker = await WorkerProcess.start({ command, folder, properties })
  world.after(() => worker.kill())
  return worker
}

const ask = async (worker: WorkerProcess, method: string, path: string, body?: unknown) => {
  const answer = await fetch(`${worker.rest}${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const text = await answer.text()
  return {
    status: answer.status,
    location: answer.headers.get('location'),
    body: text === '' ? null : JSON.parse(text),
  }
}

const statuses = async (worker: WorkerProcess): Promise<Record<string, Status>> => {
  const { body } = await ask(worker, 'GET', '/connectors?expand=status')
  return Object.fromEntries(
    Object.entries(body as Record<string, { status: Status }>).map(([name, { status }]) => [name, status]),
  )
}
const partsOf = (all: Record<string, Status>): Part[] =>
  Object.values(all).flatMap(({ connector, tasks }) => [connector, ...tasks])

/** Connectors and tasks, all RUNNING on these workers. */
const runOn = (count: number, workers: readonly WorkerProcess[]) => (all: Record<string, Status>) => {
  const parts = partsOf(all)
  const ids = new Set(workers.map(idOf))
  return parts.length === count && parts.every(part => part.state === 'RUNNING' && ids.has(part.worker_id))
}
const lines = (from: number, count: number): string =>
  Array.from({ length: count }, (_, at) => `line ${from + at}\n`).join('')

test('four connectors on three workers: one is killed, one leaves, one comes; every line arrives', {
  timeout: 120_000,
}, async () => {
  const first = await start('w0')
  const [second, third] = await Promise.all([start('w1'), start('w2')])
  const three = [first, second, third]
  for (const n of [0, 1]) {
    await writeFile(join(world.folder, `in-${n}`), lines(0, 100))
    const source = { 'connector.class': 'FileStreamSource', topic: `t${n}`, file: join(world.folder, `in-${n}`) }
    const sink = { 'connector.class': 'FileStreamSink', topics: `t${n}`, file: join(world.folder, `out-${n}`) }
    // Whoever is asked: the leader does it.
    const created = await ask(three[n + 1]!, 'POST', '/connectors', { name: `source-${n}`, config: source })
    expect(created).toMatchObject({ status: 201, body: { name: `source-${n}`, tasks: [] } })
    expect(created.location).toBe(`${three[n + 1]!.rest}/connectors/source-${n}`)
    expect(await ask(three[n]!, 'PUT', `/connectors/sink-${n}/config`, sink)).toMatchObject({ status: 201 })
    expect(await ask(three[n]!, 'PUT', `/connectors/sink-${n}/config`, sink)).toMatchObject({ status: 200 })
  }
  const settled = await eventually('everything runs on three', () => statuses(first), runOn(8, three))
  const counts = three.map(worker => partsOf(settled).filter(part => part.worker_id === idOf(worker)).length)
  expect(Math.max(...counts)).toBeLessThanOrEqual(4)

  const arrived = async (n: number) =>
    (await readFile(join(world.folder, `out-${n}`), 'utf8').catch(() => '')).split('\n')
  await eventually(
    'the first lines arrive',
    () => arrived(0),
    out => out.includes('line 99'),
  )

  await third.kill()
  const two = [first, second]
  const seen = new Set<string>()
  await eventually(
    'what the killed one ran is shown as UNASSIGNED, then runs on the others',
    async () => {
      const all = await statuses(first)
      for (const { state, worker_id } of partsOf(all)) seen.add(`${state}${worker_id === idOf(third) ? ' there' : ''}`)
      return all
    },
    runOn(8, two),
  )
  expect(seen).toContain('UNASSIGNED')
  for (const n of [0, 1]) await appendFile(join(world.folder, `in-${n}`), lines(100, 100))

  const fourth = await start('w3')
  await eventually(
    'the new one has its share',
    () => statuses(second),
    all => partsOf(all).some(part => part.worker_id === idOf(fourth)),
  )
  await eventually('everything runs on three again', () => statuses(second), runOn(8, [first, second, fourth]))
  await first.stop()
  // Long before the delay that the work of a dead worker waits.
  await eventually('everything runs on two again', () => statuses(second), runOn(8, [second, fourth]), 3000)

  for (const n of [0, 1])
    await eventually(
      `all lines of ${n}`,
      () => arrived(n),
      out => Array.from({ length: 200 }, (_, at) => `line ${at}`).every(line => out.includes(line)),
    )

  // Any worker answers: pause, restart, stop, offsets, delete.
  expect(await ask(fourth, 'PUT', '/connectors/source-0/pause')).toMatchObject({ status: 202 })
  await eventually(
    'it is paused',
    () => statuses(second),
    all => partsOf({ s: all['source-0']! }).every(part => part.state === 'PAUSED'),
  )
  expect(await ask(second, 'PUT', '/connectors/source-0/resume')).toMatchObject({ status: 202 })
  await eventually('it runs', () => statuses(fourth), runOn(8, [second, fourth]))
  for (const worker of [second, fourth]) {
    expect(await ask(worker, 'POST', '/connectors/source-0/restart')).toMatchObject({ status: 204 })
    expect(await ask(worker, 'POST', '/connectors/source-0/tasks/0/restart')).toMatchObject({ status: 204 })
    expect(await ask(worker, 'POST', '/connectors/source-0/restart?includeTasks=true')).toMatchObject({
      status: 202,
      body: { connector: { state: 'RESTARTING' }, tasks: [{ state: 'RESTARTING' }] },
    })
    await eventually('it runs again', () => statuses(worker), runOn(8, [second, fourth]))
    expect(await ask(worker, 'POST', '/connectors/source-1/tasks', [])).toMatchObject({ status: 400 })
    expect(await ask(worker, 'GET', '/connectors/none/status')).toMatchObject({ status: 404 })
    expect(await ask(worker, 'DELETE', '/connectors/none')).toMatchObject({ status: 404 })
  }
  expect(await ask(fourth, 'PUT', '/connectors/source-1/stop')).toMatchObject({ status: 204 })
  await eventually(
    'it is stopped',
    () => statuses(second),
    all => all['source-1']?.connector.state === 'STOPPED' && all['source-1'].tasks.length === 0,
  )
  expect(await ask(second, 'DELETE', '/connectors/source-1/offsets')).toMatchObject({ status: 200 })
  expect(await ask(fourth, 'DELETE', '/connectors/source-1')).toMatchObject({ status: 204 })
  expect(await ask(second, 'GET', '/connectors/source-1')).toMatchObject({ status: 404 })
})
