import { afterAll, describe, expect, it } from 'vitest'
import { DataError, s } from '../../../runtime/api/index.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import protobuf from '../../../runtime/converters/protobuf/protobuf-converter.ts'
import { converterContract } from '../../../runtime/testing/converter-contract.ts'
import { fakeRegistry } from '../../support/fakes/schema-registry.ts'

const registry = await fakeRegistry()
afterAll(() => registry.close())
const test = (title: string, run: () => Promise<void>) => it(title, run)

const order = s.struct(
  { id: s.int64(), note: s.string({ optional: true }), tags: s.array(s.string()) },
  { name: 'Order' },
)
const tag = (number: number, optional = false) => ({
  optional,
  parameters: { 'io.confluent.connect.protobuf.Tag': String(number) },
})
const orderBack = s.struct(
  {
    id: s.int64(tag(1)),
    note: s.string(tag(2, true)),
    tags: s.array(s.string({ optional: true }), tag(3, true)),
  },
  { name: 'Order', version: 1 },
)
const value = { id: 9007199254740993n, note: null, tags: ['é', ''] }

// A schema that the registry knows, before bytes that are no message.
const known = registry.add('other', { schema: 'syntax = "proto3"; message M { int32 a = 1; }', schemaType: 'PROTOBUF' })
const avro = registry.add('other', { schema: '"int"' })

describe('ProtobufConverter', () => {
  converterContract({
    test,
    converter: protobuf,
    config: { 'schema.registry.url': registry.url, 'optional.for.nullables': 'true' },
    values: [
      { schema: order, value, back: { schema: orderBack, value } },
      { schema: order, value: null, back: { schema: null, value: null } },
      { schema: s.string(), value: 'text', back: { schema: s.string({ version: 2 }), value: 'text' } },
    ],
    garbage: [
      Buffer.from([]),
      Buffer.from([7, 0, 0, 0, 1]),
      Buffer.from([0, 0, 0, 9, 9, 0, 8, 1]),
      Buffer.from([0, 0, 0, 0, avro, 0, 8, 1]),
      Buffer.from([0, 0, 0, 0, known]),
      Buffer.from([0, 0, 0, 0, known, 0, 8]),
      Buffer.from([0, 0, 0, 0, known, 2, 2, 8, 1]),
    ],
  })

  const converter = (props: Record<string, string> = {}) =>
    protobuf.create(parseOrThrow(protobuf.config, { 'schema.registry.url': registry.url, ...props }) as never, 'value')

  it('writes the place of the message and its schema where Confluent writes them', async () => {
    const made = converter()
    await made.prepare!({ topic: 'frames', schemas: [order, s.string(), null] })
    const [ofOrder, ofText] = ['frames-value', 'frames-value'].map((_, index) =>
      Buffer.from(
        made.encode('frames', index === 0 ? order : s.string(), index === 0 ? { ...value, note: 'x' } : 'x')!,
      ),
    )
    expect([ofOrder![0], ofOrder![5]]).toEqual([0, 0])
    // The eighth message of wrappers.proto: one index, 7.
    expect([...ofText!.subarray(5)]).toEqual([2, 14, 10, 1, 120])
    expect(() => made.encode('frames', null, { a: 1 })).toThrow(DataError)
  })

  it('writes as the newest schema of the subject says', async () => {
    const text = 'syntax = "proto3"; message Order { repeated string tags = 7; fixed64 id = 1; string note = 2; }'
    registry.add('latest-value', { schema: text, schemaType: 'PROTOBUF' })
    const made = converter({
      'auto.register.schemas': 'false',
      'use.latest.version': 'true',
      'latest.compatibility.strict': 'false',
    })
    await made.prepare!({ topic: 'latest', schemas: [order] })
    const bytes = made.encode('latest', order, { id: 1, note: null, tags: ['a'] })!
    expect([...bytes.subarray(5)]).toEqual([0, 9, 1, 0, 0, 0, 0, 0, 0, 0, 58, 1, 97])
    const strict = converter({ 'auto.register.schemas': 'false', 'use.latest.version': 'true' })
    await strict.prepare!({ topic: 'latest', schemas: [order] })
    expect(() => strict.encode('latest', order, value)).toThrow(/Order\.id was int64 and has become fixed64/)
  })
})
