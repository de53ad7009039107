import { expect, test } from 'vitest'
import { DataError } from '../../../runtime/api/errors.ts'
import { s } from '../../../runtime/api/schema.ts'
import jsonSchema from '../../../runtime/converters/json-schema/json-schema-converter.ts'
import { withRegistries } from './registry-world.ts'

const line = s.struct({ name: s.string(), pieces: s.int32() }, { name: 'Line' })
const order = s.struct(
  {
    id: s.int64(),
    small: s.int16(),
    price: s.float64(),
    paid: s.boolean(),
    note: s.string({ optional: true }),
    lines: s.array(line),
    labels: s.map(s.string(), s.int64()),
  },
  { name: 'Order' },
)
const value = {
  id: 9007199254740991,
  small: -7,
  price: 12.5,
  paid: true,
  note: 'Grüße',
  lines: [
    { name: 'a', pieces: 1 },
    { name: '', pieces: 0 },
  ],
  labels: new Map([['x', 5]]),
}
const json = { ...value, labels: { x: 5 } }

withRegistries('JSON', jsonSchema, world => {
  test('both clients read what we register and write', async () => {
    const bytes = await world.encoded('orders', order, value)
    const schema = await world.newest('orders-value')
    expect(await world.theirsDecoded({ topic: 'orders', schema, bytes })).toEqual(json)
    expect(await world.node.decode(bytes)).toEqual(json)
    const back = await world.decoded('orders', bytes)
    expect(back.value).toEqual(value)
    expect(back.schema!.field('small')!.schema.type).toBe('INT16')
  })

  test('we read what both clients register and write', async () => {
    const schema = JSON.stringify({
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: 'Order',
      type: 'object',
      properties: {
        id: { type: 'integer' },
        note: { oneOf: [{ type: 'null' }, { type: 'string' }] },
        lines: { type: 'array', items: { type: 'number' } },
      },
      required: ['id', 'note', 'lines'],
    })
    const record = { id: 5, note: 'é', lines: [1.5, -1] }
    const python = await world.theirsEncoded({ topic: 'others', schema, value: record })
    expect((await world.decoded('others', python)).value).toEqual(record)
    const node = await world.node.encode(await world.node.getLatestSchemaId('others-value'), record)
    expect((await world.decoded('others', node)).value).toEqual(record)
  })

  test('schemas evolve: old and new bytes are read, each with its own version', async () => {
    const wider = s.struct(
      { name: s.string(), pieces: s.int32(), colour: s.string({ optional: true }) },
      { name: 'Line' },
    )
    const closed = { 'object.additional.properties': 'false' }
    await world.evolves([line, { name: 'a', pieces: 1 }], [wider, { name: 'b', pieces: 2, colour: 'red' }], closed)
  })

  test('an incompatible change is refused, and fails only its own records', async () => {
    await world.encoded('strict', line, { name: 'a', pieces: 1 })
    const changed = s.struct({ name: s.string(), pieces: s.string() }, { name: 'Line' })
    const made = world.converter()
    await made.prepare!({ topic: 'strict', schemas: [changed, line] })
    expect(() => made.encode('strict', changed, { name: 'a', pieces: '1' })).toThrow(DataError)
    expect(made.encode('strict', line, { name: 'a', pieces: 1 })).not.toBeNull()
  })

  test('a schema that refers to another one', async () => {
    const inner = JSON.stringify({
      $schema: 'http://json-schema.org/draft-07/schema#',
      $id: 'inner.json',
      title: 'Inner',
      type: 'object',
      properties: { a: { type: 'integer' } },
      required: ['a'],
    })
    const outer = JSON.stringify({
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: 'Outer',
      type: 'object',
      properties: { inner: { $ref: 'inner.json' }, n: { type: 'integer' } },
      required: ['inner', 'n'],
    })
    const references = [{ name: 'inner.json', subject: 'inner', version: 1 }]
    for (const [subject, body] of [
      ['inner', { schemaType: 'JSON', schema: inner }],
      ['outer-value', { schemaType: 'JSON', schema: outer, references }],
    ] as const) {
      const refusal = await world.register(subject, body)
      // Karapace knows no references between JSON Schemas.
      if (world.name === 'Karapace' && subject === 'outer-value') return expect(refusal).toContain('44302')
      expect(refusal).toBeUndefined()
    }
    const record = { inner: { a: 3 }, n: -4 }
    const bytes = await world.theirsEncoded({ topic: 'outer', schema: outer, references, value: record })
    expect((await world.decoded('outer', bytes)).value).toEqual(record)
    return undefined
  })
})
