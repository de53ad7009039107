import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unknownCodec } from '../../../../../connectors/postgres/types/binary-codecs.ts'
import { type Codec, parsedCodec, type TextSource } from '../../../../../connectors/postgres/types/codec.ts'
import { codecOf, type TypeModes } from '../../../../../connectors/postgres/types/column-codec.ts'
import { parseHstore } from '../../../../../connectors/postgres/types/composite-codecs.ts'
import { intervalCodec } from '../../../../../connectors/postgres/types/interval-codecs.ts'
import { jsonText } from '../../../../../connectors/postgres/types/json-text.ts'
import { numericCodec } from '../../../../../connectors/postgres/types/numeric-codecs.ts'
import { realCodec, textCodec } from '../../../../../connectors/postgres/types/plain-codecs.ts'
import { timestampCodec, zonedTimestampCodec } from '../../../../../connectors/postgres/types/temporal-codecs.ts'
import type { ColumnType } from '../../../../../connectors/postgres/types/type-registry.ts'
import { Decimal } from '../../../../../runtime/api/decimal.ts'
import { s } from '../../../../../runtime/api/schema.ts'
import { parseConfig } from '../../../../../runtime/config/parse.ts'
import jsonConverter from '../../../../../runtime/converters/json-converter.ts'

const { config } = parseConfig(jsonConverter.config, { 'schemas.enable': 'false' })
const converter = jsonConverter.create(config as never, 'value')

