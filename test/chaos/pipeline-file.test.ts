import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { lakeProblems } from '../support/lake-check.ts'
import {
  eventually,
  lagOf,
  lakeSink,
  randomFrom,
  readLake,
  readTopic,
  stringConverter,
  World,
} from '../support/pipeline-world.ts'

const ROWS = 24_000
const KILLS = 5
const topic = 'lines'
let world: World
afterEach(() => world?.close())

/** Breaking it on purpose: test/unit/support/lake-check.test.ts shows that the check sees losses, doubles and strays. */
test('a worker killed with its broker, again and again: file to topic to S3, each record once', async () => {
  const seed = Number(process.env['MILLRACE_CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9))
  console.log(`MILLRACE_CHAOS_SEED=${seed}`)
  const random = randomFrom(seed)
  world = await World.create()
  const { server, bucket } = await world.lake()
  const file = join(world.folder, 'rows.txt')
  let written = 0
  const write = (count: number) => {
    const lines: string[] = []
    for (; count > 0; count--) lines.push(`{"id":${written++},"text":"row é ${'x'.repeat(40 + (written % 60))}"}\n`)
    appendFileSync(file, lines.join(''))
  }
  const properties = { 'topic.creation.enable': 'true', 'millrace.broker.log.segment.bytes': '300000' }
  write(2000)
  const connectors = {
    source: {
      'connector.class': 'FileStreamSource',
      file,
      topic,
      'value.converter': stringConverter,
      'topic.creation.default.partitions': '3',
      'topic.creation.default.replication.factor': '1',
    },
    sink: lakeSink(server, topic),
  }
  const first = await world.worker(properties)
  for (const [name, config] of Object.entries(connectors)) await first.submit(name, config)
  const kills = { starting: 0, running: 0 }
  let worker: Awaited<ReturnType<World['worker']>> | undefined = first
  for (let life = 0; life < KILLS; life++) {
    const killed = new AbortController()
    // Every third dies while it starts.
    const starting = life % 3 === 1
    if (starting) {
      const start = world.worker(properties, { killed: killed.signal })
      await delay(random() * 900)
      killed.abort()
      await start.then(
        late => late.kill(),
        () => {},
      )
      kills.starting++
      worker = undefined
      continue
    }
    worker ??= await world.worker(properties)
    const until = performance.now() + 300 + random() * 1500
    while (performance.now() < until) {
      write(Math.min(ROWS - written, 150 + Math.floor(random() * 300)))
      await delay(random() * 60)
    }
    await worker.kill()
    kills.running++
    worker = undefined
  }
  write(ROWS - written)
  const last = await world.worker(properties)
  await eventually(
    'the source has read all',
    async () => (await readTopic(last.bootstrap, topic)).length,
    n => n >= ROWS,
  )
  await eventually(
    'the sink has delivered all',
    () => lagOf(last.bootstrap, 'connect-sink', topic),
    lag => lag === 0,
  )
  expect((await last.parts()).map(part => part.state)).toEqual(['RUNNING', 'RUNNING'])

  const ids = new Set<number>()
  const objects = await readLake(bucket, line => ids.add((JSON.parse(line) as { id: number }).id))
  const records = await readTopic(last.bootstrap, topic)
  expect(lakeProblems(records, objects)).toEqual([])
  expect(ids.size).toBe(ROWS)
  console.log(
    `${records.length} records for ${ROWS} rows, ${objects.length} objects, ${kills.running}+${kills.starting} kills`,
  )
})
