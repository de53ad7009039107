import { c, defineTransform, parseText, s } from 'millrace'

export default defineTransform({
  class: 'org.apache.kafka.connect.transforms.InsertHeader',
  version: '4.3.0',
  doc: 'Adds a header with a fixed value to every record.',
  config: {
    header: c.string('The name of the header.', { importance: 'HIGH', nonNull: true }),
    'value.literal': c.string(
      'The literal value that is to be set as the header value on all records. Its type is recognised as header converters do it.',
      { importance: 'HIGH', nonNull: true },
    ),
  },
  ignoresPayload: true,
  examples: [
    {
      title: 'adds a text',
      config: { header: 'site', 'value.literal': 'Oslo' },
      input: { value: 1 },
      output: { value: 1, headers: [{ key: 'site', schema: s.string(), value: 'Oslo' }] },
    },
    {
      title: 'recognises numbers',
      config: { header: 'nr', 'value.literal': '40000' },
      input: { value: 1 },
      output: { headers: [{ key: 'nr', schema: s.int32(), value: 40000 }] },
    },
  ],
  create(config) {
    const header = Object.freeze({ key: config.header, ...parseText(config.valueLiteral) })
    return { apply: record => ({ ...record, headers: [...(record.headers ?? []), header] }) }
  },
})
