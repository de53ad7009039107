import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { until } from '../../support/fakes/wait.ts'

const tasks = 4
const lines = 400_000
/** Tasks live in other threads: they must not keep readers waiting. A machine that is slow for other reasons may say more. */
const boundMs = Number(process.env.MILLRACE_REST_P99_MS ?? 50)

let folder: string
let worker: WorkerProcess

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-load-'))
  await writeFile(
    join(folder, 'lines'),
    Array.from({ length: lines }, (_, i) => `line ${i} ${'x'.repeat(200)}\n`).join(''),
  )
  worker = await WorkerProcess.start({
    command: fileURLToPath(new URL('../../../bin/millrace.mjs', import.meta.url)),
    folder,
    properties: {
      'bootstrap.servers': `embedded:${join(folder, 'broker')}`,
      'millrace.broker.port': '0',
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'offset.storage.file.filename': join(folder, 'offsets'),
      listeners: 'http://127.0.0.1:0',
    },
  })
})
afterAll(async () => {
  await worker?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Records that all tasks have written, by the worker's own count. */
const written = async (): Promise<number> => {
  const text = await (await fetch(`${worker.rest}/metrics`)).text()
  const counts = text.matchAll(/^kafka_connect_source_task_metrics_source_record_write_total\{[^}]*\} (\d+)/gm)
  return Array.from(counts, match => Number(match[1])).reduce((sum, one) => sum + one, 0)
}

test(`reads are answered while ${tasks} tasks run at full speed`, async () => {
  for (let i = 0; i < tasks; i++)
    await worker.submit(`load-${i}`, {
      'connector.class': 'FileStreamSource',
      file: join(folder, 'lines'),
      topic: `load-${i}`,
    })
  await until(async () => (await written()) > 0, 'the first records', 30_000)
  const times: number[] = []
  const paths = [
    '/connectors',
    '/connectors?expand=status&expand=info',
    '/connectors/load-0/status',
    '/connectors/load-1/config',
    '/',
  ]
  const start = performance.now()
  const before = await written()
  while ((times.length < 500 || performance.now() - start < 3000) && times.length < 5000) {
    const asked = performance.now()
    const answer = await fetch(worker.rest + paths[times.length % paths.length]!)
    await answer.arrayBuffer()
    times.push(performance.now() - asked)
    expect(answer.status).toBe(200)
    if (times.length % 100 === 0 && (await written()) === tasks * lines) break
  }
  const seconds = (performance.now() - start) / 1000
  const records = (await written()) - before
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!
  const [p50, p99] = [at(0.5), at(0.99)]
  console.info(
    `REST under load: ${times.length} reads, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms (bound ${boundMs} ms), beside ${Math.round(records / seconds)} records/s`,
  )
  expect(times.length).toBeGreaterThanOrEqual(100)
  expect(records).toBeGreaterThan(0)
  expect(p99).toBeLessThan(boundMs)
})
