import { c } from 'millrace'
import { oneOf } from './choices.ts'

const group = 'Connector'
const events = 'Events'

/** What records look like. */
export const eventConfig = {
  'tombstones.on.delete': c.boolean(
    'A delete is followed by a record without value, so that compaction forgets the key.',
    {
      default: true,
      importance: 'MEDIUM',
      group: events,
      width: 'SHORT',
    },
  ),
  'decimal.handling.mode': oneOf(
    'numeric as precise (Decimal), double (may lose digits) or string.',
    ['string', 'double', 'precise'],
    'precise',
    { importance: 'MEDIUM', group, width: 'SHORT' },
  ),
  'money.fraction.digits': c.short('Digits after the point of money values.', {
    default: 2,
    min: 0,
    importance: 'MEDIUM',
    group,
    width: 'SHORT',
  }),
  'time.precision.mode': oneOf(
    'Dates and times: adaptive (as precise as the column), adaptive_time_microseconds, connect (ms), isostring, microseconds, nanoseconds.',
    ['adaptive', 'adaptive_time_microseconds', 'isostring', 'microseconds', 'nanoseconds', 'connect'],
    'adaptive',
    { importance: 'MEDIUM', group, width: 'SHORT' },
  ),
  'hstore.handling.mode': oneOf('hstore as json or map.', ['json', 'map'], 'json', {
    importance: 'LOW',
    group,
    width: 'MEDIUM',
  }),
  'interval.handling.mode': oneOf(
    'interval as numeric (microseconds) or string (ISO 8601).',
    ['string', 'numeric'],
    'numeric',
    {
      importance: 'LOW',
      group,
      width: 'MEDIUM',
    },
  ),
  'binary.handling.mode': oneOf(
    'bytea as bytes, or as text: base64, base64-url-safe, hex.',
    ['bytes', 'base64', 'hex', 'base64-url-safe'],
    'bytes',
    { importance: 'LOW', group, width: 'MEDIUM' },
  ),
  'unavailable.value.placeholder': c.string(
    'Stands for a large value that did not change and was not sent; `hex:` begins a placeholder of octets.',
    { default: '__debezium_unavailable_value', importance: 'MEDIUM', group, width: 'MEDIUM' },
  ),
  'include.unknown.datatypes': c.boolean('Columns of types unknown here appear as bytes instead of not at all.', {
    default: false,
    importance: 'MEDIUM',
    group: events,
    width: 'SHORT',
  }),
  'column.propagate.source.type': c.list(
    'Columns (schema.table.column, regular expressions) whose schemas tell the type, length and scale of the column.',
    { optional: true, importance: 'MEDIUM', group: events, width: 'LONG' },
  ),
  'datatype.propagate.source.type': c.list('The same by type: regular expressions for schema.table.type.', {
    optional: true,
    importance: 'MEDIUM',
    group: events,
    width: 'LONG',
  }),
  'include.schema.comments': c.boolean('Has no effect, as with Debezium for PostgreSQL.', {
    default: false,
    importance: 'MEDIUM',
    group: events,
    width: 'SHORT',
  }),
  'extended.headers.enabled': c.boolean('Records carry headers that name the connector, task and run.', {
    default: true,
    importance: 'LOW',
    group,
    width: 'SHORT',
  }),
  'topic.naming.strategy': c.class(
    'How topics are named: SchemaTopicNamingStrategy (by schema and table) or DefaultTopicNamingStrategy (by table alone); SchemaRegexTopicNamingStrategy and DefaultRegexTopicNamingStrategy rewrite that by topic.regex.',
    {
      default: 'io.debezium.schema.SchemaTopicNamingStrategy',
      importance: 'MEDIUM',
      group: events,
      width: 'MEDIUM',
    },
  ),
  'topic.delimiter': c.string('Stands between the parts of topic names.', {
    default: '.',
    importance: 'LOW',
    group: events,
    width: 'SHORT',
  }),
  'topic.regex': c.string('Tables whose topics match share the one that topic.replacement makes.', {
    optional: true,
    importance: 'LOW',
    group: events,
    width: 'LONG',
  }),
  'topic.replacement': c.string('The topic of what topic.regex matches; `$1` is its first group.', {
    optional: true,
    importance: 'LOW',
    group: events,
    width: 'LONG',
  }),
  'topic.key.enforce.uniqueness': c.boolean('With topic.regex, keys say which table they are of.', {
    default: true,
    importance: 'LOW',
    group: events,
    width: 'SHORT',
  }),
  'topic.key.field.name': c.string('The field of the key that says so.', {
    default: '__dbz__physicalTableIdentifier',
    importance: 'LOW',
    group: events,
    width: 'LONG',
  }),
  'topic.key.field.regex': c.string(
    'Makes that value from the name that the topic would have had; the whole name without it.',
    {
      optional: true,
      importance: 'LOW',
      group: events,
      width: 'LONG',
    },
  ),
  'topic.key.field.replacement': c.string('What topic.key.field.regex makes of it.', {
    optional: true,
    importance: 'LOW',
    group: events,
    width: 'LONG',
  }),
  'schema.name.adjustment.mode': oneOf(
    'How names of schemas are changed so that Avro takes them: none, avro (underscores) or avro_unicode (escapes such as _u0020).',
    ['none', 'avro_unicode', 'avro'],
    'none',
    {
      importance: 'LOW',
      group,
      width: 'MEDIUM',
    },
  ),
  'field.name.adjustment.mode': oneOf('The same for names of fields.', ['none', 'avro_unicode', 'avro'], 'none', {
    importance: 'LOW',
    group,
    width: 'MEDIUM',
  }),
  'schema.refresh.mode': oneOf(
    'Has no effect: the schema follows what the server says of a table.',
    ['columns_diff', 'columns_diff_exclude_unchanged_toast'],
    'columns_diff',
    { importance: 'MEDIUM', group, width: 'SHORT' },
  ),
  'provide.transaction.metadata': c.boolean(
    'Records in a topic of their own tell where transactions begin and end, and events tell their place in one.',
    { default: false, importance: 'LOW', group: events, width: 'SHORT' },
  ),
  'topic.transaction': c.string('The end of the name of that topic, behind topic.prefix.', {
    default: 'transaction',
    importance: 'LOW',
    group: events,
    width: 'MEDIUM',
  }),
  'heartbeat.interval.ms': c.int(
    'How often a record tells the position when there is no change; it lets the slot move on while other tables change. 0: never.',
    { default: 0, min: 0, importance: 'MEDIUM', group: events, width: 'MEDIUM' },
  ),
  'heartbeat.topics.prefix': c.string('Begins the name of the topic of heartbeats.', {
    default: '__debezium-heartbeat',
    aliases: ['topic.heartbeat.prefix'],
    importance: 'LOW',
    group: events,
    width: 'MEDIUM',
  }),
  'heartbeat.action.query': c.string('Statement run with each heartbeat.', {
    optional: true,
    importance: 'LOW',
    group: events,
    width: 'MEDIUM',
  }),
} as const
