import { type ConfigSpec, c } from '../api/config.ts'

const inGroup = <const O extends object>(
  group: string,
  displayName: string,
  options: O,
): O & { readonly group: string; readonly displayName: string } => ({ ...options, group, displayName })

/** A name without control characters, in the words of Kafka's validator. */
export const controls = (name: string): string | undefined => {
  if (name === '') return 'String may not be empty'
  const found = [...name].filter(char => /\p{Cc}/u.test(char)).map(char => char.codePointAt(0)!)
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

/** Places in their groups, where they are not those of the declaration: Kafka Connect counts some groups together. */
export const frameworkOrder: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    [
      ...['name', 'connector.class', 'connector.plugin.version', 'tasks.max', 'tasks.max.enforce', 'key.converter'],
      ...['key.converter.plugin.version', 'value.converter', 'value.converter.plugin.version', 'header.converter'],
      ...['header.converter.plugin.version', 'transforms', 'predicates', 'config.action.reload'],
    ].map((key, at) => [key, at + 1]),
  ),
  ...Object.fromEntries(
    [
      ...['errors.retry.timeout', 'errors.retry.delay.max.ms', 'errors.tolerance', 'errors.log.enable'],
      ...['errors.log.include.messages', 'errors.deadletterqueue.topic.name'],
      ...['errors.deadletterqueue.topic.replication.factor', 'errors.deadletterqueue.context.headers.enable'],
    ].map((key, at) => [key, at + 1]),
  ),
  topics: 4,
  'topics.regex': 4,
  'topic.creation.groups': 1,
  'exactly.once.support': 2,
  'transaction.boundary': 3,
  'transaction.boundary.interval.ms': 4,
  'offsets.storage.topic': 1,
}

const importanceRank = { HIGH: 0, MEDIUM: 1, LOW: 2 } as const

/** Required first, then by importance, then by name: the order in which Kafka Connect lists embedded settings. */
const byWeight = (spec: ConfigSpec): ConfigSpec =>
  Object.fromEntries(
    Object.entries(spec).sort(([a, x], [b, y]) => {
      const required = (field: typeof x) =>
        Number(field.options.default !== undefined || field.options.optional === true)
      const importance = (field: typeof x) => importanceRank[field.options.importance ?? 'MEDIUM']
      return required(x) - required(y) || importance(x) - importance(y) || (a < b ? -1 : 1)
    }),
  )

/** The framework's own settings of one transform or predicate, under its prefix. */
export const stageSpec = (what: 'Transformation' | 'Predicate', alias: string): ConfigSpec => {
  const prefix = what === 'Transformation' ? `transforms.${alias}.` : `predicates.${alias}.`
  const group = `${what === 'Transformation' ? 'Transforms' : 'Predicates'}: ${alias}`
  return {
    [`${prefix}type`]: c.class(`Class of the ${what.toLowerCase()} ${alias}.`, {
      importance: 'HIGH',
      group,
      width: 'LONG',
      displayName: `${what} type for ${alias}`,
    }),
    [`${prefix}plugin.version`]: c.string(`Version of the ${what.toLowerCase()} ${alias}.`, {
      optional: true,
      importance: 'HIGH',
      group,
      width: 'LONG',
      displayName: `${what} version for ${alias}`,
    }),
  }
}

/** A transform's or predicate's own settings as they stand in a connector's, under its prefix; those of use with predicates included. */
export const embeddedSpec = (what: 'Transformation' | 'Predicate', alias: string, own: ConfigSpec): ConfigSpec => {
  const prefix = what === 'Transformation' ? `transforms.${alias}.` : `predicates.${alias}.`
  const group = `${what === 'Transformation' ? 'Transforms' : 'Predicates'}: ${alias}`
  const whole: ConfigSpec =
    what === 'Predicate'
      ? own
      : {
          ...own,
          predicate: c.string('Alias of the predicate that decides where this transformation applies.', {
            optional: true,
            importance: 'MEDIUM',
          }),
          negate: c.boolean('Apply it where the predicate does not hold.', { default: false, importance: 'MEDIUM' }),
        }
  return Object.fromEntries(
    Object.entries(byWeight(whole)).map(([key, field]) => [
      prefix + key,
      { ...field, options: { ...field.options, group, displayName: field.options.displayName ?? key, ownKey: key } },
    ]),
  )
}
