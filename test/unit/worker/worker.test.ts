import { afterEach, describe, expect, it } from 'vitest'
import { deferred } from '../../../runtime/base/deferred.ts'
import { ThreadedWorker } from '../../../runtime/worker/worker.ts'
import { recordingLog } from '../../support/fakes/log.ts'
import { mapOffsetStore } from '../../support/fakes/offset-store.ts'
import { pluginTable } from '../../support/fakes/plugins.ts'
import { until } from '../../support/fakes/wait.ts'
import { recordingListener } from '../../support/fakes/worker-listener.ts'

const CLASS = 'test.SplitSourceConnector'
const workers: ThreadedWorker[] = []
afterEach(async () => {
  await Promise.all(workers.splice(0).map(worker => worker.stop()))
})

const setup = async (threads: string, resolving: () => Promise<void> = async () => {}) => {
  const plugins = pluginTable({ [CLASS]: ['source', 'test/support/connectors/split-source.ts'] })
  const listener = recordingListener()
  const log = recordingLog()
  const worker = new ThreadedWorker({
    workerProps: {
      'task.threads': threads,
      'bootstrap.servers': '127.0.0.1:1',
      'task.shutdown.graceful.timeout.ms': '300',
    },
    offsets: mapOffsetStore(),
    plugins,
    resolve: async props => {
      await resolving()
      return {
        props: Object.fromEntries(
          Object.entries(props).map(([key, value]) => [key, value?.replaceAll('${env:SECRET}', 'hunter2') ?? null]),
        ),
        secrets: ['hunter2'],
        ...(props['password'] != null && { ttlMs: 7000 }),
      }
    },
    log,
  })
  workers.push(worker)
  await worker.start(listener)
  return { worker, listener, plugins, log }
}

const props = (more: Record<string, string> = {}) => ({
  name: 'c',
  'connector.class': CLASS,
  'tasks.max': '3',
  ...more,
})

describe.each(['0', '2'])('ThreadedWorker with task.threads=%s', threads => {
  it('starts a connector and splits its work, variables left as text', async () => {
    const { worker, listener } = await setup(threads)
    await worker.startConnector('c', props({ pieces: '2', password: '${env:SECRET}' }), 'STARTED')
    await until(() => listener.connector('c') !== undefined)
    expect(listener.connector('c')).toEqual({ state: 'RUNNING', version: '1.0.0' })
    const configs = await worker.taskConfigs('c')
    expect(configs).toHaveLength(2)
    expect(configs[1]).toMatchObject({
      name: 'c',
      password: '${env:SECRET}',
      piece: '1',
      label: 'part 1',
      'task.class': 'test.SplitSourceTask',
    })
    expect(worker.runningConnectors()).toEqual(['c'])
    expect(listener.events).toContain('c expires in 7000')
  })

  it('reports what cannot work, without secrets', async () => {
    const { worker, listener } = await setup(threads)
    await worker.startConnector('c', { ...props(), 'connector.class': 'no.Such' }, 'STARTED')
    expect(listener.connector('c')).toMatchObject({
      state: 'FAILED',
      trace: expect.stringContaining('Class no.Such could not be found'),
    })
    await worker.startConnector('d', props({ pieces: 'many' }), 'STARTED')
    await until(() => listener.connector('d') !== undefined)
    expect(listener.connector('d')?.trace).toContain('Invalid value many for configuration pieces')
    await worker.startConnector('e', props({ 'split.does': 'throw', password: '${env:SECRET}' }), 'STARTED')
    await expect(worker.taskConfigs('e')).rejects.toMatchObject({ name: 'ConfigError', key: 'password' })
    await expect(worker.taskConfigs('nobody')).rejects.toThrow('nobody is not running')
  })

  it('follows the target state, and hears of changes only while started', async () => {
    const { worker, listener } = await setup(threads)
    await worker.startConnector('c', props({ 'changes.every.ms': '2' }), 'PAUSED')
    await until(() => listener.connector('c')?.state === 'PAUSED')
    await worker.setTargetState('c', 'STARTED')
    await until(() => listener.events.includes('c outdated'))
    await worker.setTargetState('c', 'STOPPED')
    await until(() => listener.connector('c')?.state === 'STOPPED')
    await worker.stopConnector('c')
    expect(worker.runningConnectors()).toEqual([])
  })

  it('lets the connector check offsets', async () => {
    const { worker } = await setup(threads)
    const offset = { position: 1 }
    expect(await worker.checkOffsets('c', props(), [{ partition: { p: 1 }, offset }])).toBe(false)
    await expect(worker.checkOffsets('c', props(), [{ partition: { bad: 1 }, offset }])).rejects.toThrow(
      'bad partition',
    )
  })

  it('fails the connector in whose callback something was thrown, and no other', async () => {
    const { worker, listener } = await setup(threads)
    await worker.startConnector('good', props(), 'STARTED')
    await worker.startConnector('c', props({ 'split.does': 'throw-later' }), 'STARTED')
    await worker.taskConfigs('c').catch(() => {})
    await until(() => listener.connector('c')?.state === 'FAILED')
    expect(listener.connector('c')?.trace).toContain('thrown in a timer')
    expect(await worker.taskConfigs('good')).toHaveLength(1)
  })

  it('reports a task whose plugins cannot be found', async () => {
    const { worker, listener } = await setup(threads)
    await worker.startTask({ connector: 'c', task: 0 }, { ...props(), 'key.converter': 'no.Converter' }, {}, 'STARTED')
    expect(listener.task('c')).toMatchObject({ state: 'FAILED', trace: expect.stringContaining('Class no.Converter') })
    expect(worker.runningTasks()).toEqual([{ connector: 'c', task: 0 }])
    await worker.stopTasks([{ connector: 'c', task: 0 }])
    expect(worker.runningTasks()).toEqual([])
  })

  it('passes on that a plugin was reloaded', async () => {
    const { plugins, listener } = await setup(threads)
    plugins.reload(CLASS)
    expect(listener.events).toEqual([`reloaded ${CLASS}`])
  })

  it('counts for the metrics', async () => {
    const { worker } = await setup(threads)
    await worker.startConnector('c', props(), 'STARTED')
    const parts = await worker.metrics()
    expect(parts[0]?.values['connect-worker-metrics']).toMatchObject({
      'connector-count': 1,
      'connector-startup-attempts-total': 1,
    })
  })
})

