import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { ask, idOf, numberedLines, partsOf, runOn, statuses } from '../../support/cluster-rest.ts'
import { command, eventually, stringConverter, World, workerProperties } from '../../support/pipeline-world.ts'
import { testBroker } from '../../support/test-broker.ts'

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
    'scheduled.rebalance.max.delay.ms': '6000',
    ...more,
  })
  const worker = await WorkerProcess.start({ command, folder, properties })
  world.after(() => worker.kill())
  return worker
}

test('four connectors on three workers: one is killed, one leaves, one comes; every line arrives', {
  timeout: 120_000,
}, async () => {
  const first = await start('w0')
  const [second, third] = await Promise.all([start('w1'), start('w2')])
  const three = [first, second, third]
  for (const n of [0, 1]) {
    await writeFile(join(world.folder, `in-${n}`), numberedLines(0, 100))
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
  for (const n of [0, 1]) await appendFile(join(world.folder, `in-${n}`), numberedLines(100, 100))

  const fourth = await start('w3')
  await eventually(
    'the new one has its share',
    () => statuses(first),
    all => partsOf(all).some(part => part.worker_id === idOf(fourth)),
  )
  await eventually('everything runs on three again', () => statuses(first), runOn(8, [first, second, fourth]))
  await second.stop()
  // Long before the delay that the work of a dead worker waits.
  await eventually('everything runs on two again', () => statuses(first), runOn(8, [first, fourth]), 4500)

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
    () => statuses(first),
    all => partsOf({ s: all['source-0']! }).every(part => part.state === 'PAUSED'),
  )
  expect(await ask(first, 'PUT', '/connectors/source-0/resume')).toMatchObject({ status: 202 })
  await eventually('it runs', () => statuses(fourth), runOn(8, [first, fourth]))
  for (const worker of [first, fourth]) {
    expect(await ask(worker, 'POST', '/connectors/source-0/restart')).toMatchObject({ status: 204 })
    expect(await ask(worker, 'POST', '/connectors/source-0/tasks/0/restart')).toMatchObject({ status: 204 })
    expect(await ask(worker, 'POST', '/connectors/source-0/restart?includeTasks=true')).toMatchObject({
      status: 202,
      body: { connector: { state: 'RESTARTING' }, tasks: [{ state: 'RESTARTING' }] },
    })
    await eventually('it runs again', () => statuses(worker), runOn(8, [first, fourth]))
    expect(await ask(worker, 'POST', '/connectors/source-1/tasks', [])).toMatchObject({ status: 400 })
    expect(await ask(worker, 'GET', '/connectors/none/status')).toMatchObject({ status: 404 })
    expect(await ask(worker, 'DELETE', '/connectors/none')).toMatchObject({ status: 404 })
  }
  expect(await ask(fourth, 'PUT', '/connectors/source-1/stop')).toMatchObject({ status: 204 })
  await eventually(
    'it is stopped',
    () => statuses(first),
    all => all['source-1']?.connector.state === 'STOPPED' && all['source-1'].tasks.length === 0,
  )
  expect(await ask(first, 'DELETE', '/connectors/source-1/offsets')).toMatchObject({ status: 200 })
  expect(await ask(fourth, 'DELETE', '/connectors/source-1')).toMatchObject({ status: 204 })
  expect(await ask(first, 'GET', '/connectors/source-1')).toMatchObject({ status: 404 })

  const logger = '/admin/loggers/millrace.cluster.test'
  expect(await ask(fourth, 'PUT', `${logger}?scope=cluster`, { level: 'ERROR' })).toMatchObject({ status: 204 })
  for (const worker of [first, fourth])
    await eventually(
      'the level is set',
      () => ask(worker, 'GET', logger),
      ({ body }) => (body as { level?: string }).level === 'ERROR',
    )

  // Who leads now has no history.
  await first.kill()
  await eventually('everything runs on one', () => statuses(fourth), runOn(6, [fourth]))
})
