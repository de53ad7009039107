import { describe, expect, it } from 'vitest'
import { c } from '../../../runtime/api/config.ts'
import { defineSink, defineSource } from '../../../runtime/api/define.ts'
import { ConnectorRunner } from '../../../runtime/worker/connector-runner.ts'
import type { StartConnector } from '../../../runtime/worker/messages.ts'
import type { ConnectorDefinition } from '../../../runtime/worker/plugin-access.ts'
import type { RunReport } from '../../../runtime/worker/ports.ts'
import { recordingLog } from '../../support/fakes/log.ts'
import { until } from '../../support/fakes/wait.ts'

const head = {
  class: 'test.XSinkConnector',
  version: '1.0.0',
  doc: 'For tests.',
  config: { password: c.password('P.', { optional: true }) },
}
const sink = defineSink({ ...head, open: () => ({ write() {} }) })

const setup = (definition: object, props: Record<string, string> = {}) => {
  const reports: RunReport[] = []
  const all = { name: 'x', 'tasks.max': '2', topics: 't', ...props }
  const start: StartConnector = {
    connector: 'x',
    run: 1,
    raw: { ...all, gone: null },
    resolved: { props: all, secrets: [] },
    target: 'STARTED',
    plugin: { class: head.class, kind: 'sink', version: '1.0.0', url: '', exportName: 'default' },
  }
  let outdated = 0
  const runner = new ConnectorRunner({
    start,
    load: async () => definition as ConnectorDefinition,
    report: report => void reports.push(report),
    outdated: () => void outdated++,
    log: recordingLog(),
  })
  return { runner, reports, outdated: () => outdated }
}

describe('ConnectorRunner', () => {
  it('gives every task of a sink the settings of the connector', async () => {
    const { runner, reports } = setup(sink)
    await runner.start()
    expect(reports).toEqual([{ state: 'RUNNING', version: '1.0.0' }])
    const config = { name: 'x', 'tasks.max': '2', topics: 't', 'task.class': 'test.XSinkTask' }
    expect(await runner.taskConfigs()).toEqual([config, config])
  })

  it('gives a source without split one task', async () => {
    const source = defineSource({ ...head, open: () => ({ async *read() {} }) })
    const { runner } = setup(source)
    await runner.start()
    expect(await runner.taskConfigs()).toHaveLength(1)
  })

  it('fails with what its watch throws, secrets hidden; only a stop is honoured then', async () => {
    const source = defineSource({
      ...head,
      // biome-ignore lint/correctness/useYield: it fails before it has something to say
      async *changes() {
        throw new Error('login hunter2 refused')
      },
      open: () => ({ async *read() {} }),
    })
    const { runner, reports } = setup(source, { password: 'hunter2' })
    await runner.start()
    await until(() => reports.at(-1)?.state === 'FAILED')
    expect(reports.at(-1)?.trace).toContain('login [hidden] refused')
    runner.setTarget('STARTED')
    expect(reports.at(-1)?.state).toBe('FAILED')
    await expect(runner.taskConfigs()).rejects.toThrow('refused')
    runner.setTarget('STOPPED')
    expect(reports.at(-1)?.state).toBe('STOPPED')
    runner.setTarget('PAUSED')
    expect(reports.at(-1)?.state).toBe('PAUSED')
    expect(await runner.taskConfigs()).toHaveLength(1)
  })

  it('names no version when its settings are wrong', async () => {
    const broken = defineSink({ ...head, config: { n: c.int('N.') }, open: () => ({ write() {} }) })
    const { runner, reports } = setup(broken, { n: 'many' })
    await runner.start()
    expect(reports).toEqual([{ state: 'FAILED', trace: expect.stringContaining('Invalid value many') }])
    runner.setTarget('STOPPED')
    runner.setTarget('STARTED')
    expect(reports.at(-1)).toEqual({ state: 'STOPPED' })
    await expect(runner.taskConfigs()).rejects.toThrow('Invalid value many')
  })

  it('goes to the target it was given while it was starting, and nowhere once it is stopped', async () => {
    const paused = setup(sink)
    const starting = paused.runner.start()
    paused.runner.setTarget('PAUSED')
    await starting
    expect(paused.reports).toEqual([{ state: 'PAUSED', version: '1.0.0' }])
    const stopped = setup(sink)
    const ending = stopped.runner.start()
    stopped.runner.stop()
    await ending
    expect(stopped.reports).toEqual([])
  })

  it('hears of changes', async () => {
    const source = defineSource({
      ...head,
      async *changes() {
        yield
        yield
      },
      open: () => ({ async *read() {} }),
    })
    const { runner, outdated } = setup(source)
    await runner.start()
    await until(() => outdated() === 2)
  })
})
