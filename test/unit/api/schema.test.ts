import { expect, test } from 'vitest'
import { Decimal, decimalSchema, s, timestampSchema } from '../../../runtime/api/index.ts'

test('schemas with the same content are the same object', () => {
  expect(s.int32()).toBe(s.int32())
  expect(s.int32({ optional: true })).not.toBe(s.int32())
  const make = () =>
    s.struct(
      {
        id: s.int64(),
        at: timestampSchema({ optional: true }),
        price: decimalSchema(2, { default: new Decimal(150n, 2) }),
      },
      { name: 'a.B', version: 3, parameters: { x: 'y' } },
    )
  expect(make()).toBe(make())
  expect(s.map(s.string(), make())).toBe(s.map(s.string(), make()))
  expect(s.bytes({ default: Buffer.from('a') })).not.toBe(s.bytes({ default: Buffer.from('b') }))
})

test('a changed copy is interned as well, and changes back to the same', () => {
  const optional = s.string({ optional: true, default: 'x' })
  expect(optional.with({ optional: false, default: undefined })).toBe(s.string())
  const struct = s.struct({ a: s.int8() }, { name: 'n' })
  expect(struct.with({ optional: true }).with({ optional: false })).toBe(struct)
})

test('keeps the order of fields whose names look like numbers, when given as pairs', () => {
  expect(
    s
      .struct([
        ['2', s.int8()],
        ['1', s.int8()],
      ])
      .fields.map(field => field.name),
  ).toEqual(['2', '1'])
})

test('refuses a name twice', () => {
  expect(() =>
    s.struct([
      ['a', s.int8()],
      ['a', s.int16()],
    ]),
  ).toThrow('field name duplication a')
})
