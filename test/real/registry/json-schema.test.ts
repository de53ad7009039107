import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DataError } from '../../../runtime/api/errors.ts'
import { type Schema, s } from '../../../runtime/api/schema.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import jsonSchema from '../../../runtime/converters/json-schema/json-schema-converter.ts'
import { confluentClient } from './confluent-client.ts'
import { foreignRegistries, type Registry } from './registries.ts'

const python = process.env['MILLRACE_PYTHON']

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

describe.skipIf(python === undefined).each(foreignRegistries)(
  "JSON Schema with others' clients and $name (npm run test:real brings them)",
  ({ name, start }) => {
    let registry: Registry
    let client: ReturnType<typeof confluentClient>
    let kafkajs: SchemaRegistry
    beforeAll(async () => {
      registry = await start()
      client = confluentClient(python!)
      // Strict, it refuses members that JSON Schema does not know, such as connect.index.
      kafkajs = new SchemaRegistry({ host: registry.url }, { [SchemaType.JSON]: { strict: false } })
    }, 120_000)
    afterAll(async () => {
      await client?.close()
      await registry?.close()
    })

    const converter = (props: Record<string, string> = {}) =>
      jsonSchema.create(
        parseOrThrow(jsonSchema.config, { 'schema.registry.url': registry.url, ...props }) as never,
        'value',
      )
    const encoded = async (topic: string, schema: Schema, record: unknown, made = converter()) => {
      await made.prepare!({ topic, schemas: [schema] })
      return Buffer.from(made.encode(topic, schema, record)!)
    }
    const decoded = async (topic: string, bytes: Uint8Array, made = converter()) => {
      await made.prepareDecode!({ topic, payloads: [bytes] })
      return made.decode(topic, bytes)
    }
    const request = (topic: string) => ({ format: 'JSON', url: registry.url, topic }) as const
    const registered = async (subject: string): Promise<string> => {
      const answer = await fetch(`${registry.url}/subjects/${subject}/versions/latest`)
      return ((await answer.json()) as { schema: string }).schema
    }

    test('both clients read what we register and write', async () => {
      const bytes = await encoded('orders', order, value)
      const schema = await registered('orders-value')
      expect(await client.decode({ ...request('orders'), schema, bytes })).toEqual(json)
      expect(await kafkajs.decode(bytes)).toEqual(json)
      const back = await decoded('orders', bytes)
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
      const python = await client.encode({ ...request('others'), schema, value: record })
      expect((await decoded('others', python)).value).toEqual(record)
      const node = await kafkajs.encode(await kafkajs.getLatestSchemaId('others-value'), record)
      expect((await decoded('others', node)).value).toEqual(record)
    })

    test('schemas evolve: old and new bytes are read, each with its own version', async () => {
      const closed = { 'object.additional.properties': 'false' }
      const before = await encoded('evolving', line, { name: 'a', pieces: 1 }, converter(closed))
      const wider = s.struct(
        { name: s.string(), pieces: s.int32(), colour: s.string({ optional: true }) },
        { name: 'Line' },
      )
      const after = await encoded('evolving', wider, { name: 'b', pieces: 2, colour: 'red' }, converter(closed))
      const made = converter()
      const old = await decoded('evolving', before, made)
      expect([old.schema!.version, old.value]).toEqual([1, { name: 'a', pieces: 1 }])
      const fresh = await decoded('evolving', after, made)
      expect([fresh.schema!.version, fresh.value]).toEqual([2, { name: 'b', pieces: 2, colour: 'red' }])
    })

    test('an incompatible change is refused, and fails only its own records', async () => {
      await encoded('strict', line, { name: 'a', pieces: 1 })
      const changed = s.struct({ name: s.string(), pieces: s.string() }, { name: 'Line' })
      const made = converter()
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
        const answer = await fetch(`${registry.url}/subjects/${subject}/versions`, {
          method: 'POST',
          headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
          body: JSON.stringify(body),
        })
        // Karapace knows no references between JSON Schemas.
        if (name === 'Karapace' && subject === 'outer-value') return expect(await answer.text()).toContain('44302')
        expect(answer.status, await answer.clone().text()).toBe(200)
      }
      const record = { inner: { a: 3 }, n: -4 }
      const bytes = await client.encode({ ...request('outer'), schema: outer, references, value: record })
      expect((await decoded('outer', bytes)).value).toEqual(record)
      return undefined
    })
  },
)
