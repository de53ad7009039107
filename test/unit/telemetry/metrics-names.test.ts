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
