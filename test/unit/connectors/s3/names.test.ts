import fc from 'fast-check'
import { ConfigError, c, SinkRecord } from 'millrace'
import { describe, expect, it } from 'vitest'
import { confluentConfig } from '../../../../connectors/s3/confluent-config.ts'
import { type ConfluentSettings, confluentLayout } from '../../../../connectors/s3/confluent-layout.ts'
import { keyOf, listAfter, offsetOf } from '../../../../connectors/s3/layout.ts'
import { around, checkTemplate, parseTemplate, placeOf } from '../../../../connectors/s3/template.ts'
import { TimeZone } from '../../../../connectors/s3/time-zone.ts'
import { parseConfig } from '../../../../runtime/config/parse.ts'

const slot = { before: 'topics/t/partition=0/t+0+', after: '.json.gz', width: 10 }

describe('names', () => {
  it('hold the offset with leading zeros, and give it back', () => {
    expect(keyOf(slot, 42)).toBe('topics/t/partition=0/t+0+0000000042.json.gz')
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 0, max: 20 }), (offset, width) => {
        const any = { ...slot, width }
        expect(offsetOf(any, keyOf(any, offset))).toBe(offset)
      }),
    )
  })

  it.each([
    'topics/t/partition=0/t+0+0000000042.json',
    'topics/t/partition=0/t+0+42.json.gz',
    'topics/t/partition=0/t+0+00000000042.json.gz',
    'topics/t/partition=0/t+0+000000004x.json.gz',
    'topics/t/partition=0/t+0+.json.gz',
    'topics/t/partition=1/t+0+0000000042.json.gz',
    'topics/t/partition=0/t+0+0000000042.keys.json.gz',
  ])('of others are left alone: %s', key => {
    expect(offsetOf(slot, key)).toBeUndefined()
  })

  it('from an offset on are all listed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 3, 10, 20),
        fc.nat({ max: 2000 }),
        fc.array(fc.nat({ max: 900 })),
        (width, from, later) => {
          const any = { ...slot, width }
          const after = listAfter(any, from)
          for (const more of [0, ...later]) {
            const key = keyOf(any, from + more)
            // Objects of one replay lie close together: within a tenth of the next power of ten.
            if (more > 10 ** Math.max(width, String(from).length) / 10) continue
            expect(after === undefined || key > after, `${key} after ${after}`).toBe(true)
          }
        },
      ),
    )
  })
})

