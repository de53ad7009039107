import { c, DataError, defineTransform, type Schema, s, setMember } from 'millrace'
import { noValues, perSchema, requireMap, requireStruct, structCopier } from './sides.ts'

const purpose = 'copying fields from value to key'

const fieldOf = (schema: Schema, name: string) => {
  const field = schema.field(name)
  if (field === undefined) throw new DataError(`Field does not exist: ${name}`)
  return field
}

export default defineTransform({
  class: 'org.apache.kafka.connect.transforms.ValueToKey',
  version: '4.3.0',
  doc: "Replaces the record's key with one made of fields of its value.",
  config: {
    fields: c.list('Field names on the record value to extract as the record key, in this order.', {
      importance: 'HIGH',
      nonEmpty: true,
    }),
    'replace.null.with.default': c.boolean(
      'Whether to replace fields that have a default value and that are null to the default value.',
      { default: true, importance: 'MEDIUM' },
    ),
  },
  examples: [
    {
      title: 'makes a key of two fields',
      config: { fields: 'country,id' },
      input: { value: { id: 1, name: 'Ada', country: 'NO' } },
      output: { key: { country: 'NO', id: 1 }, value: { id: 1, name: 'Ada', country: 'NO' } },
    },
    {
      title: 'has a schema where the value has one',
      config: { fields: 'id' },
      input: { valueSchema: s.struct({ id: s.int32(), n: s.string() }), value: { id: 1, n: 'x' } },
      output: { keySchema: s.struct({ id: s.int32() }), key: { id: 1 } },
    },
    {
      title: 'refuses tombstones',
      config: { fields: 'id' },
      input: { value: null },
      throws: 'Only Map objects supported',
    },
  ],
  create({ fields: listed, replaceNullWithDefault }) {
    const fields = [...new Set(listed)]
    const keyOf = perSchema(schema => {
      const keySchema = s.struct(fields.map(name => [name, fieldOf(schema, name).schema] as const))
      return { keySchema, copy: structCopier(keySchema.fields, replaceNullWithDefault) }
    })
    return {
      apply(record) {
        const schema = record.valueSchema ?? null
        if (schema === null) {
          const map = requireMap(record.value ?? null, purpose)
          const key: Record<string, unknown> = {}
          for (const name of fields) setMember(key, name, Object.hasOwn(map, name) ? map[name] : null)
          return { ...record, keySchema: null, key }
        }
        const struct = requireStruct(schema, record.value ?? null, purpose)
        const { keySchema, copy } = keyOf(schema)
        return { ...record, keySchema, key: copy(struct, noValues) }
      },
    }
  },
})
