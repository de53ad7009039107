import { c } from 'millrace'
import { oneOf } from './choices.ts'

const group = 'Connector'
const events = 'Events'
const listOptions = { optional: true, importance: 'MEDIUM', group: events, width: 'LONG' } as const

/** What is captured, and how the snapshot reads it. */
export const captureConfig = {
  'schema.include.list': c.list(
    'Schemas to capture, as regular expressions that match whole names without regard to case.',
    {
      ...listOptions,
      importance: 'HIGH',
    },
  ),
  'schema.exclude.list': c.list('Schemas to leave out; not together with schema.include.list.', listOptions),
  'table.include.list': c.list('Tables to capture, as regular expressions that match `schema.table`.', {
    ...listOptions,
    aliases: ['table.whitelist'],
    importance: 'HIGH',
  }),
  'table.exclude.list': c.list('Tables to leave out; not together with table.include.list.', {
    ...listOptions,
    aliases: ['table.blacklist'],
  }),
  'column.include.list': c.list('Columns to capture, as regular expressions that match `schema.table.column`.', {
    ...listOptions,
    aliases: ['column.whitelist'],
  }),
  'column.exclude.list': c.list('Columns to leave out; not together with column.include.list.', {
    ...listOptions,
    aliases: ['column.blacklist'],
  }),
  'table.ignore.builtin': c.boolean('Leave out the tables of the system itself.', {
    default: true,
    importance: 'LOW',
    group: events,
    width: 'SHORT',
  }),
  'message.key.columns': c.string(
    'Columns that make up the key in place of the primary key: `table:column,column;table:column`, tables as regular expressions.',
    { optional: true, importance: 'MEDIUM', group: events, width: 'LONG' },
  ),
  'message.prefix.include.list': c.list('Prefixes of logical messages to capture, as regular expressions.', {
    optional: true,
    importance: 'MEDIUM',
    group,
    width: 'LONG',
  }),
  'message.prefix.exclude.list': c.list('Prefixes of logical messages to leave out.', {
    optional: true,
    importance: 'MEDIUM',
    group,
    width: 'LONG',
  }),
  'skipped.operations': c.list('Operations without records: c, u, d, t (truncate); none: all have records.', {
    default: ['t'],
    importance: 'LOW',
    group: 'Postgres',
    width: 'SHORT',
  }),
  'skip.messages.without.change': c.boolean(
    'No record for an update that changed no captured column; works where the replica identity is FULL.',
    { default: false, importance: 'MEDIUM', group, width: 'SHORT' },
  ),
  'snapshot.mode': oneOf(
    'What is read first: initial (all rows, unless a position is stored), initial_only (then nothing more), no_data (nothing), always (at every start), when_needed (also when the position is lost), configuration_based (as snapshot.mode.configuration.based.* say).',
    ['always', 'initial_only', 'configuration_based', 'when_needed', 'initial', 'custom', 'no_data'],
    'initial',
    { importance: 'MEDIUM', group, width: 'SHORT' },
  ),
  'snapshot.mode.configuration.based.snapshot.data': c.boolean('configuration_based: rows are read, at every start.', {
    default: false,
    importance: 'MEDIUM',
    group,
    width: 'SHORT',
  }),
  'snapshot.mode.configuration.based.snapshot.schema': c.boolean('Has no effect: the schema follows the server.', {
    default: false,
    importance: 'MEDIUM',
    group,
    width: 'SHORT',
  }),
  'snapshot.mode.configuration.based.start.stream': c.boolean('configuration_based: changes follow.', {
    default: false,
    importance: 'MEDIUM',
    group,
    width: 'SHORT',
  }),
  'snapshot.mode.configuration.based.snapshot.on.schema.error': c.boolean(
    'Has no effect: the schema follows the server.',
    {
      default: false,
      importance: 'MEDIUM',
      group,
      width: 'SHORT',
    },
  ),
  'snapshot.mode.configuration.based.snapshot.on.data.error': c.boolean(
    'configuration_based: rows are read again when the position is lost.',
    { default: false, importance: 'MEDIUM', group, width: 'SHORT' },
  ),
  'snapshot.mode.custom.name': c.string('A class of the JVM; cannot be used here.', {
    optional: true,
    importance: 'MEDIUM',
    group,
    width: 'MEDIUM',
  }),
  'snapshot.isolation.mode': oneOf(
    'Has no effect: a snapshot here always shows the one instant at which streaming goes on.',
    ['read_uncommitted', 'repeatable_read', 'read_committed', 'serializable'],
    'serializable',
    { importance: 'LOW', group, width: 'SHORT' },
  ),
  'snapshot.locking.mode': oneOf(
    'Locks while the snapshot begins: none, or shared (ACCESS SHARE on each table).',
    ['shared', 'custom', 'none'],
    'none',
    { importance: 'LOW', group, width: 'SHORT' },
  ),
  'snapshot.lock.timeout.ms': c.long('How long to wait for these locks.', {
    default: 10_000,
    min: 0,
    importance: 'MEDIUM',
    group,
    width: 'LONG',
  }),
  'snapshot.query.mode': oneOf('How the snapshot reads: select_all.', ['custom', 'select_all'], 'select_all', {
    importance: 'LOW',
    group,
    width: 'SHORT',
  }),
  'snapshot.fetch.size': c.int('Has no effect: rows are streamed.', {
    optional: true,
    importance: 'MEDIUM',
    group,
    width: 'MEDIUM',
  }),
  'snapshot.max.threads': c.int(
    'Connections that read the initial snapshot, all as of the same instant: with more than 1, stretches of 16 MB of one table or of several come between each other. A blocking or incremental snapshot reads with one.',
    { default: 1, min: 1, importance: 'MEDIUM', group: events },
  ),
  'snapshot.delay.ms': c.long('Pause before the snapshot.', {
    default: 0,
    min: 0,
    importance: 'LOW',
    group,
    width: 'MEDIUM',
  }),
  'streaming.delay.ms': c.long('Pause before streaming.', {
    default: 0,
    min: 0,
    importance: 'LOW',
    group,
    width: 'MEDIUM',
  }),
  'snapshot.include.collection.list': c.list('Tables to read in the snapshot; the captured ones when not set.', {
    optional: true,
    importance: 'MEDIUM',
    group,
    width: 'LONG',
  }),
  'snapshot.select.statement.overrides': c.string(
    'Tables whose rows the snapshot reads with a query of your own, given as `snapshot.select.statement.overrides.SCHEMA.TABLE`.',
    { optional: true, importance: 'MEDIUM', group: events, width: 'LONG' },
  ),
  'snapshot.tables.order.by.row.count': oneOf(
    'Has no effect, as with Debezium for PostgreSQL: tables come in the order of table.include.list, then by name.',
    ['disabled', 'ascending', 'descending'],
    'disabled',
    { importance: 'MEDIUM', group: events },
  ),
  'max.batch.size': c.int('How many records are handed over at most at once.', {
    default: 2048,
    min: 1,
    importance: 'MEDIUM',
    group,
    width: 'SHORT',
  }),
  'max.queue.size': c.int('Must be larger than max.batch.size; memory is bounded by what the worker takes.', {
    default: 8192,
    min: 1,
    importance: 'MEDIUM',
    group,
    width: 'SHORT',
  }),
  'max.queue.size.in.bytes': c.long('Has no effect: reading stops when the worker has no room.', {
    default: 0,
    min: 0,
    importance: 'MEDIUM',
    group,
    width: 'LONG',
  }),
  'poll.interval.ms': c.long('Has no effect: records are handed over as they come.', {
    default: 500,
    min: 0,
    importance: 'MEDIUM',
    group,
    width: 'SHORT',
  }),
  'errors.max.retries': c.int('How often a broken connection is tried again; -1: for ever, 0: never.', {
    default: -1,
    min: -1,
    importance: 'LOW',
    group,
    width: 'MEDIUM',
  }),
  'retriable.restart.connector.wait.ms': c.long('Pause before a broken connection is tried again.', {
    default: 10_000,
    min: 0,
    importance: 'LOW',
    group,
    width: 'MEDIUM',
  }),
} as const
