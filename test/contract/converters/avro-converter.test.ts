import { afterAll, describe, expect, it } from 'vitest'
import { DataError, s } from '../../../runtime/api/index.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import avro from '../../../runtime/converters/avro/avro-converter.ts'
import { converterContract } from '../../../runtime/testing/converter-contract.ts'
import { fakeRegistry } from '../../support/fakes/schema-registry.ts'

const registry = await fakeRegistry()
afterAll(() => registry.close())
const test = (title: string, run: () => Promise<void>) => it(title, run)

const order = s.struct(
  { id: s.int64(), note: s.string({ optional: true }), tags: s.array(s.string()) },
  { name: 'shop.Order' },
)
const value = { id: 9007199254740993n, note: null, tags: ['é', ''] }
const known = registry.add('other', { schema: '{"type":"array","items":"long"}' })
const protobuf = registry.add('other', { schema: 'syntax = "proto3";', schemaType: 'PROTOBUF' })
const broken = registry.add('other', { schema: '{"type":"record"}' })

describe('AvroConverter', () => {
  converterContract({
    test,
    converter: avro,
    config: { 'schema.registry.url': registry.url },
    values: [
      { schema: order, value, back: { schema: order.with({ version: 1 }), value } },
      { schema: order, value: null, back: { schema: null, value: null } },
      { schema: s.string(), value: 'text', back: { schema: s.string({ version: 2 }), value: 'text' } },
    ],
    garbage: [
      Buffer.from([]),
      Buffer.from([7, 0, 0, 0, 1]),
      Buffer.from([0, 0, 0, 9, 9, 2]),
      Buffer.from([0, 0, 0, 0, protobuf, 2]),
      Buffer.from([0, 0, 0, 0, broken, 2]),
      Buffer.from([0, 0, 0, 0, known, 4, 2]),
      Buffer.from([0, 0, 0, 0, known, 0, 0]),
    ],
  })

  it('fails the records of a schema that Avro cannot express, and no others', async () => {
    const made = avro.create(parseOrThrow(avro.config, { 'schema.registry.url': registry.url }) as never, 'value')
    const odd = s.struct({ 'a b': s.string() }, { name: 'Odd' })
    await made.prepare!({ topic: 't', schemas: [odd, order] })
    expect(() => made.encode('t', odd, { 'a b': '' })).toThrow(DataError)
    expect(made.encode('t', order, value)![0]).toBe(0)
  })
})
