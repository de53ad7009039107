import { describe, expect, test } from 'vitest'
import { decimalSchema, timestampSchema } from '../../../../runtime/api/logical.ts'
import { type Schema, s } from '../../../../runtime/api/schema.ts'
import type { ProtobufSettings } from '../../../../runtime/converters/protobuf/settings.ts'
import { formatOf, payloadOf, proto3, registered } from './protobuf-samples.ts'

const schemaOf = (body: string, settings: Partial<ProtobufSettings> = {}): Schema =>
  formatOf(settings).reader(proto3(body), undefined).decode(new Uint8Array()).schema!

const tag = (number: number, more: Record<string, string> = {}) => ({
  optional: true,
  parameters: { ...more, 'io.confluent.connect.protobuf.Tag': String(number) },
})
const typed = (number: number, type: string) => tag(number, { 'io.confluent.connect.protobuf.Type': type })

test('every scalar has its Connect type, and keeps its own where several share one', () => {
  const scalars =
    'double float int32 int64 uint32 uint64 sint32 sint64 fixed32 fixed64 sfixed32 sfixed64 bool string bytes'
  const body = scalars.split(' ').map((type, index) => `${type} ${type}_field = ${index + 1};`)
  expect(schemaOf(`package a.b; message M { ${body.join(' ')} }`)).toBe(
    s.struct(
      {
        double_field: s.float64(tag(1)),
        float_field: s.float32(tag(2)),
        int32_field: s.int32(tag(3)),
        int64_field: s.int64(tag(4)),
        uint32_field: s.int64(typed(5, 'uint32')),
        uint64_field: s.int64(typed(6, 'uint64')),
        sint32_field: s.int32(typed(7, 'sint32')),
        sint64_field: s.int64(typed(8, 'sint64')),
        fixed32_field: s.int64(typed(9, 'fixed32')),
        fixed64_field: s.int64(typed(10, 'fixed64')),
        sfixed32_field: s.int32(typed(11, 'sfixed32')),
        sfixed64_field: s.int64(typed(12, 'sfixed64')),
        bool_field: s.boolean(tag(13)),
        string_field: s.string(tag(14)),
        bytes_field: s.bytes(tag(15)),
      },
      { name: 'M' },
    ),
  )
})

test('lists, maps, messages and enums', () => {
  const body = `message M {
  repeated int32 list = 1;
  map<string, int64> my_labels = 2;
  N nested = 3;
  E mood = 4;
  message N { string a = 1; }
  enum E { NONE = 0; GOOD = 5; }
}`
  const mood = {
    'io.confluent.connect.protobuf.Enum': 'E',
    'io.confluent.connect.protobuf.Enum.NONE': '0',
    'io.confluent.connect.protobuf.Enum.GOOD': '5',
  }
  const nested = s.struct({ a: s.string(tag(1)) }, { name: 'N', ...tag(3) })
  const fields = {
    list: s.array(s.int32({ optional: true }), tag(1)),
    my_labels: s.map(s.string(tag(1)), s.int64(tag(2)), { name: 'my_labels', ...tag(2) }),
    nested,
    mood: s.string({ name: 'E', ...tag(4, mood) }),
  }
  expect(schemaOf(body)).toBe(s.struct(fields, { name: 'M' }))
  expect(schemaOf(body, { intEnums: true })).toBe(
    s.struct({ ...fields, mood: s.int32({ name: 'E', ...tag(4, mood) }) }, { name: 'M' }),
  )
  expect(schemaOf(`package a.b; ${body}`, { fullNames: true })).toBe(
    s.struct(
      {
        ...fields,
        my_labels: fields.my_labels.with({ name: 'a.b.M.my_labels' }),
        nested: nested.with({ name: 'a.b.M.N' }),
        mood: fields.mood.with({ name: 'a.b.M.E' }),
      },
      { name: 'a.b.M' },
    ),
  )
  expect(schemaOf(body, { sumTypes: true }).field('mood')!.schema.parameters).toEqual({
    'org.apache.kafka.connect.data.Enum': 'E',
    'org.apache.kafka.connect.data.Enum.NONE': '0',
    'org.apache.kafka.connect.data.Enum.GOOD': '5',
    'io.confluent.connect.protobuf.Tag': '4',
  })
})

