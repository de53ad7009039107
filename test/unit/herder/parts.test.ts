import { describe, expect, test } from 'vitest'
import { c } from '../../../runtime/api/config.ts'
import { deferred } from '../../../runtime/base/deferred.ts'
import { keyInfos, Validation } from '../../../runtime/herder/config-infos.ts'
import { usesPlugin } from '../../../runtime/herder/plugin-use.ts'
import { versionProblem } from '../../../runtime/herder/plugin-version.ts'
import { restartPlan } from '../../../runtime/herder/restart-plan.ts'
import { StatusBoard } from '../../../runtime/herder/status-board.ts'
import { sameTasks, unresolved } from '../../../runtime/herder/task-configs.ts'
import { Turns } from '../../../runtime/herder/turns.ts'
import { PluginRegistry } from '../../../runtime/plugins/registry.ts'
import { memoryStatusStore } from '../../../runtime/stores/memory-status-store.ts'
import { recordingLog } from '../../support/fakes/log.ts'

describe('turns', () => {
  test('one after another for the same, side by side for others; a failure stops nothing', async () => {
    const turns = new Turns()
    const order: string[] = []
    const first = deferred()
    const a1 = turns.run('a', async () => {
      await first.promise
      order.push('a1')
      throw new Error('no')
    })
    const a2 = turns.run('a', async () => void order.push('a2'))
    await turns.run('b', async () => void order.push('b'))
    first.resolve()
    await expect(a1).rejects.toThrow('no')
    await a2
    expect(order).toEqual(['b', 'a1', 'a2'])
    await turns.idle()
  })

  test('idle waits for what was asked for', async () => {
    const turns = new Turns()
    let done = false
    void turns.run('a', async () => {
      await Promise.resolve()
      done = true
    })
    await turns.idle()
    expect(done).toBe(true)
  })
})

describe('a restart plan', () => {
  const part = (state: string) => ({ state, worker_id: 'w', version: null }) as never
  const status = {
    name: 'c',
    type: 'source',
    connector: part('RUNNING'),
    tasks: ['FAILED', 'RUNNING'].map((state, id) => ({ id, ...(part(state) as object) })),
  } as never
  test.each([
    [
      { includeTasks: false, onlyFailed: false },
      { connector: true, tasks: [] },
    ],
    [
      { includeTasks: true, onlyFailed: false },
      { connector: true, tasks: [0, 1] },
    ],
    [
      { includeTasks: false, onlyFailed: true },
      { connector: false, tasks: [] },
    ],
    [
      { includeTasks: true, onlyFailed: true },
      { connector: false, tasks: [0] },
    ],
  ])('%j', (flags, plan) => {
    expect(restartPlan(status, flags)).toEqual(plan)
  })
})

describe('task configs', () => {
  test('get their variables back, by key and by value; short values only by key', () => {
    const raw = { password: '${v:p}', flag: '${v:f}', plain: 'x', none: null }
    const resolved = { password: 'longer', flag: '1', plain: 'x', none: null }
    expect(
      unresolved([{ password: 'longer', flag: '1', url: 'longer', number: '1', plain: 'x' }], raw, resolved),
    ).toEqual([{ password: '${v:p}', flag: '${v:f}', url: '${v:p}', number: '1', plain: 'x' }])
  })

  test('are the same whatever the order of their members', () => {
    expect(sameTasks([{ a: '1', b: '2' }], [{ b: '2', a: '1' }])).toBe(true)
    expect(sameTasks([{ a: '1' }], [{ a: '2' }])).toBe(false)
    expect(sameTasks([{ a: '1' }], [{ a: '1', b: '2' }])).toBe(false)
    expect(sameTasks([{ a: '1' }], [])).toBe(false)
  })
})

describe('a version that is asked for', () => {
  test.each(['1.2.3', 'latest', '', ' 1.2.3 ', '[1.0,2.0)', '[1.2.3]', '(,1.2.3]', '[1.2.3,)'])(
    '%s is 1.2.3',
    asked => {
      expect(versionProblem(asked, '1.2.3')).toBeUndefined()
    },
  )
  test.each(['1.2', '2.0.0', '(1.2.3,)', '[2,)', '[1.0,1.2.3)', '[1.2.4]', 'newest'])('%s is not', asked => {
    expect(versionProblem(asked, '1.2.3')).toContain('1.2.3')
  })
})

