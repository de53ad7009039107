import { expect, test } from 'vitest'
import { dateSchema, decimalSchema, timeSchema, timestampSchema } from '../../../../runtime/api/logical.ts'
import { type Schema, s } from '../../../../runtime/api/schema.ts'
import { protobufFormat } from '../../../../runtime/converters/protobuf/protobuf-format.ts'
import { type ProtobufSettings, protobufDefaults } from '../../../../runtime/converters/protobuf/settings.ts'

const textOf = (schema: Schema, settings: Partial<ProtobufSettings> = {}): string =>
  protobufFormat({ ...protobufDefaults, ...settings }).writer(schema).schema.text

const everything = s.struct(
  {
    int8: s.int8({ default: 2 }),
    int16: s.int16(),
    int32: s.int32(),
    int64: s.int64(),
    float32: s.float32(),
    float64: s.float64(),
    boolean: s.boolean(),
    string: s.string(),
    bytes: s.bytes(),
    array: s.array(s.string()),
    map: s.map(s.string(), s.int32()),
    mapNonStringKeys: s.map(s.int32(), s.int32()),
    amount: decimalSchema(2, { parameters: { 'connect.decimal.precision': '9' } }),
    day: dateSchema(),
    time: timeSchema(),
    at: timestampSchema(),
    until: timestampSchema({ optional: true }),
    address: s.struct({ zip: s.string({ optional: true }) }, { name: 'org.acme.Address' }),
    status: s.string({
      name: 'Status',
      optional: true,
      parameters: {
        'io.confluent.connect.protobuf.Enum': 'Status',
        'io.confluent.connect.protobuf.Enum.ACTIVE': '0',
        'io.confluent.connect.protobuf.Enum.INACTIVE': '1',
      },
    }),
  },
  { name: 'org.acme.Everything' },
)

test('a schema is printed as Confluent prints it', () => {
  expect(textOf(everything)).toBe(`syntax = "proto3";
package org.acme;

import "confluent/type/decimal.proto";
import "google/type/date.proto";
import "google/type/timeofday.proto";
import "google/protobuf/timestamp.proto";

message Everything {
  int32 int8 = 1 [(confluent.field_meta) = {
    params: [
      {
        key: "connect.type",
        value: "int8"
      }
    ]
  }];
  int32 int16 = 2 [(confluent.field_meta) = {
    params: [
      {
        key: "connect.type",
        value: "int16"
      }
    ]
  }];
  int32 int32 = 3;
  int64 int64 = 4;
  float float32 = 5;
  double float64 = 6;
  bool boolean = 7;
  string string = 8;
  bytes bytes = 9;
  repeated string array = 10;
  repeated ConnectDefault1Entry map = 11;
  repeated ConnectDefault2Entry mapNonStringKeys = 12;
  confluent.type.Decimal amount = 13 [(confluent.field_meta) = {
    params: [
      {
        value: "9",
        key: "precision"
      },
      {
        value: "2",
        key: "scale"
      }
    ]
  }];
  google.type.Date day = 14;
  google.type.TimeOfDay time = 15;
  google.protobuf.Timestamp at = 16;
  google.protobuf.Timestamp until = 17;
  Address address = 18;
  Status status = 19;

  message ConnectDefault1Entry {
    string key = 1;
    int32 value = 2;
  }
  message ConnectDefault2Entry {
    int32 key = 1;
    int32 value = 2;
  }
  message Address {
    string zip = 1;
  }
  enum Status {
    ACTIVE = 0;
    INACTIVE = 1;
  }
}
`)
})

test('an unnamed root is the first unnamed message', () => {
  const map = s.map(s.string(), s.string())
  expect(textOf(s.struct({ a: map, b: s.struct({}) }))).toBe(`syntax = "proto3";

message ConnectDefault1 {
  repeated ConnectDefault2Entry a = 1;
  ConnectDefault3 b = 2;

  message ConnectDefault2Entry {
    string key = 1;
    string value = 2;
  }
  message ConnectDefault3 {}
}
`)
})

test('nullable fields may be optional or wrappers', () => {
  const schema = s.struct({ id: s.int64(), name: s.string({ optional: true }) }, { name: 'Row' })
  expect(textOf(schema, { optionalNullables: true })).toContain('  optional string name = 2;\n')
  expect(textOf(schema, { wrapperNullables: true })).toBe(`syntax = "proto3";

import "google/protobuf/wrappers.proto";

message Row {
  int64 id = 1;
  google.protobuf.StringValue name = 2;
}
`)
})

test('a union becomes a oneof, and tags keep their numbers while new fields take free ones', () => {
  const tag = (number: number) => ({
    optional: true,
    parameters: { 'io.confluent.connect.protobuf.Tag': String(number) },
  })
  const union = s.struct(
    { text: s.string(tag(3)), number: s.int32(tag(4)) },
    { name: 'io.confluent.connect.protobuf.Union.choice', optional: true },
  )
  expect(textOf(s.struct({ choice_0: union, id: s.int32(tag(1)), added: s.int32() }, { name: 'M' }))).toBe(
    `syntax = "proto3";

message M {
  int32 id = 1;
  int32 added = 2;

  oneof choice {
    string text = 3;
    int32 number = 4;
  }
}
`,
  )
})

test('what has no valid name says how to get one', () => {
  const schema = s.struct({ 'invalid field-name': s.string() }, { name: 'org.acme-corp.invalid record-name' })
  expect(() => textOf(schema)).toThrow(/"acme-corp" cannot be a name .* scrub.invalid.names=true/)
  expect(textOf(schema, { scrubNames: true })).toBe(`syntax = "proto3";
package org.acme_corp;

message invalid_record_name {
  string invalid_field_name = 1;
}
`)
  expect(textOf(s.struct({ _1: s.string() }), { scrubNames: true })).toContain('string x_1 = 1;')
})

test('a type that is named like its field gets another name', () => {
  const nested = s.struct({ string: s.string() }, { name: 'nested' })
  expect(textOf(s.struct({ nested }))).toContain('nestedMessage nested = 1;')
})

test.each([
  [
    'two structs of one name',
    s.struct({ a: s.struct({ x: s.int32() }, { name: 'X' }), b: s.struct({}, { name: 'X' }) }),
  ],
  ['an array of arrays', s.struct({ a: s.array(s.array(s.int32())) })],
  ['an array as root', s.array(s.int32())],
  [
    'an enum without zero',
    s.struct({
      e: s.string({
        parameters: { 'io.confluent.connect.protobuf.Enum': 'E', 'io.confluent.connect.protobuf.Enum.A': '1' },
      }),
    }),
  ],
])('%s is an error', (_, schema) => {
  expect(() => textOf(schema)).toThrow(expect.objectContaining({ name: 'DataError' }))
})

test('a primitive root is a wrapper, which is found by its index', () => {
  const writer = protobufFormat(protobufDefaults).writer(s.string())
  expect(writer.messageIndexes).toEqual([7])
  expect(writer.recordName).toBe('google.protobuf.StringValue')
  expect(writer.schema.text).toContain('option go_package = "google.golang.org/protobuf/types/known/wrapperspb";\n')
  expect(writer.schema.text).toContain('message UInt64Value {\n  uint64 value = 1;\n}\n')
})
