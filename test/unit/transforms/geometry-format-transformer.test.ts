import { expect, test } from 'vitest'
import { s } from '../../../runtime/api/index.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import definition from '../../../transforms/geometry-format-transformer.ts'

const shape = s.struct(
  { wkb: s.bytes(), srid: s.int32({ optional: true }) },
  { name: 'io.debezium.data.geometry.Geometry', optional: true },
)
const row = s.struct({ id: s.int32(), shape }, { optional: true })
const create = (format: string) =>
  definition.create(
    parseOrThrow(definition.config, { format }) as never,
    undefined as never,
    { originals: {} } as never,
  )
const hexOf = (wkb: unknown): string => Buffer.from(wkb as Uint8Array).toString('hex')
const big = '00000000013ff00000000000004000000000000000'
const bigExtended = '0020000001000010e63ff00000000000004000000000000000'

test('big-endian geometries of plain rows, there and back', () => {
  const record = { topic: 't', valueSchema: row, value: { id: 1, shape: { wkb: Buffer.from(big, 'hex'), srid: 4326 } } }
  const extended = create('ewkb').apply(record) as typeof record
  expect(hexOf(extended.value.shape.wkb)).toBe(bigExtended)
  expect(hexOf((create('wkb').apply(extended) as typeof record).value.shape.wkb)).toBe(big)
  // What was there before stays as it was.
  expect(hexOf(record.value.shape.wkb)).toBe(big)
})

test('both states of a change; what has no geometry is the same record', () => {
  const valueSchema = s.struct({ before: row, after: row, op: s.string() }, { name: 'a.b.Envelope' })
  const state = (hex: string) => ({ id: 1, shape: { wkb: Buffer.from(hex, 'hex'), srid: 1 } })
  const value = { before: state(bigExtended), after: state(bigExtended), op: 'u' }
  const changed = create('wkb').apply({ topic: 't', valueSchema, value })!.value as typeof value
  expect([hexOf(changed.before.shape.wkb), hexOf(changed.after.shape.wkb)]).toEqual([big, big])
  const none = { topic: 't', valueSchema, value: { before: null, after: { id: 1, shape: null }, op: 'c' } }
  expect(create('ewkb').apply(none)).toBe(none)
})

test('EWKB needs an SRID', () => {
  const value = { id: 1, shape: { wkb: Buffer.from(big, 'hex'), srid: null } }
  expect(() => create('ewkb').apply({ topic: 'places', valueSchema: row, value })).toThrow(
    'The geometry shape of places has no SRID, which EWKB needs: use format=wkb',
  )
})