test('oneofs come first, as structs that are counted, or as plain fields', () => {
  const body =
    'message M { int32 id = 1; optional int32 x = 9; oneof a { string s = 2; } oneof b { int32 n = 3; bool f = 4; } }'
  const union = (name: string) => ({ name: `io.confluent.connect.protobuf.Union.${name}`, optional: true })
  const a = s.struct({ s: s.string(tag(2)) }, union('a'))
  const b = s.struct({ n: s.int32(tag(3)), f: s.boolean(tag(4)) }, union('b'))
  const rest = { id: s.int32(tag(1)), x: s.int32(tag(9)) }
  expect(schemaOf(body)).toBe(s.struct({ a_0: a, b_1: b, ...rest }, { name: 'M' }))
  expect(schemaOf(body, { unionIndex: false })).toBe(s.struct({ a, b, ...rest }, { name: 'M' }))
  expect(schemaOf(body, { flattenUnions: true })).toBe(
    s.struct({ s: s.string(tag(2)), n: s.int32(tag(3)), f: s.boolean(tag(4)), ...rest }, { name: 'M' }),
  )
  expect(schemaOf(body, { sumTypes: true }).field('a_0')!.schema).toBe(
    a.with({ name: 'a', parameters: { 'org.apache.kafka.connect.data.Union': 'a' } }),
  )
})

test('types that stand for Connect types, with the parameters that Connect needs', () => {
  const body = `import "confluent/meta.proto"; import "confluent/type/decimal.proto"; import "google/protobuf/timestamp.proto";
message M {
  confluent.type.Decimal d = 1 [(confluent.field_meta) = { params: [ { value: "9", key: "precision" }, { value: "2", key: "scale" } ] }];
  confluent.type.Decimal plain = 2;
  google.protobuf.Timestamp at = 3;
  int32 tiny = 4 [(confluent.field_meta) = { params: { key: "connect.type", value: "int8" } }];
}`
  expect(schemaOf(body)).toBe(
    s.struct(
      {
        d: decimalSchema(2).with({ ...tag(1, { scale: '2', 'connect.decimal.precision': '9' }) }),
        plain: decimalSchema(0).with({ ...tag(2, { scale: '0' }) }),
        at: timestampSchema(tag(3)),
        tiny: s.int8(tag(4)),
      },
      { name: 'M' },
    ),
  )
})

describe('nullable fields', () => {
  const body = `import "google/protobuf/wrappers.proto";
message M { int32 a = 1; optional int32 b = 2; google.protobuf.UInt64Value c = 3; oneof o { google.protobuf.StringValue d = 4; } }`
  const optional = (settings: Partial<ProtobufSettings>) =>
    schemaOf(body, settings).fields.map(({ name, schema }) => `${name} ${schema.type} ${schema.optional}`)

  test('all are, by default', () => {
    expect(optional({})).toEqual(['o_0 STRUCT true', 'a INT32 true', 'b INT32 true', 'c STRUCT true'])
  })

  test('only those that say so under optional.for.nullables', () => {
    expect(optional({ optionalNullables: true })).toEqual([
      'o_0 STRUCT true',
      'a INT32 false',
      'b INT32 true',
      'c STRUCT true',
    ])
  })

  test('only wrappers under wrapper.for.nullables', () => {
    expect(optional({ wrapperNullables: true })).toEqual([
      'o_0 STRUCT true',
      'a INT32 false',
      'b INT32 false',
      'c INT64 true',
    ])
    expect(schemaOf(body, { wrapperNullables: true }).field('o_0')!.schema.field('d')!.schema).toBe(
      s.string(tag(4, { 'io.confluent.connect.protobuf.Wrapper': 'true' })),
    )
  })
})

test('a wrapper as root is a primitive, unless it may not be', () => {
  const body = 'message StringValue { string value = 1; }'
  const text = registered(`syntax = "proto3"; package google.protobuf; ${body}`)
  expect(
    formatOf()
      .reader(text, 3)
      .decode(Uint8Array.of(10, 1, 97)),
  ).toEqual({ schema: s.string({ version: 3 }), value: 'a' })
  const { schema, value } = formatOf({ wrapperPrimitives: false })
    .reader(text, 3)
    .decode(Uint8Array.of(10, 1, 97))
  expect(schema).toBe(s.struct({ value: s.string(tag(1)) }, { name: 'StringValue', version: 3 }))
  expect(value).toEqual({ value: 'a' })
})

