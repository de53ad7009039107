import { expect, test } from 'vitest'
import { compiledFile } from '../../../../runtime/converters/protobuf/compile-file.ts'
import { decodeFile } from '../../../../runtime/converters/protobuf/descriptor.ts'
import { parseProto } from '../../../../runtime/converters/protobuf/parse.ts'

const none = new Map<string, string>()
const fileOf = (text: string, resolved: ReadonlyMap<string, string> = none) =>
  decodeFile(Buffer.from(compiledFile(text, resolved), 'base64'))

test.each([
  'syntax = "proto3"; package a.b; message M { int64 id = 1; optional string note = 2; repeated int32 n = 3; repeated int32 u = 4 [packed = false]; }',
  'syntax = "proto3"; enum E { A = 0; B = 1; } message M { E e = 1; message N { E f = 1; } N n = 2; optional bool z = 5; oneof c { string x = 3; N y = 4; } }',
  'syntax = "proto3"; enum E { option allow_alias = true; A = 0; B = 0; } message M { E e = 1; }',
  '// old\nsyntax = "proto2"; message M { required int32 a = 1; optional string b = 2 [default = "x\\"y"]; repeated int32 c = 3 [packed = true]; }',
  'syntax = "proto3"; import "google/protobuf/timestamp.proto"; message M { google.protobuf.Timestamp at = 1; }',
  'syntax = "proto3"; message M { int32 a = 1 [(confluent.field_meta) = { params: [{ key: "connect.type", value: "int8" }] }]; }',
  'syntax = "proto3"; message M { message LabelsEntry { string key = 1; int32 value = 2; } repeated LabelsEntry labels = 1; M self = 2; }',
])('says the same as its text: %s', text => {
  expect(parseProto(compiledFile(text, none), none)).toEqual(parseProto(text, none))
})

test('a map has its entry, named as protoc names it', () => {
  const [message] = fileOf('syntax = "proto3"; package p; message M { map<string, int64> my_labels = 1; }').message
  expect(message!.field).toMatchObject([{ name: 'my_labels', label: 3, type: 11, type_name: '.p.M.MyLabelsEntry' }])
  expect(message!.message).toMatchObject([
    {
      name: 'MyLabelsEntry',
      options: { map_entry: true },
      field: [
        { name: 'key', type: 9 },
        { name: 'value', type: 3 },
      ],
    },
  ])
})

test('what others declare is referred to, not declared again', () => {
  const other = new Map([['o.proto', 'syntax = "proto3"; package p; message O {} enum E { A = 0; }']])
  const file = fileOf('syntax = "proto3"; package p; import "o.proto"; message M { O o = 1; E e = 2; }', other)
  expect(file).toMatchObject({ dependency: ['o.proto'], message: [{ name: 'M' }], enum: [] })
  expect(file.message[0]!.field.map(field => field.type_name)).toEqual(['.p.O', '.p.E'])
})

test('a compiled file stays as it is; an edition is refused', () => {
  const compiled = compiledFile('syntax = "proto3"; message M { string a = 1; }', none)
  expect(compiledFile(compiled, none)).toBe(compiled)
  expect(() => compiledFile('edition = "2023"; message M {}', none)).toThrow('edition')
})
