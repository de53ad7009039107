import { expect, test } from 'vitest'
import { DataError } from '../../../runtime/api/errors.ts'
import { compactJson, sortedJson } from '../../../runtime/schema-registry/exact-json.ts'
import { formatOf, isSchemaType } from '../../../runtime/schema-registry/formats.ts'

const schema = (type: 'AVRO' | 'JSON' | 'PROTOBUF', text: string) => ({
  type,
  text,
  references: [],
  resolved: new Map(),
})

test('blanks between tokens go, those in texts stay, numbers keep their digits', () => {
  expect(compactJson(' { "a b" :\n [ 1.0 , "x \\" y" ] } ')).toBe('{"a b":[1.0,"x \\" y"]}')
  expect(sortedJson('{"b":9007199254740993,"a":{"d":1.0,"c":[{"f":1,"e":2}]}}')).toBe(
    '{"a":{"c":[{"e":2,"f":1}],"d":1.0},"b":9007199254740993}',
  )
})

test.each([
  ['AVRO', '{ "type" : "int" }', '"int"'],
  ['JSON', '{ "type" : "object" }', '{"type":"object"}'],
  ['PROTOBUF', 'syntax = "proto3"; message M {}', 'syntax = "proto3"; message M {}'],
] as const)('the text of %s that is stored', (type, text, stored) => {
  expect(formatOf(type).canonical(schema(type, text))).toBe(stored)
})

test.each([
  ['AVRO', '{"type":"nothing"}'],
  ['AVRO', '{'],
  ['JSON', '{'],
  ['PROTOBUF', 'message {'],
] as const)('%s %s is refused', (type, text) => {
  expect(() => formatOf(type).canonical(schema(type, text))).toThrow(DataError)
})

test.each([
  ['AVRO', '"long"', '"int"', '"string"'],
  ['JSON', '{"type":"number"}', '{"type":"integer"}', '{"type":"string"}'],
  [
    'PROTOBUF',
    'syntax = "proto3"; message M { int64 a = 1; string b = 2; }',
    'syntax = "proto3"; message M { int64 a = 1; }',
    'syntax = "proto3"; message M { string a = 1; }',
  ],
] as const)('what %s reads', (type, reader, good, bad) => {
  const { problems } = formatOf(type)
  expect(problems(schema(type, reader), schema(type, good))).toEqual([])
  expect(problems(schema(type, reader), schema(type, bad))).not.toEqual([])
})

test('there are three formats', () => {
  expect(['AVRO', 'JSON', 'PROTOBUF', 'XML', 'toString'].filter(isSchemaType)).toEqual(['AVRO', 'JSON', 'PROTOBUF'])
})
