import { expect, test } from 'vitest'
import { type ConnectRecord, s } from '../../../runtime/api/index.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import headerToValue from '../../../transforms/header-to-value.ts'

const row = s.struct({ id: s.int32() }, { optional: true })
const valueSchema = s.struct({ before: row, after: row }, { name: 'shop.Envelope' })
const record: ConnectRecord = {
  topic: 't',
  valueSchema,
  value: { before: null, after: { id: 1 } },
  headers: [
    { key: 'h', schema: s.string(), value: 'first' },
    { key: 'h', schema: s.string(), value: 'last' },
    { key: 'n', schema: s.int64(), value: 9007199254740993n },
  ],
}
const moved = (props: Record<string, string>, of = record) =>
  headerToValue
    .create(parseOrThrow(headerToValue.config, { operation: 'move', ...props }) as never, 'Value', { originals: props })
    .apply(of)!

test('makes the structs on the way, and leaves those that are null', () => {
  const made = moved({ headers: 'h,n', fields: 'meta.a,meta.b' })
  expect(made.value).toEqual({ before: null, after: { id: 1 }, meta: { a: 'last', b: 9007199254740993n } })
  expect(made.valueSchema).toBe(
    s.struct(
      { before: row, after: row, meta: s.struct({ a: s.string(), b: s.int64() }, { optional: true }) },
      { name: 'shop.Envelope' },
    ),
  )
  expect(made.headers).toEqual([])
  expect(moved({ headers: 'h', fields: 'before.h' }).value).toEqual(record.value)
})

test('takes the headers that are there', () => {
  const made = moved({ headers: 'nosuch,n', fields: 'x,n' })
  expect(made.valueSchema!.fields.map(({ name }) => name)).toEqual(['before', 'after', 'n'])
  expect(moved({ headers: 'nosuch', fields: 'x' })).toBe(record)
})

test('refuses names that are taken, values that are no struct and lists of different lengths', () => {
  expect(() => moved({ headers: 'h', fields: 'after' })).toThrow('already has a field after')
  expect(() => moved({ headers: 'h', fields: 'after.id.x' })).toThrow('no struct')
  expect(() => moved({ headers: 'h', fields: 'x' }, { ...record, valueSchema: null })).toThrow('Only Struct objects')
  expect(() => moved({ headers: 'h', fields: 'x,y' })).toThrow('same number')
})
