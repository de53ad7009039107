import { rmSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../support/fakes/wait.ts'
import { TaskWorld } from '../../support/task-world.ts'

// A connector that throws, method by method: what the status says, and where every record is, then and after the trouble.

const COUNT = 100
let world: TaskWorld
beforeEach(async () => {
  world = await TaskWorld.create()
  writeFileSync(world.file('trouble'), '')
})
afterEach(() => world.close())

const texts = (from: number, end: number) => Array.from({ length: end - from }, (_, i) => `${from + i}`)
const state = () => world.listener.task('t')?.state
const progress = () => world.listener.task('t')?.progress
const troubleEnds = () => rmSync(world.file('trouble'))

describe('a source that throws in', () => {
  const start = (method: string, count = COUNT) =>
    world.start('t', {
      'connector.class': 'test.ThrowingSourceConnector',
      topic: 'numbers',
      count: String(count),
      'throw.in': method,
      'trouble.file': world.file('trouble'),
    })
  const values = async (enough: number) => (await world.read('numbers', enough)).map(({ value }) => value)
  const stored = async () => (await world.offsets.get('t', [{ part: 0 }]))[0]?.['next']
  const allThere = async () => {
    expect(await values(COUNT)).toEqual(texts(0, COUNT))
    expect(state()).toBe('RUNNING')
    await world.stop('t')
    expect(await stored()).toBe(COUNT)
  }

  it.each([
    { method: 'open', before: 0 },
    { method: 'read', before: 56 },
  ])('$method: FAILED, what came before is stored, the rest follows after a restart', async ({ method, before }) => {
    await world.createTopic('numbers')
    await start(method)
    expect(await world.failed('t')).toContain(`no ${method} today`)
    await world.stop('t')
    expect(await stored()).toBe(before === 0 ? undefined : before)
    expect(await values(before)).toEqual(texts(0, before))
    troubleEnds()
    await start(method)
    await allThere()
  })

  it('committed: it goes on, says so, and tells it again', async () => {
    await start('committed')
    await until(() => progress()?.includes('no committed today') === true, 'the status says it', 20_000)
    expect(await values(COUNT)).toEqual(texts(0, COUNT))
    expect(state()).toBe('RUNNING')
    troubleEnds()
    await until(() => progress() === undefined, 'the status is well again', 20_000)
    await allThere()
  })

  it('close: it is stopped, not failed, and goes on where it was', async () => {
    await start('close', 40)
    expect(await values(40)).toEqual(texts(0, 40))
    await world.stop('t')
    expect(state()).toBe('UNASSIGNED')
    expect(await stored()).toBe(40)
    await start('close')
    await allThere()
  })
})

describe('a sink that throws in', () => {
  const props = (method: string) => ({
    'connector.class': 'test.ThrowingSinkConnector',
    topics: 'numbers',
    'output.file': world.file('t'),
    'throw.in': method,
    'trouble.file': world.file('trouble'),
  })
  const start = (method: string) => world.start('t', props(method))
  const lines = (from: number, end: number) => texts(from, end).map(text => `numbers-0@${text} ${text}`)
  const allThere = async () => {
    await until(() => new Set(world.lines('t')).size >= COUNT, 'all is delivered', 20_000)
    expect([...new Set(world.lines('t'))]).toEqual(lines(0, COUNT))
    expect(state()).toBe('RUNNING')
    await world.stop('t')
    expect(await world.committed('t')).toEqual([COUNT])
  }
  beforeEach(async () => {
    await world.createTopic('numbers')
    await world.produce('numbers', texts(0, COUNT))
  })

  it.each(['open', 'assigned', 'write'])(
    '%s: FAILED, nothing is committed, all comes after a restart',
    async method => {
      await start(method)
      expect(await world.failed('t')).toContain(`no ${method} today`)
      await world.stop('t')
      expect(await world.committed('t')).toEqual([])
      expect(world.lines('t')).toEqual([])
      troubleEnds()
      await start(method)
      await allThere()
      expect(world.lines('t')).toHaveLength(COUNT)
    },
  )

  it('flush: it goes on, says so, commits nothing, and is given everything again', async () => {
    await start('flush')
    await until(() => progress()?.includes('no flush today') === true, 'the status says it', 20_000)
    expect(state()).toBe('RUNNING')
    expect(await world.committed('t')).toEqual([])
    expect(world.lines('t')).toEqual([])
    troubleEnds()
    // The lines come with the first flush that works, what is given again only afterwards.
    await until(() => progress() === undefined, 'the status is well again', 20_000)
    await until(async () => (await world.committed('t'))[0] === COUNT, 'all is committed', 20_000)
    await allThere()
  })

  it('flush, also at its end: what was not flushed comes again after a restart', async () => {
    await start('flush')
    await until(() => progress()?.includes('no flush today') === true, 'the status says it', 20_000)
    await world.stop('t')
    expect(state()).toBe('UNASSIGNED')
    expect(await world.committed('t')).toEqual([])
    troubleEnds()
    await start('flush')
    await allThere()
  })

  it.each(['revoked', 'close'])('%s at its end: it is stopped, not failed, and all is committed', async method => {
    await start(method)
    await until(() => world.lines('t').length === COUNT, 'all is delivered', 20_000)
    await world.stop('t')
    expect(state()).toBe('UNASSIGNED')
    expect(await world.committed('t')).toEqual([COUNT])
    troubleEnds()
    await world.produce('numbers', texts(COUNT, COUNT + 5))
    await start(method)
    await until(() => world.lines('t').length >= COUNT + 5, 'the rest is delivered', 20_000)
    expect(world.lines('t')).toEqual(lines(0, COUNT + 5))
  })

  it('revoked in a rebalance: FAILED, and the other task has its partitions', async () => {
    await start('revoked')
    await until(() => world.lines('t').length === COUNT, 'all is delivered', 20_000)
    const whole = { name: 't', ...props('open'), 'trouble.file': world.file('none') }
    await world.worker.startTask({ connector: 't', task: 1 }, whole, whole, 'STARTED')
    expect(await world.failed('t')).toContain('no revoked today')
    await world.produce('numbers', texts(COUNT, COUNT + 5))
    await until(() => world.lines('t').length >= COUNT + 5, 'the other one goes on', 20_000)
    expect(world.lines('t')).toEqual(lines(0, COUNT + 5))
  })
})
