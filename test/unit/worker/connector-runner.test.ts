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
