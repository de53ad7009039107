import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { RetriableError } from '../../../runtime/api/errors.ts'
import { deferred } from '../../../runtime/base/deferred.ts'
import { StandaloneHerder } from '../../../runtime/herder/standalone.ts'
import { Validator } from '../../../runtime/herder/validation.ts'
import { PluginRegistry } from '../../../runtime/plugins/registry.ts'
import { memoryConfigStore } from '../../../runtime/stores/memory-config-store.ts'
import { memoryOffsetStore } from '../../../runtime/stores/memory-offset-store.ts'
import { memoryStatusStore } from '../../../runtime/stores/memory-status-store.ts'
import type { ConfigStore, ConnectorProps, OffsetStore } from '../../../runtime/stores/ports.ts'
import { recordingLog } from '../../support/fakes/log.ts'
import { until } from '../../support/fakes/wait.ts'
import { FakeWorker } from './fake-worker.ts'

const json = 'org.apache.kafka.connect.json.JsonConverter'
const source = { 'connector.class': 'FileStreamSource', topic: 't', file: 'f' }
const variable = '${file:x:y}'

let worker: FakeWorker
let configs: ConfigStore
let offsets: OffsetStore
let herder: StandaloneHerder
let workerProps: Record<string, string>
const log = recordingLog()

const resolve = async (props: ConnectorProps): Promise<ConnectorProps> =>
  Object.fromEntries(Object.entries(props).map(([key, value]) => [key, value === variable ? 's3cret' : value]))

const make = async (): Promise<StandaloneHerder> => {
  const plugins = await PluginRegistry.open({ log })
  return new StandaloneHerder({
    worker,
    configs,
    offsets,
    statuses: memoryStatusStore(),
    plugins,
    validator: new Validator({ plugins, log, resolve, workerProps }),
    admin: () => Promise.reject(new Error('no broker here')),
    kafka: () => Promise.reject(new Error('no broker here')),
    clusterId: async () => 'c',
    resolve,
    workerId: () => 'w:8083',
    workerProps,
    log,
  })
}

beforeEach(async () => {
  log.lines.length = 0
  workerProps = { 'key.converter': json, 'value.converter': json }
  worker = new FakeWorker()
  configs = memoryConfigStore()
  offsets = memoryOffsetStore()
  herder = await make()
  await herder.start()
})
afterEach(() => herder.stop())

const state = (connector: string) => {
  try {
    const { connector: own, tasks } = herder.status(connector)
    return [own.state, ...tasks.map(task => task.state)].join(' ')
  } catch {
    return 'none'
  }
}
const becomes = (connector: string, wanted: string) =>
  until(() => state(connector) === wanted, `${connector} ${wanted}`)
const calls = () => worker.calls.splice(0)

