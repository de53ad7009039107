import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createKafka } from '../../../runtime/kafka/kafka.ts'
import { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { ask, numberedLines, runOn, statuses } from '../../support/cluster-rest.ts'
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
    'session.timeout.ms': '1500',
    'heartbeat.interval.ms': '150',
    'scheduled.rebalance.max.delay.ms': '0',
    'exactly.once.source.support': 'enabled',
    ...more,
  })
  const worker = await WorkerProcess.start({ command, folder, properties })
  world.after(() => worker.kill())
  return worker
}

/** Values in the topic, as a reader of committed records, or of all, sees them. */
const values = async (topic: string, isolation: 'read_committed' | 'read_uncommitted'): Promise<string[]> => {
  const kafka = createKafka({ 'bootstrap.servers': bootstrap })
  try {
    const found: string[] = []
    const log = kafka.topicLog({ topic, isolation, onRecord: ({ value }) => found.push(value?.toString() ?? '') })
    await log.start()
    await log.stop()
    return found
  } finally {
    await kafka.close()
  }
}

test.each([
  ['poll', {}],
  ['interval', { 'transaction.boundary.interval.ms': '150' }],
])(
  'boundary %s: workers are killed again and again, every line arrives once',
  { timeout: 120_000 },
  async (boundary, more) => {
    const file = join(world.folder, 'in')
    await writeFile(file, '')
    let workers: WorkerProcess[] = await Promise.all([start('w0'), start('w1')])
    const config = {
      'connector.class': 'FileStreamSource',
      topic: 'lines',
      file,
      'batch.size': '100',
      'transaction.boundary': boundary,
      ...more,
    }
    expect(await ask(workers[1]!, 'PUT', '/connectors/source/config', config)).toMatchObject({ status: 201 })
    await eventually('it runs', () => statuses(workers[0]!), runOn(2, workers))
    let written = 0
    let isWriting = true
    const writing = (async () => {
      while (isWriting) {
        await appendFile(file, numberedLines(written, 100))
        written += 100
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    })()
    for (let round = 0; round < 4; round++) {
      const before = written
      const all = await eventually('the task runs', () => statuses(workers[0]!), runOn(2, workers), 60_000)
      await eventually(
        'lines arrive',
        async () => (await values('lines', 'read_committed')).length,
        n => n > before,
        60_000,
      )
      // The one that runs the task, in the middle of its work.
      const owner = workers.findIndex(w => new URL(w.rest).host === all['source']!.tasks[0]!.worker_id)
      await workers[owner]!.kill()
      const fresh = await start(`r${round}`)
      workers = workers.map((worker, i) => (i === owner ? fresh : worker))
    }
    isWriting = false
    await writing
    const expected = Array.from({ length: written }, (_, i) => `line ${i}`)
    await eventually(
      'all lines are there',
      async () => (await values('lines', 'read_committed')).length,
      n => n >= written,
      60_000,
    )
    expect(await values('lines', 'read_committed')).toEqual(expected)
  },
)
