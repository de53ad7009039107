import { type ConfigOf, c } from 'millrace'

const group = 'Events'
const medium = { importance: 'MEDIUM', group } as const
const ignored = 'Accepted without effect: it concerns the inside of the JVM connector.'

/** Known, and refused when asked for: leaving them out silently would give other records than the user expects. */
export const unsupportedConfig = {
  'xmin.fetch.interval.ms': c.long('source.xmin; not supported yet.', { default: 0, ...medium }),
  'signal.data.collection': c.list('Table with signals; not supported yet.', { optional: true, ...medium }),
  'signal.enabled.channels': c.list('Where signals come from; only the default has no effect.', {
    default: ['source'],
    ...medium,
  }),
  'notification.enabled.channels': c.list('Where notifications go; not supported yet.', { optional: true, ...medium }),
  'notification.sink.topic.name': c.string('Topic of notifications.', { optional: true, ...medium }),
  converters: c.string('Classes of the JVM; cannot be used here: use a transformation.', { optional: true, ...medium }),
  'post.processors': c.string('Classes of the JVM; cannot be used here: use a transformation.', {
    optional: true,
    ...medium,
  }),
  'read.only': c.boolean('Signals without writing; not supported yet.', { default: false, ...medium }),
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
    ['signal.data.collection', 'signals', (config.signalDataCollection ?? []).length > 0],
    ['signal.enabled.channels', 'signals', config.signalEnabledChannels.some(name => name !== 'source')],
    ['notification.enabled.channels', 'notifications', (config.notificationEnabledChannels ?? []).length > 0],
    ['converters', 'a converter class of the JVM', (config.converters ?? '') !== ''],
    ['post.processors', 'a post processor class of the JVM', (config.postProcessors ?? '') !== ''],
    ['read.only', 'signals without writing', config.readOnly],
    [
      'event.processing.failure.handling.mode',
      'going on after an event that cannot be read',
      config.eventProcessingFailureHandlingMode.toLowerCase() !== 'fail',
    ],
    ['guardrail.collections.max', 'a limit of tables', config.guardrailCollectionsMax > 0],
  ]
  return asked.filter(([, , wanted]) => wanted).map(([key, what]) => [key, what] as const)
}
