import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../support/fakes/wait.ts'
import { TaskWorld } from '../../support/task-world.ts'

let world: TaskWorld
beforeEach(async () => {
  world = await TaskWorld.create()
  await world.createTopic('numbers')
})
afterEach(() => world.close())

const texts = (from: number, end: number) => Array.from({ length: end - from }, (_, i) => `${from + i}`)
const lines = (from: number, end: number) => texts(from, end).map(text => `numbers-0@${text} ${text}`)
const has = (connector: string, count: number) =>
  until(() => world.lines(connector).length >= count, `${connector} wrote ${count} lines`, 20_000)

describe('a sink task', () => {
  it('writes everything in order, commits as connect-NAME, resumes where it was', async () => {
    await world.produce('numbers', texts(0, 1000))
    await world.sink('k')
    await has('k', 1000)
    await world.stop('k')
    expect(world.lines('k')).toEqual(lines(0, 1000))
    expect(await world.committed('k')).toEqual([1000])
    expect(world.listener.events).toContain('k-0 uses numbers')
    await world.produce('numbers', texts(1000, 1010))
    await world.sink('k')
    await has('k', 1010)
    expect(world.lines('k')).toEqual(lines(0, 1010))
  })

  it('follows a pattern of topics', async () => {
    await world.createTopic('shop.a')
    await world.createTopic('shop.b')
    await world.produce('shop.a', ['1'])
    await world.produce('shop.b', ['2'])
    await world.produce('numbers', ['3'])
    await world.start('k', {
      'connector.class': 'test.LinesSinkConnector',
      'topics.regex': 'shop\\..*',
      'output.file': world.file('k'),
    })
    await has('k', 2)
    await world.stop('k')
    expect([...world.lines('k')].sort()).toEqual(['shop.a-0@0 1', 'shop.b-0@0 2'])
  })

  it('fails with what write threw; the batch is not committed and comes again', async () => {
    await world.produce('numbers', texts(0, 5))
    await world.sink('k', { 'throw.on': '3' })
    await world.failed('k')
    expect(world.listener.task('k')?.trace).toContain('Exiting WorkerSinkTask due to unrecoverable exception.')
    expect(world.listener.task('k')?.trace).toContain('cannot write 3')
    await world.stop('k')
    await world.sink('k')
    await has('k', 5)
    expect(world.lines('k')).toEqual(lines(0, 5))
  })

  it('gives a batch again after a RetriableError, and stays in the group', async () => {
    await world.produce('numbers', texts(0, 5))
    await world.sink('k', { 'retry.on': '2', 'retry.times': '3' })
    await has('k', 5)
    expect(world.lines('k')).toEqual(lines(0, 5))
    expect(world.listener.task('k')?.state).toBe('RUNNING')
  })

  it('fails on a record that cannot be decoded, naming topic, partition and offset', async () => {
    await world.produce('numbers', ['0', '{broken', '2'])
    await world.sink('k')
    await world.failed('k')
    expect(world.listener.task('k')?.trace).toContain('stage VALUE_CONVERTER')
    expect(world.listener.task('k')?.trace).toContain('record numbers-0@1')
    expect(await world.committed('k')).toEqual([])
  })

  it('puts such a record into the dead letter queue when errors are tolerated, with headers that say why', async () => {
    await world.produce('numbers', ['0', '{broken', '2', '3'])
    await world.sink('k', {
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': 'dlq',
      'errors.deadletterqueue.topic.replication.factor': '1',
      'errors.deadletterqueue.context.headers.enable': 'true',
      'reject.on': '3',
    })
    await has('k', 2)
    const letters = await world.read('dlq', 2)
    expect(letters.map(({ value }) => value)).toEqual(['{broken', '3'])
    expect(letters[0]?.headers).toMatchObject({
      '__connect.errors.topic': 'numbers',
      '__connect.errors.partition': '0',
      '__connect.errors.offset': '1',
      '__connect.errors.connector.name': 'k',
      '__connect.errors.task.id': '0',
      '__connect.errors.stage': 'VALUE_CONVERTER',
    })
    expect(letters[1]?.headers).toMatchObject({
      '__connect.errors.stage': 'TASK_PUT',
      '__connect.errors.exception.message': 'refuses 3',
    })
    await world.stop('k')
    expect(world.lines('k')).toEqual(['numbers-0@0 0', 'numbers-0@2 2'])
    expect(await world.committed('k')).toEqual([4])
  })

  it('fails when the connector refuses a record and errors are not tolerated', async () => {
    await world.produce('numbers', ['0', '1'])
    await world.sink('k', { 'reject.on': '1' })
    await world.failed('k')
    expect(world.listener.task('k')?.trace).toContain('refuses 1')
    expect(await world.committed('k')).toEqual([])
  })

  it('writes nothing while paused, from the start and later', async () => {
    await world.produce('numbers', texts(0, 3))
    await world.start(
      'k',
      { 'connector.class': 'test.LinesSinkConnector', topics: 'numbers', 'output.file': world.file('k') },
      'PAUSED',
    )
    await until(() => world.listener.task('k')?.state === 'PAUSED')
    await world.worker.setTargetState('k', 'STARTED')
    await has('k', 3)
    await world.worker.setTargetState('k', 'PAUSED')
    await until(() => world.listener.task('k')?.state === 'PAUSED')
    await world.produce('numbers', texts(3, 6))
    await world.read('numbers', 6)
    expect(world.lines('k')).toEqual(lines(0, 3))
    await world.worker.setTargetState('k', 'STARTED')
    await has('k', 6)
    expect(world.lines('k')).toEqual(lines(0, 6))
  })

  it('shares partitions between tasks and hands them over without loss', async () => {
    await world.createTopic('many', 4)
    const log = world.kafka.topicLog({ topic: 'many', onRecord() {} })
    const append = (from: number, end: number) =>
      log.append(texts(from, end).map(text => ({ partition: Number(text) % 4, key: null, value: Buffer.from(text) })))
    await append(0, 400)
    const props = {
      name: 'k',
      'connector.class': 'test.LinesSinkConnector',
      topics: 'many',
      'output.file': world.file('k'),
    }
    await world.worker.startTask({ connector: 'k', task: 0 }, props, props, 'STARTED')
    await has('k', 400)
    await world.worker.startTask({ connector: 'k', task: 1 }, props, props, 'STARTED')
    await append(400, 800)
    await has('k', 800)
    await world.worker.stopTasks([{ connector: 'k', task: 0 }])
    await append(800, 1200)
    await has('k', 1200)
    await log.stop()
    // Partitions were flushed and committed before they were handed over: nothing comes twice either.
    expect([...world.lines('k')].map(line => Number(line.split(' ')[1])).sort((a, b) => a - b)).toEqual(
      texts(0, 1200).map(Number),
    )
  })

  it('is given up when write hangs; nothing of the batch is committed', async () => {
    await world.close()
    world = await TaskWorld.create({ 'task.shutdown.graceful.timeout.ms': '300' })
    await world.createTopic('numbers')
    await world.produce('numbers', texts(0, 5))
    await world.sink('k', { 'hang.on': '3' })
    await world.used('k', 'numbers')
    await world.stop('k')
    expect(world.worker.runningTasks()).toEqual([])
    expect(await world.committed('k')).toEqual([])
    await world.sink('k')
    await has('k', 5)
  })

  it('counts what it does', async () => {
    await world.produce('numbers', texts(0, 20))
    await world.sink('k')
    await has('k', 20)
    const parts = await world.worker.metrics()
    const task = parts.find(({ labels, values }) => labels['task'] === '0' && values['sink-task-metrics'] !== undefined)
    expect(task?.values['sink-task-metrics']).toMatchObject({
      'sink-record-read-total': 20,
      'sink-record-send-total': 20,
      'partition-count': 1,
    })
  })
})
