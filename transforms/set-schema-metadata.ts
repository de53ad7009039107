import { ConfigError, c, DataError, defineTransform, s } from 'millrace'
import { basicsOf, noValues, perSchema, requireStruct, sideOf, structCopier, withSide } from './sides.ts'

const purpose = 'updating schema metadata'

export default defineTransform({
  class: 'org.apache.kafka.connect.transforms.SetSchemaMetadata',
  version: '4.3.0',
  doc: "Sets the name, the version or both of the key's or value's schema.",
  config: {
    'schema.name': c.string('Schema name to set.', { optional: true, importance: 'HIGH' }),
    'schema.version': c.int('Schema version to set.', { optional: true, importance: 'HIGH' }),
    'replace.null.with.default': c.boolean(
      'Whether to replace fields that have a default value and that are null to the default value.',
      { default: true, importance: 'MEDIUM' },
    ),
  },
  sides: ['Key', 'Value'],
  examples: [
    {
      title: 'names a struct',
      config: { 'schema.name': 'com.example.Order', 'schema.version': '2' },
      input: { valueSchema: s.struct({ id: s.int32() }), value: { id: 1 } },
      output: { valueSchema: s.struct({ id: s.int32() }, { name: 'com.example.Order', version: 2 }), value: { id: 1 } },
    },
    {
      title: 'needs a schema',
      config: { 'schema.name': 'x' },
      input: { value: { id: 1 } },
      throws: 'Schema required for [updating schema metadata]',
    },
  ],
  create({ schemaName, schemaVersion, replaceNullWithDefault }, side) {
    if (schemaName === undefined && schemaVersion === undefined)
      throw new ConfigError('Neither schema name nor version configured')
    const updated = perSchema(schema => {
      // Kafka Connect 4.3.0 lists the fields of whatever it gets.
      if (schema.type !== 'STRUCT') throw new DataError('Cannot list fields on non-struct type')
      return s.struct(
        schema.fields.map(field => [field.name, field.schema] as const),
        {
          ...basicsOf(schema),
          optional: schema.optional,
          ...(schema.default !== undefined && { default: schema.default }),
          ...(schemaName !== undefined && { name: schemaName }),
          ...(schemaVersion !== undefined && { version: schemaVersion }),
        },
      )
    })
    const copier = perSchema(schema => structCopier(schema.fields, replaceNullWithDefault))
    return {
      apply(record) {
        const { schema, value } = sideOf(record, side)
        if (schema === null && value === null) return record
        if (schema === null) throw new DataError(`Schema required for [${purpose}]`)
        const named = updated(schema)
        if (value === null) return withSide(record, side, named, null)
        const struct = requireStruct(schema, value, purpose)
        return withSide(record, side, named, copier(schema)(struct, noValues))
      },
    }
  },
})
