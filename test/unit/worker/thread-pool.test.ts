import { afterEach, expect, it } from 'vitest'
import type { MainApi } from '../../../runtime/worker/messages.ts'
import type { TaskThread } from '../../../runtime/worker/task-thread.ts'
import { ThreadPool } from '../../../runtime/worker/thread-pool.ts'
import { recordingLog } from '../../support/fakes/log.ts'
import { until } from '../../support/fakes/wait.ts'

const pools: ThreadPool[] = []
afterEach(async () => {
  await Promise.all(pools.splice(0).map(pool => pool.close()))
})

const url = new URL('../../support/connectors/split-source.ts', import.meta.url).href
const blocking = {
  connector: 'c',
  run: 1,
  raw: {},
  resolved: { props: { 'split.does': 'block' }, secrets: [] },
  target: 'STARTED' as const,
  plugin: { class: 'test.SplitSourceConnector', kind: 'source' as const, version: '1.0.0', url, exportName: 'default' },
}

const setup = (size: number) => {
  // Nothing is silent while it starts, however slow the machine.
  const times = { pingMs: 20, silentMs: 60_000, deadMs: 60_000 }
  const loads = new Map<TaskThread, number>()
  const events: string[] = []
  const pool = new ThreadPool({
    size,
    settings: () => ({ workerProps: {}, levels: [] }),
    main: { connectorReported() {} } as unknown as MainApi,
    loadOf: thread => loads.get(thread) ?? 0,
    ended: (thread, reason) => void events.push(`${thread.name} ended: ${reason.message}`),
    silent: (thread, ms) => void events.push(`${thread.name} ${ms === 0 ? 'answers' : 'is silent'}`),
    log: recordingLog(),
    times,
  })
  pools.push(pool)
  return { pool, loads, events, times }
}

it('starts threads as they are needed, and takes the one with the fewest tasks', async () => {
  const { pool, loads } = setup(2)
  expect(pool.threads()).toHaveLength(0)
  const first = await pool.pick()
  expect(await pool.pick()).toBe(first)
  loads.set(first, 2)
  const second = await pool.pick()
  expect(second).not.toBe(first)
  loads.set(second, 3)
  expect(await pool.pick()).toBe(first)
  expect(pool.threads()).toHaveLength(2)
})

it('reports a thread that does not answer, gives it nothing new, and ends it at last', async () => {
  const { pool, events, times } = setup(2)
  const thread = await pool.pick()
  await thread.remote.startConnector(blocking)
  const stuck = thread.remote.taskConfigs('c').catch((error: unknown) => String(error))
  times.silentMs = 60
  await until(() => events.includes(`${thread.name} is silent`))
  expect(await pool.pick()).not.toBe(thread)
  times.deadMs = 100
  await until(() => events.some(event => event.startsWith(`${thread.name} ended`)))
  expect(await stuck).toContain('something in it blocks')
  expect(pool.threads()).not.toContain(thread)
})
