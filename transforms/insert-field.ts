import {
  ConfigError,
  type ConnectRecord,
  c,
  DataError,
  defineTransform,
  type Schema,
  s,
  setMember,
  timestampSchema,
} from 'millrace'
import { basicsOf, perSchema, requireMap, requireStruct, sideOf, structCopier, withSide } from './sides.ts'

const purpose = 'field insertion'

interface Insertion {
  readonly name: string
  readonly optional: boolean
  readonly schema: (optional: boolean) => Schema
  /** undefined: the record has none, the field is left out without a schema. */
  readonly value: (record: ConnectRecord, withSchema: boolean) => unknown
}

/** `name!` is a required field, `name?` and `name` an optional one. */
const insertion = (spec: string | undefined, schema: Insertion['schema'], value: Insertion['value']): Insertion[] => {
  if (spec === undefined) return []
  const marked = spec.endsWith('!') || spec.endsWith('?')
  return [{ name: marked ? spec.slice(0, -1) : spec, optional: !spec.endsWith('!'), schema, value }]
}

const offsetOf = (record: ConnectRecord): number => {
  if (record.offset === undefined)
    throw new DataError(
      'Only SinkRecord supported for [field insertion], found: org.apache.kafka.connect.source.SourceRecord',
    )
  return record.offset
}

export default defineTransform({
  class: 'org.apache.kafka.connect.transforms.InsertField',
  version: '4.3.0',
  doc: "Inserts fields with what the record's metadata says, or with a fixed text.",
  config: {
    'topic.field': c.string(
      'Field name for Kafka topic. Suffix with `!` to make this a required field, or `?` to keep it optional (the default).',
      { optional: true, importance: 'MEDIUM' },
    ),
    'partition.field': c.string(
      'Field name for Kafka partition. Suffix with `!` to make this a required field, or `?` to keep it optional (the default).',
      { optional: true, importance: 'MEDIUM' },
    ),
    'offset.field': c.string(
      'Field name for Kafka offset; only for sinks. Suffix with `!` to make this a required field, or `?` to keep it optional (the default).',
      { optional: true, importance: 'MEDIUM' },
    ),
    'timestamp.field': c.string(
      'Field name for record timestamp. Suffix with `!` to make this a required field, or `?` to keep it optional (the default).',
      { optional: true, importance: 'MEDIUM' },
    ),
    'static.field': c.string(
      'Field name for static data field. Suffix with `!` to make this a required field, or `?` to keep it optional (the default).',
      { optional: true, importance: 'MEDIUM' },
    ),
    'static.value': c.string('Static field value, if field name configured.', { optional: true, importance: 'MEDIUM' }),
    'replace.null.with.default': c.boolean(
      'Whether to replace fields that have a default value and that are null to the default value.',
      { default: true, importance: 'MEDIUM' },
    ),
  },
  sides: ['Key', 'Value'],
  examples: [
    {
      title: 'adds the topic and a fixed text',
      config: { 'topic.field': 'from', 'static.field': 'site', 'static.value': 'Oslo' },
      input: { topic: 'orders', value: { id: 1 } },
      output: { value: { id: 1, from: 'orders', site: 'Oslo' } },
    },
    {
      title: 'extends the schema',
      config: { 'partition.field': 'p!' },
      input: { partition: 3, valueSchema: s.struct({ id: s.int32() }, { name: 'Order' }), value: { id: 1 } },
      output: { valueSchema: s.struct({ id: s.int32(), p: s.int32() }, { name: 'Order' }), value: { id: 1, p: 3 } },
    },
    { title: 'passes tombstones', config: { 'topic.field': 'from' }, input: { value: null }, output: { value: null } },
    {
      title: 'refuses a value that has no fields',
      config: { 'topic.field': 'from' },
      input: { value: 'text' },
      throws: 'Only Map objects supported',
    },
  ],
  create(config, side) {
    const { staticValue } = config
    const insertions = [
      ...insertion(
        config.topicField,
        optional => s.string({ optional }),
        record => record.topic,
      ),
      ...insertion(
        config.partitionField,
        optional => s.int32({ optional }),
        record => record.partition ?? undefined,
      ),
      ...insertion(config.offsetField, optional => s.int64({ optional }), offsetOf),
      ...insertion(
        config.timestampField,
        optional => timestampSchema({ optional }),
        ({ timestamp }, withSchema) =>
          timestamp === null || timestamp === undefined ? undefined : withSchema ? new Date(timestamp) : timestamp,
      ),
      ...insertion(
        config.staticField,
        optional => s.string({ optional }),
        () => staticValue,
      ),
    ]
    if (insertions.length === 0) throw new ConfigError('No field insertion configured')
    if (config.staticField !== undefined && staticValue === undefined)
      throw new ConfigError(
        `Invalid value null for configuration static.value: No value specified for static field: ${config.staticField}`,
        { key: 'static.value' },
      )
    const inserted = insertions.map(({ name }) => name)
    const extended = perSchema(schema => ({
      schema: s.struct(
        [
          ...schema.fields.map(field => [field.name, field.schema] as const),
          ...insertions.map(({ name, optional, schema: make }) => [name, make(optional)] as const),
        ],
        basicsOf(schema),
      ),
      copy: structCopier(schema.fields, config.replaceNullWithDefault, undefined, inserted),
    }))
    return {
      apply(record) {
        const { schema, value } = sideOf(record, side)
        if (value === null) return record
        if (schema === null) {
          const updated: Record<string, unknown> = { ...requireMap(value, purpose) }
          for (const { name, value: read } of insertions) {
            const member = read(record, false)
            if (member !== undefined) setMember(updated, name, member)
          }
          return withSide(record, side, null, updated)
        }
        const struct = requireStruct(schema, value, purpose)
        const { schema: next, copy } = extended(schema)
        const values = insertions.map(({ value: read }) => read(record, true) ?? null)
        return withSide(record, side, next, copy(struct, values))
      },
    }
  },
})
