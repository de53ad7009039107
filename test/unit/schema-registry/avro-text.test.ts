import { expect, test } from 'vitest'
import { s } from '../../../runtime/api/schema.ts'
import { avroFromConnect } from '../../../runtime/converters/avro/from-connect.ts'
import { printAvro } from '../../../runtime/converters/avro/print.ts'
import { avroDefaults } from '../../../runtime/converters/avro/settings.ts'
import { printedAvro } from '../../../runtime/schema-registry/avro-text.ts'

test.each([
  ['"int"', '"int"'],
  ['int', '"int"'],
  ['{ "type": {"type": "int"} }', '"int"'],
  ['{"logicalType":"date","type":"int"}', '{"type":"int","logicalType":"date"}'],
  ['["null", {"type":"string"}]', '["null","string"]'],
  ['{"items":"long","x":{"b":1,"a":2},"type":"array"}', '{"type":"array","items":"long","x":{"b":1,"a":2}}'],
  ['{"default":[],"values":{"type":"long"},"type":"map"}', '{"type":"map","values":"long","default":[]}'],
  [
    '{"aliases":["o.E"],"x":1,"default":"B","symbols":["A","B"],"name":"n.E","type":"enum"}',
    '{"type":"enum","name":"E","namespace":"n","symbols":["A","B"],"default":"B","x":1,"aliases":["o.E"]}',
  ],
  [
    '{"size":16,"logicalType":"uuid","name":"F","type":"fixed"}',
    '{"type":"fixed","name":"F","size":16,"logicalType":"uuid"}',
  ],
])('%s', (given, kept) => {
  expect(printedAvro(given)).toBe(kept)
  expect(printedAvro(kept)).toBe(kept)
})

test('records: members in order, namespaces told once, names within them, numbers with their digits', () => {
  const given = {
    doc: 'D',
    'connect.name': 'n.R',
    fields: [
      { default: 1, order: 'ignore', aliases: ['b'], name: 'a', type: 'long', note: 'x', doc: 'A' },
      { name: 'inner', type: { fields: [{ name: 'again', type: ['null', 'n.R'] }], name: 'n.I', type: 'record' } },
      { name: 'far', type: { fields: [{ name: 'near', type: 'n.I' }], namespace: 'm', name: 'J', type: 'record' } },
      { name: 'none', type: { size: 1, namespace: '', name: 'K', type: 'fixed' } },
    ],
    namespace: 'n',
    name: 'R',
    type: 'record',
  }
  const text = JSON.stringify(given).replace('"default":1', '"default":9007199254740993')
  expect(printedAvro(text)).toBe(
    '{"type":"record","name":"R","namespace":"n","doc":"D","fields":[' +
      '{"name":"a","type":"long","doc":"A","default":9007199254740993,"order":"ignore","aliases":["b"],"note":"x"},' +
      '{"name":"inner","type":{"type":"record","name":"I","fields":[{"name":"again","type":["null","R"]}]}},' +
      '{"name":"far","type":{"type":"record","name":"J","namespace":"m","fields":[{"name":"near","type":"n.I"}]}},' +
      '{"name":"none","type":{"type":"fixed","name":"K","namespace":"","size":1}}' +
      '],"connect.name":"n.R"}',
  )
})

test('what the converter registers stays as it is', () => {
  const schema = s.struct(
    {
      a: s.int8({ doc: 'A', default: 3 }),
      b: s.string({ optional: true }),
      c: s.map(s.int32(), s.struct({ d: s.bytes() })),
    },
    { name: 'n.R', version: 2, doc: 'D', parameters: { p: 'q' } },
  )
  const text = printAvro(avroFromConnect(schema, avroDefaults))
  expect(printedAvro(text)).toBe(text)
})
