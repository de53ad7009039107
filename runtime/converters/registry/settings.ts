import { type ConfigOf, c } from '../../api/config.ts'
import { connectionSpec } from './connection-settings.ts'

const registry = { group: 'Schema Registry' } as const
const naming = 'io.confluent.kafka.serializers.subject.TopicNameStrategy'
const ids = 'io.confluent.kafka.serializers.schema.id'
/** Known so that they are refused, not overlooked: `unsupported.ts`. */
const refused = { optional: true, importance: 'LOW', ...registry } as const
const idWriter = c.class('Where ids of schemas are written: before the payload (the only place supported).', {
  default: `${ids}.PrefixSchemaIdSerializer`,
  importance: 'LOW',
  ...registry,
})
const idReader = c.class(
  'Where ids of schemas are read: in a header, else before the payload (DualSchemaIdDeserializer), or only there (PrefixSchemaIdDeserializer).',
  { default: `${ids}.DualSchemaIdDeserializer`, importance: 'LOW', ...registry },
)

/** The settings that the three converters share, with the names and defaults of Confluent's. */
export const registrySpec = {
  ...connectionSpec,
  'auto.register.schemas': c.boolean('Schemas of what is written are registered; otherwise they must be there.', {
    default: true,
    importance: 'MEDIUM',
    ...registry,
  }),
  'normalize.schemas': c.boolean('The registry brings schemas to their normal form before it compares them.', {
    default: false,
    importance: 'MEDIUM',
    ...registry,
  }),
  'use.schema.id': c.int('Without registering: values are written with the schema of this id; -1: no such one.', {
    default: -1,
    importance: 'LOW',
    ...registry,
  }),
  'id.compatibility.strict': c.boolean("The schema of use.schema.id must be able to read what the record's own says.", {
    default: true,
    importance: 'LOW',
    ...registry,
  }),
  'use.latest.version': c.boolean('Without registering: values are written with the newest schema of the subject.', {
    default: false,
    importance: 'LOW',
    ...registry,
  }),
  'latest.compatibility.strict': c.boolean("The newest schema must be able to read what the record's own says.", {
    default: true,
    importance: 'LOW',
    ...registry,
  }),
  'latest.cache.ttl.sec': c.int(
    'How long the newest schema of a subject counts as such, s; -1: as long as the task runs.',
    {
      default: -1,
      importance: 'LOW',
      ...registry,
    },
  ),
  'key.subject.name.strategy': c.class(
    'Subjects of keys: TopicNameStrategy, RecordNameStrategy or TopicRecordNameStrategy.',
    { default: naming, importance: 'MEDIUM', ...registry },
  ),
  'value.subject.name.strategy': c.class(
    'Subjects of values: TopicNameStrategy, RecordNameStrategy or TopicRecordNameStrategy.',
    { default: naming, importance: 'MEDIUM', ...registry },
  ),
  'max.schemas.per.subject': c.int(
    'How many schemas are kept for one topic; beyond that the oldest are forgotten, and asked for again.',
    { default: 1000, min: 1, importance: 'LOW', ...registry },
  ),
  'key.schema.id.serializer': idWriter,
  'value.schema.id.serializer': idWriter,
  'key.schema.id.deserializer': idReader,
  'value.schema.id.deserializer': idReader,
  'use.latest.with.metadata': c.string('Not supported: the newest schema with these properties.', refused),
  'use.schema.guid': c.string('Not supported: use.schema.id names a schema.', refused),
  'context.name.strategy': c.class('Not supported: subjects have no context but in their name.', refused),
  'rule.executors': c.list('Not supported: rules of schemas, such as those that encrypt.', refused),
} as const

export type RegistryConfig = ConfigOf<typeof registrySpec>