describe('the life of a connector', () => {
  test('is answered before anything runs, then runs', async () => {
    worker.split = () => [{ part: 'a' }, { part: 'b' }]
    expect(await herder.create('c', { ...source, 'tasks.max': '2' })).toEqual({
      name: 'c',
      config: { ...source, 'tasks.max': '2', name: 'c' },
      tasks: [],
      type: 'source',
    })
    await becomes('c', 'RUNNING RUNNING RUNNING')
    expect(calls()).toEqual(['start c STARTED', 'task c-0 STARTED a', 'task c-1 STARTED b'])
    expect(herder.info('c').tasks).toEqual([
      { connector: 'c', task: 0 },
      { connector: 'c', task: 1 },
    ])
  })

  test('paused from the start it has no tasks until it is resumed', async () => {
    await herder.create('c', source, 'PAUSED')
    await becomes('c', 'PAUSED')
    expect(herder.tasks('c')).toEqual([])
    await herder.setTarget('c', 'STARTED')
    await becomes('c', 'RUNNING RUNNING')
    await herder.setTarget('c', 'PAUSED')
    await becomes('c', 'PAUSED PAUSED')
  })

  test('stopped it has no tasks, and new ones when it is resumed', async () => {
    await herder.create('c', source)
    await becomes('c', 'RUNNING RUNNING')
    await herder.setTarget('c', 'STOPPED')
    expect(state('c')).toBe('STOPPED')
    expect(configs.get('c')).toMatchObject({ targetState: 'STOPPED', tasks: [] })
    await herder.setTarget('c', 'STARTED')
    await becomes('c', 'RUNNING RUNNING')
  })

  test('removed, nothing of it is left', async () => {
    await herder.create('c', source)
    await becomes('c', 'RUNNING RUNNING')
    worker.listener.topicUsed({ connector: 'c', task: 0 }, 't')
    expect(herder.topics('c')).toEqual(['t'])
    calls()
    await herder.remove('c')
    expect(calls()).toEqual(['halt c-0', 'end c'])
    expect(state('c')).toBe('none')
    expect(herder.topics('c')).toEqual([])
    await expect(herder.remove('c')).rejects.toThrow('Connector c not found')
    // A report that was on its way.
    worker.listener.taskReported({ connector: 'c', task: 0 }, { state: 'FAILED' })
    worker.listener.connectorReported('c', { state: 'FAILED' })
    expect(state('c')).toBe('none')
  })

  test('a changed configuration restarts all of it; fewer tasks leave no status behind', async () => {
    worker.split = () => [{ part: 'a' }, { part: 'b' }]
    await herder.create('c', { ...source, 'tasks.max': '2' })
    await becomes('c', 'RUNNING RUNNING RUNNING')
    calls()
    worker.split = () => [{ part: 'a' }]
    const { created, info } = await herder.put('c', source)
    expect(created).toBe(false)
    expect(info.tasks).toHaveLength(2)
    await until(() => state('c') === 'RUNNING RUNNING' && worker.calls.length >= 5)
    expect(calls()).toEqual(['halt c-0', 'halt c-1', 'end c', 'start c STARTED', 'task c-0 STARTED a'])
  })
})

describe('after a restart of the worker', () => {
  test('goes on with what is stored, each in its state', async () => {
    await herder.stop()
    await configs.putConnector('run', { ...source, name: 'run' })
    await configs.putTasks('run', [{ part: '0' }])
    await configs.putConnector('rest', { ...source, name: 'rest' }, 'PAUSED')
    await configs.putTasks('rest', [{ part: '0' }])
    await configs.putConnector('halt', { ...source, name: 'halt' }, 'STOPPED')
    worker = new FakeWorker()
    herder = await make()
    await herder.start()
    await becomes('run', 'RUNNING RUNNING')
    await becomes('rest', 'PAUSED PAUSED')
    await becomes('halt', 'STOPPED')
  })

  test('a connector that takes long holds up neither the start, nor others, nor requests for them', async () => {
    await herder.stop()
    await configs.putConnector('slow', { ...source, name: 'slow' })
    worker = new FakeWorker()
    const slow = deferred()
    worker.starting = connector => (connector === 'slow' ? slow.promise : Promise.resolve())
    herder = await make()
    await herder.start()
    expect(herder.isReady()).toBe(true)
    await herder.create('quick', source)
    await becomes('quick', 'RUNNING RUNNING')
    const removed = herder.remove('slow')
    slow.resolve()
    await removed
    expect(herder.connectors()).toEqual(['quick'])
  })
})

