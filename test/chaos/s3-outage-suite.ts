import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { WorkerProcess } from '../../runtime/testing/worker-process.ts'
import { lakeProblems } from '../support/lake-check.ts'
import { eventually, lagOf, lakeSink, readLake, readTopic, stringConverter, World } from '../support/pipeline-world.ts'
import { S3Proxy, type Weather } from '../support/s3-proxy.ts'
import { Bucket, type Endpoint } from '../support/s3-sink-run.ts'

/** How long an outage lasts. The full form: MILLRACE_CHAOS_OUTAGE_MS=60000. */
const outageMs = Number(process.env['MILLRACE_CHAOS_OUTAGE_MS'] ?? 3000)
const full = outageMs >= 60_000
/** The sink gives a request up after a minute without an answer: sooner here, but for the full form. */
const shortSilence = {
  MILLRACE_MUTANT: 's3-silence-of-two-seconds',
  NODE_OPTIONS: `--import=${new URL('../support/mutants/mutate.mjs', import.meta.url).href}`,
}
const topic = 'lines'
const filler = Array.from({ length: 40 }, (_, i) => i.toString(36).repeat(30)).join('')

/** What the S3 sink does in the weathers of `S3Proxy`, every record counted; run on any S3 server. */
export const s3OutageSuite = (endpoint: () => Endpoint): void => {
  let world: World
  let proxy: S3Proxy
  let bucket: Bucket
  let written: number
  beforeAll(async () => {
    bucket = await new Bucket(endpoint()).create()
  })
  afterAll(() => bucket.client.destroy())
  beforeEach(async () => {
    world = await World.create()
    world.after(() => bucket.clear())
    proxy = await S3Proxy.start(endpoint())
    world.after(() => proxy.close())
    written = 0
  })
  afterEach(() => world.close())

  const write = (count: number) => {
    const lines: string[] = []
    for (const end = written + count; written < end; written++)
      lines.push(`{"id":${written},"filler":"${filler.slice(written % 200)}"}\n`)
    appendFileSync(join(world.folder, 'rows.txt'), lines.join(''))
  }
  const worker = (env: Readonly<Record<string, string>> = full ? {} : shortSilence) => world.worker({}, { env })
  const start = async (
    sink: Readonly<Record<string, string>>,
    env?: Readonly<Record<string, string>>,
  ): Promise<WorkerProcess> => {
    const started = await worker(env)
    await started.submit('source', {
      'connector.class': 'FileStreamSource',
      file: join(world.folder, 'rows.txt'),
      topic,
      'value.converter': stringConverter,
    })
    await started.submit(
      'sink',
      lakeSink(proxy, topic, { 's3.retry.backoff.ms': '50', 'retry.backoff.ms': '200', ...sink }),
    )
    return started
  }
  const states = async (running: WorkerProcess) =>
    (await running.parts()).map(
      ({ name, state, trace }) => `${name} ${state}${trace === undefined ? '' : `: ${trace}`}`,
    )
  const healthy = ['source-0 RUNNING', 'sink-0 RUNNING']
  const someObjects = () =>
    eventually(
      'some objects',
      () => bucket.keys(),
      keys => keys.length > 0,
    )
  const accounted = async (running: WorkerProcess) => {
    await eventually(
      'the topic to hold everything and the sink to have delivered it',
      async () => {
        const seen = await states(running)
        if (seen.some(state => state.includes('FAILED'))) throw new Error(seen.join('\n'))
        const { length } = await readTopic(running.bootstrap, topic)
        return { missing: written - length, lag: await lagOf(running.bootstrap, 'connect-sink', topic) }
      },
      ({ missing, lag }) => missing <= 0 && lag === 0,
      full ? 400_000 : 60_000,
    )
    const ids = new Set<number>()
    const objects = await readLake(bucket, line => ids.add((JSON.parse(line) as { id: number }).id))
    expect(lakeProblems(await readTopic(running.bootstrap, topic), objects)).toEqual([])
    expect(ids.size).toBe(written)
    expect(await states(running)).toEqual(healthy)
  }

  const outages: readonly { weather: Weather; what: string }[] = [
    { weather: 'refusing', what: 'answers 503' },
    { weather: 'silent', what: 'takes connections and never answers' },
    { weather: 'cutting', what: 'cuts uploads half-way' },
  ]
  const sizes: readonly { size: string; sink: Readonly<Record<string, string>> }[] = [
    { size: 'small objects', sink: {} },
    // Not compressed: several parts of 5 MB each.
    {
      size: 'uploads of parts',
      sink: { 's3.compression.type': 'none', 'flush.size': '9000', 's3.part.size': '5242880' },
    },
  ]
  for (const [number, { weather, what }] of outages.entries()) {
    // In the short form one size for each, in turn.
    for (const { size, sink } of full ? sizes : [sizes[number % 2]!]) {
      test(`an S3 that ${what}, ${size}: nothing fails, is lost or comes twice`, { timeout: 600_000 }, async () => {
        const before = await start(sink)
        write(10_000)
        await someObjects()
        proxy.weather = weather
        const over = performance.now() + outageMs
        while (performance.now() < over) {
          write(700)
          await delay(outageMs / 20)
        }
        expect(proxy.struck).toBeGreaterThan(0)
        expect(await states(before)).toEqual(healthy)
        // The worst moment for a worker to die.
        await before.kill()
        const after = await worker()
        const struck = proxy.struck
        await eventually(
          'its successor to meet the outage',
          async () => proxy.struck,
          count => count > struck,
        )
        expect(await states(after)).toEqual(healthy)
        proxy.weather = 'fine'
        await accounted(after)
      })
    }
  }

  test('an S3 that is late: what a stopped task sent does not arrive over what its successor wrote', {
    timeout: 120_000,
  }, async () => {
    const running = await start({ 'flush.size': '100000' }, {})
    write(300)
    await someObjects()
    proxy.weather = 'late'
    write(300)
    await eventually(
      'an upload on its way',
      async () => proxy.held,
      held => held > 0,
    )
    await running.request('PUT', '/connectors/sink/stop')
    await eventually(
      'the task to be gone',
      async () => (await running.parts()).map(({ name }) => name),
      names => !names.includes('sink-0'),
    )
    proxy.weather = 'fine'
    write(300)
    await eventually(
      'the source has read all',
      async () => (await readTopic(running.bootstrap, topic)).length,
      count => count === written,
    )
    await running.request('PUT', '/connectors/sink/resume')
    await eventually(
      'the successor to have delivered all',
      () => lagOf(running.bootstrap, 'connect-sink', topic),
      lag => lag === 0,
    )
    proxy.release()
    await delay(500)
    await accounted(running)
  })
}
