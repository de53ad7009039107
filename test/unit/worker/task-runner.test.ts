import { describe, expect, it } from 'vitest'
import { deferred } from '../../../runtime/base/deferred.ts'
import type { TargetState } from '../../../runtime/stores/ports.ts'
import type { Activity } from '../../../runtime/task/activity.ts'
import { TaskMetrics } from '../../../runtime/telemetry/metrics-task.ts'
import { Secrets } from '../../../runtime/worker/error-text.ts'
import type { RunReport } from '../../../runtime/worker/ports.ts'
import { type OpenedTask, TaskRunner } from '../../../runtime/worker/task-runner.ts'
import { recordingLog } from '../../support/fakes/log.ts'
import { until } from '../../support/fakes/wait.ts'

const setup = (
  overrides: Partial<OpenedTask> = {},
  target: TargetState = 'STARTED',
  open?: (task: OpenedTask) => Promise<OpenedTask>,
) => {
  const calls: string[] = []
  const reports: RunReport[] = []
  const log = recordingLog()
  let activity: Activity | undefined
  const task: OpenedTask = {
    metrics: new TaskMetrics(),
    version: '1.2.3',
    run: stop => new Promise(resolve => stop.addEventListener('abort', () => resolve())),
    pause: () => void calls.push('pause'),
    resume: () => void calls.push('resume'),
    cancel: () => void calls.push('cancel'),
    measure() {},
    close: async () => void calls.push('close'),
    ...overrides,
  }
  const runner = new TaskRunner({
    target,
    secrets: new Secrets({}, ['hunter2']),
    log,
    report: report => void reports.push(report),
    open: async given => {
      activity = given
      calls.push('open')
      return open === undefined ? task : open(task)
    },
  })
  const states = () => reports.map(({ state }) => state)
  return { runner, calls, reports, states, log, activity: () => activity! }
}

describe('TaskRunner', () => {
  it('opens, runs, stops', async () => {
    const { runner, calls, reports } = setup()
    await until(() => runner.state === 'running')
    await runner.stop(1000)
    expect(calls).toEqual(['open', 'close'])
    expect(reports).toEqual([
      { state: 'RUNNING', version: '1.2.3' },
      { state: 'UNASSIGNED', version: '1.2.3' },
    ])
  })

  it('is not opened while its target is PAUSED', async () => {
    const { runner, calls, states } = setup({}, 'PAUSED')
    await until(() => states().includes('PAUSED'))
    expect(calls).toEqual([])
    runner.setTarget('STARTED')
    await until(() => states().includes('RUNNING'))
    runner.setTarget('PAUSED')
    runner.setTarget('STARTED')
    await runner.stop(1000)
    expect(calls).toEqual(['open', 'pause', 'resume', 'close'])
    expect(states()).toEqual(['PAUSED', 'RUNNING', 'PAUSED', 'RUNNING', 'UNASSIGNED'])
  })

  it('stops while it waits to be resumed', async () => {
    const { runner, calls, states } = setup({}, 'PAUSED')
    await runner.stop(1000)
    expect(calls).toEqual([])
    expect(states().at(-1)).toBe('UNASSIGNED')
  })

  it('pauses at once what was paused while it was opened', async () => {
    const gate = deferred()
    const { runner, calls, states } = setup({}, 'STARTED', task => gate.promise.then(() => task))
    await until(() => calls.includes('open'))
    runner.setTarget('PAUSED')
    gate.resolve()
    await until(() => states().includes('PAUSED'))
    expect(calls).toEqual(['open', 'pause'])
    await runner.stop(1000)
  })

  it('reports a failure with its causes and without secrets, and closes', async () => {
    const { runner, calls, reports } = setup({
      run: async () => {
        throw new Error('login failed', { cause: new Error('password hunter2 refused') })
      },
    })
    await until(() => calls.includes('close'))
    expect(runner.state).toBe('failed')
    expect(reports.at(-1)).toMatchObject({ state: 'FAILED', version: '1.2.3' })
    expect(reports.at(-1)?.trace).toContain('login failed')
    expect(reports.at(-1)?.trace).toContain('Caused by: Error: password [hidden] refused')
    runner.setTarget('STARTED')
    await runner.stop(1000)
    expect(reports.at(-1)?.state).toBe('FAILED')
  })

  it('reports what failed while it was opened', async () => {
    const { reports, states } = setup({}, 'STARTED', () => Promise.reject(new Error('no route to host')))
    await until(() => states().includes('FAILED'))
    expect(reports[0]?.trace).toContain('no route to host')
  })

  it('gives a task up that does not stop in time, and hears of it no more', async () => {
    const end = deferred()
    const { runner, calls, states, log } = setup({ run: () => end.promise })
    await until(() => runner.state === 'running')
    await runner.stop(10)
    expect(calls).toEqual(['open', 'cancel'])
    end.resolve()
    await until(() => calls.includes('close'))
    expect(states()).toEqual(['RUNNING'])
    expect(log.lines.some(({ message }) => message.includes('given up'))).toBe(true)
  })

  it('fails with what was thrown outside its calls', async () => {
    const { runner, calls, reports } = setup()
    await until(() => runner.state === 'running')
    runner.fail(new Error('socket hang up'))
    await until(() => calls.includes('close'))
    expect(reports.at(-1)?.trace).toContain('socket hang up')
  })

  it('says what it is busy with, only when that changes', async () => {
    const { runner, activity, reports } = setup()
    await until(() => runner.state === 'running')
    runner.refresh()
    activity().told = 'snapshot: 3 of 7 tables'
    runner.refresh()
    runner.refresh()
    expect(reports.slice(1)).toEqual([{ state: 'RUNNING', version: '1.2.3', progress: 'snapshot: 3 of 7 tables' }])
    await runner.stop(1000)
  })

  it('logs a failure while stopping, and ends as asked', async () => {
    const { runner, states, log } = setup({
      run: stop => new Promise((_, reject) => stop.addEventListener('abort', () => reject(new Error('late trouble')))),
    })
    await until(() => runner.state === 'running')
    await runner.stop(1000)
    expect(states()).toEqual(['RUNNING', 'UNASSIGNED'])
    expect(log.lines.some(({ message }) => message.includes('while it was stopping'))).toBe(true)
  })
})