describe('what goes wrong is shown (invariant 8)', () => {
  test('a connector that cannot say what its tasks are has failed, without its secrets (invariant 10)', async () => {
    worker.split = () => Promise.reject(new Error('login with s3cret and hunter22 was refused'))
    await herder.create('c', { ...source, 'db.url': variable, 'db.password': 'hunter22' })
    await becomes('c', 'FAILED')
    expect(herder.status('c').connector.trace).toMatch(/login with \[hidden\] and \[hidden\] was refused/)
    expect(JSON.stringify(log.lines)).not.toMatch(/s3cret|hunter22/)
    // It stays so until somebody does something about it.
    worker.split = () => [{ part: '0' }]
    worker.listener.tasksOutdated('c')
    await herder.restart('c', { includeTasks: false, onlyFailed: false })
    await becomes('c', 'RUNNING RUNNING')
  })

  test('one that says trying again may help is asked again', async () => {
    let times = 0
    worker.split = () => (++times < 2 ? Promise.reject(new RetriableError('not yet')) : [{ part: '0' }])
    await herder.create('c', source)
    await becomes('c', 'RUNNING RUNNING')
    expect(times).toBe(2)
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'warn' }))
  })

  test('more tasks than tasks.max fail it, unless that is allowed', async () => {
    worker.split = () => [{ part: 'a' }, { part: 'b' }]
    await herder.create('c', source)
    await becomes('c', 'FAILED')
    expect(herder.status('c').connector.trace).toContain(
      'The connector c has generated 2 tasks, which is greater than 1, the maximum number of tasks it is configured to create.',
    )
    await herder.put('c', { ...source, 'tasks.max.enforce': 'false' })
    await becomes('c', 'RUNNING RUNNING RUNNING')
  })

  test('one that is resumed and cannot start says so, and is answered', async () => {
    await herder.create('c', { ...source, 'topic.creation.default.partitions': '2' }, 'PAUSED')
    await becomes('c', 'PAUSED')
    await worker.stopConnector('c')
    await herder.setTarget('c', 'STARTED')
    await becomes('c', 'FAILED')
    await expect(herder.restart('c', { includeTasks: false, onlyFailed: false })).rejects.toThrow('replication.factor')
    expect(state('c')).toBe('FAILED')
  })

  test('its tasks run again after a restart in which the connector itself failed', async () => {
    await herder.create('c', source)
    await becomes('c', 'RUNNING RUNNING')
    worker.split = () => Promise.reject(new Error('no tasks'))
    await herder.restart('c', { includeTasks: true, onlyFailed: false })
    await becomes('c', 'FAILED RUNNING')
  })

  test('what a config provider gave for a time is asked for again, unless that is switched off', async () => {
    await herder.create('c', source)
    await becomes('c', 'RUNNING RUNNING')
    calls()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      worker.listener.configExpires('c', 5000)
      vi.advanceTimersByTime(4999)
      expect(vi.getTimerCount()).toBe(1)
      vi.advanceTimersByTime(1)
    } finally {
      vi.useRealTimers()
    }
    await until(() => worker.calls.length === 4)
    expect(calls()).toEqual(['halt c-0', 'end c', 'start c STARTED', 'task c-0 STARTED 0'])
    await herder.put('c', { ...source, 'config.action.reload': 'none' })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      worker.listener.configExpires('c', 5000)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('what fails is restarted as its settings say, and its status says what comes next', async () => {
    const policy = { 'errors.restart.max': '2', 'errors.restart.delay.ms': '20', 'errors.restart.delay.max.ms': '20' }
    await herder.create('c', { ...source, ...policy })
    await becomes('c', 'RUNNING RUNNING')
    calls()
    const fail = () => worker.listener.taskReported({ connector: 'c', task: 0 }, { state: 'FAILED', trace: 'Error: x' })
    for (const restart of [1, 2]) {
      fail()
      await until(() => herder.taskStatus('c', 0).trace?.includes(`(restart ${restart} of 2 within 60 min)`) === true)
      expect(herder.taskStatus('c', 0)).toMatchObject({
        state: 'FAILED',
        progress: expect.stringMatching(/^Restarted by itself/),
      })
      await becomes('c', 'RUNNING RUNNING')
      expect(calls()).toEqual(['halt c-0', 'task c-0 STARTED 0'])
      expect(herder.taskStatus('c', 0)).not.toHaveProperty('progress')
    }
    fail()
    await until(() => herder.taskStatus('c', 0).progress?.startsWith('Not restarted any more') === true)
    expect(herder.taskStatus('c', 0).trace).toMatch(/^Error: x\nNot restarted any more/)
    worker.listener.connectorReported('c', { state: 'FAILED', trace: 'Error: y' })
    await until(() => calls().join() === 'end c,start c STARTED')
    expect(state('c')).toBe('RUNNING FAILED')
  })

  test('groups of new topics that cannot work fail the connector, not its tasks', async () => {
    await herder.create('c', { ...source, 'topic.creation.default.partitions': '2' })
    await becomes('c', 'FAILED')
    expect(herder.status('c').connector.trace).toContain('topic.creation.default.replication.factor')
    expect(herder.tasks('c')).toEqual([])
    workerProps['topic.creation.enable'] = 'false'
    await herder.restart('c', { includeTasks: false, onlyFailed: false })
    await becomes('c', 'RUNNING RUNNING')
  })

  test('a configuration that could not be stored is an error of the request', async () => {
    const { putConnector } = configs
    configs.putConnector = () => Promise.reject(new Error('disk full'))
    await expect(herder.create('c', source)).rejects.toThrow('disk full')
    configs.putConnector = putConnector
    expect(calls()).toEqual([])
    await herder.create('c', source)
  })

  test('a failed task names the version of its plugin', async () => {
    await herder.create('c', source)
    await becomes('c', 'RUNNING RUNNING')
    worker.listener.taskReported({ connector: 'c', task: 0 }, { state: 'FAILED', trace: 'why' })
    expect(herder.taskStatus('c', 0)).toEqual({
      id: 0,
      state: 'FAILED',
      worker_id: 'w:8083',
      version: '4.3.0',
      trace: 'why',
    })
  })
})