test('a connector uses what its settings name, under any of its names', async () => {
  const plugins = await PluginRegistry.open({ log: recordingLog() })
  const uses = (props: Record<string, string>, name: string) => usesPlugin(props, name, plugins)
  const router = 'org.apache.kafka.connect.transforms.RegexRouter'
  expect(uses({ 'transforms.a.type': 'RegexRouter' }, router)).toBe(true)
  expect(uses({ 'value.converter': 'Json' }, 'org.apache.kafka.connect.json.JsonConverter')).toBe(true)
  expect(uses({ 'connector.class': 'FileStreamSink' }, router)).toBe(false)
  expect(uses({ comment: router }, router)).toBe(false)
})

describe('a status', () => {
  test('shows what was reported, and progress until there is none', () => {
    const board = new StatusBoard(
      memoryStatusStore(),
      () => 'w:1',
      () => '9.9.9',
    )
    expect(board.status('c', 'sink')).toBeUndefined()
    board.connectorReported('c', { state: 'RUNNING' })
    board.taskReported({ connector: 'c', task: 0 }, { state: 'RUNNING', progress: 'busy' })
    expect(board.status('c', 'sink')).toEqual({
      name: 'c',
      type: 'sink',
      connector: { state: 'RUNNING', worker_id: 'w:1', version: null },
      tasks: [{ id: 0, state: 'RUNNING', worker_id: 'w:1', version: '9.9.9', progress: 'busy' }],
    })
    board.taskReported({ connector: 'c', task: 0 }, { state: 'RUNNING', version: '1.0.0' })
    expect(board.task('c', 0)).toEqual({ id: 0, state: 'RUNNING', worker_id: 'w:1', version: '1.0.0' })
    board.restarting('c', 0)
    expect(board.task('c', 0)?.state).toBe('RESTARTING')
    board.forget('c')
    expect(board.status('c', 'sink')).toBeUndefined()
    expect(board.task('c', 0)).toBeUndefined()
  })
})

describe('a validation', () => {
  const spec = {
    a: c.int('A.', { group: 'G' }),
    b: c.password('B.', { group: 'G', optional: true }),
    d: c.list('D.', { default: ['x', 'y'] }),
  }

  test('shows definitions, values, errors; passwords never', () => {
    const validation = new Validation({ a: 'x', b: 'hunter2' })
    validation.add(spec)
    validation.error('other', 'is strange')
    validation.error('b', 'is weak')
    const infos = validation.result('name')
    expect(JSON.stringify(infos)).not.toContain('hunter2')
    expect(infos.error_count).toBe(3)
    expect(infos.groups).toEqual(['G'])
    expect(
      infos.configs.map(({ definition, value }) => [definition?.order_in_group ?? null, value.name, value.value]),
    ).toEqual([
      [null, 'other', null],
      [0, 'a', null],
      [1, 'b', '[hidden]'],
      [-1, 'd', 'x,y'],
    ])
  })

  test('a later declaration takes the place of an earlier one', () => {
    const validation = new Validation({ a: 'text' })
    validation.add(spec)
    validation.add({ a: c.string('Now a text.') })
    const { configs, error_count: errors } = validation.result('n')
    expect(errors).toBe(0)
    expect(configs[0]).toMatchObject({ definition: { name: 'a', type: 'STRING' }, value: { value: 'text' } })
  })

  test('parts count settings with errors, not errors', () => {
    const validation = new Validation({})
    const value = { name: 'p', value: null, recommended_values: [], visible: true, errors: ['one', 'two'] }
    validation.part([{ definition: null, value }], ['P'])
    expect(validation.result('n')).toMatchObject({ error_count: 1, groups: ['P'] })
  })

  test("a plugin's settings count from 0 in their groups", () => {
    expect(keyInfos(spec).map(info => info.order_in_group)).toEqual([0, 1, -1])
  })
})
