import { expect, test } from 'vitest'
import { Decimal } from '../../../runtime/api/decimal.ts'
import { DataError } from '../../../runtime/api/errors.ts'
import { decimalSchema, timestampSchema } from '../../../runtime/api/logical.ts'
import { s } from '../../../runtime/api/schema.ts'
import avro from '../../../runtime/converters/avro/avro-converter.ts'
import { withRegistries } from './registry-world.ts'

const line = s.struct({ name: s.string(), pieces: s.int32() }, { name: 'shop.Line' })
const order = s.struct(
  {
    id: s.int64(),
    small: s.int32(),
    price: s.float64(),
    paid: s.boolean(),
    note: s.string({ optional: true }),
    lines: s.array(line),
    labels: s.map(s.string(), s.int64()),
    photo: s.bytes(),
  },
  { name: 'shop.Order' },
)
const value = {
  // What the client for Node reads of 64 bits.
  id: 2 ** 51,
  small: -7,
  price: 12.5,
  paid: true,
  note: 'Grüße',
  lines: [
    { name: 'a', pieces: 1 },
    { name: '', pieces: 0 },
  ],
  labels: new Map([['x', 5]]),
  photo: Buffer.from('png'),
}
/** As the Python client hands it over. */
const json = { ...value, labels: { x: 5 }, photo: "b'png'" }

withRegistries('AVRO', avro, world => {
  test('both clients read what we register and write', async () => {
    const bytes = await world.encoded('orders', order, value)
    expect(await world.theirsDecoded({ topic: 'orders', bytes })).toEqual(json)
    const theirs = (await world.node.decode(bytes)) as Record<string, unknown>
    expect(JSON.parse(JSON.stringify(theirs))).toEqual(JSON.parse(JSON.stringify({ ...value, labels: { x: 5 } })))
    const back = await world.decoded('orders', bytes)
    expect(back.value).toEqual(value)
    expect(back.schema).toBe(order.with({ version: 1 }))
  })

  test('we read what both clients register and write', async () => {
    const schema = JSON.stringify({
      type: 'record',
      name: 'Order',
      namespace: 'others',
      fields: [
        { name: 'id', type: 'long' },
        { name: 'note', type: ['null', 'string'], default: null },
        { name: 'lines', type: { type: 'array', items: 'int' } },
        { name: 'mood', type: { type: 'enum', name: 'Mood', symbols: ['GOOD', 'BAD'] } },
      ],
    })
    const record = { id: 5, note: 'é', lines: [1, -1], mood: 'BAD' }
    const python = await world.theirsEncoded({ topic: 'others', schema, value: record })
    expect((await world.decoded('others', python)).value).toEqual(record)
    const node = await world.node.encode(await world.node.getLatestSchemaId('others-value'), record)
    expect((await world.decoded('others', node)).value).toEqual(record)
  })

  test('decimals and times mean the same', async () => {
    const schema = s.struct({ price: decimalSchema(2), at: timestampSchema() }, { name: 'shop.Price' })
    const record = { price: new Decimal(-12345n, 2), at: new Date('2024-02-29T12:00:00.250Z') }
    const bytes = await world.encoded('prices', schema, record)
    expect(await world.theirsDecoded({ topic: 'prices', bytes })).toEqual({
      price: '-123.45',
      at: '2024-02-29 12:00:00.250000+00:00',
    })
    expect((await world.decoded('prices', bytes)).value).toEqual(record)
  })

  test('schemas evolve: old and new bytes are read, each with its own version', async () => {
    const wider = s.struct(
      { name: s.string(), pieces: s.int32(), colour: s.string({ optional: true }) },
      { name: 'shop.Line' },
    )
    await world.evolves([line, { name: 'a', pieces: 1 }], [wider, { name: 'b', pieces: 2, colour: 'red' }])
  })

  test('an incompatible change is refused, and fails only its own records', async () => {
    await world.encoded('strict', line, { name: 'a', pieces: 1 })
    const changed = s.struct({ name: s.string(), pieces: s.string() }, { name: 'shop.Line' })
    const made = world.converter()
    await made.prepare!({ topic: 'strict', schemas: [changed, line] })
    expect(() => made.encode('strict', changed, { name: 'a', pieces: '1' })).toThrow(DataError)
    expect(() => made.encode('strict', changed, { name: 'a', pieces: '1' })).toThrow('was not registered')
    expect(made.encode('strict', line, { name: 'a', pieces: 1 })).not.toBeNull()
  })

  test('a schema that refers to another one', async () => {
    const inner = '{"type":"record","name":"Inner","namespace":"refs","fields":[{"name":"a","type":"int"}]}'
    const outer = JSON.stringify({
      type: 'record',
      name: 'Outer',
      namespace: 'refs',
      fields: [
        { name: 'inner', type: 'refs.Inner' },
        { name: 'n', type: 'long' },
      ],
    })
    expect(await world.register('inner', { schema: inner })).toBeUndefined()
    const references = [{ name: 'refs.Inner', subject: 'inner', version: 1 }]
    const record = { inner: { a: 3 }, n: -4 }
    const bytes = await world.theirsEncoded({ topic: 'outer', schema: outer, references, value: record })
    expect((await world.decoded('outer', bytes)).value).toEqual(record)
    // The same, written by us as the subject says.
    const newest = world.converter({
      'auto.register.schemas': 'false',
      'use.latest.version': 'true',
      'latest.compatibility.strict': 'false',
    })
    const schema = s.struct({ inner: s.struct({ a: s.int32() }), n: s.int64() })
    expect((await world.encoded('outer', schema, record, newest)).toString('hex')).toBe(bytes.toString('hex'))
  })
})
