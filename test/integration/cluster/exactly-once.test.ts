import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask, numberedLines, runOn, statuses } from '../../support/cluster-rest.ts'
import { exactlyOnceWorker, readCommitted, runExactlyOnce } from '../../support/exactly-once-run.ts'
import { eventually, World } from '../../support/pipeline-world.ts'
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

test.each([
  ['poll', 'connect-offsets'],
  ['interval', 'offsets-of-its-own'],
])(
  'workers are killed again and again, every line arrives once: boundary %s, offsets in %s',
  { timeout: 120_000 },
  async (boundary, topic) => {
    const config = {
      'transaction.boundary': boundary,
      'transaction.boundary.interval.ms': '150',
      'offsets.storage.topic': topic,
    }
    await runExactlyOnce({ world, bootstrap, config, kills: 4, sessionMs: 1500 })
  },
)

test('fencing is recorded and asked for with a signature only; offsets are reset; what cannot be promised is refused', {
  timeout: 60_000,
}, async () => {
  const worker = await exactlyOnceWorker({ world, bootstrap, sessionMs: 6000 }, 'w')
  const file = join(world.folder, 'in')
  await writeFile(file, numberedLines(0, 50))
  const config = { 'connector.class': 'FileStreamSource', topic: 'lines', file, 'exactly.once.support': 'required' }
  expect(await ask(worker, 'PUT', '/connectors/source/config', config)).toMatchObject({ status: 201 })
  await eventually('it runs', () => statuses(worker), runOn(2, [worker]))
  const lines = () => readCommitted(bootstrap, 'lines')
  await eventually('lines arrive', lines, found => found.length === 50)

  const fencing = (await readCommitted(bootstrap, 'connect-configs', record => `${record.key} ${record.value}`)).filter(
    line => line.startsWith('tasks-fencing'),
  )
  expect(fencing).toEqual(['tasks-fencing-source {"task-count":1}'])
  expect(await ask(worker, 'PUT', '/connectors/source/fence')).toMatchObject({
    status: 400,
    body: { message: 'Internal request missing required signature' },
  })

  await ask(worker, 'PUT', '/connectors/source/stop')
  await eventually(
    'it is stopped',
    () => statuses(worker),
    all => all['source']!.tasks.length === 0,
  )
  const offsets = await ask(worker, 'GET', '/connectors/source/offsets')
  expect(offsets.body).toMatchObject({ offsets: [{ partition: { filename: file }, offset: { position: 390 } }] })
  await eventually(
    'offsets are reset',
    () => ask(worker, 'DELETE', '/connectors/source/offsets'),
    ({ status }) => status === 200,
  )
  await appendFile(file, 'more\n')
  await ask(worker, 'PUT', '/connectors/source/resume')
  await eventually('it begins anew', lines, found => found.length === 101)

  const stdin = { 'connector.class': 'FileStreamSource', topic: 'lines', 'exactly.once.support': 'required' }
  expect(await ask(worker, 'PUT', '/connectors/stdin/config', stdin)).toMatchObject({
    status: 400,
    body: {
      message: expect.stringContaining('The connector does not support exactly-once semantics with the provided'),
    },
  })
})
