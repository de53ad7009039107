import { type ConfigOf, c } from 'millrace'

const medium = { importance: 'MEDIUM', group: 'Connector', width: 'SHORT' } as const
const low = { importance: 'LOW', group: 'Connector', width: 'LONG' } as const
const event = { importance: 'LOW', group: 'Events', width: 'MEDIUM' } as const
const inside = 'Has no effect: it concerns the inside of the JVM connector.'
const lineage = 'Has no effect: lineage is not told to OpenLineage.'

const classes = {
  structMaker: 'io.debezium.connector.postgresql.PostgresSourceInfoStructMaker',
  transactions: 'io.debezium.pipeline.txmetadata.DefaultTransactionMetadataFactory',
  storage: 'io.debezium.relational.ConcurrentMapTableMappingStorage',
} as const

/**
 * Settings of the JVM connector that are known here and change nothing: users' configurations move over as they are. What would
 * make other records is refused by `jvmProblems`.
 */
export const jvmConfig = {
  converters: c.string('Classes of the JVM; cannot be used here: use a transformation.', {
    optional: true,
    ...event,
  }),
  'sourceinfo.struct.maker': c.class('The class that describes the source; only the default.', {
    default: classes.structMaker,
    ...event,
  }),
  'transaction.metadata.factory': c.class('The class that describes transactions; only the default.', {
    default: classes.transactions,
    ...event,
  }),
  'snapshot.query.mode.custom.name': c.string('A class of the JVM; cannot be used here.', {
    optional: true,
    ...medium,
    width: 'MEDIUM',
  }),
  'snapshot.locking.mode.custom.name': c.string('A class of the JVM; cannot be used here.', {
    optional: true,
    ...medium,
    width: 'MEDIUM',
  }),
  'snapshot.max.threads.multiplier': c.int('Has no effect: stretches of a snapshot have 16 MB.', {
    default: 1,
    ...medium,
  }),
  'legacy.snapshot.max.threads': c.boolean(
    'Has no effect: connections read stretches of tables, not only whole ones.',
    {
      default: false,
      ...low,
      width: 'SHORT',
    },
  ),
  'executor.shutdown.timeout.ms': c.long(inside, { default: 4000, ...medium, width: 'MEDIUM' }),
  'query.fetch.size': c.int(inside, { default: 0, ...medium, width: 'MEDIUM' }),
  'statistics.metrics.enabled': c.boolean('Has no effect: the metrics of tasks are those of the worker.', {
    default: true,
    ...medium,
  }),
  'custom.metric.tags': c.list('Has no effect: metrics carry the labels connector and task.', {
    optional: true,
    ...event,
  }),
  'custom.sanitize.pattern': c.string('Has no effect: secrets never reach logs or errors.', { optional: true, ...low }),
  'memory.management.schemas.class': c.class(inside, { default: classes.storage, ...low }),
  'memory.management.tables.class': c.class(inside, { default: classes.storage, ...low }),
  'openlineage.integration.enabled': c.boolean(lineage, { default: false, ...low, width: 'SHORT' }),
  'openlineage.integration.config.file.path': c.string(lineage, { default: './openlineage.yml', ...low }),
  'openlineage.integration.job.namespace': c.string(lineage, { optional: true, ...low }),
  'openlineage.integration.job.description': c.string(lineage, {
    default: 'Debezium change data capture job',
    ...low,
  }),
  'openlineage.integration.job.tags': c.list(lineage, { optional: true, ...low }),
  'openlineage.integration.job.owners': c.list(lineage, { optional: true, ...low }),
  'openlineage.integration.dataset.kafka.bootstrap.servers': c.string(lineage, { optional: true, ...low }),
} as const

type JvmConfig = ConfigOf<typeof jvmConfig>

/** What cannot be done here or is not in the form of Debezium, by key. */
export const jvmProblems = (config: JvmConfig): readonly (readonly [key: string, what: string])[] => {
  const problems: [string, string][] = []
  const refuse = (key: string, what: string) => problems.push([key, `${what} cannot be used here; remove the setting`])
  if ((config.converters ?? '').trim() !== '') refuse('converters', 'a converter class of the JVM')
  if (config.sourceinfoStructMaker !== classes.structMaker)
    refuse('sourceinfo.struct.maker', `the class ${config.sourceinfoStructMaker} of the JVM`)
  if (config.transactionMetadataFactory !== classes.transactions)
    refuse('transaction.metadata.factory', `the class ${config.transactionMetadataFactory} of the JVM`)
  if ((config.customMetricTags ?? []).some(tag => !/^[^=]+=[^=]+$/.test(tag.trim())))
    problems.push([
      'custom.metric.tags',
      'A equivalent-separated map of valid key/value pairs is expected, for example: k1=v1,k2=v2',
    ])
  return problems
}
