import { type ConfigOf, c } from 'millrace'

const group = 'Events'
const medium = { importance: 'MEDIUM', group } as const
const ignored = 'Accepted without effect: it concerns the inside of the JVM connector.'

/** Known, and refused when asked for: leaving them out silently would give other records than the user expects. */
export const unsupportedConfig = {
  'xmin.fetch.interval.ms': c.long('source.xmin; not supported yet.', { default: 0, ...medium }),
  converters: c.string('Classes of the JVM; cannot be used here: use a transformation.', { optional: true, ...medium }),
  'post.processors': c.string('Classes of the JVM; cannot be used here: use a transformation.', {
    optional: true,
    ...medium,
  }),
  'event.processing.failure.handling.mode': c.string('What to do about an event that cannot be read: fail.', {
    default: 'fail',
    ...medium,
  }),
  'snapshot.max.threads': c.int('Connections of the snapshot; more than 1 has no effect yet.', {
    default: 1,
    ...medium,
  }),
  'guardrail.collections.max': c.int('Most tables to capture; 0: any number. Not supported yet.', {
    default: 0,
    ...medium,
  }),
  'executor.shutdown.timeout.ms': c.long(ignored, { default: 4000, ...medium }),
  'query.fetch.size': c.int(ignored, { default: 0, ...medium }),
  'statistics.metrics.enabled': c.boolean(ignored, { default: true, ...medium }),
  'custom.metric.tags': c.list(ignored, { optional: true, ...medium }),
} as const

type Unsupported = ConfigOf<typeof unsupportedConfig>

/** What is asked for and not there, by key. */
export const unsupportedProblems = (config: Unsupported): readonly (readonly [key: string, what: string])[] => {
  const asked: [string, string, boolean][] = [
    ['xmin.fetch.interval.ms', 'source.xmin', config.xminFetchIntervalMs > 0],
    ['converters', 'a converter class of the JVM', (config.converters ?? '') !== ''],
    ['post.processors', 'a post processor class of the JVM', (config.postProcessors ?? '') !== ''],
    [
      'event.processing.failure.handling.mode',
      'going on after an event that cannot be read',
      config.eventProcessingFailureHandlingMode.toLowerCase() !== 'fail',
    ],
    ['guardrail.collections.max', 'a limit of tables', config.guardrailCollectionsMax > 0],
  ]
  return asked.filter(([, , wanted]) => wanted).map(([key, what]) => [key, what] as const)
}
