import { expect, test } from 'vitest'
import { formatOf, payloadOf, registered } from './protobuf-samples.ts'

// What protoc makes of the texts beside them, in the form that Confluent's clients register.
const orderText = `syntax = "proto3";
package shop;
import "confluent/meta.proto";
import "google/protobuf/timestamp.proto";
message Order {
  int32 tiny = 1 [(confluent.field_meta) = { params: [{ key: "connect.type", value: "int8" }, { key: "x", value: "y" }] }];
  optional string note = 2;
  repeated sint64 far = 3 [packed = false];
  map<string, Line> lines = 4;
  oneof pick { Mood mood = 5; google.protobuf.Timestamp at = 6; }
  message Line { fixed32 n = 1; }
  enum Mood { option allow_alias = true; NONE = 0; NIL = 0; GOOD = 5; }
}
message Other { bool b = 1; }`
const order =
  'CgdhLnByb3RvEgRzaG9wGhRjb25mbHVlbnQvbWV0YS5wcm90bxofZ29vZ2xlL3Byb3RvYnVmL3RpbWVzdGFtcC5wcm90byKNAwoFT3JkZXISNQoEdGlueRgBIAEoBUIhgkQeEhQKDGNvbm5lY3QudHlwZRIEaW50OBIGCgF4EgF5UgR0aW55EhcKBG5vdGUYAiABKAlIAVIEbm90ZYgBARIUCgNmYXIYAyADKBJCAhAAUgNmYXISLAoFbGluZXMYBCADKAsyFi5zaG9wLk9yZGVyLkxpbmVzRW50cnlSBWxpbmVzEiYKBG1vb2QYBSABKA4yEC5zaG9wLk9yZGVyLk1vb2RIAFIEbW9vZBIsCgJhdBgGIAEoCzIaLmdvb2dsZS5wcm90b2J1Zi5UaW1lc3RhbXBIAFICYXQaSgoKTGluZXNFbnRyeRIQCgNrZXkYASABKAlSA2tleRImCgV2YWx1ZRgCIAEoCzIQLnNob3AuT3JkZXIuTGluZVIFdmFsdWU6AjgBGhQKBExpbmUSDAoBbhgBIAEoB1IBbiInCgRNb29kEggKBE5PTkUQABIHCgNOSUwQABIICgRHT09EEAUaAhABQgYKBHBpY2tCBwoFX25vdGUiFQoFT3RoZXISDAoBYhgBIAEoCFIBYmIGcHJvdG8z'

const oldText = `syntax = "proto2";
message Old {
  required int32 id = 1;
  optional string name = 2 [default = "a \\"b\\""];
  optional E e = 3 [default = B];
  repeated int32 list = 4 [packed = true];
  extensions 100 to 200;
  enum E { A = 0; B = 1; }
}
extend Old { optional int32 more = 100; }`
const old =
  'CgdiLnByb3RvInsKA09sZBIOCgJpZBgBIAIoBVICaWQSGQoEbmFtZRgCIAEoCToFYSAiYiJSBG5hbWUSFwoBZRgDIAEoDjIGLk9sZC5FOgFCUgFlEhYKBGxpc3QYBCADKAVCAhABUgRsaXN0IhEKAUUSBQoBQRAAEgUKAUIQASoFCGQQyQE6GAoEbW9yZRIELk9sZBhkIAEoBVIEbW9yZQ=='

const read = (text: string, bytes: number[], indexes = [0], settings = {}) =>
  formatOf({ optionalNullables: true, ...settings })
    .reader(registered(text), 1, indexes)
    .decode(Uint8Array.from(bytes))

test.each([
  [
    'proto3',
    orderText,
    order,
    [8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 24, 1, 34, 10, 10, 1, 97, 18, 5, 13, 1, 0, 0, 0, 50, 2, 8, 1],
  ],
  ['proto2', oldText, old, [8, 5, 34, 2, 1, 2]],
])('a compiled schema means what its text means (%s)', (_, text, compiled, bytes) => {
  const expected = read(text, bytes)
  const seen = read(compiled, bytes)
  expect(seen.value).toEqual(expected.value)
  expect(seen.schema).toBe(expected.schema)
  const written = [text, compiled].map(one =>
    payloadOf(formatOf().writerAs(registered(one), expected.schema), expected.value),
  )
  expect(written[1]).toEqual(written[0])
})

test('defaults of proto2 are kept', () => {
  expect(read(old, [8, 1], [0], { optionalProto2: false }).value).toEqual({ id: 1, name: 'a "b"', e: 'B', list: [] })
})

test('the entry of a map counts among the messages, as it does for who registers this form', () => {
  expect(read(order, [], [0, 1]).schema!.name).toBe('Line')
  expect(read(order, [], [1]).schema!.name).toBe('Other')
})

test('what is neither text nor compiled is a DataError', () => {
  expect(() => read('notAProtobufSchema==', [])).toThrow(expect.objectContaining({ name: 'DataError' }))
})
