import { type ConfigOptions, type ConfigSpec, c } from '../api/config.ts'

const inGroup = <const O extends object>(
  group: string,
  displayName: string,
  options: O,
): O & { readonly group: string; readonly displayName: string } => ({ ...options, group, displayName })

const controls = (name: string): string | undefined => {
  if (name === '') return 'String may not be empty'
  const found = [...name]
    .filter(char => /\p{Cc}/u.test(char))
    .map(char => `0x${char.codePointAt(0)!.toString(16).toUpperCase().padStart(2, '0')}`)
  return found.length === 0
    ? undefined
    : `String may not contain control sequences but had the following ASCII chars: ${found.join(', ')}`
}

const noRepeats = (list: readonly string[]): string | undefined =>
  new Set(list).size < list.length ? 'Duplicate alias provided.' : undefined

const common = {
  name: c.string(
    'Globally unique name to use for this connector.',
    inGroup('Common', 'Connector name', { importance: 'HIGH', width: 'MEDIUM', check: controls }),
  ),
  'connector.class': c.string(
    'Name or alias of the class for this connector. Either the full name of the class, or its short name.',
    inGroup('Common', 'Connector class', { importance: 'HIGH', width: 'LONG' }),
  ),
  'connector.plugin.version': c.string(
    'Version of the connector.',
    inGroup('Common', 'Connector version', { optional: true, importance: 'MEDIUM', width: 'MEDIUM' }),
  ),
  'tasks.max': c.int(
    'Maximum number of tasks to use for this connector.',
    inGroup('Common', 'Tasks max', { default: 1, min: 1, importance: 'HIGH', width: 'SHORT' }),
  ),
  'tasks.max.enforce': c.boolean(
    '(Deprecated) Whether to fail a connector that makes more tasks than tasks.max allows.',
    inGroup('Common', 'Enforce tasks max', { default: true, importance: 'LOW', width: 'SHORT' }),
  ),
  'key.converter': c.class(
    'Converter class used to convert between Kafka Connect format and the serialized form of keys.',
    inGroup('Common', 'Key converter class', { optional: true, importance: 'LOW', width: 'SHORT' }),
  ),
  'key.converter.plugin.version': c.string(
    'Version of the key converter.',
    inGroup('Common', 'Key converter version', { optional: true, importance: 'LOW', width: 'SHORT' }),
  ),
  'value.converter': c.class(
    'Converter class used to convert between Kafka Connect format and the serialized form of values.',
    inGroup('Common', 'Value converter class', { optional: true, importance: 'LOW', width: 'SHORT' }),
  ),
  'value.converter.plugin.version': c.string(
    'Version of the value converter.',
    inGroup('Common', 'Value converter version', { optional: true, importance: 'LOW', width: 'SHORT' }),
  ),
  'header.converter': c.class(
    'HeaderConverter class used to convert between Kafka Connect format and the serialized form of headers.',
    inGroup('Common', 'Header converter class', { optional: true, importance: 'LOW', width: 'SHORT' }),
  ),
  'header.converter.plugin.version': c.string(
    'Version of the header converter.',
    inGroup('Common', 'Header converter version', { optional: true, importance: 'LOW', width: 'SHORT' }),
  ),
  transforms: c.list(
    'Aliases for the transformations to be applied to records.',
    inGroup('Transforms', 'Transforms', { default: [], importance: 'LOW', width: 'LONG', check: noRepeats }),
  ),
  predicates: c.list(
    'Aliases for the predicates used by transformations.',
    inGroup('Predicates', 'Predicates', { default: [], importance: 'LOW', width: 'LONG', check: noRepeats }),
  ),
  'config.action.reload': c.string(
    'What to do when a value of a config provider expires.',
    inGroup('Common', 'Reload Action', {
      default: 'restart',
      values: ['none', 'restart'],
      importance: 'LOW',
      width: 'MEDIUM',
    }),
  ),
  'errors.retry.timeout': c.long(
    'How long a failed operation is tried again, ms; -1 without end, 0 not at all.',
    inGroup('Error Handling', 'Retry Timeout for Errors', { default: 0, importance: 'MEDIUM', width: 'MEDIUM' }),
  ),
  'errors.retry.delay.max.ms': c.long(
    'Longest time between two tries, ms.',
    inGroup('Error Handling', 'Maximum Delay Between Retries for Errors', {
      default: 60_000,
      importance: 'MEDIUM',
      width: 'MEDIUM',
    }),
  ),
  'errors.tolerance': c.string(
    'Whether a record that fails ends the task (none) or is left out (all).',
    inGroup('Error Handling', 'Error Tolerance', {
      default: 'none',
      values: ['none', 'all'],
      importance: 'MEDIUM',
      width: 'SHORT',
    }),
  ),
  'errors.log.enable': c.boolean(
    'Whether failed records are logged.',
    inGroup('Error Handling', 'Log Errors', { default: false, importance: 'MEDIUM', width: 'SHORT' }),
  ),
  'errors.log.include.messages': c.boolean(
    'Whether logged errors name the record.',
    inGroup('Error Handling', 'Log Error Details', { default: false, importance: 'MEDIUM', width: 'SHORT' }),
  ),
} as const

