import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readCommitted } from '../../support/exactly-once-run.ts'
import { until } from '../../support/fakes/wait.ts'
import { TaskWorld } from '../../support/task-world.ts'

let world: TaskWorld
beforeEach(async () => {
  world = await TaskWorld.create({
    'group.id': 'g',
    'exactly.once.source.support': 'enabled',
    'offset.storage.topic': 'connect-offsets',
  })
  await world.createTopic('connect-offsets')
})
afterEach(() => world.close())

const numbers = (from: number, end: number) => Array.from({ length: end - from }, (_, i) => String(from + i))
const visible = (topic = 'numbers') => readCommitted(world.broker.bootstrap, topic)

describe('a source task with exactly-once support', () => {
  it('ends transactions where the connector says; what it does not end is never seen', async () => {
    await world.source('s', { count: '11', batch: '4', 'commit.every': '3', 'transaction.boundary': 'connector' })
    await world.read('numbers', 11)
    await world.stop('s')
    expect(await visible()).toEqual(numbers(0, 9))
    expect(await visible('connect-offsets')).toEqual(['{"next":3}', '{"next":6}', '{"next":9}'])
  })

  it('what the connector aborts is not seen, and its offset moves on', async () => {
    await world.source('s', {
      count: '9',
      batch: '9',
      'commit.every': '3',
      'abort.at': '5',
      'transaction.boundary': 'connector',
    })
    await until(async () => (await visible()).length === 6, 'two transactions are there', 20_000)
    expect(await visible()).toEqual([...numbers(0, 3), ...numbers(6, 9)])
    expect(await visible('connect-offsets')).toEqual(['{"next":3}', '{"next":6}', '{"next":9}'])
  })

  it('a failure leaves nothing of its transaction, and nobody waiting', async () => {
    const boundary = { 'transaction.boundary': 'interval', 'transaction.boundary.interval.ms': '600000' }
    await world.source('s', { 'throw.at': '7', ...boundary })
    expect(await world.failed('s')).toContain('the table is gone at 7')
    await world.stop('s')
    await world.produce('numbers', ['plain'])
    expect(await visible()).toEqual(['plain'])
    expect(await visible('connect-offsets')).toEqual([])
  })

  it('a stop in order commits what came since the last boundary', async () => {
    const boundary = { 'transaction.boundary': 'interval', 'transaction.boundary.interval.ms': '600000' }
    await world.source('s', { count: '7', ...boundary })
    await world.read('numbers', 7)
    await world.stop('s')
    expect(await visible()).toEqual(numbers(0, 7))
    expect(await visible('connect-offsets')).toEqual(['{"next":7}'])
  })

  it('a newer task of the same name fences it', async () => {
    await world.source('s', { count: '1000000', 'pause.ms': '1' })
    await until(
      async () => world.listener.task('s')?.state === 'RUNNING' && (await visible()).length > 10,
      'it runs',
      20_000,
    )
    const admin = world.kafka.admin()
    await admin.fenceProducers(['g-s-0'])
    await admin.close()
    expect(await world.failed('s')).toMatch(/INVALID_PRODUCER_EPOCH|PRODUCER_FENCED/)
  })

  it('does not write records to the topic of its offsets', async () => {
    await world.source('s', { topic: 'connect-offsets' })
    expect(await world.failed('s')).toContain('Topic connect-offsets holds the offsets of this connector')
  })

  it('names a boundary that there is not', async () => {
    await world.source('s', { 'transaction.boundary': 'sometimes' })
    expect(await world.failed('s')).toContain('transaction.boundary: use poll, interval or connector')
  })
})