describe('tasks', () => {
  test('are left alone when a connector asks for new ones and gets the same', async () => {
    await herder.create('c', source)
    await becomes('c', 'RUNNING RUNNING')
    calls()
    const asked = deferred()
    worker.split = () => {
      asked.resolve()
      return [{ part: '0' }]
    }
    worker.listener.tasksOutdated('c')
    await asked.promise
    await herder.setTarget('c', 'STARTED')
    expect(calls()).toEqual(['target c STARTED'])
  })

  test('are made anew when they differ', async () => {
    await herder.create('c', source)
    await becomes('c', 'RUNNING RUNNING')
    calls()
    worker.split = () => [{ part: 'new' }]
    worker.listener.tasksOutdated('c')
    await until(() => worker.calls.length >= 2)
    expect(calls()).toEqual(['halt c-0', 'task c-0 STARTED new'])
  })

  test('are stored with variables, never with what a config provider gave (invariant 10)', async () => {
    worker.split = () => [{ part: '0', password: 's3cret', copy: 's3cret', other: 'x' }]
    await herder.create('c', { ...source, password: variable })
    await becomes('c', 'RUNNING RUNNING')
    expect(configs.get('c')?.tasks).toEqual([{ part: '0', password: variable, copy: variable, other: 'x' }])
    expect(herder.tasks('c')[0]?.config['password']).toBe(variable)
  })

  test('a restart of one, of the connector, of the failed ones', async () => {
    worker.split = () => [{ part: 'a' }, { part: 'b' }]
    await herder.create('c', { ...source, 'tasks.max': '2' })
    await becomes('c', 'RUNNING RUNNING RUNNING')
    worker.listener.taskReported({ connector: 'c', task: 1 }, { state: 'FAILED', trace: 'why' })
    calls()
    const answer = await herder.restart('c', { includeTasks: true, onlyFailed: true })
    expect(answer?.connector.state).toBe('RUNNING')
    expect(answer?.tasks[1]).toMatchObject({ state: 'RESTARTING', trace: 'why' })
    await becomes('c', 'RUNNING RUNNING RUNNING')
    expect(calls()).toEqual(['halt c-1', 'task c-1 STARTED b'])
    await herder.restartTask('c', 0)
    expect(calls()).toEqual(['halt c-0', 'task c-0 STARTED a'])
    expect(await herder.restart('c', { includeTasks: false, onlyFailed: false })).toBeUndefined()
    expect(calls()).toEqual(['end c', 'start c STARTED'])
    await herder.restart('c', { includeTasks: true, onlyFailed: false })
    await until(() => worker.calls.length >= 6)
    expect(calls()).toEqual([
      'halt c-0',
      'halt c-1',
      'end c',
      'start c STARTED',
      'task c-0 STARTED a',
      'task c-1 STARTED b',
    ])
    await expect(herder.restartTask('c', 7)).rejects.toThrow('Unknown task: c-7')
  })
})

