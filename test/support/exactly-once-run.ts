import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { createKafka } from '../../runtime/kafka/kafka.ts'
import type { LogRecord } from '../../runtime/kafka/ports.ts'
import { WorkerProcess } from '../../runtime/testing/worker-process.ts'
import { ask, idOf, numberedLines, runOn, statuses } from './cluster-rest.ts'
import { command, eventually, stringConverter, type World, workerProperties } from './pipeline-world.ts'

export interface ExactlyOnceRun {
  readonly world: World
  readonly bootstrap: string
  /** Of the connector. */
  readonly config: Readonly<Record<string, string>>
  /** How often the worker that runs the task is killed. */
  readonly kills: number
  readonly sessionMs: number
  /** What else is to go wrong with each kill. */
  readonly besides?: () => Promise<void>
}

export const exactlyOnceWorker = async (
  { world, bootstrap, sessionMs }: Pick<ExactlyOnceRun, 'world' | 'bootstrap' | 'sessionMs'>,
  name: string,
  more: Readonly<Record<string, string>> = {},
): Promise<WorkerProcess> => {
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
    'session.timeout.ms': String(sessionMs),
    'heartbeat.interval.ms': String(Math.floor(sessionMs / 10)),
    'scheduled.rebalance.max.delay.ms': '0',
    'exactly.once.source.support': 'enabled',
    ...more,
  })
  const worker = await WorkerProcess.start({ command, folder, properties })
  world.after(() => worker.kill())
  return worker
}

/** Values in the topic as a reader of committed records sees them. */
export const readCommitted = async (
  bootstrap: string,
  topic: string,
  text = ({ value }: LogRecord): string => value?.toString() ?? '',
): Promise<string[]> => {
  const kafka = createKafka({ 'bootstrap.servers': bootstrap })
  try {
    const found: string[] = []
    const log = kafka.topicLog({
      topic,
      isolation: 'read_committed',
      onRecord: record => found.push(text(record)),
    })
    await log.start()
    await log.stop()
    return found
  } finally {
    await kafka.close()
  }
}

/**
 * A file source on two workers, of which the one that runs the task is killed again and again while lines are appended:
 * afterwards a reader of committed records has every line once, in order.
 */
export const runExactlyOnce = async (run: ExactlyOnceRun): Promise<void> => {
  const { world, bootstrap } = run
  const start = (name: string) => exactlyOnceWorker(run, name)
  const committed = () => readCommitted(bootstrap, 'lines')
  const file = join(world.folder, 'in')
  await writeFile(file, '')
  let workers: WorkerProcess[] = await Promise.all([start('w0'), start('w1')])
  const config = {
    'connector.class': 'FileStreamSource',
    topic: 'lines',
    file,
    'batch.size': '100',
    'exactly.once.support': 'required',
    ...run.config,
  }
  await eventually(
    'the group takes the connector',
    () => ask(workers[1]!, 'PUT', '/connectors/source/config', config),
    ({ status }) => status === 201,
  )
  await eventually('it runs', () => statuses(workers[0]!), runOn(2, workers))
  let written = 0
  let isWriting = true
  const writing = (async () => {
    while (isWriting) {
      await appendFile(file, numberedLines(written, 100))
      written += 100
      await delay(20)
    }
  })()
  try {
    for (let round = 0; round < run.kills; round++) {
      const before = written
      const all = await eventually('the task runs', () => statuses(workers[0]!), runOn(2, workers), 60_000)
      await eventually(
        'lines arrive',
        async () => (await committed()).length,
        n => n > before,
        60_000,
      )
      // The one that runs the task, in the middle of its work.
      const owner = workers.findIndex(worker => idOf(worker) === all['source']!.tasks[0]!.worker_id)
      await workers[owner]!.kill()
      await run.besides?.()
      const fresh = await start(`r${round}`)
      workers = workers.map((worker, at) => (at === owner ? fresh : worker))
    }
  } finally {
    isWriting = false
    await writing
  }
  await eventually(
    'all lines are there',
    async () => (await committed()).length,
    n => n >= written,
    60_000,
  )
  expect(await committed()).toEqual(Array.from({ length: written }, (_, line) => `line ${line}`))
}