describe("layouts of Confluent's sink", () => {
  const layout = (more: Record<string, string>) => {
    const { config, problems } = parseConfig(confluentConfig, {
      's3.bucket.name': 'lake',
      'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
      'flush.size': '1',
      ...more,
    })
    expect(problems).toEqual([])
    return confluentLayout(config as unknown as ConfluentSettings, '.json')
  }
  const keyFor = (more: Record<string, string>, init: Partial<SinkRecord> = {}) => {
    const made = layout(more)
    const record = new SinkRecord({ topic: 'orders', partition: 3, offset: 17, value: null, ...init })
    const place = made.placeOf(record, made.timestampOf(record, Date.UTC(2024, 1, 3, 4, 5)))
    return keyOf(made.slotOf(record.topic, record.partition, place), record.offset)
  }
  const partitioner = (name: string) => `io.confluent.connect.storage.partitioner.${name}Partitioner`
  const time = { locale: 'en-US', timezone: 'America/New_York', 'timestamp.extractor': 'Record' }
  const timestamp = Date.UTC(2024, 11, 31, 23, 30)

  it.each([
    ['default', {}, {}, 'topics/orders/partition=3/orders+3+0000000017.json'],
    [
      'other delimiters',
      { 'directory.delim': '|', 'file.delim': '_' },
      {},
      'topics|orders|partition=3|orders_3_0000000017.json',
    ],
    [
      'fields',
      { 'partitioner.class': partitioner('Field'), 'partition.field.name': 'a,b.c' },
      { value: { a: 'x', b: { c: null } } },
      'topics/orders/a=x/b.c=null/orders+3+0000000017.json',
    ],
    [
      'days of a zone',
      { 'partitioner.class': partitioner('Daily'), ...time },
      { timestamp },
      'topics/orders/year=2024/month=12/day=31/orders+3+0000000017.json',
    ],
    [
      'hours of a zone',
      { 'partitioner.class': partitioner('Hourly'), ...time },
      { timestamp },
      'topics/orders/year=2024/month=12/day=31/hour=18/orders+3+0000000017.json',
    ],
    [
      'a pattern and a span',
      {
        'partitioner.class': partitioner('TimeBased'),
        ...time,
        'path.format': "'dt'=YYYY-MM-dd'T'HH''mm",
        'partition.duration.ms': '600000',
      },
      { timestamp: timestamp + 123_456 },
      "topics/orders/dt=2024-12-31T18'30/orders+3+0000000017.json",
    ],
    [
      'a field as time',
      {
        'partitioner.class': partitioner('Daily'),
        ...time,
        'timestamp.extractor':
          'io.confluent.connect.storage.partitioner.TimeBasedPartitioner$RecordFieldTimestampExtractor',
        'timestamp.field': 'at',
      },
      { value: { at: '2024-07-01T01:00:00Z' } },
      'topics/orders/year=2024/month=06/day=30/orders+3+0000000017.json',
    ],
    [
      'the clock',
      { 'partitioner.class': partitioner('Daily'), ...time, 'timestamp.extractor': 'Wallclock' },
      {},
      'topics/orders/year=2024/month=02/day=02/orders+3+0000000017.json',
    ],
  ])('%s', (_, config, init, expected) => {
    expect(keyFor(config as Record<string, string>, init as Partial<SinkRecord>)).toBe(expected)
  })

  it.each([
    [{ 'partitioner.class': partitioner('Daily'), locale: 'en-US' }, 'timezone'],
    [{ 'partitioner.class': partitioner('Daily'), timezone: 'Mars/Olympus', locale: 'en' }, 'timezone'],
    [{ 'partitioner.class': partitioner('Daily'), timezone: 'UTC' }, 'locale'],
    [{ 'partitioner.class': partitioner('Field') }, 'partition.field.name'],
    [{ 'partitioner.class': partitioner('TimeBased'), ...time }, 'partition.duration.ms'],
    [{ 'partitioner.class': partitioner('TimeBased'), ...time, 'partition.duration.ms': '1' }, 'path.format'],
    [
      { 'partitioner.class': partitioner('TimeBased'), ...time, 'partition.duration.ms': '1', 'path.format': 'ww' },
      'path.format',
    ],
    [{ 'partitioner.class': partitioner('Daily'), ...time, 'timestamp.extractor': 'Other' }, 'timestamp.extractor'],
  ])('%j is refused at %s', (config, key) => {
    expect(() => layout(config as Record<string, string>)).toThrow(ConfigError)
    try {
      layout(config as Record<string, string>)
    } catch (error) {
      expect((error as ConfigError).key).toBe(key)
    }
  })

  const byField = {
    'partitioner.class': partitioner('TimeBased'),
    ...time,
    'partition.duration.ms': '60000',
    'path.format': 'YYYY-MM-dd HH:mm',
    'timestamp.extractor': 'RecordField',
    'timestamp.field': 'at',
  }
  it.each([
    ['2024-07-01T01:00:00Z', '2024-06-30 21:00'],
    ['2024-07-01T01:00:00.123456+0200', '2024-06-30 19:00'],
    ['2024-07-01T01:00', '2024-07-01 01:00'],
    ['2024-07-01', '2024-07-01 00:00'],
    [1_719_795_600_000, '2024-06-30 21:00'],
    [1_719_795_600_000n, '2024-06-30 21:00'],
    [new Date(1_719_795_600_000), '2024-06-30 21:00'],
  ])('take %s in a field for a time', (at, expected) => {
    expect(keyFor(byField, { value: { at } })).toContain(`/${expected}/`)
  })

  it.each(['1', '2024-07-01 01:00:00', 'July 1, 2024', '2024-13-01T00:00Z', 'tomorrow', true, Number.NaN, {}])(
    'take %s in a field for no time, whatever the zone of the machine',
    at => {
      expect(() => keyFor(byField, { value: { at } })).toThrow('The field at of orders-3@17 is no time')
    },
  )

  it('says which are the same when a record comes again', () => {
    expect(layout({}).repeatable).toBe(true)
    expect(layout({ 'partitioner.class': partitioner('Daily'), ...time }).repeatable).toBe(true)
    const wallclock = { ...time, 'timestamp.extractor': 'Wallclock' }
    expect(layout({ 'partitioner.class': partitioner('Daily'), ...wallclock }).repeatable).toBe(false)
  })

  it('has no settings that look like secrets and show themselves', () => {
    expect(confluentConfig['aws.secret.access.key'].type).toBe(c.password('x').type)
  })
})

describe('name templates', () => {
  const utc = new TimeZone('UTC')
  const keyFor = (template: string) => {
    const parts = parseTemplate(template, 'file.name.template')
    const place = placeOf(parts, Date.UTC(2024, 1, 3, 4, 5), utc)
    return keyOf(around(parts, 'orders', 3, place), 17)
  }
  it.each([
    ['{{topic}}-{{partition}}-{{start_offset}}.gz', 'orders-3-17.gz'],
    ['{{ topic }}/{{partition:padding=true}}/{{start_offset:padding=true}}', 'orders/0000000003/00000000000000000017'],
    [
      'y={{timestamp:unit=yyyy}}/m={{timestamp:unit=MM}}/{{timestamp:unit=dd}}{{timestamp:unit=HH}}/{{topic}}-{{partition}}-{{start_offset}}',
      'y=2024/m=02/0304/orders-3-17',
    ],
    ['{{utc_date}}/{{start_offset}}-{{partition}}-{{topic}}', '2024-02-03/17-3-orders'],
    ['{{timestamp:unit=YYYY}}{{topic}}{{partition}}{{start_offset}}', '2024orders317'],
  ])('%s', (template, expected) => {
    expect(keyFor(template)).toBe(expected)
  })

  it.each([
    ['{{topic}}-{{offset}}', 'no variable {{offset}}'],
    ['{{timestamp}}', 'needs :unit='],
    ['{{timestamp:unit=ss}}', 'needs :unit='],
    ['{{start_offset:padding=10}}', 'padding=true or padding=false'],
    ['{{key}}', 'not supported here yet'],
  ])('%s is refused', (template, message) => {
    expect(() => parseTemplate(template, 'file.name.template')).toThrow(message)
  })

  it('must tell topics, partitions and offsets apart', () => {
    const check = (template: string) => checkTemplate(parseTemplate(template, 'k'), 'k')
    expect(() => check('{{topic}}-{{start_offset}}')).toThrow('Names without {{partition}} would overwrite')
    expect(() => check('{{topic}}{{partition}}{{start_offset}}{{start_offset}}')).toThrow('may occur once')
  })
})
