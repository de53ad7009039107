import { describe, expect, it } from 'vitest'
import { defineTransform } from '../../../runtime/api/define.ts'
import { TaskMetrics } from '../../../runtime/telemetry/metrics-task.ts'
import { Host } from '../../../runtime/worker/host.ts'
import type { MainApi, StartTask } from '../../../runtime/worker/messages.ts'
import type { RunReport } from '../../../runtime/worker/ports.ts'
import type { Remote } from '../../../runtime/worker/rpc.ts'
import { until } from '../../support/fakes/wait.ts'

const id = { connector: 'x', task: 0 }
const plugin = { class: 'test.X', kind: 'source' as const, version: '1', url: '', exportName: 'default' }

const setup = () => {
  const reports: RunReport[] = []
  const main = { taskReported: async (_run, _id, report) => void reports.push(report) } as Partial<Remote<MainApi>>
  const host = new Host({
    settings: { workerProps: {}, levels: [] },
    main: main as Remote<MainApi>,
    load: async () =>
      defineTransform({
        class: 'test.X',
        version: '1',
        doc: 'For tests.',
        config: {},
        examples: [],
        create: () => ({ apply: record => record }),
      }),
    openTask: async () => async () => ({
      metrics: new TaskMetrics(),
      version: '1.0.0',
      run: stop => {
        setTimeout(() => expect(host.uncaught(new Error('in a callback'))).toBe(true), 1)
        return new Promise(resolve => stop.addEventListener('abort', () => resolve()))
      },
      pause() {},
      resume() {},
      cancel() {},
      measure() {},
      close: async () => {},
    }),
  })
  const start: StartTask = {
    id,
    run: 1,
    connector: { props: {}, secrets: [] },
    task: { props: {}, secrets: [] },
    target: 'STARTED',
    plugins: [plugin],
    memoryBytes: 1,
  }
  return { host, start, reports }
}

describe('Host', () => {
  it('gives an error that nobody caught to the task in whose callback it was thrown', async () => {
    const { host, start, reports } = setup()
    host.startTask(start)
    await until(() => reports.at(-1)?.state === 'FAILED')
    expect(reports.at(-1)?.trace).toContain('in a callback')
    expect(host.uncaught(new Error('of nobody'))).toBe(false)
    await host.stopTasks([id], 1000)
    expect(host.metrics()).toEqual([])
  })

  it('refuses a class that is no connector', async () => {
    const { host } = setup()
    const check = { resolved: { props: {}, secrets: [] }, plugin, offsets: [] }
    await expect(host.checkOffsets(check)).rejects.toThrow('test.X is a transformation, not a connector')
  })
})
