import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { ask, idOf, runOn, type Status, statuses } from '../../support/cluster-rest.ts'
import { command, eventually, stringConverter, World, workerProperties } from '../../support/pipeline-world.ts'
import { testBroker } from '../../support/test-broker.ts'

let world: World
let bootstrap: string
beforeEach(async () => {
  world = await World.create()
  const broker = await testBroker({ 'group.initial.rebalance.delay.ms': '0', 'group.min.session.timeout.ms': '100' })
  world.after(() => broker.remove())
  bootstrap = broker.broker.bootstrap
})
afterEach(() => world.close())

const start = async (name: string): Promise<WorkerProcess> => {
  const folder = join(world.folder, name)
  const { 'offset.storage.file.filename': _, ...properties } = workerProperties(folder, {
    'bootstrap.servers': bootstrap,
    'key.converter': stringConverter,
    'value.converter': stringConverter,
    'plugin.path': fileURLToPath(new URL('../../support/connectors', import.meta.url)),
    'group.id': 'workers',
    'config.storage.topic': 'connect-configs',
    'offset.storage.topic': 'connect-offsets',
    'status.storage.topic': 'connect-status',
    'config.storage.replication.factor': '1',
    'offset.storage.replication.factor': '1',
    'status.storage.replication.factor': '1',
    'session.timeout.ms': '6000',
    'heartbeat.interval.ms': '200',
    'scheduled.rebalance.max.delay.ms': '0',
    'millrace.assignor.load': 'true',
    'millrace.assignor.load.interval.ms': '1000',
  })
  const worker = await WorkerProcess.start({ command, folder, properties })
  world.after(() => worker.kill())
  return worker
}

const placeOf = (all: Record<string, Status>, connector: string): string | undefined =>
  all[connector]?.tasks[0]?.worker_id

test('two busy tasks that lie on one worker come apart, and stay apart', {
  timeout: 120_000,
}, async () => {
  const first = await start('w0')
  const second = await start('w1')
  const both = [first, second]
  const beats = (name: string, busyMs: number) =>
    ask(first, 'PUT', `/connectors/${name}/config`, {
      'connector.class': 'test.BeatingSourceConnector',
      topic: 'beats',
      'tasks.max': '1',
      'beat.file': join(world.folder, name),
      'beat.ms': '50',
      'busy.ms': String(busyMs),
    })
  const names = ['a', 'b', 'c', 'd']
  for (const name of names) expect(await beats(name, 0)).toMatchObject({ status: 201 })
  const placesIn = (all: Record<string, Status>) => names.map(name => placeOf(all, name))
  const idle = await eventually(
    'two idle tasks on each',
    () => statuses(first),
    all => runOn(8, both)(all) && placesIn(all).filter(place => place === idOf(first)).length === 2,
  )
  const busy = names.filter(name => placeOf(idle, name) === idOf(second))
  for (const name of busy) expect(await beats(name, 45)).toMatchObject({ status: 200 })
  await eventually(
    'the busy ones are apart',
    () => statuses(first),
    all => runOn(8, both)(all) && placeOf(all, busy[0]!) !== placeOf(all, busy[1]!),
    60_000,
  )

  // Rounds go on every second; the busy ones are not brought together again.
  const later = Date.now() + 8000
  await eventually(
    'rounds go by',
    () => statuses(first),
    all => {
      const [one, other] = busy.map(name => placeOf(all, name))
      if (one !== undefined && other !== undefined) expect(one).not.toBe(other)
      return Date.now() > later
    },
    20_000,
  )
})