describe('ThreadedWorker and threads that misbehave', () => {
  it('has no thread before it needs one', async () => {
    const { worker } = await setup('2')
    expect(await worker.metrics()).toHaveLength(1)
    expect(process.getActiveResourcesInfo().filter(name => name === 'MessagePort' || name === 'Worker')).toEqual([])
  })

  it('reports what ran in a thread that ended, and goes on with another', async () => {
    const { worker, listener } = await setup('1')
    await worker.startConnector('c', props({ 'split.does': 'exit' }), 'STARTED')
    await expect(worker.taskConfigs('c')).rejects.toThrow('ended with 7')
    await until(() => listener.connector('c')?.state === 'FAILED')
    expect(listener.connector('c')?.trace).toContain('ended with 7')
    await worker.startConnector('d', props(), 'STARTED')
    expect(await worker.taskConfigs('d')).toHaveLength(1)
  })

  it('follows what is asked while a connector is started: a stop, another target, its own end', async () => {
    const gate = deferred()
    const { worker, listener } = await setup('1', () => gate.promise)
    const starts = ['removed', 'paused', 'late'].map(name => worker.startConnector(name, props(), 'STARTED'))
    await worker.stopConnector('removed')
    await worker.setTargetState('paused', 'PAUSED')
    gate.resolve()
    await Promise.all(starts)
    await until(() => listener.connector('paused') !== undefined)
    expect(listener.connector('paused')?.state).toBe('PAUSED')
    expect(listener.connector('removed')).toBeUndefined()
    expect(worker.runningConnectors()).toEqual(['paused', 'late'])
  })

  it('starts no thread for what was asked before it stopped', async () => {
    const gate = deferred()
    const { worker } = await setup('1', () => gate.promise)
    const starting = worker.startTask({ connector: 'c', task: 0 }, props(), {}, 'STARTED')
    const stopping = worker.stop()
    gate.resolve()
    await Promise.all([starting, stopping])
    expect(await worker.metrics()).toHaveLength(1)
  })

  it('stays responsive and stops although a connector blocks its thread', async () => {
    const { worker } = await setup('1')
    await worker.startConnector('c', props({ 'split.does': 'block' }), 'STARTED')
    const stuck = worker.taskConfigs('c').catch((error: unknown) => String(error))
    expect(worker.runningConnectors()).toEqual(['c'])
    const started = performance.now()
    await worker.stop()
    expect(performance.now() - started).toBeLessThan(4000)
    expect(await stuck).toContain('The worker is stopping')
  })
})
