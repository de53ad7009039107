import { c, defineTransform, s } from 'millrace'
import { schemaAt, stepsOf, valueInMap, valueInStruct } from './nested-field.ts'
import { perSchema, requireMap, requireStruct, sideOf, withSide } from './sides.ts'

const purpose = 'field extraction'

export default defineTransform({
  class: 'org.apache.kafka.connect.transforms.ExtractField',
  version: '4.3.0',
  doc: 'Replaces the key or value by one of its fields. Null stays null.',
  config: {
    field: c.string('Field name to extract.', { importance: 'MEDIUM' }),
    'replace.null.with.default': c.boolean(
      'Whether to replace fields that have a default value and that are null to the default value.',
      { default: true, importance: 'MEDIUM' },
    ),
    'field.syntax.version': c.string(
      'How the field is named: V1, by its name; V2, by a path of names joined by dots, where a name that has dots stands in backticks.',
      { default: 'V1', values: ['V1', 'V2'], ignoreCase: true, importance: 'HIGH' },
    ),
  },
  sides: ['Key', 'Value'],
  examples: [
    { title: 'takes a field out', config: { field: 'id' }, input: { value: { id: 7, n: 'x' } }, output: { value: 7 } },
    {
      title: 'follows a path',
      config: { field: 'address.city', 'field.syntax.version': 'V2' },
      input: { value: { address: { city: 'Oslo' } } },
      output: { value: 'Oslo' },
    },
    {
      title: "gives the field's schema",
      config: { field: 'id' },
      input: { valueSchema: s.struct({ id: s.int32() }), value: { id: 7 } },
      output: { valueSchema: s.int32(), value: 7 },
    },
    {
      title: 'refuses a field that the schema has not',
      config: { field: 'nr' },
      input: { valueSchema: s.struct({ id: s.int32() }), value: { id: 7 } },
      throws: 'Unknown field: nr',
    },
  ],
  create({ field, fieldSyntaxVersion, replaceNullWithDefault }, side) {
    const steps = fieldSyntaxVersion === 'V2' ? stepsOf(field) : [field]
    const extracted = perSchema(schema => schemaAt(schema, field, steps))
    return {
      apply(record) {
        const { schema, value } = sideOf(record, side)
        if (schema === null) {
          if (value === null) return record
          return withSide(record, side, null, valueInMap(requireMap(value, purpose), steps))
        }
        if (value !== null) requireStruct(schema, value, purpose)
        const own = extracted(schema)
        return withSide(record, side, own, valueInStruct(schema, value, steps, replaceNullWithDefault))
      },
    }
  },
})
