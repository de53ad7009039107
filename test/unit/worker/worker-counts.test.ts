import { expect, it } from 'vitest'
import { WorkerCounts } from '../../../runtime/worker/worker-counts.ts'

it('counts starts and states', () => {
  const counts = new WorkerCounts()
  counts.connectorStarts = 2
  counts.taskStarts = 4
  counts.connectorReported('a', 'RUNNING')
  counts.connectorReported('a', 'PAUSED')
  counts.connectorReported('b', 'FAILED')
  counts.taskReported(undefined, 'RUNNING')
  counts.taskReported('RUNNING', 'FAILED')
  counts.taskReported(undefined, 'FAILED')
  const parts = counts.metrics(2, [
    { id: { connector: 'a', task: 0 }, state: 'RUNNING' },
    { id: { connector: 'a', task: 1 }, state: 'FAILED' },
  ])
  expect(parts[0]?.values['connect-worker-metrics']).toMatchObject({
    'connector-count': 2,
    'task-count': 2,
    'connector-startup-success-total': 1,
    'connector-startup-failure-percentage': 0.5,
    'task-startup-success-total': 1,
    'task-startup-failure-percentage': 0.25,
  })
  expect(parts[1]).toMatchObject({
    labels: { connector: 'a' },
    values: { 'connect-worker-metrics': { 'connector-total-task-count': 2, 'connector-failed-task-count': 1 } },
  })
  expect(parts.map(({ labels }) => labels)).toContainEqual({ connector: 'a', task: '1', status: 'failed' })
  expect(parts.map(({ labels }) => labels)).toContainEqual({ connector: 'b', status: 'failed' })
})
