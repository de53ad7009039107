import {
  ConfigError,
  type ConnectRecord,
  c,
  defineTransform,
  javaReplacement,
  matchesWhole,
  regexProblem,
  type Schema,
  s,
  setMember,
} from 'millrace'
import { isEnvelope } from './envelope-fields.ts'
import { basicsOf, memberOf, requireStruct } from './sides.ts'

/** Names as Avro wants them. With `avro_unicode` the underscore itself is written out too, so that names stay apart. */
const adjusters: Readonly<Record<'none' | 'avro' | 'avro_unicode', (name: string) => string>> = {
  none: name => name,
  avro: name => name.replace(/^[^A-Za-z_]|[^A-Za-z\d_.]/g, '_'),
  avro_unicode: name =>
    name.replace(/^[^A-Za-z]|[^A-Za-z\d.]/g, char => `_u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
}

/** What the whole text becomes, or undefined where it does not match. */
const rewriter = (regex: string, replacement: string, key: string): ((text: string) => string | undefined) => {
  const match = matchesWhole(regex)
  return text => {
    const found = match(text)
    if (found === null) return undefined
    try {
      return javaReplacement(replacement, found)
    } catch (cause) {
      throw new ConfigError(`${key}: ${(cause as Error).message}`, { key, cause })
    }
  }
}

const keySchema = s.struct({ id: s.int32() }, { name: 'shop.public.customers_1.Key' })
const row = s.struct({ id: s.int32() }, { optional: true, name: 'shop.public.customers_1.Value' })
const event = s.struct({ before: row, after: row, op: s.string() }, { name: 'shop.public.customers_1.Envelope' })
const mergedRow = row.with({ name: 'shop.public.customers.Value' })
const mergedEvent = s.struct(
  { before: mergedRow, after: mergedRow, op: s.string() },
  { name: 'shop.public.customers.Envelope' },
)
const change = { before: null, after: { id: 1 }, op: 'c' }

export default defineTransform({
  class: 'io.debezium.transforms.ByLogicalTableRouter',
  version: '0.1.0',
  doc: 'Sends the change events of several tables with the same columns (shards, partitions) to one topic, with keys that stay apart.',
  config: {
    'topic.regex': c.string('Java regular expression that the whole topic is matched with.', {
      importance: 'LOW',
      check: regexProblem,
    }),
    'topic.replacement': c.string('The new topic; $1 is what the first group matched.', {
      importance: 'LOW',
      nonEmpty: true,
    }),
    'key.enforce.uniqueness': c.boolean('Whether the key gets a field that says which table it is from.', {
      default: true,
      importance: 'LOW',
    }),
    'key.field.name': c.string('The name of that field.', {
      default: '__dbz__physicalTableIdentifier',
      importance: 'LOW',
    }),
    'key.field.regex': c.string(
      'Java regular expression that makes the value of that field from the topic. Unset: the topic as it was.',
      { optional: true, importance: 'LOW', check: regexProblem },
    ),
    'key.field.replacement': c.string('The value of that field; needed with key.field.regex.', {
      optional: true,
      importance: 'LOW',
    }),
    'schema.name.adjustment.mode': c.string(
      'Which characters schema names may have: all (none), or those of Avro, others as _ (avro) or written out (avro_unicode).',
      { values: ['none', 'avro', 'avro_unicode'], ignoreCase: true, default: 'none', importance: 'MEDIUM' },
    ),
    'logical.table.cache.size': c.int('How many topics are remembered with their schemas.', {
      default: 16,
      min: 1,
      importance: 'LOW',
    }),
  },
  examples: [
    {
      title: 'merges two tables, with keys that stay apart',
      config: { 'topic.regex': '(.*)_\\d', 'topic.replacement': '$1' },
      input: { topic: 'shop.public.customers_1', keySchema, key: { id: 1 }, valueSchema: event, value: change },
      output: {
        topic: 'shop.public.customers',
        keySchema: s.struct(
          { id: s.int32(), __dbz__physicalTableIdentifier: s.string() },
          { name: 'shop.public.customers.Key' },
        ),
        key: { id: 1, __dbz__physicalTableIdentifier: 'shop.public.customers_1' },
        valueSchema: mergedEvent,
        value: change,
      },
    },
    {
      title: 'says the table in few words',
      config: {
        'topic.regex': '(.*)_\\d',
        'topic.replacement': '$1',
        'key.field.name': 'shard',
        'key.field.regex': '.*_(\\d)',
        'key.field.replacement': 's$1',
      },
      input: { topic: 'shop.public.customers_1', keySchema, key: { id: 1 } },
      output: {
        topic: 'shop.public.customers',
        keySchema: s.struct({ id: s.int32(), shard: s.string() }, { name: 'shop.public.customers.Key' }),
        key: { id: 1, shard: 's1' },
      },
    },
    {
      title: 'leaves other topics',
      config: { 'topic.regex': '(.*)_\\d', 'topic.replacement': '$1' },
      input: { topic: 'shop.public.item', valueSchema: event, value: change },
      output: { topic: 'shop.public.item' },
    },
  ],
  create(config) {
    if (config.keyFieldRegex?.trim() && !config.keyFieldReplacement?.trim())
      throw new ConfigError('key.field.replacement must be non-empty if key.field.regex is set.', {
        key: 'key.field.replacement',
      })
    const newTopic = rewriter(config.topicRegex, config.topicReplacement, 'topic.replacement')
    const tableOf = config.keyFieldRegex?.trim()
      ? rewriter(config.keyFieldRegex, config.keyFieldReplacement ?? '', 'key.field.replacement')
      : () => undefined
    const adjust = adjusters[config.schemaNameAdjustmentMode]

    const renamed = (schema: Schema, name: string) => ({
      ...basicsOf(schema),
      optional: schema.optional,
      name: adjust(name),
    })

    interface Routed {
      /** Undefined: the topic stays. */
      readonly topic: string | undefined
      readonly table: string
      readonly schemas: Map<Schema, Schema>
    }
    const topics = new Map<string, Routed>()
    const routed = (topic: string): Routed => {
      let known = topics.get(topic)
      if (known === undefined) {
        // An empty topic cannot be sent to: the record keeps its own.
        known = { topic: newTopic(topic) || undefined, table: tableOf(topic) ?? topic, schemas: new Map() }
        if (topics.size >= config.logicalTableCacheSize) topics.delete(topics.keys().next().value!)
        topics.set(topic, known)
      }
      return known
    }
    const remembered = ({ schemas }: Routed, schema: Schema, make: () => Schema): Schema => {
      let made = schemas.get(schema)
      if (made === undefined) {
        if (schemas.size >= 100) schemas.clear()
        schemas.set(schema, (made = make()))
      }
      return made
    }

    const keyOf = (record: ConnectRecord, to: Routed, topic: string): Partial<ConnectRecord> => {
      const { key, keySchema } = record
      if (key === null || key === undefined) return { keySchema: null, key: null }
      if (keySchema?.type !== 'STRUCT') return {}
      const struct = requireStruct(keySchema, key, 'Updating schema')
      const updated: Record<string, unknown> = {}
      for (const { name, schema } of keySchema.fields) setMember(updated, name, memberOf(struct, name, schema, true))
      if (config.keyEnforceUniqueness) setMember(updated, config.keyFieldName, to.table)
      const schema = remembered(to, keySchema, () =>
        s.struct(
          [
            ...keySchema.fields.map(field => [field.name, field.schema] as const),
            ...(config.keyEnforceUniqueness ? [[config.keyFieldName, s.string()] as const] : []),
          ],
          renamed(keySchema, `${topic}.Key`),
        ),
      )
      return { keySchema: schema, key: updated }
    }

    const envelopeSchema = (envelope: Schema, topic: string): Schema => {
      const row = (envelope.field('before') ?? envelope.field('after'))?.schema.with({ name: adjust(`${topic}.Value`) })
      return s.struct(
        envelope.fields.map(
          ({ name, schema }) =>
            [name, row !== undefined && (name === 'before' || name === 'after') ? row : schema] as const,
        ),
        renamed(envelope, `${topic}.Envelope`),
      )
    }

    return {
      apply(record) {
        const to = routed(record.topic)
        const { topic } = to
        if (topic === undefined) return record
        const moved: ConnectRecord = { ...record, topic, ...keyOf(record, to, topic) }
        const { value, valueSchema } = record
        if (value === null || value === undefined || !isEnvelope(valueSchema)) return moved
        return {
          ...moved,
          valueSchema: remembered(to, valueSchema, () => envelopeSchema(valueSchema, topic)),
          value,
        }
      },
    }
  },
})
