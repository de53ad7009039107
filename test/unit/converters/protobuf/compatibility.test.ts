import { expect, test } from 'vitest'
import { formatOf, proto3 } from './protobuf-samples.ts'

const check = (newer: string, older: string): string | undefined =>
  formatOf().incompatibility(proto3(newer), proto3(older))

test.each([
  ['the same', 'message M { int32 a = 1; }', 'message M { int32 a = 1; }'],
  ['a field more', 'message M { int32 a = 1; string b = 2; }', 'message M { int32 a = 1; }'],
  ['a field less', 'message M {}', 'message M { int32 a = 1; }'],
  ['another name', 'message M { int32 b = 1; }', 'message M { int32 a = 1; }'],
  ['a wider number', 'message M { int64 a = 1; }', 'message M { int32 a = 1; }'],
  ['an enum for a number', 'message M { E a = 1; } enum E { A = 0; }', 'message M { int32 a = 1; }'],
  ['text for bytes, repeated', 'message M { repeated string a = 1; }', 'message M { bytes a = 1; }'],
  ['a message more', 'message M {} message N {}', 'message M {}'],
  ['one field into a new oneof', 'message M { oneof o { int32 a = 1; } }', 'message M { int32 a = 1; }'],
  [
    'a map for its entries',
    'message M { map<string, int32> a = 1; }',
    'message M { repeated aEntry a = 1; message aEntry { string key = 1; int32 value = 2; } }',
  ],
  ['itself inside', 'message M { M a = 1; }', 'message M { M a = 1; }'],
])('%s is compatible', (_, newer, older) => {
  expect(check(newer, older)).toBeUndefined()
})

test.each([
  ['another package', 'package a; message M {}', 'package b; message M {}', 'the package b has become a'],
  ['a message less', 'message N {}', 'message M {}', 'the message M is gone'],
  ['a nested message less', 'message M {}', 'message M { message N {} }', 'the message M.N is gone'],
  [
    'text for a number',
    'message M { string a = 1; }',
    'message M { int32 a = 1; }',
    'M.a was int32 and has become string',
  ],
  ['zigzag', 'message M { sint32 a = 1; }', 'message M { int32 a = 1; }', 'was int32 and has become sint32'],
  [
    'a repeated number',
    'message M { repeated int32 a = 1; }',
    'message M { int32 a = 1; }',
    'has become repeated int32',
  ],
  [
    'another message',
    'message M { B a = 1; } message A {} message B {}',
    'message M { A a = 1; } message A {} message B {}',
    'was A and has become B',
  ],
  [
    'deep inside',
    'message M { A a = 1; } message A { string x = 1; }',
    'message M { A a = 1; } message A { bool x = 1; }',
    'A.x was bool',
  ],
  [
    "a map's value",
    'message M { map<string, string> a = 1; }',
    'message M { map<string, int32> a = 1; }',
    'M.a.value was int32',
  ],
  [
    'a member less',
    'message M { oneof o { int32 a = 1; } }',
    'message M { oneof o { int32 a = 1; int32 b = 2; } }',
    'M.b of the oneof o is gone',
  ],
  [
    'two fields into a oneof',
    'message M { oneof o { int32 a = 1; int32 b = 2; } }',
    'message M { int32 a = 1; int32 b = 2; }',
    'has moved into the oneof o',
  ],
])('%s is not compatible', (_, newer, older, message) => {
  expect(check(newer, older)).toContain(message)
})
