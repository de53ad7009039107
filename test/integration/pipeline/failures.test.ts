import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PartState, WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { eventually, stringConverter, World } from '../../support/pipeline-world.ts'
import { valuesOf } from '../../support/topic-values.ts'

let world: World
let worker: WorkerProcess
beforeAll(async () => {
  world = await World.create()
  worker = await world.worker({ 'plugin.path': fileURLToPath(new URL('../../support/connectors', import.meta.url)) })
})
afterAll(() => world.close())

const part = async (name: string): Promise<PartState | undefined> =>
  (await worker.parts()).find(candidate => candidate.name === name)
const inState = (name: string, state: string) =>
  eventually(
    `${name} to be ${state}`,
    () => part(name),
    seen => seen?.state === state,
  )
const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []
const numbers = (first: number, end: number) => Array.from({ length: end - first }, (_, at) => first + at)

test('a source that throws is FAILED with its trace, and goes on after a restart where it was', async () => {
  const file = join(world.folder, 'thrown.txt')
  const source = { 'connector.class': 'test.NumberSourceConnector', topic: 'thrown', count: '100', 'throw.at': '50' }
  const sink = { 'connector.class': 'test.LinesSinkConnector', topics: 'thrown', 'output.file': file }
  await worker.submit('thrower', source)
  await worker.submit('thrower-sink', sink)
  const failed = await inState('thrower-0', 'FAILED')
  expect(failed!.trace).toContain('the table is gone at 50')
  expect(failed!.trace).toContain('number-source.ts')
  // The connector itself is well: only its task died.
  const status = await worker.request<{ connector: { state: string } }>('GET', '/connectors/thrower/status')
  expect(status.connector.state).toBe('RUNNING')

  // A restart that changes nothing fails again, and says so again.
  await worker.request('POST', '/connectors/thrower/tasks/0/restart')
  await inState('thrower-0', 'FAILED')
  await worker.request('POST', '/connectors/thrower/restart?includeTasks=true&onlyFailed=true')
  await inState('thrower-0', 'FAILED')

  await worker.submit('thrower', { ...source, 'throw.at': '-1' })
  await inState('thrower-0', 'RUNNING')
  await eventually(
    'all numbers',
    async () => linesOf(file).length,
    count => count >= 100,
  )
  expect(linesOf(file).map(line => Number(line.split(' ')[1]))).toEqual(numbers(0, 100))
})

test('a sink that throws is FAILED with its trace, commits nothing beyond, and takes it again after a restart', async () => {
  const input = join(world.folder, 'poison.txt')
  const file = join(world.folder, 'poison.out')
  writeFileSync(
    input,
    numbers(0, 20)
      .map(number => `${number}\n`)
      .join(''),
  )
  const sink = {
    'connector.class': 'test.LinesSinkConnector',
    topics: 'poison',
    'value.converter': stringConverter,
    'output.file': file,
  }
  await worker.submit('poison', {
    'connector.class': 'FileStreamSource',
    file: input,
    topic: 'poison',
    'value.converter': stringConverter,
  })
  await worker.submit('poisoned', { ...sink, 'throw.on': '7' })
  const failed = await inState('poisoned-0', 'FAILED')
  expect(failed!.trace).toContain('cannot write 7')
  await worker.submit('poisoned', sink)
  await eventually(
    'all lines',
    async () => new Set(linesOf(file)).size,
    count => count === 20,
  )
  expect((await part('poisoned-0'))?.state).toBe('RUNNING')
  expect([...new Set(linesOf(file))]).toEqual(numbers(0, 20).map(number => `poison-0@${number} ${number}`))
})

test('what ran in a thread that died is FAILED, never shown as healthy, and can be restarted', async () => {
  const dying = { 'connector.class': 'test.NumberSourceConnector', topic: 'dying', count: '10', 'exit.at': '5' }
  await worker.submit('dying', dying)
  const dead = await inState('dying-0', 'FAILED')
  expect(dead!.trace).toMatch(/thread/i)
  await worker.submit('dying', { ...dying, 'exit.at': '-1' })
  const connectors = await worker.request<string[]>('GET', '/connectors')
  for (const name of connectors)
    await worker.request('POST', `/connectors/${name}/restart?includeTasks=true&onlyFailed=true`)
  await eventually(
    'all of them to run again',
    async () => (await worker.parts()).filter(({ state }) => state !== 'RUNNING'),
    others => others.length === 0,
  )
  await eventually(
    'the numbers after the death',
    async () => (await valuesOf(worker.bootstrap, 'dying')).map(Number),
    values => values.includes(9),
  )
})

test('a bad record: FAILED with its coordinates, skipped when tolerated, kept in the dead letter queue', async () => {
  const input = join(world.folder, 'mixed.txt')
  writeFileSync(input, '{"n":0}\n{"n":1}\n{broken\n{"n":3}\n')
  await worker.submit('mixed', {
    'connector.class': 'FileStreamSource',
    file: input,
    topic: 'mixed',
    'value.converter': stringConverter,
  })
  const sink = (file: string) => ({
    'connector.class': 'test.LinesSinkConnector',
    topics: 'mixed',
    'output.file': file,
  })
  const strict = join(world.folder, 'strict.out')
  await worker.submit('strict', sink(strict))
  const failed = await inState('strict-0', 'FAILED')
  expect(failed!.trace).toMatch(/mixed-0@2|partition 0.*offset 2/)
  expect(failed!.trace).toContain('Tolerance exceeded in error handler')

  const lenient = join(world.folder, 'lenient.out')
  await worker.submit('lenient', {
    ...sink(lenient),
    'errors.tolerance': 'all',
    'errors.deadletterqueue.topic.name': 'mixed-dead',
    'errors.deadletterqueue.topic.replication.factor': '1',
    'errors.deadletterqueue.context.headers.enable': 'true',
  })
  appendFileSync(input, '{"n":4}\n')
  await eventually(
    'the good ones',
    async () => linesOf(lenient).length,
    count => count >= 4,
  )
  expect(linesOf(lenient)).toEqual([0, 1, 3, 4].map(n => `mixed-0@${n} {"n":${n}}`))
  expect((await part('lenient-0'))?.state).toBe('RUNNING')

  const dead = await valuesOf(worker.bootstrap, 'mixed-dead')
  expect(dead).toEqual(['{broken'])
  // No record disappears: what came in is what went out and what was put aside.
  expect(linesOf(lenient).length + dead.length).toBe(5)
})
