import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type ConnectRecord, s, timestampSchema } from '../../../runtime/api/index.ts'
import { parseConfig, parseOrThrow } from '../../../runtime/config/parse.ts'
import timezoneConverter from '../../../transforms/timezone-converter.ts'

const time = (name: string) => s.int64({ optional: true, name: `io.debezium.time.${name}`, version: 1 })
const zoned = (name: string) => s.string({ optional: true, name: `io.debezium.time.${name}`, version: 1 })
const row = s.struct(
  {
    micros: time('MicroTimestamp'),
    millis: time('Timestamp'),
    nanos: time('NanoTimestamp'),
    zoned: zoned('ZonedTimestamp'),
    date: timestampSchema({ optional: true }),
    clock: zoned('ZonedTime'),
    day: s.int32({ optional: true, name: 'io.debezium.time.Date', version: 1 }),
  },
  { optional: true },
)
const source = s.struct({ table: s.string(), ts_ms: s.int64({ name: 'io.debezium.time.Timestamp', version: 1 }) })
const valueSchema = s.struct({ before: row, after: row, source }, { name: 'p.s.t.Envelope' })
const nothing = { micros: null, millis: null, nanos: null, zoned: null, date: null, clock: null, day: null }

const converted = (props: Record<string, string>, before: object | null, after: object | null) => {
  const record: ConnectRecord = {
    topic: 'p.s.t',
    valueSchema,
    value: { before, after, source: { table: 't', ts_ms: 1000 } },
  }
  const made = timezoneConverter.create(parseOrThrow(timezoneConverter.config, props) as never, 'Value', {
    originals: props,
  })
  return made.apply(record)!.value as Record<'before' | 'after' | 'source', Record<string, unknown>>
}

const exact = (number: bigint): number | bigint => (Number.isSafeInteger(Number(number)) ? Number(number) : number)

// Zone, ms of the instant, then what Debezium 3.6.1 makes of it: micros (and 7 more), millis, nanos (and 9 more), text, Date.
type Row = readonly [
  zone: string,
  ms: string,
  micros: string,
  millis: string,
  nanos: string | null,
  zoned: string,
  date: string,
]
const rows = JSON.parse(
  readFileSync(new URL('../../golden/debezium/time-zones.json', import.meta.url), 'utf8'),
) as readonly Row[]

test.each(rows)('%s at %s', (zone, ms, micros, millis, nanos, text, date) => {
  const instant = BigInt(ms)
  const after = {
    ...nothing,
    micros: exact(instant * 1000n + 7n),
    millis: exact(instant),
    nanos: nanos === null ? null : exact(instant * 1_000_000n + 9n),
    zoned: new Date(Number(ms)).toISOString().replace('.000', ''),
    date: new Date(Number(ms)),
  }
  expect(converted({ 'converted.timezone': zone }, null, after).after).toEqual({
    ...nothing,
    micros: exact(BigInt(micros)),
    millis: exact(BigInt(millis)),
    nanos: nanos === null ? null : exact(BigInt(nanos)),
    zoned: text,
    date: new Date(Number(date)),
  })
})

test('infinities stay what they are, as near as numbers can', () => {
  const after = { ...nothing, micros: 9223372036825200000n, zoned: 'infinity' }
  const far = converted({ 'converted.timezone': 'Europe/Berlin' }, { ...nothing, micros: -9223372036832400000n }, after)
  expect(far.after['zoned']).toBe('infinity')
  expect(9223372036825200000n - (far.after['micros'] as bigint)).toBe(3_600_000_000n)
  expect(typeof far.before['micros']).toBe('bigint')
})

test('dates stay, times of day get the offset', () => {
  const { after } = converted({ 'converted.timezone': '-03:30' }, null, { ...nothing, day: 5, clock: '01:00:00.500Z' })
  expect(after).toEqual({ ...nothing, day: 5, clock: '21:30:00.5-03:30' })
})

test.each<[string, string, readonly string[]]>([
  ['include.list', 'source:t:millis', ['before.millis', 'after.millis']],
  ['include.list', 'topic:p.s.t:after.millis', ['after.millis']],
  ['include.list', 'source:t:source.ts_ms', ['source.ts_ms']],
  ['include.list', 'source:other', []],
  ['include.list', 'source:x,t', ['before.millis', 'before.nanos', 'after.millis', 'after.nanos']],
  ['exclude.list', 'source:t:nanos', ['before.millis', 'after.millis']],
  ['exclude.list', 'source:other', ['before.millis', 'before.nanos', 'after.millis', 'after.nanos']],
  ['exclude.list', 'source:t', []],
  ['exclude.list', 't:before.nanos', ['before.millis', 'after.millis', 'after.nanos']],
])('%s=%s converts %j', (key, list, expected) => {
  const both = { ...nothing, millis: 8, nanos: 9 }
  const made = converted({ 'converted.timezone': '+02:00', [key]: list }, both, both)
  const changed = [
    ...(['before', 'after'] as const).flatMap(part =>
      (['millis', 'nanos'] as const).flatMap(name => (made[part][name] === both[name] ? [] : [`${part}.${name}`])),
    ),
    ...(made.source['ts_ms'] === 1000 ? [] : ['source.ts_ms']),
  ]
  expect(changed).toEqual(expected)
})

test('refuses what is no zone and no rule', () => {
  const keys = (props: Record<string, string>) =>
    parseConfig(timezoneConverter.config, { 'converted.timezone': 'UTC', ...props }).problems.map(({ key }) => key)
  expect(keys({ 'converted.timezone': 'Middle/Earth' })).toEqual(['converted.timezone'])
  expect(keys({ 'include.list': 'table' })).toEqual(['include.list'])
  expect(keys({ 'exclude.list': 'source:a:b:c' })).toEqual(['exclude.list'])
  expect(() => converted({ 'converted.timezone': 'UTC' }, null, { ...nothing, zoned: 'yesterday' })).toThrow(
    'after.zoned',
  )
})
