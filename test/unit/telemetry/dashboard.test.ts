import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { metricName, metricNames } from '../../../runtime/telemetry/metrics-names.ts'

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[]
  readonly templating: { readonly list: readonly { readonly type: string; readonly query: string }[] }
}

const file = fileURLToPath(new URL('../../../docs/grafana/connect.json', import.meta.url))
const { panels, templating } = JSON.parse(readFileSync(file, 'utf8')) as Dashboard

const registry = new Registry()
collectDefaultMetrics({ register: registry })
const known = new Set([
  ...Object.entries(metricNames).flatMap(([group, attributes]) =>
    Object.keys(attributes).map(each => metricName(group, each)),
  ),
  ...registry.getMetricsAsArray().map(({ name }) => name),
])

/** Names of metrics in an expression: words before a selector. */
const asked = (expr: string): readonly string[] =>
  [...expr.matchAll(/([a-z_][a-z0-9_]*)\s*\{|label_values\((\w+),/g)].map(match => match[1] ?? match[2]!)

test.each(panels)('$title asks for metrics that there are', ({ targets }) => {
  for (const { expr } of targets) {
    expect(asked(expr).length, expr).toBeGreaterThan(0)
    for (const name of asked(expr)) expect(known, expr).toContain(name)
  }
})

test('so do its variables', () => {
  for (const { query } of templating.list.filter(({ type }) => type === 'query'))
    expect(known).toContain(asked(query)[0])
})
