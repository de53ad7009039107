import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import type { WorkerProcess } from '../../runtime/testing/worker-process.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { lakeProblems } from '../support/lake-check.ts'
import {
  eventually,
  lagOf,
  lakeSink,
  metricOf,
  readLake,
  readTopic,
  stringConverter,
  World,
} from '../support/pipeline-world.ts'

// Proves the checks of the chaos tests: a runtime that is broken on purpose must not pass them.

const PART = 1000
const topic = 'lines'
let world: World
afterEach(() => world?.close())

/**
 * The worst moment, every time: the sink holds what is in no object yet, the source has submitted what the broker has not
 * stored; then both processes die. Returns what is wrong afterwards.
 */
const worstMoment = async (mutant?: string): Promise<{ lost: number; lake: readonly string[] }> => {
  world = await World.create()
  const { server, bucket } = await world.lake()
  const broker = await BrokerProcess.start(join(world.folder, 'broker'))
  world.after(() => broker.kill())
  const file = join(world.folder, 'rows.txt')
  let written = 0
  const write = () => {
    for (const end = written + PART; written < end; written++) appendFileSync(file, `{"id":${written}}\n`)
  }
  const source = { 'connector.class': 'FileStreamSource', file, topic, 'value.converter': stringConverter }
  const properties = { 'bootstrap.servers': broker.bootstrap, 'offset.flush.interval.ms': '100' }
  const env: Record<string, string> =
    mutant === undefined
      ? {}
      : {
          MILLRACE_MUTANT: mutant,
          NODE_OPTIONS: `--import=${new URL('../support/mutants/mutate.mjs', import.meta.url).href}`,
        }
  const stored = async () => (await lagOf(broker.bootstrap, 'connect-sink', topic)) === 0
  const polled = (worker: WorkerProcess) => metricOf(worker, 'source_record_poll_total')

  write()
  const first = await world.worker(properties, { env })
  await first.submit('source', source)
  await first.submit('sink', lakeSink(server, topic, { 'flush.size': '100000', 'rotate.schedule.interval.ms': '-1' }))
  await eventually(
    'the sink has it',
    () => metricOf(first, 'sink_record_send_total'),
    count => count === PART,
  )
  // A broken one commits within the next intervals; the others never do.
  for (let look = 0; look < 5 && !(await stored()); look++) await delay(100)
  broker.signal('SIGSTOP')
  write()
  await eventually(
    'the source has read on',
    () => polled(first),
    count => count === 2 * PART,
  )
  await delay(500)
  await first.kill()
  await broker.kill()

  await broker.start()
  const second = await world.worker(properties, { env })
  await second.submit('sink', lakeSink(server, topic))
  let before = -1
  await eventually(
    'everything has come to rest',
    async () => {
      const { length } = await readTopic(broker.bootstrap, topic)
      const rest = length === before && (length >= 2 * PART || mutant !== undefined)
      before = length
      return rest && (await stored())
    },
    rest => rest,
  )
  const ids = new Set<number>()
  const objects = await readLake(bucket, line => ids.add((JSON.parse(line) as { id: number }).id))
  return { lost: 2 * PART - ids.size, lake: lakeProblems(await readTopic(broker.bootstrap, topic), objects) }
}

test('the runtime as it is loses nothing', async () => {
  expect(await worstMoment()).toEqual({ lost: 0, lake: [] })
})

test('one that stores source offsets before the broker has the records is found out', async () => {
  expect(await worstMoment('source-offset-before-acknowledgement')).toEqual({ lost: PART, lake: [] })
})

test('one that commits sink offsets before the objects are there is found out', async () => {
  const { lost, lake } = await worstMoment('sink-offset-before-delivery')
  // Its second life may not have written its own part yet: what the first one held is gone for good.
  expect(lost).toBeGreaterThanOrEqual(PART)
  expect(lake).toEqual([expect.stringMatching(/^offsets (0 to|from 0)/)])
})
