import type { Registry } from 'prom-client'
import { metricName, metricNames, type Naming } from './metrics-names.ts'
import type { MetricValues } from './metrics-task.ts'

/** Values of one part of the worker, with the labels that tell it from others (`connector`, `task`). */
export interface LabelledMetrics {
  readonly labels: Readonly<Record<string, string>>
  readonly values: MetricValues
  /** What a plugin measures, by name. */
  readonly gauges?: Readonly<Record<string, number>>
}

type Declared = Readonly<Record<string, readonly ['gauge' | 'counter', string]>>

/** Of Node itself (memory, event loop, garbage collection): they keep observers, so they are made once. */
let processMetrics: Registry | undefined

/**
 * Prometheus' text format of what all threads counted. The registry is built anew for each scrape from plain numbers, so
 * that counting costs nothing, and prom-client is loaded only by workers that are scraped.
 */
export const renderMetrics = async (
  parts: readonly LabelledMetrics[],
  names: readonly Naming[] = ['full'],
): Promise<{ readonly text: string; readonly contentType: string }> => {
  const { Counter, Gauge, Registry, collectDefaultMetrics } = await import('prom-client')
  const registry = new Registry()
  if (processMetrics === undefined) {
    processMetrics = new Registry()
    collectDefaultMetrics({ register: processMetrics })
  }
  const made = new Map<string, { add(labels: Record<string, string>, value: number): void }>()
  const gauge = (name: string, help: string, labels: Readonly<Record<string, string>>) => {
    const made = registry.getSingleMetric(name)
    return made instanceof Gauge
      ? made
      : new Gauge({ name, help, labelNames: Object.keys(labels), registers: [registry] })
  }
  for (const { labels, values, gauges = {} } of parts) {
    for (const [name, value] of Object.entries(gauges))
      gauge(`millrace_connector_${name}`, 'Told by the connector.', labels).set(labels, value)
    for (const [group, attributes] of Object.entries(values)) {
      const declared: Declared = metricNames[group as keyof typeof metricNames]
      for (const [attribute, value] of Object.entries(attributes)) {
        const entry = declared[attribute]
        if (entry === undefined || value === undefined) continue
        for (const naming of names) {
          const name = metricName(group, attribute, naming)
          const labelNames = Object.keys(labels)
          let metric = made.get(name)
          if (metric === undefined) {
            const options = { name, help: entry[1], labelNames, registers: [registry] }
            if (entry[0] === 'counter') {
              const counter = new Counter(options)
              metric = { add: (with_, by) => counter.inc(with_, by) }
            } else {
              const gauge = new Gauge(options)
              metric = { add: (with_, to) => gauge.set(with_, to) }
            }
            made.set(name, metric)
          }
          metric.add(labels, value)
        }
      }
    }
  }
  const text = `${await registry.metrics()}\n${await processMetrics.metrics()}`
  return { text, contentType: registry.contentType }
}
