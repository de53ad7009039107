import { c, DataError, defineTransform, s } from 'millrace'
import { perSchema, sideOf, withSide } from './sides.ts'

export default defineTransform({
  class: 'org.apache.kafka.connect.transforms.HoistField',
  version: '4.3.0',
  doc: 'Wraps the key or value in a struct (a map without a schema) with one field.',
  config: {
    field: c.string('Field name for the single field that will be created in the resulting Struct or Map.', {
      importance: 'MEDIUM',
    }),
  },
  sides: ['Key', 'Value'],
  examples: [
    {
      title: 'makes a map of a value',
      config: { field: 'line' },
      input: { value: 'text' },
      output: { value: { line: 'text' } },
    },
    {
      title: 'makes a struct of a value with a schema',
      config: { field: 'id' },
      input: { valueSchema: s.int32(), value: 7 },
      output: { valueSchema: s.struct({ id: s.int32() }), value: { id: 7 } },
    },
  ],
  create({ field }, side) {
    const hoisted = perSchema(schema => s.struct([[field, schema]]))
    return {
      apply(record) {
        const { schema, value } = sideOf(record, side)
        if (value === null && schema?.optional === false)
          throw new DataError(`Invalid value: null used for required field: "${field}", schema type: ${schema.type}`)
        return withSide(record, side, schema === null ? null : hoisted(schema), { [field]: value })
      },
    }
  },
})
