import { expect, test } from 'vitest'
import { timestampSchema } from '../../../runtime/api/logical.ts'
import { s } from '../../../runtime/api/schema.ts'
import protobuf from '../../../runtime/converters/protobuf/protobuf-converter.ts'
import { protobufFormat } from '../../../runtime/converters/protobuf/protobuf-format.ts'
import { protobufDefaults } from '../../../runtime/converters/protobuf/settings.ts'
import { embedded } from './registries.ts'
import { withRegistries } from './registry-world.ts'

const line = s.struct({ name: s.string(), pieces: s.int32() }, { name: 'Line' })
const order = s.struct(
  {
    id: s.int64(),
    small: s.int32(),
    price: s.float64(),
    paid: s.boolean(),
    note: s.string({ optional: true }),
    lines: s.array(line),
    labels: s.map(s.string(), s.int64()),
    at: timestampSchema(),
    mood: s.string({
      name: 'Mood',
      parameters: {
        'io.confluent.connect.protobuf.Enum': 'Mood',
        'io.confluent.connect.protobuf.Enum.NONE': '0',
        'io.confluent.connect.protobuf.Enum.GOOD': '5',
      },
    }),
  },
  { name: 'Order' },
)

const value = {
  id: 9007199254740993n,
  small: -7,
  price: 12.5,
  paid: true,
  note: 'Grüße',
  lines: [
    { name: 'a', pieces: 1 },
    { name: '', pieces: 0 },
  ],
  labels: new Map([['x', 5]]),
  at: new Date('2024-02-29T12:00:00.250Z'),
  mood: 'GOOD',
}

// As Protobuf's JSON has it: 64-bit numbers are text, zeros are left out.
const json = {
  id: '9007199254740993',
  small: -7,
  price: 12.5,
  paid: true,
  note: 'Grüße',
  lines: [{ name: 'a', pieces: 1 }, {}],
  labels: [{ key: 'x', value: '5' }],
  at: '2024-02-29T12:00:00.250Z',
  mood: 'GOOD',
}

withRegistries('PROTOBUF', protobuf, world => {
  test('the client reads what we register and write', async () => {
    const bytes = await world.encoded('orders', order, value)
    const schema = await world.newest('orders-value')
    expect(await world.theirsDecoded({ topic: 'orders', schema, message: 'Order', bytes })).toEqual(json)
    expect((await world.decoded('orders', bytes)).value).toEqual(value)
  })

  // Apicurio and Karapace do not compile schemas for their clients.
  test.skipIf(world.name !== embedded)('the client gets our schema compiled, with what it imports', async () => {
    const name = 'syntax = "proto3"; package tribe; message Tag { string text = 1; }'
    const text =
      'syntax = "proto3"; package tribe; import "tag.proto"; import "google/protobuf/timestamp.proto"; enum Kind { NONE = 0; BIG = 3; } ' +
      'message Animal { map<string, Tag> my_tags = 1; optional int64 age = 2; Kind kind = 3; oneof c { string x = 4; Tag y = 5; } google.protobuf.Timestamp at = 6; repeated sint32 n = 7; }'
    await world.register('tag', { schemaType: 'PROTOBUF', schema: name })
    const references = [{ name: 'tag.proto', subject: 'tag', version: 1 }]
    await world.register('animals-value', { schemaType: 'PROTOBUF', schema: text, references })
    const tag = s.struct({ text: s.string() }, { name: 'Tag' })
    const animal = s.struct(
      { my_tags: s.map(s.string(), tag), age: s.int64({ optional: true }), n: s.array(s.int32()) },
      { name: 'tribe.Animal' },
    )
    const newest = {
      'auto.register.schemas': 'false',
      'use.latest.version': 'true',
      'latest.compatibility.strict': 'false',
    }
    const made = world.converter(newest)
    const bytes = await world.encoded(
      'animals',
      animal,
      { my_tags: new Map([['k', { text: 't' }]]), age: 0, n: [-1] },
      made,
    )
    const call = {
      topic: 'animals',
      schema: text,
      imports: { 'tag.proto': name },
      message: 'Animal',
      bytes,
      asks: true,
    }
    expect(await world.theirsDecoded(call)).toEqual({ my_tags: { k: { text: 't' } }, age: '0', n: [-1] })
  })

  test('we read what the client registers, which is a compiled schema, and writes', async () => {
    // The client knows each full name once.
    const schema = protobufFormat(protobufDefaults).writer(order.with({ name: 'others.Order' })).schema.text
    const bytes = await world.theirsEncoded({ topic: 'others', schema, message: 'Order', value: json })
    expect((await world.decoded('others', bytes)).value).toEqual(value)
  })

  // The other way there is nothing to read: it writes no place of the message, so nobody's deserializer takes its bytes.
  test('the client for Node reads what we write', async () => {
    const bytes = await world.encoded('lines', line, { name: 'a', pieces: 5 })
    expect({ ...((await world.node.decode(bytes)) as object) }).toEqual({ name: 'a', pieces: 5 })
  })

  test('schemas evolve: old and new bytes are read, each with its own version', async () => {
    const wider = s.struct({ name: s.string(), pieces: s.int32(), colour: s.string() }, { name: 'Line' })
    await world.evolves([line, { name: 'a', pieces: 1 }], [wider, { name: 'b', pieces: 2, colour: 'red' }])
  })

  test('a registered schema with an import is found, and written as it says', async () => {
    const name = 'syntax = "proto3"; package people; message Name { string last = 1; }'
    expect(await world.register('name', { schemaType: 'PROTOBUF', schema: name })).toBeUndefined()
    const person =
      'syntax = "proto3"; package people; import "name.proto"; message Person { sint32 age = 4; Name name = 1; }'
    const references = [{ name: 'name.proto', subject: 'name', version: 1 }]
    expect(
      await world.register('persons-value', { schemaType: 'PROTOBUF', schema: person, references }),
    ).toBeUndefined()
    const schema = s.struct(
      { name: s.struct({ last: s.string() }, { name: 'people.Name' }), age: s.int32() },
      { name: 'people.Person' },
    )
    const newest = world.converter({
      'auto.register.schemas': 'false',
      'use.latest.version': 'true',
      'latest.compatibility.strict': 'false',
    })
    const bytes = await world.encoded('persons', schema, { name: { last: 'A' }, age: -1 }, newest)
    expect([...bytes.subarray(5)]).toEqual([0, 10, 3, 10, 1, 65, 32, 1])
    const back = await world.decoded('persons', bytes)
    expect(back.value).toEqual({ age: -1, name: { last: 'A' } })
    expect(back.schema!.version).toBe(1)
  })

  test('a primitive is written as a wrapper', async () => {
    const bytes = await world.encoded('words', s.string(), 'hi')
    expect((await world.decoded('words', bytes)).value).toBe('hi')
  })

  test('a schema that the subject cannot take fails only the records that have it', async () => {
    await world.encoded('strict', s.struct({ a: s.int32() }, { name: 'M' }), { a: 1 })
    await expect(world.encoded('strict', s.struct({ a: s.string() }, { name: 'M' }), { a: 'x' })).rejects.toThrow(
      expect.objectContaining({ name: 'DataError' }),
    )
  })
})
