import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { demoHelp } from '../../../runtime/cli/demo/help.ts'
import { brokerHelp, mainHelp, registryHelp, workerHelp } from '../../../runtime/cli/help.ts'
import { command, eventually, World, workerProperties } from '../../support/pipeline-world.ts'

let world: World
beforeEach(async () => {
  world = await World.create()
})
afterEach(() => world.close())

const millrace = (args: readonly string[], until?: RegExp) =>
  new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    const child = spawn(process.execPath, [command, ...args], { cwd: world.folder, stdio: ['ignore', 'pipe', 'pipe'] })
    world.after(() => child.kill('SIGKILL'))
    let out = ''
    let err = ''
    let asked = false
    child.stdout.on('data', (text: Buffer) => {
      out += text.toString()
      if (!asked && until?.test(out) === true) asked = child.kill('SIGTERM')
    })
    child.stderr.on('data', (text: Buffer) => {
      err += text.toString()
    })
    child.once('error', reject)
    child.once('close', code => resolve({ code, out, err }))
  })
const file = (name: string, text: string): string => {
  const path = join(world.folder, name)
  writeFileSync(path, text)
  return path
}
const properties = (more: Readonly<Record<string, string>> = {}) =>
  Object.entries(workerProperties(world.folder, more))
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')

test('help teaches, and a command that is not there is a usage error', async () => {
  const answers = await Promise.all([
    millrace(['--help']),
    millrace(['worker', '--help']),
    millrace(['help', 'broker']),
    millrace(['help', 'registry']),
    millrace(['demo', '-h']),
  ])
  expect(answers.map(({ code, out }) => ({ code, out: out.trim() }))).toEqual(
    [mainHelp, workerHelp, brokerHelp, registryHelp, demoHelp].map(text => ({ code: 0, out: text.trim() })),
  )
  expect((await millrace(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/)
  const unknown = await millrace(['wrok'])
  expect(unknown).toMatchObject({ code: 1, out: '' })
  expect(unknown.err).toContain('there is no command "wrok"')
  expect(await millrace(['broker', '--port', '70000'])).toMatchObject({ code: 1 })
})

test('a worker that cannot start says why, and ends with the code for it', async () => {
  const [nothing, missing, wrong, cluster, converter, address] = await Promise.all([
    millrace(['worker']),
    millrace(['worker', 'not-there.properties']),
    millrace(['worker', file('wrong.properties', properties({ 'offset.flush.interval.ms': 'soon' }))]),
    millrace(['worker', file('cluster.properties', properties({ 'group.id': 'workers' }))]),
    millrace([
      'worker',
      file('converter.properties', properties({ 'key.converter': 'org.apache.kafka.connect.json.JsonConvertr' })),
    ]),
    millrace(['worker', file('address.properties', properties({ 'bootstrap.servers': 'kafka' }))]),
  ])
  expect(nothing).toMatchObject({ code: 1 })
  expect(missing).toMatchObject({ code: 2 })
  expect(missing.err).toContain('not-there.properties')
  expect(wrong).toMatchObject({ code: 2 })
  expect(wrong.err).toMatch(/soon.*offset\.flush\.interval\.ms/)
  expect(cluster.err).toContain('group.id')
  expect(converter).toMatchObject({
    code: 2,
    err: expect.stringMatching(/key\.converter.*Did you mean .*JsonConverter\?/),
  })
  expect(address).toMatchObject({ code: 2, err: expect.stringMatching(/bootstrap\.servers: 'kafka'.*host:port/) })
  for (const { err } of [missing, wrong, cluster, converter, address]) expect(err).not.toContain('    at ')
})

test('connector files are submitted before it is ready; one that is refused ends it', async () => {
  const input = file('in.txt', 'one\n')
  const source = { 'connector.class': 'FileStreamSource', file: input, topic: 'lines' }
  const good = [
    file('one.json', JSON.stringify({ name: 'one', config: source })),
    file('two.json', JSON.stringify({ name: 'two', ...source })),
    file('three.properties', `name=three\nconnector.class=FileStreamSource\nfile=${input}\ntopic=lines\n`),
  ]
  const worker = await world.worker({}, { connectorFiles: good })
  expect(await worker.request('GET', '/connectors')).toEqual(expect.arrayContaining(['one', 'two', 'three']))
  await eventually(
    'their tasks',
    () => worker.parts(),
    parts => parts.length === 3 && parts.every(part => part.state === 'RUNNING'),
  )
  await worker.stop()

  const bad = file('bad.json', JSON.stringify({ name: 'bad', config: { 'connector.class': 'FileStreamSource' } }))
  const refused = await millrace(['worker', file('w.properties', properties()), bad])
  expect(refused).toMatchObject({ code: 3 })
  expect(refused.err).toMatch(/connector bad of .*bad\.json is refused.*\n.*"topic"/)
  expect(refused.err).not.toContain('    at ')
})

test('SIGTERM ends worker and broker in order, with 0', async () => {
  expect(await millrace(['worker', file('w.properties', properties())], /The worker is ready/)).toMatchObject({
    code: 0,
  })
  const broker = await millrace(['broker', '--port', '0', '--data', 'topics'], /Ctrl-C/)
  expect(broker).toMatchObject({ code: 0 })
  expect(broker.out).toMatch(/^Broker of cluster \S+ at 127\.0\.0\.1:\d+, topics in topics/)
})

test('a registry in memory says so, and ends at a signal', async () => {
  const registry = await millrace(['registry', '--port', '0'], /Ctrl-C/)
  expect(registry).toMatchObject({ code: 0 })
  expect(registry.out).toMatch(/^Schema registry at http:\/\/127\.0\.0\.1:\d+, schemas in memory/)
  expect(await millrace(['registry', '--port', '70000'])).toMatchObject({ code: 1 })
})

test('a broker already in use of its folder is named', async () => {
  const worker = await world.worker()
  const second = await millrace(['broker', '--port', '0', '--data', join(world.folder, 'broker')])
  expect(second.code).toBe(3)
  expect(second.err).toContain(join(world.folder, 'broker'))
  await worker.kill()
})