describe('proto2', () => {
  const body = registered(`message M {
  required int32 id = 1;
  optional string name = 2 [default = "x"];
  optional E e = 3 [default = B];
  repeated int32 list = 4;
  enum E { A = 0; B = 1; }
}`)
  const read = (bytes: number[], settings: Partial<ProtobufSettings> = {}) =>
    formatOf(settings).reader(body, undefined).decode(Uint8Array.from(bytes)).value

  test('an unset optional field is null, or its default when optional.for.proto2 is off', () => {
    expect(read([8, 1])).toEqual({ id: 1, name: null, e: null, list: [] })
    expect(read([8, 1], { optionalProto2: false })).toEqual({ id: 1, name: 'x', e: 'B', list: [] })
  })

  test('a required field must be there, when reading and when writing', () => {
    expect(() => read([])).toThrow('lacks the required field M.id')
    const record = s.struct({ name: s.string() }, { name: 'M' })
    expect(() => formatOf().writerAs(body, record)).toThrow('requires the field id')
  })

  test('an undeclared number of an enum is unknown', () => {
    expect(read([8, 1, 24, 7])).toEqual({ id: 1, name: null, e: null, list: [] })
  })

  test('repeated numbers are not packed', () => {
    const record = s.struct({ id: s.int32(), list: s.array(s.int32()) }, { name: 'M' })
    expect([...payloadOf(formatOf().writerAs(body, record), { id: 1, list: [2, 3] })]).toEqual([8, 1, 32, 2, 32, 3])
  })
})

describe('references', () => {
  const order = registered(
    'syntax = "proto3"; package shop; import "customer.proto"; message Order { Customer by = 1; }',
    {
      'customer.proto':
        'syntax = "proto3"; package shop; import "name.proto"; message Customer { people.Name name = 1; }',
      'name.proto': 'syntax = "proto3"; package people; message Name { string last = 1; }',
    },
  )

  test('types are found in what is imported, directly or not', () => {
    const { schema, value } = formatOf()
      .reader(order, undefined)
      .decode(Uint8Array.from([10, 5, 10, 3, 10, 1, 65]))
    expect(schema!.field('by')!.schema.field('name')!.schema.name).toBe('Name')
    expect(value).toEqual({ by: { name: { last: 'A' } } })
  })

  test('an import that is missing matters only when its types are used', () => {
    const text =
      'import "buf/validate/validate.proto"; message M { string a = 1 [(buf.validate.field).string.min_len = 1]; }'
    expect(schemaOf(text).fields).toHaveLength(1)
    expect(() => schemaOf('import "other.proto"; message M { Other a = 1; }')).toThrow(
      /Cannot resolve the Protobuf schema: no such Type or Enum .Other. in Type \.M; not found among its references: other\.proto/,
    )
  })
})

describe('messages are found by their indexes', () => {
  const text = proto3(
    'message A { message B { message C { int32 c = 1; } } map<string, int32> m = 1; message D { int32 d = 1; } } message E { int32 e = 1; }',
  )
  const nameAt = (...indexes: number[]) =>
    formatOf().reader(text, undefined, indexes).decode(new Uint8Array()).schema!.name

  test('which leave out the entries of maps', () => {
    expect([nameAt(), nameAt(0), nameAt(0, 0, 0), nameAt(0, 1), nameAt(1)]).toEqual(['A', 'A', 'C', 'D', 'E'])
    expect(() => nameAt(2)).toThrow('no message at the indexes 2')
  })

  test('a writer takes the message that is named like the record', () => {
    const writer = formatOf().writerAs(text, s.struct({ e: s.int32() }, { name: 'E' }))
    expect(writer.messageIndexes).toEqual([1])
    expect([...payloadOf(writer, { e: 5 })]).toEqual([8, 5])
  })
})

test('a registered schema must have the fields that the record holds, with types that fit', () => {
  const text = proto3('message M { int32 a = 1; }')
  const writer = formatOf().writerAs(text, s.struct({ a: s.int8(), b: s.string({ optional: true }) }, { name: 'M' }))
  expect([...payloadOf(writer, { a: 1, b: null })]).toEqual([8, 1])
  expect(() => payloadOf(writer, { a: 1, b: 'x' })).toThrow('The Protobuf message M has no field b')
  expect(() => formatOf().writerAs(text, s.struct({ a: s.string() }))).toThrow(
    'The field M.a is STRING in the record, but int32 in the Protobuf schema',
  )
})

test.each([
  ['a message that contains itself', 'message M { M m = 1; }', /M contains itself/],
  ['a file without messages', 'enum E { A = 0; }', /no message at the indexes 0/],
  ['a name that would get lost', 'message M { int32 __proto__ = 1; }', /uses the name __proto__/],
  ['a text that is none', 'mess', /Cannot parse the Protobuf schema/],
])('%s is a DataError', (_, body, message) => {
  expect(() => schemaOf(body)).toThrow(
    expect.objectContaining({ name: 'DataError', message: expect.stringMatching(message) }),
  )
})