/** What COPY makes of a text. */
const copied = (text: string): string =>
  text.replace(
    /[\\\b\f\n\r\t\v]/g,
    char => ({ '\\': '\\\\', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v' })[char]!,
  )

/** The JSON that `write` makes; checked: in bounds, and equal to what the converter makes of the value. */
const jsonOf = (codec: Codec, text: string, source: TextSource): string | null => {
  const shown = Buffer.from(source === 'copy' ? copied(text) : text)
  const buf = Buffer.concat([Buffer.from('before\t'), shown, Buffer.from('\tafter')])
  const end = 7 + shown.length
  const value = codec.value(buf, 7, end)
  const most = codec.factor * shown.length + codec.extra
  const out = Buffer.alloc(most + 100, 0x7e)
  const stop = codec.write(buf, 7, end, out, 10)
  if (value === null) {
    expect(stop).toBe(-1)
    return null
  }
  expect(stop - 10).toBeLessThanOrEqual(most)
  if (codec.bound !== undefined) expect(stop - 10).toBeLessThanOrEqual(codec.bound(buf, 7, end))
  const json = out.toString('utf8', 10, stop)
  expect(json).toBe(Buffer.from(converter.encode('t', codec.schema, value)!).toString())
  expect(jsonText(codec.schema, value)).toBe(json)
  return json
}

/** A float4 as PostgreSQL prints it. */
const shortest = (single: number): string => {
  for (let digits = 1; digits < 9; digits++) {
    const text = String(Number(single.toPrecision(digits)))
    if (Math.fround(Number(text)) === single) return text
  }
  return String(Number(single.toPrecision(9)))
}

const modes: TypeModes = {
  decimal: 'precise',
  time: 'adaptive',
  binary: 'bytes',
  hstore: 'json',
  interval: 'numeric',
  moneyDigits: 2,
  unknownTypes: false,
}
const type = (name: string, more: Partial<ColumnType> = {}): ColumnType => ({
  oid: 1,
  name,
  typmod: -1,
  enumLabels: undefined,
  element: undefined,
  notNull: false,
  ...more,
})
const numeric = (precision: number, scale: number) =>
  type('numeric', { typmod: ((precision << 16) | (scale & 0x7ff)) + 4 })
const arrayOf = (element: ColumnType) => type(`_${element.name}`, { element })

const cases: readonly [name: string, type: ColumnType, modes: Partial<TypeModes>, text: string, json: string | null][] =
  [
    ['int4', type('int4'), {}, '-2147483648', '-2147483648'],
    ['int8 beyond 2^53', type('int8'), {}, '-9223372036854775808', '-9223372036854775808'],
    ['oid', type('oid'), {}, '4294967295', '4294967295'],
    ['bool', type('bool'), {}, 't', 'true'],
    ['bool', type('bool'), {}, 'f', 'false'],
    [
      'text',
      type('text'),
      {},
      'a "b"\\\t\v\u0001\u001f é 漢 😀',
      '"a \\"b\\"\\\\\\t\\u000B\\u0001\\u001F é 漢 \\uD83D\\uDE00"',
    ],
    ['empty text', type('text'), {}, '', '""'],
    ['float8', type('float8'), {}, '1.5', '1.5'],
    ['float8 whole', type('float8'), {}, '3', '3.0'],
    ['float8 large', type('float8'), {}, '12345678.9', '1.23456789E7'],
    ['float8 small', type('float8'), {}, '0.0001', '1.0E-4'],
    ['float8', type('float8'), {}, '-0', '-0.0'],
    ['float8', type('float8'), {}, 'NaN', '"NaN"'],
    ['float8', type('float8'), {}, '-Infinity', '"-Infinity"'],
    ['float8 exponent', type('float8'), {}, '1.7976931348623157e+308', '1.7976931348623157E308'],
    ['float4', type('float4'), {}, '16777216', '1.6777216E7'],
    ['numeric', numeric(10, 2), {}, '1.25', '"fQ=="'],
    ['numeric below 0', numeric(10, 2), {}, '-1.29', '"/38="'],
    ['numeric 0', numeric(10, 2), {}, '0.00', '"AA=="'],
    ['numeric without fraction', numeric(10, 0), {}, '128', '"AIA="'],
    [
      'numeric of many digits',
      numeric(38, 10),
      {},
      '1234567890123456789012345678.0123456789',
      '"CUmw9vACMxPESZBOzGdFFQ=="',
    ],
    ['numeric NaN', numeric(10, 2), {}, 'NaN', null],
    ['numeric without scale', type('numeric'), {}, '123.4500', '{"scale":2,"value":"MDk="}'],
    ['numeric without scale', type('numeric'), {}, 'Infinity', null],
    ['numeric as double', type('numeric'), { decimal: 'double' }, '123.4500', '123.45'],
    ['numeric as double', type('numeric'), { decimal: 'double' }, '2.00', '2.0'],
    ['numeric as string', type('numeric'), { decimal: 'string' }, '2.00', '"2.00"'],
    ['numeric as string', type('numeric'), { decimal: 'string' }, '-Infinity', '"NEGATIVE_INFINITY"'],
    ['money', type('money'), {}, '-$92,233,720,368,547,758.08', '"gAAAAAAAAAA="'],
    ['money as string', type('money'), { decimal: 'string' }, '$1,234.50', '"1234.50"'],
    ['money as double', type('money'), { decimal: 'double' }, '$1,234.50', '1234.5'],
    ['uuid', type('uuid'), {}, '6f1b6c2e-0f4c-4bd6-9bd1-000000000001', '"6f1b6c2e-0f4c-4bd6-9bd1-000000000001"'],
    ['bytea', type('bytea'), {}, '\\xdeadbeef', '"3q2+7w=="'],
    ['bytea as url-safe base64', type('bytea'), { binary: 'base64-url-safe' }, '\\xfbff3e', '"-_8-"'],
    ['bytea as hex', type('bytea'), { binary: 'hex' }, '\\xfbff', '"fbff"'],
    ['bit(1)', type('bit', { typmod: 1 }), {}, '1', 'true'],
    ['bit(9)', type('bit', { typmod: 9 }), {}, '100000001', '"AQE="'],
    ['bit(3) of zeros', type('bit', { typmod: 3 }), {}, '000', '""'],
    ['date', type('date'), {}, '2024-02-29', '19782'],
    ['date', type('date'), { time: 'isostring' }, '12024-01-02', '"+12024-01-02Z"'],
    ['date', type('date'), { time: 'connect' }, '1969-12-31', '-1'],
    ['time', type('time'), {}, '24:00:00', '86400000000'],
    ['time(3)', type('time', { typmod: 3 }), {}, '12:34:56.789', '45296789'],
    [
      'time(3) in micros',
      type('time', { typmod: 3 }),
      { time: 'adaptive_time_microseconds' },
      '12:34:56.789',
      '45296789000',
    ],
    ['time as text', type('time'), { time: 'isostring' }, '12:34:56.7', '"12:34:56.7Z"'],
    ['time in nanos', type('time'), { time: 'nanoseconds' }, '00:00:00.000001', '1000'],
    ['timetz', type('timetz'), {}, '01:34:56.789+05:30', '"20:04:56.789Z"'],
    ['timestamp', type('timestamp'), {}, '9999-12-31 23:59:59.999999', '253402300799999999'],
    ['timestamp before 1970', type('timestamp'), {}, '1969-12-31 23:59:59.25', '-750000'],
    ['timestamp just before 1970', type('timestamp'), {}, '1969-12-31 23:59:59', '-1000000'],
    ['timestamp of 1970', type('timestamp'), {}, '1970-01-01 00:00:00.000005', '5'],
    ['timestamp(3)', type('timestamp', { typmod: 3 }), {}, '1582-10-10 00:00:00.001', '-12219724799999'],
    [
      'timestamp in nanos',
      type('timestamp'),
      { time: 'nanoseconds' },
      '2024-02-29 12:34:56.789012',
      '1709210096789012000',
    ],
    [
      'timestamp as text',
      type('timestamp'),
      { time: 'isostring' },
      '0044-03-15 12:00:00 BC',
      '"-0043-03-15T12:00:00Z"',
    ],
    ['infinity', type('timestamp'), {}, 'infinity', '9223372036825200000'],
    ['timestamptz', type('timestamptz'), {}, '2024-02-29 10:34:56.789+00', '"2024-02-29T10:34:56.789000Z"'],
    ['timestamptz(0)', type('timestamptz', { typmod: 0 }), {}, '2024-02-29 10:34:56+00', '"2024-02-29T10:34:56Z"'],
    ['timestamptz far away', type('timestamptz'), {}, '12024-02-29 10:34:56+00', '"+12024-02-29T10:34:56.000000Z"'],
    ['timestamptz', type('timestamptz'), {}, '-infinity', '"-infinity"'],
    ['interval', type('interval'), {}, '1 year 2 mons 3 days 04:05:06.789012', '37091106789012'],
    [
      'interval as text',
      type('interval'),
      { interval: 'string' },
      '-1 years +3 days -00:00:01.5',
      '"P-1Y0M3DT0H0M-1.5S"',
    ],
    ['json', type('jsonb'), {}, '{"a": 1}', '"{\\"a\\": 1}"'],
    ['enum', type('mood', { enumLabels: ['a', 'b'] }), {}, 'a', '"a"'],
    [
      'hstore',
      type('hstore'),
      {},
      '"a"=>"1", "b c"=>NULL, "q"=>"x\\"y\\\\"',
      '"{\\"a\\":\\"1\\",\\"q\\":\\"x\\\\\\"y\\\\\\\\\\",\\"b c\\":null}"',
    ],
    ['hstore as map', type('hstore'), { hstore: 'map' }, '"a"=>"1", "b"=>NULL', '{"a":"1","b":null}'],
    ['point', type('point'), {}, '(1.5,-2)', '{"x":1.5,"y":-2.0,"wkb":"AQEAAAAAAAAAAAD4PwAAAAAAAADA","srid":null}'],
    ['int4[]', arrayOf(type('int4')), {}, '{1,-2,NULL}', '[1,-2,null]'],
    ['bool[]', arrayOf(type('bool')), {}, '{t,f,NULL}', '[true,false,null]'],
    [
      'text[]',
      arrayOf(type('text')),
      {},
      '{a,"b c",NULL,"q\\"x","back\\\\s","","NULL"}',
      '["a","b c",null,"q\\"x","back\\\\s","","NULL"]',
    ],
    ['int4[] with bounds', arrayOf(type('int4')), {}, '[2:3]={1,2}', '[1,2]'],
    ['int4[][]', arrayOf(type('int4')), {}, '{{1,2},{3,4}}', '[null,null]'],
    ['empty array', arrayOf(type('numeric')), {}, '{}', '[]'],
    ['numeric[]', arrayOf(numeric(6, 2)), {}, '{1.25,NULL}', '["fQ==",null]'],
    ['unknown', type('pg_lsn'), { unknownTypes: true, binary: 'hex' }, '0/1', '"302f31"'],
  ]

describe.each(['copy', 'stream'] as const)('a value of %s', source => {
  test.each(cases)('%s', (_, column, more, text, json) => {
    expect(jsonOf(codecOf(column, { ...modes, ...more }, source)!, text, source)).toBe(json)
  })

  test('any text', () => {
    const codec = textCodec(s.string(), source)
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.oneof(
            fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
            fc.integer({ min: 1, max: 0x2f }).map(code => String.fromCharCode(code)),
            fc.constant('😀'),
          ),
        }),
        text => {
          expect(JSON.parse(jsonOf(codec, text, source)!)).toBe(text)
        },
      ),
    )
  })

  test('any decimal', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }),
        fc.integer({ min: 0, max: 12 }),
        (unscaled, scale) => {
          jsonOf(
            numericCodec(((30 << 16) | scale) + 4, 'precise', source),
            new Decimal(unscaled, scale).toString(),
            source,
          )
          jsonOf(numericCodec(-1, 'precise', source), new Decimal(unscaled, scale).toString(), source)
        },
      ),
    )
  })

  test('any float', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), number => {
        // As PostgreSQL prints it: the shortest digits, an exponent of two digits from 1e+15 on and below 1e-4.
        const text = String(number).replace(/e([+-])(\d)$/, 'e$10$2')
        jsonOf(codecOf(type('float8'), modes, source)!, text, source)
        jsonOf(
          codecOf(type('numeric'), { ...modes, decimal: 'double' }, source)!,
          new Decimal(BigInt(Math.floor(number) || 0), 2).toString(),
          source,
        )
        jsonOf(realCodec(source), shortest(Math.fround(number)), source)
      }),
    )
  })

  test('any instant', () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date('0001-01-01T00:00:00Z'),
          max: new Date('9999-12-31T23:59:59.999Z'),
          noInvalidDate: true,
        }),
        fc.integer({ min: 0, max: 999 }),
        (date, micros) => {
          const iso = date.toISOString()
          const fraction = `${iso.slice(20, 23)}${String(micros).padStart(3, '0')}`.replace(/0+$/, '')
          const text = `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction === '' ? '' : `.${fraction}`}`
          const exact = BigInt(date.getTime()) * 1000n + BigInt(micros)
          expect(jsonOf(timestampCodec(6, 'adaptive'), text, source)).toBe(String(exact))
          expect(jsonOf(timestampCodec(3, 'adaptive'), text, source)).toBe(String(date.getTime()))
          expect(jsonOf(zonedTimestampCodec(6, source), `${text}+00`, source)).toBe(
            `"${iso.slice(0, 23)}${String(micros).padStart(3, '0')}Z"`,
          )
        },
      ),
    )
  })
})

