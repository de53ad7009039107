import { expect, test } from 'vitest'
import { daysOf, isoDate, isoFraction, isoTime, reader } from '../../../../../connectors/postgres/types/calendar.ts'
import { codecOf, type TypeModes } from '../../../../../connectors/postgres/types/column-codec.ts'
import { defaultOf, emptyValue } from '../../../../../connectors/postgres/types/default-value.ts'
import { TypeRegistry, typeRow } from '../../../../../connectors/postgres/types/type-registry.ts'
import { placeholderBytes, unavailableValue } from '../../../../../connectors/postgres/types/unavailable-value.ts'
import { Decimal } from '../../../../../runtime/api/decimal.ts'
import { decimalSchema } from '../../../../../runtime/api/logical.ts'
import { s } from '../../../../../runtime/api/schema.ts'

const modes: TypeModes = {
  decimal: 'precise',
  time: 'adaptive',
  binary: 'bytes',
  hstore: 'json',
  interval: 'numeric',
  moneyDigits: 2,
  unknownTypes: false,
}
// oid, name, kind, base type, typmod, element, is array, not null, labels
const registry = new TypeRegistry(
  [
    ['23', 'int4', 'b', '0', '-1', '0', '0', '0', null],
    ['1007', '_int4', 'b', '0', '-1', '23', '1', '0', null],
    ['1700', 'numeric', 'b', '0', '-1', '0', '0', '0', null],
    ['22', 'int2vector', 'b', '0', '-1', '21', '0', '0', null],
    ['50', 'price', 'd', '1700', '393222', '0', '0', '1', null],
    ['51', 'dearer', 'd', '50', '-1', '0', '0', '0', null],
    ['60', 'mood', 'e', '0', '-1', '0', '0', '0', '["sad","ok"]'],
    ['25', 'text', 'b', '0', '-1', '0', '0', '0', null],
    ['2950', 'uuid', 'b', '0', '-1', '0', '0', '0', null],
    ['2951', '_uuid', 'b', '0', '-1', '2950', '1', '0', null],
    ['17', 'bytea', 'b', '0', '-1', '0', '0', '0', null],
    ['16385', 'hstore', 'b', '0', '-1', '0', '0', '0', null],
    ['1184', 'timestamptz', 'b', '0', '-1', '0', '0', '0', null],
    ['16', 'bool', 'b', '0', '-1', '0', '0', '0', null],
    ['1186', 'interval', 'b', '0', '-1', '0', '0', '0', null],
  ].map(typeRow),
)
const typed = (oid: number) => registry.resolve(oid, -1)

test('types stand on others', () => {
  expect(typed(1007)).toMatchObject({ name: '_int4', element: { name: 'int4' } })
  // A domain has the modifier of its declaration, but not what its base forbids.
  expect(typed(50)).toMatchObject({ name: 'numeric', domain: 'price', notNull: true })
  expect(typed(51)).toMatchObject({ name: 'numeric', domain: 'dearer', typmod: 393222, notNull: false })
  expect(typed(60)).toMatchObject({ enumLabels: ['sad', 'ok'] })
  expect(typed(22).element).toBeUndefined()
  expect(typed(9999)).toMatchObject({ name: 'type 9999' })
  expect(registry.has(23)).toBe(true)
  expect(registry.has(9999)).toBe(false)
})

test.each([
  [23, '5', 5],
  [23, "'-3'::integer", -3],
  [23, "nextval('sq'::regclass)", 0],
  [23, '(2 + 3)', undefined],
  [23, '99999999999', undefined],
  [23, 'NULL::integer', undefined],
  [23, undefined, undefined],
  [25, "'txt'::text", 'txt'],
  [25, "''::text", ''],
  [25, "'it''s'::text", 'it'],
  [25, "upper('up'::text)", ''],
  [25, 'NULL::text', undefined],
  [16, 'true', true],
  [60, "'ok'::mood", 'ok'],
  [1184, "('2020-01-01 00:00:00+00'::timestamp with time zone + '1 day'::interval)", '2020-01-01T00:00:00.000000Z'],
  [1184, 'now()', '1970-01-01T00:00:00.000000Z'],
  [1184, 'CURRENT_TIMESTAMP', undefined],
  [1186, "'1 day'::interval", 86400000000],
  [2950, 'gen_random_uuid()', '00000000-0000-0000-0000-000000000000'],
  [17, "'\\x0102'::bytea", undefined],
  [1007, "'{1,2}'::integer[]", undefined],
  [50, '1.5', undefined],
  [1700, '2.50', undefined],
])('the default of %i %s', (oid, expression, value) => {
  const type = registry.resolve(oid, -1)
  expect(defaultOf(expression, type, codecOf(type, modes, 'stream')!)).toEqual(value)
})

test('required values that are not there', () => {
  expect(emptyValue(s.string())).toBe('')
  expect(emptyValue(s.int64())).toBe(0)
  expect(emptyValue(s.boolean())).toBe(false)
  expect(emptyValue(decimalSchema(2))).toEqual(new Decimal(0n, 2))
  expect(emptyValue(s.struct({ a: s.int32(), b: s.string({ optional: true }) }))).toEqual({ a: 0, b: null })
  expect(emptyValue(s.string({ name: 'io.debezium.time.ZonedTime' }))).toBe('00:00:00Z')
})

test('large values that were not sent', () => {
  const text = placeholderBytes('__debezium_unavailable_value')
  const of = (oid: number, more: Partial<TypeModes> = {}) => {
    const codec = codecOf(typed(oid), { ...modes, ...more }, 'stream')!
    return unavailableValue(typed(oid), codec.schema.with({ optional: true }), { ...modes, ...more }, text)
  }
  expect(of(25)).toBe('__debezium_unavailable_value')
  expect(of(17)).toEqual(text)
  expect(of(17, { binary: 'hex' })).toBe(text.toString())
  expect(of(17, { binary: 'base64' })).toBeNull()
  expect(of(2951)).toEqual(['b68a35a7-17ad-35b3-af2a-ae46edb4545a'])
  expect((of(1007) as number[]).slice(0, 3)).toEqual([95, 95, 100])
  expect(of(16385, { hstore: 'map' })).toEqual(new Map([[text.toString(), text.toString()]]))
  expect(of(1700)).toBeNull()
  expect(placeholderBytes('hex:00ff41')).toEqual(Buffer.from([0, 255, 65]))
})

test('days and texts of the calendar', () => {
  expect([daysOf(1970, 1, 1), daysOf(2000, 3, 1), daysOf(0, 12, 31), daysOf(-4712, 1, 1)]).toEqual([
    0, 11017, -719163, -2440550,
  ])
  expect([isoDate(7, 1, 2), isoDate(-7, 1, 2), isoDate(10000, 1, 2)]).toEqual([
    '0007-01-02',
    '-0007-01-02',
    '+10000-01-02',
  ])
  expect([isoTime(86399), isoFraction(0), isoFraction(120000)]).toEqual(['23:59:59', '', '.12'])
  const read = (text: string) => {
    const bytes = Buffer.from(`##${text}##`)
    reader.timestamp(bytes, 2, bytes.length - 2)
    return [reader.epochSeconds, reader.micros]
  }
  expect(read('1970-01-01 01:00:00.5+01:30')).toEqual([-1800, 500000])
  expect(read('1970-01-01 00:00:00-00:00:10')).toEqual([10, 0])
  expect(() => read('1970-01-01 00:00:00 AD')).toThrow(/no date or time/)
})