/** The framework's settings of a sink. */
export const sinkSpec = {
  ...common,
  topics: c.list(
    'List of topics to consume, separated by commas.',
    inGroup('Common', 'Topics', { default: [], importance: 'HIGH', width: 'LONG' }),
  ),
  'topics.regex': c.string(
    'Regular expression giving topics to consume.',
    inGroup('Common', 'Topics regex', { default: '', importance: 'HIGH', width: 'LONG' }),
  ),
  'errors.deadletterqueue.topic.name': c.string(
    'The topic to be used as the dead letter queue; blank: none.',
    inGroup('Error Handling', 'Dead Letter Queue Topic Name', { default: '', importance: 'MEDIUM', width: 'MEDIUM' }),
  ),
  'errors.deadletterqueue.topic.replication.factor': c.short(
    'Replication factor of the dead letter queue topic when it is made.',
    inGroup('Error Handling', 'Dead Letter Queue Topic Replication Factor', {
      default: 3,
      importance: 'MEDIUM',
      width: 'MEDIUM',
    }),
  ),
  'errors.deadletterqueue.context.headers.enable': c.boolean(
    'Whether dead letters carry headers that say what happened.',
    inGroup('Error Handling', 'Enable Error Context Headers', {
      default: false,
      importance: 'MEDIUM',
      width: 'MEDIUM',
    }),
  ),
} as const

/** The framework's settings of a source. */
export const sourceSpec = {
  ...common,
  'topic.creation.groups': c.list(
    'Groups of settings for topics that this source makes.',
    inGroup('Topic Creation', 'Topic Creation Groups', {
      default: [],
      importance: 'LOW',
      width: 'LONG',
      check: noRepeats,
    }),
  ),
  'exactly.once.support': c.string(
    'Whether to require exactly-once support.',
    inGroup('Exactly Once Support', 'Exactly once support', {
      default: 'requested',
      values: ['requested', 'required'],
      ignoreCase: true,
      importance: 'MEDIUM',
      width: 'SHORT',
    }),
  ),
  'transaction.boundary': c.string(
    'What ends a transaction.',
    inGroup('Exactly Once Support', 'Transaction Boundary', {
      default: 'poll',
      values: ['poll', 'interval', 'connector'],
      ignoreCase: true,
      importance: 'MEDIUM',
      width: 'SHORT',
    }),
  ),
  'transaction.boundary.interval.ms': c.long(
    'Time between two transactions, ms.',
    inGroup('Exactly Once Support', 'Transaction boundary interval', {
      optional: true,
      importance: 'LOW',
      width: 'SHORT',
      min: 0,
    }),
  ),
  'offsets.storage.topic': c.string(
    'A topic of its own for the offsets of this connector.',
    inGroup('offsets.topic', 'Offsets topic', { optional: true, importance: 'LOW', width: 'LONG', nonEmpty: true }),
  ),
} as const

/** The framework's part of a transform's or predicate's settings, by prefix. */
export const transformSpec = (prefix: string, group: string): ConfigSpec => ({
  [`${prefix}type`]: c.class('Class of the transformation.', { importance: 'HIGH', group, width: 'LONG' }),
  [`${prefix}predicate`]: c.string('The alias of a predicate used to determine whether to apply this transformation.', {
    default: '',
    importance: 'MEDIUM',
    group,
  } satisfies ConfigOptions<string>),
  [`${prefix}negate`]: c.boolean('Whether the configured predicate should be negated.', {
    default: false,
    importance: 'MEDIUM',
    group,
  }),
})

export const predicateSpec = (prefix: string, group: string): ConfigSpec => ({
  [`${prefix}type`]: c.class('Class of the predicate.', { importance: 'HIGH', group, width: 'LONG' }),
})
