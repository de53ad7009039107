import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { timestampSchema } from '../../../runtime/api/logical.ts'
import { type Schema, s } from '../../../runtime/api/schema.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import protobuf from '../../../runtime/converters/protobuf/protobuf-converter.ts'
import { protobufFormat } from '../../../runtime/converters/protobuf/protobuf-format.ts'
import { protobufDefaults } from '../../../runtime/converters/protobuf/settings.ts'
import { confluentClient } from './confluent-client.ts'
import { foreignRegistries, type Registry } from './registries.ts'

const python = process.env['MILLRACE_PYTHON']

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

describe.skipIf(python === undefined).each(foreignRegistries)(
  "Protobuf with others' clients and $name (npm run test:real brings them)",
  ({ start }) => {
    let registry: Registry
    let client: ReturnType<typeof confluentClient>
    let kafkajs: SchemaRegistry

    beforeAll(async () => {
      registry = await start()
      client = confluentClient(python!)
      kafkajs = new SchemaRegistry({ host: registry.url })
    }, 120_000)

    afterAll(async () => {
      await client?.close()
      await registry?.close()
    })

    const converter = (props: Record<string, string> = {}) =>
      protobuf.create(
        parseOrThrow(protobuf.config, { 'schema.registry.url': registry.url, ...props }) as never,
        'value',
      )

    const register = async (subject: string, body: unknown): Promise<void> => {
      const answer = await fetch(`${registry.url}/subjects/${subject}/versions`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify(body),
      })
      expect(answer.status, await answer.clone().text()).toBe(200)
    }

    const decoded = async (topic: string, bytes: Uint8Array, made = converter()) => {
      await made.prepareDecode!({ topic, payloads: [bytes] })
      return made.decode(topic, bytes)
    }

    const encoded = async (topic: string, schema: Schema, record: unknown, made = converter()) => {
      await made.prepare!({ topic, schemas: [schema] })
      return made.encode(topic, schema, record)!
    }

    test('the client reads what we register and write', async () => {
      const bytes = await encoded('orders', order, value)
      const answer = await fetch(`${registry.url}/subjects/orders-value/versions/latest`)
      const { schema } = (await answer.json()) as { schema: string }
      const request = { format: 'PROTOBUF', url: registry.url, topic: 'orders', schema, message: 'Order' } as const
      expect(await client.decode({ ...request, bytes })).toEqual(json)
      expect((await decoded('orders', bytes)).value).toEqual(value)
    })

    test('we read what the client registers, which is a compiled schema, and writes', async () => {
      // The client knows each full name once.
      const schema = protobufFormat(protobufDefaults).writer(order.with({ name: 'others.Order' })).schema.text
      const request = { format: 'PROTOBUF', url: registry.url, topic: 'others', schema, message: 'Order' } as const
      const bytes = await client.encode({ ...request, value: json })
      expect((await decoded('others', bytes)).value).toEqual(value)
    })

    // The other way there is nothing to read: it writes no place of the message, so nobody's deserializer takes its bytes.
    test('the client for Node reads what we write', async () => {
      const bytes = await encoded('lines', line, { name: 'a', pieces: 5 })
      expect({ ...((await kafkajs.decode(Buffer.from(bytes))) as object) }).toEqual({ name: 'a', pieces: 5 })
    })

    test('schemas evolve: old and new bytes are read, each with its own version', async () => {
      const before = await encoded('evolving', line, { name: 'a', pieces: 1 })
      const wider = s.struct({ name: s.string(), pieces: s.int32(), colour: s.string() }, { name: 'Line' })
      const after = await encoded('evolving', wider, { name: 'b', pieces: 2, colour: 'red' })
      const made = converter()
      const old = await decoded('evolving', before, made)
      expect([old.schema!.version, old.value]).toEqual([1, { name: 'a', pieces: 1 }])
      const fresh = await decoded('evolving', after, made)
      expect([fresh.schema!.version, fresh.value]).toEqual([2, { name: 'b', pieces: 2, colour: 'red' }])
    })

    test('a registered schema with an import is found, and written as it says', async () => {
      const name = 'syntax = "proto3"; package people; message Name { string last = 1; }'
      await register('name', { schemaType: 'PROTOBUF', schema: name })
      const person =
        'syntax = "proto3"; package people; import "name.proto"; message Person { sint32 age = 4; Name name = 1; }'
      const references = [{ name: 'name.proto', subject: 'name', version: 1 }]
      await register('persons-value', { schemaType: 'PROTOBUF', schema: person, references })
      const schema = s.struct(
        { name: s.struct({ last: s.string() }, { name: 'people.Name' }), age: s.int32() },
        { name: 'people.Person' },
      )
      const newest = converter({
        'auto.register.schemas': 'false',
        'use.latest.version': 'true',
        'latest.compatibility.strict': 'false',
      })
      const bytes = await encoded('persons', schema, { name: { last: 'A' }, age: -1 }, newest)
      expect([...bytes.subarray(5)]).toEqual([0, 10, 3, 10, 1, 65, 32, 1])
      const back = await decoded('persons', bytes)
      expect(back.value).toEqual({ age: -1, name: { last: 'A' } })
      expect(back.schema!.version).toBe(1)
    })

    test('a primitive is written as a wrapper', async () => {
      const bytes = await encoded('words', s.string(), 'hi')
      expect((await decoded('words', bytes)).value).toBe('hi')
    })

    test('a schema that the subject cannot take fails only the records that have it', async () => {
      await encoded('strict', s.struct({ a: s.int32() }, { name: 'M' }), { a: 1 })
      await expect(encoded('strict', s.struct({ a: s.string() }, { name: 'M' }), { a: 'x' })).rejects.toThrow(
        expect.objectContaining({ name: 'DataError' }),
      )
    })
  },
)
