import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Decimal } from '../../../runtime/api/decimal.ts'
import type { Converter } from '../../../runtime/api/define.ts'
import { dateSchema, decimalSchema } from '../../../runtime/api/logical.ts'
import { s } from '../../../runtime/api/schema.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import avro from '../../../runtime/converters/avro/avro-converter.ts'
import jsonSchema from '../../../runtime/converters/json-schema/json-schema-converter.ts'
import protobuf from '../../../runtime/converters/protobuf/protobuf-converter.ts'
import { type RegistryServer, startSchemaRegistry } from '../../../runtime/schema-registry/server.ts'
import { memoryStore } from '../../../runtime/schema-registry/store.ts'

let server: RegistryServer
beforeEach(async () => {
  server = await startSchemaRegistry({ store: memoryStore() })
})
afterEach(() => server.close())

const order = s.struct(
  {
    id: s.int64(),
    note: s.string({ optional: true }),
    price: decimalSchema(2),
    day: dateSchema(),
    tags: s.array(s.string()),
    counts: s.map(s.string(), s.int32()),
    at: s.struct({ zip: s.string() }, { name: 'org.acme.Place' }),
  },
  { name: 'org.acme.Order' },
)
const value = {
  id: 9007199254740993n,
  note: 'ä',
  price: new Decimal(12345n, 2),
  day: new Date(86_400_000),
  tags: ['x', 'y'],
  counts: new Map([['n', 1]]),
  at: { zip: '1' },
}

describe.each([
  { name: 'Avro', definition: avro, own: {} },
  { name: 'JSON Schema', definition: jsonSchema, own: { 'object.additional.properties': 'false' } },
  { name: 'Protobuf', definition: protobuf, own: { 'optional.for.nullables': 'true' } },
])('$name on the embedded registry', ({ definition, own }) => {
  const converter = (props: Readonly<Record<string, string>> = {}): Converter => {
    const given = { 'schema.registry.url': server.url, ...own, ...props }
    return definition.create(parseOrThrow(definition.config, given) as never, 'value')
  }
  const written = async (one: Converter, schema = order, record: object = value): Promise<Uint8Array> => {
    await one.prepare!({ topic: 't', schemas: [schema] })
    return one.encode('t', schema, record)!
  }
  const read = async (bytes: Uint8Array) => {
    const one = converter()
    await one.prepareDecode!({ topic: 't', payloads: [bytes] })
    return one.decode('t', bytes)
  }
  const versions = async () =>
    (await (await fetch(`${server.url}/subjects/t-value/versions`)).json()) as readonly number[]

  test('another converter reads what one wrote, with the version of the subject', async () => {
    const { schema, value: back } = await read(await written(converter()))
    expect(back).toEqual(value)
    expect(schema!.version).toBe(1)
    const again = await written(converter({ 'auto.register.schemas': 'false' }))
    expect((await read(again)).value).toEqual(value)
    expect(await versions()).toEqual([1])
  })

  test('a schema that grows is another version, old records stay readable; one that breaks is refused', async () => {
    const first = await written(converter())
    const fields = order.fields.map(({ name, schema }): [string, typeof schema] => [name, schema])
    const grown = s.struct([...fields, ['more', s.string({ optional: true })]], { name: order.name! })
    const second = await written(converter(), grown, { ...value, more: 'z' })
    expect(await versions()).toEqual([1, 2])
    expect([(await read(first)).value, (await read(second)).value]).toEqual([value, { ...value, more: 'z' }])
    const broken = s.struct([...fields.slice(1), ['id', s.array(s.boolean())]], { name: order.name! })
    await expect(written(converter(), broken, { ...value, id: [true] })).rejects.toThrow(/incompatible.*\(40901\)/)
    const latest = converter({ 'auto.register.schemas': 'false', 'use.latest.version': 'true' })
    expect(Buffer.from(await written(latest)).readUInt32BE(1)).toBe(Buffer.from(second).readUInt32BE(1))
  })
})
