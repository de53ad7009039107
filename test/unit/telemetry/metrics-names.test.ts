import { expect, it } from 'vitest'
import { metricName, metricNames } from '../../../runtime/telemetry/metrics-names.ts'

it('names metrics as Prometheus wants them, totals as counters', () => {
  for (const [group, attributes] of Object.entries(metricNames)) {
    for (const [attribute, [type, help]] of Object.entries(attributes)) {
      expect(metricName(group, attribute)).toMatch(/^kafka_connect_[a-z][a-z0-9_]*$/)
      expect(help).toMatch(/^[A-Z].*\.$/)
      if (attribute.endsWith('-total')) expect(type).toBe('counter')
      if (/-(rate|avg|max|ratio|percentage)$/.test(attribute)) expect(type).toBe('gauge')
    }
  }
})

it.each([
  ['connector-metrics', 'status', 'kafka_connect_connector_status'],
  ['connector-task-metrics', 'status', 'kafka_connect_connector_task_status'],
  ['source-task-metrics', 'source-record-poll-rate', 'kafka_connect_source_task_source_record_poll_rate'],
  ['task-error-metrics', 'total-errors-logged', 'kafka_connect_task_error_total_errors_logged'],
  ['connect-worker-metrics', 'connector-count', 'kafka_connect_worker_connector_count'],
])('short: %s %s is %s', (group, attribute, name) => expect(metricName(group, attribute, 'short')).toBe(name))
