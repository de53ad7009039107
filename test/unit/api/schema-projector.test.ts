import { expect, test } from 'vitest'
import { decimalSchema, projectValue, s } from '../../../runtime/api/index.ts'

const first = s.struct({ id: s.int32(), name: s.string({ optional: true }) }, { name: 'P' })

test('fields come and go, numbers widen', () => {
  const second = s.struct(
    { id: s.int64(), tags: s.array(s.string(), { optional: true }), level: s.int8({ default: 3 }) },
    { name: 'P' },
  )
  expect(projectValue(first, { id: 7, name: 'x' }, second)).toEqual({ id: 7, tags: null, level: 3 })
  expect(projectValue(s.int64(), 9007199254740993n, s.int64())).toBe(9007199254740993n)
  expect(projectValue(s.float32(), 0.5, s.float64())).toBe(0.5)
  expect(projectValue(s.int32(), 16777217, s.float32())).toBe(16777216)
  expect(projectValue(s.map(s.string(), s.int8()), new Map([['a', 1]]), s.map(s.string(), s.int32()))).toEqual(
    new Map([['a', 1]]),
  )
})

test('what cannot be projected is named', () => {
  expect(() => projectValue(s.int64(), 1, s.int32())).toThrow(
    'Schema type mismatch. source type: INT64 and target type: INT32',
  )
  expect(() => projectValue(decimalSchema(2), null, decimalSchema(3))).toThrow('parameters not equal')
  expect(() => projectValue(s.int32({ optional: true }), 1, s.int32())).toThrow('Writer schema is optional')
  expect(() => projectValue(first, { id: 1 }, s.struct({ z: s.int8() }, { name: 'P' }))).toThrow(
    'Required field `z` is missing from source schema: Schema{P:STRUCT}',
  )
  expect(() => projectValue(first, { id: 1 }, s.struct({ id: s.string() }, { name: 'P' }))).toThrow(
    'Error projecting id',
  )
})
