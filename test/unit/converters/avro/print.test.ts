import { expect, test } from 'vitest'
import { s } from '../../../../runtime/api/schema.ts'
import { avroFormat } from '../../../../runtime/converters/avro/avro-format.ts'
import { avroDefaults } from '../../../../runtime/converters/avro/settings.ts'

test('defaults of floating point are spelled as Java spells them', () => {
  const optional = { optional: true } as const
  const schema = s.struct(
    {
      d: s.float64({ default: 1 }),
      f: s.float32({ default: Math.fround(0.1), ...optional }),
      big: s.float64({ default: 1e10 }),
      list: s.array(s.float64(), { default: [1, 2.5] }),
      inner: s.struct({ d: s.float64() }, { name: 'In', default: { d: 3 } }),
      whole: s.int32({ default: 1 }),
    },
    { name: 'r' },
  )
  const text = avroFormat(avroDefaults).writer(schema).schema.text
  expect(text).toContain('{"name":"d","type":{"type":"double","connect.default":1.0},"default":1.0}')
  expect(text).toContain('{"name":"f","type":[{"type":"float","connect.default":0.1},"null"],"default":0.1}')
  expect(text).toContain('"default":1.0E10')
  expect(text).toContain('"default":[1.0,2.5]')
  expect(text).toContain('"default":{"d":3.0}')
  expect(text).toContain('{"name":"whole","type":{"type":"int","connect.default":1},"default":1}')
})