describe('a plugin with a new version', () => {
  const className = 'org.apache.kafka.connect.file.FileStreamSourceConnector'

  test('restarts the connectors that use it', async () => {
    await herder.create('uses', source)
    await herder.create('not', { 'connector.class': 'FileStreamSink', topics: 't' })
    await becomes('uses', 'RUNNING RUNNING')
    await becomes('not', 'RUNNING RUNNING')
    calls()
    worker.listener.pluginReloaded(className)
    await until(() => worker.calls.length >= 4)
    expect(calls()).toEqual(['halt uses-0', 'end uses', 'start uses STARTED', 'task uses-0 STARTED 0'])
  })

  test('leaves running what it refuses', async () => {
    await herder.create('c', source)
    await becomes('c', 'RUNNING RUNNING')
    // As if the new version wanted a setting that is not there.
    await configs.putConnector('c', { 'connector.class': 'FileStreamSource', name: 'c' })
    calls()
    worker.listener.pluginReloaded(className)
    await until(() => log.lines.some(line => line.message.includes('refuses the configuration')))
    expect(calls()).toEqual([])
    expect(state('c')).toBe('RUNNING RUNNING')
  })
})

describe('offsets of a source', () => {
  const partition = { filename: 'f' }
  beforeEach(async () => {
    await herder.create('c', source, 'STOPPED')
    await becomes('c', 'STOPPED')
    await offsets.put('c', [{ partition, offset: { position: 3 } }])
  })

  test('are set and reset while it is stopped', async () => {
    expect(await herder.alterOffsets('c', [{ partition, offset: { position: 9 } }])).toBe(
      'The offsets for this connector have been altered successfully',
    )
    expect(await herder.offsets('c')).toEqual([{ partition, offset: { position: 9 } }])
    worker.checked = () => false
    expect(await herder.alterOffsets('c', null)).toMatch(
      /framework-managed offsets .* have been reset successfully.*manually reset/,
    )
    expect(await herder.offsets('c')).toEqual([])
  })

  test('what the connector refuses changes nothing', async () => {
    worker.checked = () => {
      throw new Error('no such file')
    }
    await expect(herder.alterOffsets('c', [{ partition, offset: { position: 9 } }])).rejects.toThrow('no such file')
    expect(await herder.offsets('c')).toEqual([{ partition, offset: { position: 3 } }])
  })

  test('are out of reach while it runs', async () => {
    await herder.setTarget('c', 'STARTED')
    await expect(herder.alterOffsets('c', null)).rejects.toThrow('Connectors must be in the STOPPED state')
  })
})

test('topics are not tracked when that is off', async () => {
  await herder.create('c', source)
  await becomes('c', 'RUNNING RUNNING')
  workerProps['topic.tracking.allow.reset'] = 'false'
  expect(() => herder.resetTopics('c')).toThrow('Topic tracking reset is disabled.')
  workerProps['topic.tracking.enable'] = 'false'
  worker.listener.topicUsed({ connector: 'c', task: 0 }, 't')
  expect(() => herder.topics('c')).toThrow('Topic tracking is disabled.')
})

test('a stopping worker takes no requests, and starts nothing any more', async () => {
  const slow = deferred()
  worker.starting = () => slow.promise
  await herder.create('c', source)
  const late = herder.put('c', { ...source, topic: 'other' })
  const stopped = herder.stop()
  slow.resolve()
  await expect(late).rejects.toThrow('The worker is stopping')
  await stopped
  await expect(herder.create('d', source)).rejects.toThrow('The worker is stopping')
  expect(worker.calls.at(-1)).toBe('stop')
})
