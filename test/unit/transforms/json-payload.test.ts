import { expect, test } from 'vitest'
import { type Schema, s } from '../../../runtime/api/index.ts'
import { expandJson } from '../../../transforms/json-payload.ts'

const o = { optional: true } as const
const ignore = { nulls: 'ignore', emptyArrays: 'ignore' } as const
const keep = { nulls: 'optional_bytes', emptyArrays: 'optional_string' } as const
const struct = (fields: Readonly<Record<string, Schema>>, name = 'payload') => s.struct(fields, { ...o, name })

test.each<[string, Schema, unknown]>([
  ['{"a": 1, "n": null}', struct({ a: s.int32(o) }), { a: 1 }],
  [
    '{"a": {"b": {"c": 1.5}}}',
    struct({ a: struct({ b: struct({ c: s.float64(o) }, 'payload.a.b') }, 'payload.a') }),
    { a: { b: { c: 1.5 } } },
  ],
  [
    '{"i": 2147483648, "z": 9223372036854775807}',
    struct({ i: s.int64(o), z: s.int64(o) }),
    { i: 2147483648, z: 9223372036854775807n },
  ],
  ['{"f": 1e3, "g": 1.0}', struct({ f: s.float64(o), g: s.float64(o) }), { f: 1000, g: 1 }],
  ['{"a": [null, "x"]}', struct({ a: s.array(s.string(o), o) }), { a: [null, 'x'] }],
  [
    '{"a": [{"x": 1}, {"y": "z"}]}',
    struct({ a: s.array(s.struct({ x: s.int32(o), y: s.string(o) }, { name: 'payload.a' }), o) }),
    {
      a: [
        { x: 1, y: null },
        { x: null, y: 'z' },
      ],
    },
  ],
  [
    '{"a": [{"x": 1}, null, {"y": "z"}]}',
    struct({ a: s.array(struct({ x: s.int32(o), y: s.string(o) }, 'payload.a'), o) }),
    { a: [{ x: 1, y: null }, null, { x: null, y: 'z' }] },
  ],
  ['{"e": []}', struct({}), {}],
])('%s', (text, schema, value) => {
  expect(expandJson('payload', text, ignore)).toEqual({ schema, value })
})

test('nulls and empty arrays can be kept', () => {
  expect(expandJson('payload', '{"n": null, "e": []}', keep)).toEqual({
    schema: struct({ n: s.bytes(o), e: s.array(s.string(o), o) }),
    value: { n: null, e: [] },
  })
})

test.each([
  '"text"',
  '[1]',
  'not json',
  '{"a": [1, "x"]}',
  '{"a": [1, 2.5]}',
  '{"a": [1, 5000000000]}',
  '{"a": [{"x": 1}, {"x": "s"}]}',
  '{"a": [null]}',
  '{"a": 123456789012345678901234567890}',
])('%s does not become a struct', text => {
  expect(() => expandJson('payload', text, ignore)).toThrow()
})
