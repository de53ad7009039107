import { expect, test } from 'vitest'
import { type ConnectRecord, s } from '../../../runtime/api/index.ts'
import { javaDateParser } from '../../../runtime/api/java-date-parse.ts'
import { instantAt } from '../../../runtime/api/logical.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import timestampConverter from '../../../transforms/timestamp-converter.ts'

const convert = (config: Readonly<Record<string, string>>, value: unknown): unknown => {
  const record: ConnectRecord = { topic: 't', partition: 0, key: null, value, valueSchema: s.int64(), headers: [] }
  const { config: spec, create } = timestampConverter
  return create(parseOrThrow(spec, config) as never, 'Value', {} as never).apply(record)?.value
}

test('Unix time keeps every digit, and stops at the ends of long as in Java', () => {
  const exact = 1_700_000_000_123_456_789n
  expect(convert({ 'target.type': 'unix', 'unix.precision': 'milliseconds' }, exact)).toBe(exact)
  expect(convert({ 'target.type': 'unix', 'unix.precision': 'nanoseconds' }, exact)).toBe(1_700_000_000_123_000_000n)
  expect(convert({ 'target.type': 'unix', 'unix.precision': 'seconds' }, 2n ** 62n)).toBe((2n ** 63n - 1n) / 1000n)
})

test('an instant that no date can hold is an error, not a date that is none', () => {
  expect(() => convert({ 'target.type': 'Timestamp' }, 2n ** 62n)).toThrow('lies beyond what a date can hold')
  expect(instantAt(-8.64e15).getTime()).toBe(-8.64e15)
  expect(() => instantAt(8.64e15 + 1)).toThrow('8640000000000001 ms')
  expect(() => instantAt(Number.NaN)).toThrow('NaN ms')
})

test.each([
  ['Z', '+0200', 7_200_000],
  ['Z', '+02:00', undefined],
  ['z', 'GMT+2:00', 7_200_000],
  ['z', 'GMT+0200', undefined],
  ['X', '+02', 7_200_000],
  ['XX', '+0200', 7_200_000],
  ['XXX', '+02:00', 7_200_000],
  ['XXX', '+0200', undefined],
  ['XXX', 'Z', 0],
  ['XXX', '+24:00', undefined],
])('the zone %s reads %s', (pattern, text, offsetMs) => {
  const midnight = Date.UTC(2024, 0, 1)
  expect(javaDateParser(`yyyy-MM-dd${pattern}`)(`2024-01-01${text}`)).toBe(
    offsetMs === undefined ? undefined : midnight - offsetMs,
  )
})

test('blanks count among the digits that fields share', () => {
  expect(javaDateParser('yyyyMMdd')('2023 318')).toBe(Date.UTC(2023, 2, 18))
})
