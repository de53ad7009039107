import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../support/fakes/wait.ts'
import { type StoredRecord, TaskWorld } from '../../support/task-world.ts'

let world: TaskWorld
beforeEach(async () => {
  world = await TaskWorld.create()
})
afterEach(() => world.close())

const numbers = (from: number, end: number) => Array.from({ length: end - from }, (_, i) => String(from + i))
const part = (connector: string, partition = 0) => world.offsets.get(connector, [{ part: partition }])

describe('a source task', () => {
  it('produces everything once, commits, tells the source, resumes where it was', async () => {
    await world.source('s', { count: '100', 'committed.file': world.file('committed') })
    await until(() => world.listener.task('s')?.state === 'RUNNING', 'running', 20_000)
    const first = await world.read('numbers', 100)
    expect(first.map(({ value }) => value)).toEqual(numbers(0, 100))
    await world.stop('s')
    expect(await part('s')).toEqual([{ next: 100 }])
    expect(world.lines('committed').at(-1)).toContain('"next":100')
    expect(world.listener.events).toContain('s-0 uses numbers')
    expect(world.listener.task('s')?.state).toBe('UNASSIGNED')

    await world.source('s', { count: '130' })
    expect((await world.read('numbers', 130)).map(({ value }) => value)).toEqual(numbers(0, 130))
  })

  it('keeps an offset for each source partition', async () => {
    await world.source('s', { count: '50', 'partition.by': '3' })
    await world.read('numbers', 50)
    await world.stop('s')
    expect(await world.offsets.get('s', [{ part: 0 }, { part: 1 }, { part: 2 }])).toEqual([
      { next: 51 },
      { next: 52 },
      { next: 50 },
    ])
  })

  it('fails with what read threw, what came before committed', async () => {
    await world.source('s', { 'throw.at': '7' })
    await world.failed('s')
    expect(world.listener.task('s')?.trace).toContain('the table is gone at 7')
    expect((await world.read('numbers', 7)).map(({ value }) => value)).toEqual(numbers(0, 7))
    await until(() => world.worker.runningTasks().length === 1)
    await world.stop('s')
    expect(await part('s')).toEqual([{ next: 7 }])
  })

  it('reads again after a RetriableError', async () => {
    await world.source('s', { 'retriable.at': '5' })
    expect((await world.read('numbers', 10)).map(({ value }) => value)).toEqual(numbers(0, 10))
    expect(world.listener.task('s')?.state).toBe('RUNNING')
  })

  it('fails on a record that does not fit its schema, names it, and never passes it', async () => {
    await world.source('s', { 'bad.value.at': '4' })
    await world.failed('s')
    expect(world.listener.task('s')?.trace).toContain('Tolerance exceeded in error handler\n  in stage VALUE_CONVERTER')
    await world.stop('s')
    expect((await world.read('numbers', 4)).map(({ value }) => value)).toEqual(numbers(0, 4))
    expect(await part('s')).toEqual([{ next: 4 }])
  })

  it('leaves such a record out when errors are tolerated, and goes on', async () => {
    await world.source('s', { 'bad.value.at': '4', 'errors.tolerance': 'all' })
    expect((await world.read('numbers', 9)).map(({ value }) => value)).toEqual([
      '0',
      '1',
      '2',
      '3',
      '5',
      '6',
      '7',
      '8',
      '9',
    ])
    await world.stop('s')
    expect(await part('s')).toEqual([{ next: 10 }])
  })

  it('fails on an impossible timestamp, tolerated or not', async () => {
    await world.source('s', { 'bad.timestamp.at': '4', 'errors.tolerance': 'all' })
    await world.failed('s')
    expect(world.listener.task('s')?.trace).toContain('Invalid record timestamp -7')
  })

  it('creates topics as topic.creation says', async () => {
    await world.source('s', {
      topic: 'made',
      'topic.creation.default.partitions': '3',
      'topic.creation.default.replication.factor': '1',
      'topic.creation.default.retention.ms': '60000',
    })
    // A reader would create it, too.
    await world.used('s', 'made')
    const admin = world.kafka.admin()
    expect((await admin.describeTopics(['made']))[0]?.partitions).toHaveLength(3)
    expect((await admin.topicConfigs('made')).get('retention.ms')).toBe('60000')
    await admin.close()
  })

  it('fails when the topic does not exist and nobody creates it, and says which', async () => {
    await world.close()
    world = await TaskWorld.create({ 'producer.max.block.ms': '300' }, { 'auto.create.topics.enable': 'false' })
    await world.source('s', { topic: 'nowhere' })
    const trace = await world.failed('s')
    expect(trace).toContain('nowhere')
    expect(trace).toContain('UNKNOWN_TOPIC_OR_PARTITION')
  })

  // A compacted topic takes no record without a key: the broker refuses what was sent.
  const refused = {
    topic: 'compacted',
    'topic.creation.default.partitions': '1',
    'topic.creation.default.replication.factor': '1',
    'topic.creation.default.cleanup.policy': 'compact',
  }

  it('fails when the broker refuses records, topic and partition named, and never passes them', async () => {
    await world.source('s', refused)
    const trace = await world.failed('s')
    expect(trace).toMatch(/Unrecoverable exception from producer send callback: \d+ record\(s\) for compacted-0/)
    expect(trace).toContain('INVALID_RECORD')
    await world.stop('s')
    expect(await part('s')).toEqual([undefined])
  })

  it('counts refused records as dropped when errors are tolerated', async () => {
    await world.source('s', { ...refused, 'errors.tolerance': 'all', 'committed.file': world.file('committed') })
    await until(() => world.lines('committed').some(line => line.includes('"next":10')), 'all dropped', 20_000)
    expect(world.listener.task('s')?.state).toBe('RUNNING')
    const parts = await world.worker.metrics()
    const errors = parts.flatMap(({ values }) => values['task-error-metrics'] ?? [])
    expect(errors[0]?.['total-records-skipped']).toBeGreaterThan(0)
  })

  it('writes nothing while paused and goes on after', async () => {
    await world.source('s', { count: '1000000', 'pause.ms': '5' })
    await world.read('numbers', 10)
    await world.worker.setTargetState('s', 'PAUSED')
    await until(() => world.listener.task('s')?.state === 'PAUSED')
    const admin = world.kafka.admin()
    const end = async () => (await admin.listOffsets([{ topic: 'numbers', partition: 0 }], 'latest'))[0]!.offset
    const before = await end()
    // Long enough for many batches of the source.
    await world.read('numbers', before)
    expect(await end()).toBe(before)
    await admin.close()
    await world.worker.setTargetState('s', 'STARTED')
    await world.read('numbers', before + 10)
  })

  it('fails alone when something is thrown in a callback of its plugin', async () => {
    await world.source('good', { topic: 'good', count: '1000000', 'pause.ms': '5' })
    await world.source('bad', { topic: 'bad', 'throw.later': 'true' })
    await world.failed('bad')
    expect(world.listener.task('bad')?.trace).toContain('thrown in a timer of the source')
    const records = await world.read('good', 10)
    await world.read('good', records.length + 10)
    expect(world.listener.task('good')?.state).toBe('RUNNING')
  })

  it('is FAILED with the reason when its thread ends, and starts again in another', async () => {
    await world.source('s', { count: '20', 'exit.at': '9' })
    await world.failed('s')
    expect(world.listener.task('s')?.trace).toContain('ended with 9')
    await world.stop('s')
    await world.source('s', { count: '20' })
    // What was not committed when the thread ended comes again; nothing is missing.
    const distinct = (records: readonly StoredRecord[]) => new Set(records.map(({ value }) => value))
    const records = await world.read('numbers', records => distinct(records).size === 20)
    expect([...distinct(records)]).toEqual(numbers(0, 20))
  })

  it('is cut off when it blocks its thread, and nothing it does counts afterwards', async () => {
    await world.close()
    world = await TaskWorld.create({ 'task.shutdown.graceful.timeout.ms': '200' })
    await world.source('s', { 'block.at': '3', 'pause.ms': '100' })
    await world.read('numbers', 3)
    await world.stop('s')
    expect(world.worker.runningTasks()).toEqual([])
    await world.source('t', { topic: 'other' })
    await world.read('other', 10)
  })
})
