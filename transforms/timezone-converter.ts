import { ConfigError, c, DataError, defineTransform, type Schema, s, setMember, TIMESTAMP } from 'millrace'
import { isEnvelope } from './envelope-fields.ts'
import type { Members } from './sides.ts'

import { type ZoneOffset, zoneOffset } from './zone-offset.ts'
import { zonedTime, zonedTimestamp } from './zoned-time.ts'

type Convert = (value: unknown, zone: ZoneOffset) => unknown

/** Adds whole units to an int64, which stays exact. */
const plus = (value: unknown, seconds: number, perSecond: number): number | bigint => {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw new DataError(`${String(value)} is no timestamp`)
  const sum = BigInt(value) + BigInt(seconds) * BigInt(perSecond)
  const number = Number(sum)
  return Number.isSafeInteger(number) ? number : sum
}

/** A timestamp without a zone, in units of which a second has `perSecond`: what the zone's clocks showed becomes the instant. */
const unzoned =
  (perSecond: number): Convert =>
  (value, zone) =>
    plus(value, -zone.ofLocal(Math.floor(Number(value) / (perSecond / 1000))), perSecond)

const converters: Readonly<Record<string, Convert>> = {
  'io.debezium.time.Timestamp': unzoned(1000),
  'io.debezium.time.MicroTimestamp': unzoned(1_000_000),
  'io.debezium.time.NanoTimestamp': unzoned(1_000_000_000),
  'io.debezium.time.ZonedTimestamp': (value, zone) => zonedTimestamp(String(value), zone),
  'io.debezium.time.ZonedTime': (value, zone) => zonedTime(String(value), zone.at(Date.now())),
  [TIMESTAMP](value, zone) {
    if (!(value instanceof Date)) throw new DataError(`${String(value)} is no timestamp`)
    return new Date(value.getTime() - zone.ofLocal(value.getTime()) * 1000)
  },
}

interface Rule {
  readonly by: 'source' | 'topic' | 'any'
  readonly name: string
  readonly field: string | undefined
}

const itemForm = /^(?:(source|topic):)?([\w.\s"-]+)(?::([\w.\s"-]+))?$/i

const wrongItem = (items: readonly string[]): string | undefined => {
  const wrong = items.find((item, index) => !itemForm.test(item) || (index === 0 && !item.includes(':')))
  return wrong === undefined
    ? undefined
    : `${wrong} is none of source:TABLE[:FIELD], topic:TOPIC[:FIELD], TABLE_OR_TOPIC:FIELD`
}

/** The rules; an item without `source` or `topic` goes by that of the item before it. */
const rulesOf = (items: readonly string[]): readonly Rule[] => {
  let by: Rule['by'] = 'any'
  return items.map(item => {
    const [, prefix, name, field] = itemForm.exec(item)!
    if (prefix !== undefined) by = prefix.toLowerCase() as Rule['by']
    return { by, name: name!, field }
  })
}

/** Fields of each table or topic; an empty set stands for all. */
const fieldsBy = (rules: readonly Rule[], by: Rule['by']): ReadonlyMap<string, ReadonlySet<string>> => {
  const named = new Map<string, Set<string>>()
  for (const rule of rules) {
    if (rule.by !== by) continue
    const fields = named.get(rule.name) ?? new Set()
    if (rule.field !== undefined) fields.add(rule.field)
    named.set(rule.name, fields)
  }
  return named
}

const row = s.struct(
  {
    id: s.int32(),
    at: s.int64({ optional: true, name: 'io.debezium.time.Timestamp', version: 1 }),
    seen: s.string({ optional: true, name: 'io.debezium.time.ZonedTimestamp', version: 1 }),
  },
  { optional: true, name: 'shop.public.visit.Value' },
)
const envelope = s.struct(
  { before: row, after: row, source: s.struct({ table: s.string() }), op: s.string() },
  { name: 'shop.public.visit.Envelope' },
)
const event = (at: number, seen: string) => ({
  valueSchema: envelope,
  value: { before: null, after: { id: 1, at, seen }, source: { table: 'visit' }, op: 'c' },
})

