import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WorkerProcess } from '../../../runtime/testing/worker-process.ts'

// Schemathesis makes requests from our OpenAPI document: such that it allows, and such that it does not.

const seed = Number(process.env['MILLRACE_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
const examples = Number(process.env['MILLRACE_EXAMPLES'] ?? 60)
/**
 * Kafka Connect answers 500 to a request without a body and to one of another shape; what goes wrong here is an ERROR of the log. It takes `expand=nonsense` and a config that names no class is no request that can be accepted. Its 405 has no Allow header.
 */
const notChecked = ['negative_data_rejection', 'positive_data_acceptance', 'not_a_server_error', 'unsupported_method']

let folder: string
let worker: WorkerProcess

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-fuzz-'))
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
}, 60_000)
afterAll(async () => {
  await worker?.stop()
  await rm(folder, { recursive: true, force: true })
})

test(`requests made of the OpenAPI document have answers that it tells of, seed ${seed}`, {
  timeout: 300_000,
}, async () => {
  const command = process.env['MILLRACE_SCHEMATHESIS']
  if (command === undefined) throw new Error('MILLRACE_SCHEMATHESIS is not set: run the tests with npm run test:real')
  const hooks = fileURLToPath(new URL('./fuzz_hooks.py', import.meta.url))
  // Names that it tries first: some requests shall find a connector.
  for (const name of ['0', 'a'])
    await worker.submit(name, { 'connector.class': 'FileStreamSource', file: join(folder, 'lines'), topic: 'lines' })
  const before = await worker.memoryMb()
  const child = spawn(
    command,
    [
      ...['run', `${worker.rest}/openapi.json`, '--seed', String(seed), '--max-examples', String(examples)],
      ...['--checks', 'all', '--exclude-checks', notChecked.join(','), '--continue-on-failure'],
      ...['--request-timeout', '10', '--suppress-health-check', 'all', '--no-color', '--generation-database', 'none'],
    ],
    {
      cwd: folder,
      env: {
        ...process.env,
        SCHEMATHESIS_HOOKS: 'fuzz_hooks',
        PYTHONPATH: dirname(hooks),
        PYTHONDONTWRITEBYTECODE: '1',
      },
    },
  )
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  const [code, out, said] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  const summary = out.slice(out.indexOf('= SUMMARY ='))
  console.log(`${summary}\nmemory: ${Math.round(before)} MiB before, ${Math.round(await worker.memoryMb())} MiB after`)
  const log = (await readFile(join(folder, 'worker.log'), 'utf8')).split('\n')
  expect(log.filter(line => line.includes('"level":"ERROR"'))).toEqual([])
  expect(code, `${out.slice(-20_000)}${said}`).toBe(0)
  expect(Number(/(\d+) generated/.exec(summary)?.[1])).toBeGreaterThan(1000)
  expect((await fetch(`${worker.rest}/health`)).status).toBe(200)
  expect(await worker.memoryMb()).toBeLessThan(400)
})