test('types without a form are left out', () => {
  for (const column of [
    type('pg_lsn'),
    type('polygon'),
    arrayOf(type('money')),
    arrayOf(type('pg_lsn')),
    type('toString'),
  ])
    expect(codecOf(column, modes, 'stream')).toBeUndefined()
})

test('what does not fit is an error, never another value', () => {
  const value = (codec: Codec, text: string) => () => codec.value(Buffer.from(text), 0, Buffer.byteLength(text))
  expect(value(intervalCodec('numeric', 'stream'), '1 fortnight')).toThrow(/no interval/)
  expect(value(codecOf(arrayOf(type('int4')), modes, 'stream')!, '{1,2')).toThrow(/no array/)
  expect(() => parseHstore('"a"=1')).toThrow(/no hstore/)
  expect(value(codecOf(type('bytea'), modes, 'stream')!, 'abc')).toThrow(/bytea_output/)
})

/** As the snapshot, the stream and an array show a text. */
const shown = (columnType: ColumnType, text: string, more: Partial<TypeModes> = {}) =>
  (['copy', 'stream', 'array'] as const).map(source => {
    const codec = codecOf(columnType, { ...modes, ...more }, source)!
    const value = codec.value(Buffer.from(text), 0, Buffer.byteLength(text))
    return value === null ? null : jsonText(codec.schema, value)
  })

