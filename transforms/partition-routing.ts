import { c, DataError, defineTransform, type Schema, s } from 'millrace'
import { isEnvelope } from './envelope-fields.ts'
import { javaHash } from './java-hash.ts'
import { murmur3 } from './murmur3.ts'
import { type Members, memberOf } from './sides.ts'

const row = s.struct({ id: s.int32(), name: s.string() }, { optional: true, name: 'shop.public.item.Value' })
const envelope = s.struct({ before: row, after: row, op: s.string() }, { name: 'shop.public.item.Envelope' })
const event = (op: string, before: Members | null, after: Members | null) => ({
  valueSchema: envelope,
  value: { before, after, op },
})

/** What stands at the end of the path; undefined where the schema or the event has nothing there. */
const valueAt = (
  schema: Schema,
  event: Members,
  path: readonly string[],
): { schema: Schema; value: unknown } | undefined => {
  let at: { schema: Schema; value: unknown } = { schema, value: event }
  for (const step of path) {
    const name = step === 'change' ? (event['op'] === 'd' ? 'before' : 'after') : step
    const field = at.schema.type === 'STRUCT' ? at.schema.field(name) : undefined
    if (field === undefined || at.value === null || at.value === undefined) return undefined
    at = { schema: field.schema, value: memberOf(at.value as Members, name, field.schema, true) }
  }
  return at.value === null ? undefined : at
}

export default defineTransform({
  class: 'io.debezium.transforms.partitions.PartitionRouting',
  version: '0.1.0',
  doc: 'Chooses the partition of a change event by the values of some of its fields, so that equal ones meet in one partition.',
  config: {
    'partition.payload.fields': c.list(
      'Fields whose values decide, as paths in the event: after.name, source.table. `change` is the row after the change, of a delete the row before it. A field that an event does not have does not count.',
      { importance: 'HIGH', nonEmpty: true },
    ),
    'partition.topic.num': c.int('Number of partitions of the topic.', { importance: 'HIGH', min: 1 }),
    'partition.hash.function': c.string('How values are hashed: java (as hashCode does) or murmur.', {
      values: ['java', 'murmur'],
      ignoreCase: true,
      default: 'java',
      importance: 'LOW',
    }),
  },
  examples: [
    {
      title: 'takes the row after a change',
      config: { 'partition.payload.fields': 'change.name', 'partition.topic.num': '4' },
      input: event('c', null, { id: 2, name: 'name2' }),
      output: { partition: 3 },
    },
    {
      title: 'takes the row before a delete',
      config: { 'partition.payload.fields': 'change.name', 'partition.topic.num': '4' },
      input: event('d', { id: 2, name: 'name2' }, null),
      output: { partition: 3 },
    },
    {
      title: 'leaves an event that has none of the fields',
      config: { 'partition.payload.fields': 'after.colour', 'partition.topic.num': '4' },
      input: { ...event('c', null, { id: 2, name: 'name2' }), partition: null },
      output: { partition: null },
    },
    {
      title: 'leaves a truncate and what is no change event',
      config: { 'partition.payload.fields': 'op', 'partition.topic.num': '4' },
      input: { ...event('t', null, null), partition: null },
      output: { partition: null },
    },
  ],
  create(config) {
    const paths = config.partitionPayloadFields.map(field => field.split('.').map(step => step.trim()))
    const hash = config.partitionHashFunction === 'murmur' ? murmur3 : javaHash
    return {
      apply(record) {
        const { value, valueSchema } = record
        if (value === null || value === undefined || !isEnvelope(valueSchema)) return record
        const event = value as Members
        if (event['op'] === 't' || event['op'] === 'm') return record
        let sum = 0
        let found = false
        for (const [index, path] of paths.entries()) {
          const at = valueAt(valueSchema, event, path)
          if (at === undefined) continue
          found = true
          try {
            sum = (sum + hash(at.schema, at.value)) | 0
          } catch (cause) {
            const field = config.partitionPayloadFields[index]
            throw new DataError(`partition.payload.fields: ${field}: ${(cause as Error).message}`, { cause })
          }
        }
        if (!found) return record
        const positive = sum & 0x7fffffff
        const partition = positive === 0x7fffffff ? 0 : positive % config.partitionTopicNum
        return { ...record, partition }
      },
    }
  },
})
