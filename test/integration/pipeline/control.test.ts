import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { eventually, lagOf, stringConverter, World } from '../../support/pipeline-world.ts'

let world: World
let worker: WorkerProcess
let input: string
let output: string
beforeEach(async () => {
  world = await World.create()
  worker = await world.worker()
  input = join(world.folder, 'in.txt')
  output = join(world.folder, 'out.txt')
  writeFileSync(input, 'one\ntwo\nthree\n')
  await worker.submit('source', {
    'connector.class': 'FileStreamSource',
    file: input,
    topic: 'lines',
    'value.converter': stringConverter,
  })
  await worker.submit('sink', {
    'connector.class': 'FileStreamSink',
    file: output,
    topics: 'lines',
    'value.converter': stringConverter,
  })
  await arrived(['one', 'two', 'three'])
})
afterEach(() => world.close())

const lines = () => (existsSync(output) ? readFileSync(output, 'utf8').split('\n').slice(0, -1) : [])
const arrived = (expected: readonly string[]) =>
  eventually(
    `the lines ${expected.join()}`,
    async () => lines(),
    seen => JSON.stringify(seen) === JSON.stringify(expected),
  )
const state = (connector: string, expected: string) =>
  eventually(
    `${connector} to be ${expected}`,
    async () => {
      // One that has not reported yet is left out.
      const all = await worker.request<
        Record<string, { status: { connector: { state: string }; tasks: { state: string }[] } }>
      >('GET', '/connectors?expand=status')
      return all[connector]?.status
    },
    status => status?.connector.state === expected && status.tasks.every(task => task.state === expected),
  )
const sourceOffset = async () => {
  const { offsets } = await worker.request<{ offsets: { offset: { position: number } }[] }>(
    'GET',
    '/connectors/source/offsets',
  )
  return offsets[0]?.offset.position
}
const lag = () => lagOf(worker.bootstrap, 'connect-sink', 'lines')

test('pause holds delivery and keeps the tasks, resume goes on, restart changes nothing', async () => {
  await worker.request('PUT', '/connectors/sink/pause')
  await state('sink', 'PAUSED')
  appendFileSync(input, 'four\n')
  await eventually('it to be in the topic', lag, count => count > 0)
  expect(lines()).toHaveLength(3)
  await worker.request('PUT', '/connectors/sink/resume')
  await arrived(['one', 'two', 'three', 'four'])

  await worker.request('PUT', '/connectors/source/pause')
  await state('source', 'PAUSED')
  await worker.request('POST', '/connectors/source/restart?includeTasks=true')
  await state('source', 'PAUSED')
  await worker.request('PUT', '/connectors/source/resume')
  await state('source', 'RUNNING')
  appendFileSync(input, 'five\n')
  await arrived(['one', 'two', 'three', 'four', 'five'])
})

test('stop ends the tasks; offsets can then be changed, on both sides', async () => {
  await eventually('the offset to be stored', sourceOffset, position => position === 14)
  const at = (position: number) => ({ offsets: [{ partition: { filename: input }, offset: { position } }] })
  await expect(worker.request('PATCH', '/connectors/source/offsets', at(4))).rejects.toThrow(/STOPPED/)
  for (const connector of ['source', 'sink']) {
    await worker.request('PUT', `/connectors/${connector}/stop`)
    await state(connector, 'STOPPED')
  }
  expect((await worker.parts()).length).toBe(0)
  await worker.request('PATCH', '/connectors/source/offsets', at(4))
  expect(await sourceOffset()).toBe(4)
  await worker.request('PUT', '/connectors/source/resume')
  await eventually('two lines more in the topic', lag, count => count === 2)
  // The sink delivers again from where it was put, then everything from the beginning.
  await worker.request('PATCH', '/connectors/sink/offsets', {
    offsets: [{ partition: { kafka_topic: 'lines', kafka_partition: 0 }, offset: { kafka_offset: 2 } }],
  })
  await worker.request('PUT', '/connectors/sink/resume')
  await arrived(['one', 'two', 'three', 'three', 'two', 'three'])
  await worker.request('PUT', '/connectors/sink/stop')
  await state('sink', 'STOPPED')
  await worker.request('DELETE', '/connectors/sink/offsets')
  await worker.request('PUT', '/connectors/sink/resume')
  await eventually(
    'all five again',
    async () => lines().length,
    count => count === 11,
  )
})

test('connectors submitted over REST, their offsets and their states survive a restart and a kill', async () => {
  await worker.request('PUT', '/connectors/sink/pause')
  await state('sink', 'PAUSED')
  await eventually('the offset to be stored', sourceOffset, position => position === 14)
  await worker.stop()
  worker = await world.worker()
  await state('sink', 'PAUSED')
  await state('source', 'RUNNING')
  await worker.request('PUT', '/connectors/sink/resume')
  appendFileSync(input, 'four\n')
  await arrived(['one', 'two', 'three', 'four'])

  await worker.request('PATCH', '/connectors/source/config', { 'batch.size': '7' })
  await worker.request('PUT', '/connectors/sink/stop')
  await worker.kill()
  worker = await world.worker()
  const { config } = await worker.request<{ config: Record<string, string> }>('GET', '/connectors/source')
  expect(config['batch.size']).toBe('7')
  await state('sink', 'STOPPED')
  await worker.request('DELETE', '/connectors/sink')
  await worker.kill()
  worker = await world.worker()
  expect(await worker.request('GET', '/connectors')).toEqual(['source'])
})