export default defineTransform({
  class: 'io.debezium.transforms.TimezoneConverter',
  version: '0.1.0',
  doc: 'Brings the times of change events into a time zone. Timestamps with an offset keep their instant and get the offset of the zone; those without are read as the time on the clocks of the zone. Dates and times of day stay.',
  config: {
    'converted.timezone': c.string('The time zone: a name, America/Los_Angeles, or an offset, +08:00.', {
      importance: 'HIGH',
      nonEmpty: true,
      check(zone) {
        try {
          zoneOffset(zone)
          return undefined
        } catch (error) {
          return (error as Error).message
        }
      },
    }),
    'include.list': c.list(
      'What is converted, and nothing else: source:TABLE, source:TABLE:FIELD, topic:TOPIC, topic:TOPIC:FIELD, or TABLE_OR_TOPIC:FIELD.',
      { default: [], importance: 'HIGH', check: wrongItem },
    ),
    'exclude.list': c.list('What is not converted, in the same form.', {
      default: [],
      importance: 'HIGH',
      check: wrongItem,
    }),
  },
  examples: [
    {
      title: 'converts every timestamp',
      config: { 'converted.timezone': 'Europe/Berlin' },
      input: event(1_720_096_496_789, '2024-07-04T12:34:56.789Z'),
      output: event(1_720_089_296_789, '2024-07-04T14:34:56.789+02:00'),
    },
    {
      title: 'converts one field',
      config: { 'converted.timezone': '+08:00', 'include.list': 'source:visit:seen' },
      input: event(1_720_096_496_789, '2024-07-04T12:34:56Z'),
      output: event(1_720_096_496_789, '2024-07-04T20:34:56+08:00'),
    },
    {
      title: 'leaves a table',
      config: { 'converted.timezone': '+08:00', 'exclude.list': 'source:visit' },
      input: event(0, '2024-07-04T12:34:56Z'),
      output: event(0, '2024-07-04T12:34:56Z'),
    },
    {
      title: 'passes what is no change event',
      config: { 'converted.timezone': '+08:00' },
      input: { value: 1 },
      output: { value: 1 },
    },
  ],
  create(config) {
    if (config.includeList.length > 0 && config.excludeList.length > 0)
      throw new ConfigError('Both include and exclude lists are specified. Please specify only one.', {
        key: 'exclude.list',
      })
    const zone = zoneOffset(config.convertedTimezone)
    const including = config.includeList.length > 0
    const excluding = config.excludeList.length > 0
    const rules = rulesOf(including ? config.includeList : config.excludeList)
    const [byTopic, byTable, byAny] = [fieldsBy(rules, 'topic'), fieldsBy(rules, 'source'), fieldsBy(rules, 'any')]

    type Which = (name: string) => boolean
    const all: Which = () => true
    const none: Which = () => false

    /** Which fields of a part of the event are converted, by what the rules say of its table and topic. */
    const selection = (part: 'before' | 'after' | 'source', table: string, topic: string): Which => {
      const named = byTopic.get(topic) ?? byTable.get(table) ?? byAny.get(topic) ?? byAny.get(table)
      const unnamed = named === undefined || named.size === 0
      if (unnamed) {
        const converts = named === undefined ? !including : !excluding
        return converts && part !== 'source' ? all : none
      }
      const fields = new Set<string>()
      let ofSource = false
      for (const field of named) {
        const [prefix, rest] = /^(before|after|source)\.(.*)$/.exec(field)?.slice(1) ?? ['', field]
        ofSource ||= prefix === 'source'
        if (prefix === part || (prefix === '' && part !== 'source')) fields.add(rest!)
      }
      if (part === 'source' && !ofSource) return none
      return including ? name => fields.has(name) : name => !fields.has(name)
    }

    interface Step {
      readonly name: string
      readonly convert: Convert
    }
    const parts = ['before', 'after', 'source'] as const
    type Plan = readonly { readonly part: string; readonly steps: readonly Step[] }[]
    const planOf = (schema: Schema, table: string, topic: string): Plan =>
      parts.flatMap(part => {
        const struct = schema.field(part)?.schema
        if (struct?.type !== 'STRUCT') return []
        const which = selection(part, table, topic)
        const steps = struct.fields.flatMap(({ name, schema: { name: type } }) => {
          const convert = type === undefined ? undefined : converters[type]
          return convert === undefined || !which(name) ? [] : [{ name, convert }]
        })
        return steps.length === 0 ? [] : [{ part, steps }]
      })
    const plans = new Map<string, Plan>()

    return {
      apply(record) {
        const { value, valueSchema, topic } = record
        if (value === null || value === undefined || !isEnvelope(valueSchema)) return record
        const event = value as Members
        const table = String((event['source'] as Members | null | undefined)?.['table'] ?? '')
        const key = `${valueSchema.id}/${table}/${topic}`
        let plan = plans.get(key)
        if (plan === undefined) {
          if (plans.size > 1000) plans.clear()
          plans.set(key, (plan = planOf(valueSchema, table, topic)))
        }
        let updated: Record<string, unknown> | undefined
        for (const { part, steps } of plan) {
          const struct = event[part] as Members | null | undefined
          if (struct === null || struct === undefined) continue
          const converted: Record<string, unknown> = { ...struct }
          for (const { name, convert } of steps) {
            const before = struct[name]
            if (before === null || before === undefined) continue
            try {
              setMember(converted, name, convert(before, zone))
            } catch (cause) {
              throw new DataError(`${part}.${name}: ${(cause as Error).message}`, { cause })
            }
          }
          updated ??= { ...event }
          updated[part] = converted
        }
        return updated === undefined ? record : { ...record, value: updated }
      },
    }
  },
})
