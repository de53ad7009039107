import { c } from 'millrace'
import { oneOf } from './choices.ts'

const group = 'Postgres'

/** How to reach the server, its slot and its publication. */
export const connectionConfig = {
  'topic.prefix': c.string(
    'Name of this source of changes: topics, schemas and stored offsets begin with it. Changing it makes another source.',
    { optional: true, aliases: ['database.server.name'], importance: 'HIGH', group, width: 'MEDIUM' },
  ),
  'database.hostname': c.string('Host name or address of the server.', {
    optional: true,
    importance: 'HIGH',
    group,
    width: 'MEDIUM',
  }),
  'database.port': c.int('Port of the server.', { default: 5432, importance: 'HIGH', group, width: 'SHORT' }),
  'database.user': c.string('User to log in as; needs REPLICATION and SELECT on the captured tables.', {
    optional: true,
    importance: 'HIGH',
    group,
    width: 'SHORT',
  }),
  'database.password': c.password('Password of the user.', {
    optional: true,
    importance: 'HIGH',
    group,
    width: 'SHORT',
  }),
  'database.dbname': c.string('Database to read from.', { optional: true, importance: 'HIGH', group, width: 'MEDIUM' }),
  'database.query.timeout.ms': c.int('How long a query may take, in ms; 0: as long as it likes.', {
    default: 600_000,
    min: 0,
    importance: 'LOW',
    group,
  }),
  'database.connectTimeout': c.int('How long connecting may take, in seconds.', {
    default: 10,
    min: 1,
    importance: 'LOW',
    group,
    internal: true,
  }),
  'plugin.name': c.string('Logical decoding plugin; pgoutput comes with the server.', {
    default: 'pgoutput',
    recommended: ['pgoutput'],
    importance: 'MEDIUM',
    group,
    width: 'MEDIUM',
  }),
  'slot.name': c.string(
    'Replication slot. It is made when it is missing, and keeps the write-ahead log until changes are stored: drop it when the connector is gone for good.',
    { default: 'debezium', importance: 'MEDIUM', group, width: 'MEDIUM' },
  ),
  'publication.name': c.string('Publication that says which tables are sent.', {
    default: 'dbz_publication',
    importance: 'MEDIUM',
    group,
    width: 'MEDIUM',
  }),
  'publication.autocreate.mode': oneOf(
    'How the publication comes to be: all_tables (needs a superuser), filtered (the captured tables), no_tables (empty), disabled (it must exist).',
    ['no_tables', 'filtered', 'disabled', 'all_tables'],
    'all_tables',
    { importance: 'MEDIUM', group, width: 'MEDIUM' },
  ),
  'publish.via.partition.root': c.boolean('Changes of partitions appear as changes of the partitioned table.', {
    default: false,
    importance: 'MEDIUM',
    group: 'Connector',
    width: 'SHORT',
  }),
  'replica.identity.autoset.values': c.string(
    'Replica identities to set at start: `schema.table:DEFAULT|FULL|NOTHING|INDEX name`, separated by commas; the table is a regular expression.',
    { optional: true, importance: 'MEDIUM', group, width: 'LONG' },
  ),
  'slot.drop.on.stop': c.boolean('Drop the slot when the task stops in good order. The position is lost with it.', {
    default: false,
    importance: 'MEDIUM',
    group,
  }),
  'slot.failover': c.boolean('Make the slot known to standbys (PostgreSQL 17 and later).', {
    default: false,
    importance: 'MEDIUM',
    group,
  }),
  'slot.retained.warn.mb': c.int(
    'A warning says what helps when the server keeps more megabytes of its write-ahead log than this for the slot, and again each time it has doubled. 0: never.',
    { default: 1024, min: 0, importance: 'LOW', group, width: 'SHORT' },
  ),
  'slot.stream.params': c.string('More options for the decoding plugin: `name=value;name=value`.', {
    optional: true,
    importance: 'LOW',
    group,
    width: 'LONG',
  }),
  'slot.max.retries': c.int(
    'How often opening the stream is tried again, when the slot is in use, before the task fails.',
    {
      default: 6,
      min: 0,
      importance: 'LOW',
      group,
    },
  ),
  'slot.retry.delay.ms': c.long('Pause between these tries.', { default: 10_000, min: 0, importance: 'LOW', group }),
  'database.initial.statements': c.string(
    'Statements run on each connection that reads tables, separated by `;` (`;;` stands for one).',
    { optional: true, importance: 'LOW', group, width: 'LONG' },
  ),
  'database.sslmode': oneOf(
    'TLS: disable, allow, prefer (when offered), require, verify-ca, verify-full (certificate and host name checked).',
    ['allow', 'prefer', 'disable', 'verify-ca', 'require', 'verify-full'],
    'prefer',
    { importance: 'MEDIUM', group, width: 'MEDIUM' },
  ),
  'database.sslcert': c.string('File with the client certificate (PEM).', {
    optional: true,
    importance: 'MEDIUM',
    group,
    width: 'LONG',
  }),
  'database.sslkey': c.string('File with the key of the client certificate (PEM, PKCS#8 DER, or PKCS#12 as .p12).', {
    optional: true,
    importance: 'MEDIUM',
    group,
    width: 'LONG',
  }),
  'database.sslpassword': c.password('Password of the key file.', {
    optional: true,
    importance: 'MEDIUM',
    group,
    width: 'MEDIUM',
  }),
  'database.sslrootcert': c.string('File with the certificates of the authorities to trust (PEM).', {
    optional: true,
    importance: 'MEDIUM',
    group,
    width: 'LONG',
  }),
  'database.sslfactory': c.string('A class of the JVM driver; cannot be used here.', {
    optional: true,
    importance: 'MEDIUM',
    group,
    width: 'LONG',
  }),
  'database.tcpKeepAlive': c.boolean('Probe idle connections.', {
    default: true,
    importance: 'MEDIUM',
    group,
    width: 'SHORT',
  }),
  'status.update.interval.ms': c.int('How often the server hears how far we are.', {
    default: 10_000,
    min: 1,
    importance: 'MEDIUM',
    group,
    width: 'SHORT',
  }),
  'lsn.flush.mode': c.string(
    'Who moves the slot: connector (what is stored), manual (nobody: you do), connector_and_driver (as connector; and while only other tables change the position is stored every 10 s, however little they write, not only after 1 MB).',
    {
      optional: true,
      recommended: ['connector_and_driver', 'connector', 'manual'],
      importance: 'LOW',
      group,
      width: 'SHORT',
    },
  ),
  'flush.lsn.source': c.boolean('Older name of lsn.flush.mode: true is connector, false is manual.', {
    default: true,
    importance: 'LOW',
    group,
    width: 'SHORT',
  }),
  'lsn.flush.timeout.ms': c.long('Has no effect: a status message is never waited for here.', {
    default: 30_000,
    importance: 'MEDIUM',
    group,
    width: 'SHORT',
  }),
  'lsn.flush.timeout.action': oneOf('Has no effect: see lsn.flush.timeout.ms.', ['fail', 'warn', 'ignore'], 'fail', {
    importance: 'MEDIUM',
    group,
    width: 'MEDIUM',
  }),
  'offset.mismatch.strategy': oneOf(
    'What to do at start when the stored position and the slot differ: no_validation (use the stored one), trust_offset (fail when the slot is ahead), trust_slot and trust_greater_lsn (go on from the slot when it is ahead: changes in between are skipped).',
    ['no_validation', 'trust_offset', 'trust_slot', 'trust_greater_lsn'],
    'no_validation',
    { importance: 'LOW', group, width: 'MEDIUM' },
  ),
  'connection.validation.timeout.ms': c.long('How long validation may take to look at the server.', {
    default: 60_000,
    min: 1,
    importance: 'LOW',
    group: 'Connector',
    width: 'SHORT',
  }),
} as const
