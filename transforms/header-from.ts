import {
  ConfigError,
  type ConnectRecord,
  c,
  DataError,
  defineTransform,
  type Header,
  type Schema,
  s,
  setMember,
} from 'millrace'
import { basicsOf, memberOf, noValues, perSchema, requireMap, requireStruct, sideOf, structCopier } from './sides.ts'

const notEmpty = (list: readonly string[] | null): string | undefined =>
  list === null || list.length === 0 ? 'Empty list' : undefined

export default defineTransform({
  class: 'org.apache.kafka.connect.transforms.HeaderFrom',
  version: '4.3.0',
  doc: 'Moves or copies fields of the key or value into headers.',
  config: {
    fields: c.list('Field names in the record whose values are to be copied or moved to headers.', {
      importance: 'HIGH',
      accepts: 'non-empty list',
      checksNull: true,
      check: notEmpty,
    }),
    headers: c.list('Header names, in the same order as the field names.', {
      importance: 'HIGH',
      accepts: 'non-empty list',
      checksNull: true,
      check: notEmpty,
    }),
    operation: c.string('Either `move` (the fields leave the key or value) or `copy`.', {
      importance: 'HIGH',
      values: ['move', 'copy'],
    }),
    'replace.null.with.default': c.boolean(
      'Whether to replace fields that have a default value and that are null to the default value.',
      { default: true, importance: 'MEDIUM' },
    ),
  },
  sides: ['Key', 'Value'],
  examples: [
    {
      title: 'moves a field',
      config: { fields: 'trace', headers: 'X-Trace', operation: 'move' },
      input: { value: { id: 1, trace: 'abc' } },
      output: { value: { id: 1 }, headers: [{ key: 'X-Trace', schema: null, value: 'abc' }] },
    },
    {
      title: 'copies a field with its schema',
      config: { fields: 'id', headers: 'id', operation: 'copy' },
      input: { valueSchema: s.struct({ id: s.int32() }), value: { id: 1 } },
      output: { value: { id: 1 }, headers: [{ key: 'id', schema: s.int32(), value: 1 }] },
    },
    {
      title: 'refuses tombstones',
      config: { fields: 'id', headers: 'id', operation: 'copy' },
      input: { value: null },
      throws: 'Only Map objects supported',
    },
  ],
  create({ fields, headers: names, operation, replaceNullWithDefault }, side) {
    if (fields.length !== names.length)
      throw new ConfigError("'fields' config must have the same number of elements as 'headers' config.")
    const move = operation === 'move'
    const purpose = `header ${operation}`
    const taken = new Set(fields)
    const without = perSchema(schema => {
      const fields = schema.fields.filter(({ name }) => !taken.has(name))
      return {
        schema: s.struct(
          fields.map(field => [field.name, field.schema] as const),
          basicsOf(schema),
        ),
        copy: structCopier(fields, replaceNullWithDefault),
      }
    })
    const moved = (record: ConnectRecord, headers: readonly Header[], schema: Schema | null, value: unknown) =>
      side === 'Key'
        ? { ...record, headers, keySchema: schema, key: value }
        : { ...record, headers, valueSchema: schema, value }
    return {
      apply(record) {
        const { schema, value } = sideOf(record, side)
        const headers: Header[] = record.headers?.slice() ?? []
        if (schema === null) {
          const map = requireMap(value, purpose)
          fields.forEach((name, index) => {
            headers.push({ key: names[index]!, schema: null, value: Object.hasOwn(map, name) ? map[name] : null })
          })
          if (!move) return { ...record, headers }
          const rest: Record<string, unknown> = {}
          for (const name of Object.keys(map)) if (!taken.has(name)) setMember(rest, name, map[name])
          return moved(record, headers, null, rest)
        }
        const struct = requireStruct(schema, value, purpose)
        fields.forEach((name, index) => {
          const field = schema.field(name)
          if (field === undefined) throw new DataError(`Field does not exist: ${name}`)
          headers.push({
            key: names[index]!,
            schema: field.schema,
            value: memberOf(struct, name, field.schema, replaceNullWithDefault),
          })
        })
        if (!move) return { ...record, headers }
        const left = without(schema)
        return moved(record, headers, left.schema, left.copy(struct, noValues))
      },
    }
  },
})