test('the snapshot, the stream and arrays show some values in other ways', () => {
  expect(shown(type('date'), '0001-12-31 BC')).toEqual(['-718798', '-719163', '-718798'])
  expect(shown(type('date'), '1582-10-10')).toEqual(['-141422', '-141432', '-141422'])
  expect(shown(type('timetz'), '12:00:00.5+01:02:03')).toEqual([null, '"10:57:57.5Z"', '"10:57:57Z"'])
  expect(shown(type('time'), '12:00:00.123456')).toEqual(['43200123456', '43200123456', '43200123000'])
  expect(shown(type('numeric'), 'NaN', { decimal: 'string' })).toEqual(['"NAN"', '"NAN"', null])
})

test('what does not fit into 64 bits', () => {
  const [, far] = shown(type('timestamp'), '9999-12-31 00:00:00', { time: 'nanoseconds' })
  expect(far).toBe(null)
  expect(shown(type('timestamp'), '294276-12-31 23:59:59.999999')[1]).toBe('-9223372036853775810')
  expect(shown(type('interval'), '178000000 years')[1]).toBe('9223372036854775807')
})

test('money is rounded to its digits, halves away from zero', () => {
  const whole = (text: string) => shown(type('money'), text, { moneyDigits: 0 })[1]
  expect([whole('$12.50'), whole('-$12.49'), whole('-$12.50')]).toEqual(['"DQ=="', '"9A=="', '"8w=="'])
})

test('an array with an element that cannot be shown is null', () => {
  const moods = arrayOf(type('mood', { enumLabels: ['a', 'b'] }))
  expect(shown(moods, '{a,NULL}')[1]).toBe(null)
  expect(shown(moods, '{a,b}')[1]).toBe('["a","b"]')
  expect(shown(arrayOf(type('box')), '{(2,2),(0,0);(1,1),(0,0)}', { unknownTypes: true })[1]).toBe(
    '["KDIuMCwyLjApLCgwLjAsMC4wKQ==","KDEuMCwxLjApLCgwLjAsMC4wKQ=="]',
  )
  expect(shown(type('int2vector', { element: type('int2') }), '1 2')[1]).toBe('[]')
})

test('a value that is null writes nothing', () => {
  const codec = parsedCodec(s.string(), 'stream', { factor: 1, extra: 0 }, () => null)
  expect(codec.write(Buffer.from('x'), 0, 1, Buffer.alloc(10), 3)).toBe(-1)
  expect(unknownCodec('bytes', 'stream').value(Buffer.from('x'), 0, 1)).toEqual(Buffer.from('x'))
})
