import avsc from 'avsc'
import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../../../runtime/api/byte-writer.ts'
import { Decimal } from '../../../../runtime/api/decimal.ts'
import { DataError } from '../../../../runtime/api/errors.ts'
import { dateSchema, decimalSchema, timeSchema, timestampSchema } from '../../../../runtime/api/logical.ts'
import { type Schema, s } from '../../../../runtime/api/schema.ts'
import { avroFormat } from '../../../../runtime/converters/avro/avro-format.ts'
import { type AvroSettings, avroDefaults } from '../../../../runtime/converters/avro/settings.ts'
import type { ResolvedSchema } from '../../../../runtime/converters/registry/format.ts'

const formatWith = (settings: Partial<AvroSettings> = {}) => avroFormat({ ...avroDefaults, ...settings })
const registered = (text: string | object, resolved: ReadonlyMap<string, string> = new Map()): ResolvedSchema => ({
  type: 'AVRO',
  text: typeof text === 'string' ? text : JSON.stringify(text),
  references: [],
  resolved,
})
const textOf = (schema: Schema, settings?: Partial<AvroSettings>) => formatWith(settings).writer(schema).schema.text
const bytesOf = (schema: Schema, value: unknown, settings?: Partial<AvroSettings>): Buffer => {
  const out = new ByteWriter(8)
  formatWith(settings).writer(schema).encodeInto(out, value)
  return Buffer.from(out.buf.subarray(0, out.pos))
}
/** Written, and read with what was registered. */
const back = (schema: Schema, value: unknown, settings?: Partial<AvroSettings>) =>
  formatWith(settings)
    .reader(registered(textOf(schema, settings)), undefined)
    .decode(bytesOf(schema, value, settings))
/** Long integers as bigint: a library that knows nothing of ours. */
const long = avsc.types.LongType.__with({
  fromBuffer: (buf: Buffer) => buf.readBigInt64LE(),
  toBuffer: (n: bigint) => {
    const buf = Buffer.alloc(8)
    buf.writeBigInt64LE(BigInt(n))
    return buf
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (n: unknown) => typeof n === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
})
const oracle = (text: string | object) =>
  avsc.Type.forSchema((typeof text === 'string' ? JSON.parse(text) : text) as avsc.Schema, {
    registry: { long },
    wrapUnions: false,
    logicalTypes: {},
  })

describe('the text of a schema', () => {
  test.each<[string, Schema, unknown]>([
    ['int16', s.int16(), { type: 'int', 'connect.type': 'int16' }],
    ['text', s.string(), 'string'],
    ['optional', s.int32({ optional: true }), ['null', 'int']],
    [
      'optional with a default',
      s.int32({ optional: true, default: 5 }),
      [{ type: 'int', 'connect.default': 5 }, 'null'],
    ],
    [
      'a decimal',
      decimalSchema(2),
      {
        type: 'bytes',
        scale: 2,
        precision: 64,
        'connect.version': 1,
        'connect.parameters': { scale: '2' },
        'connect.name': 'org.apache.kafka.connect.data.Decimal',
        logicalType: 'decimal',
      },
    ],
    [
      'a timestamp',
      timestampSchema(),
      {
        type: 'long',
        'connect.version': 1,
        'connect.name': 'org.apache.kafka.connect.data.Timestamp',
        logicalType: 'timestamp-millis',
      },
    ],
    [
      'documentation and a name',
      s.int8({ doc: 'd', default: 2, name: 'n', version: 3, parameters: { p: 'q' } }),
      {
        type: 'int',
        'connect.doc': 'd',
        'connect.version': 3,
        'connect.parameters': { p: 'q' },
        'connect.default': 2,
        'connect.name': 'n',
        'connect.type': 'int8',
      },
    ],
    ['a map', s.map(s.string(), s.int32()), { type: 'map', values: 'int' }],
    [
      'a map with other keys',
      s.map(s.int32(), s.string()),
      {
        type: 'array',
        items: {
          type: 'record',
          name: 'MapEntry',
          namespace: 'io.confluent.connect.avro',
          fields: [
            { name: 'key', type: 'int' },
            { name: 'value', type: 'string' },
          ],
        },
      },
    ],
  ])('%s', (_what, schema, expected) => {
    expect(textOf(schema)).toBe(JSON.stringify(expected))
  })

  test('of a change event, a record named twice', () => {
    const value = s.struct({ id: s.int32() }, { name: 'shop.public.orders.Value', optional: true })
    const snapshot = s.string({
      optional: true,
      name: 'io.debezium.data.Enum',
      version: 1,
      parameters: { allowed: 'true,false' },
      default: 'false',
    })
    const source = s.struct({ snapshot }, { name: 'io.debezium.connector.postgresql.Source' })
    const envelope = s.struct(
      { before: value, after: value, source },
      { name: 'shop.public.orders.Envelope', version: 2 },
    )
    expect(textOf(envelope)).toBe(
      '{"type":"record","name":"Envelope","namespace":"shop.public.orders","fields":[{"name":"before","type":["null",{"type":"record","name":"Value","fields":[{"name":"id","type":"int"}],"connect.name":"shop.public.orders.Value"}],"default":null},{"name":"after","type":["null","Value"],"default":null},{"name":"source","type":{"type":"record","name":"Source","namespace":"io.debezium.connector.postgresql","fields":[{"name":"snapshot","type":[{"type":"string","connect.version":1,"connect.parameters":{"allowed":"true,false"},"connect.default":"false","connect.name":"io.debezium.data.Enum"},"null"],"default":"false"}],"connect.name":"io.debezium.connector.postgresql.Source"}}],"connect.version":2,"connect.name":"shop.public.orders.Envelope"}',
    )
  })

  test('records without a name are told apart', () => {
    const text = textOf(s.struct({ a: s.struct({ x: s.int32() }), b: s.struct({ y: s.int32() }) }))
    expect([...text.matchAll(/"name":"(Connect\w+)"/g)].map(match => match[1])).toEqual([
      'ConnectDefault',
      'ConnectDefault2',
      'ConnectDefault3',
    ])
  })

  test('names that Avro does not allow are refused, or changed where that is asked for', () => {
    const schema = s.struct({ 'a-b': s.int32(), '1é': s.int32(), '!\ud800': s.int32() }, { name: 'x.y z' })
    expect(() => textOf(schema)).toThrow('Illegal name')
    expect(JSON.parse(textOf(schema, { scrub: true }))).toMatchObject({
      name: 'y_z',
      namespace: 'x',
      fields: [{ name: 'a_b' }, { name: 'x1_C3_A9' }, { name: '_21_EF_BF_BD' }],
    })
    expect(back(schema, { 'a-b': 1, '1é': 2, '!\ud800': 3 }, { scrub: true }).value).toEqual({
      a_b: 1,
      x1_C3_A9: 2,
      _21_EF_BF_BD: 3,
    })
  })

  test('two schemas of one name are refused', () => {
    const twice = s.struct({
      a: s.struct({ x: s.int32() }, { name: 'n' }),
      b: s.struct({ y: s.int32() }, { name: 'n' }),
    })
    expect(() => textOf(twice)).toThrow('Two different schemas have the name n')
  })

  test('without metadata it has no word of Connect', () => {
    const schema = s.struct({ a: s.int16({ doc: 'd' }), b: decimalSchema(1) }, { name: 'n.R', version: 2 })
    expect(textOf(schema, { metadata: false })).not.toContain('connect.')
  })
})

describe('bytes', () => {
  const everything = s.struct(
    {
      i8: s.int8(),
      i32: s.int32(),
      i64: s.int64(),
      big: s.int64(),
      f32: s.float32(),
      f64: s.float64(),
      yes: s.boolean(),
      text: s.string(),
      long: s.string(),
      bytes: s.bytes(),
      none: s.string({ optional: true }),
      some: s.string({ optional: true }),
      list: s.array(s.int32()),
      map: s.map(s.string(), s.int64()),
      entries: s.map(s.int32(), s.string()),
      inner: s.struct({ a: s.boolean({ optional: true }) }, { name: 'n.Inner' }),
    },
    { name: 'n.Everything' },
  )
  const value = {
    i8: -128,
    i32: -2147483648,
    i64: 2 ** 40 + 1,
    big: -9223372036854775808n,
    f32: 1.5,
    f64: -1e300,
    yes: true,
    text: 'é€😀',
    long: `${'x'.repeat(100)}ü`,
    bytes: Buffer.from([0, 255]),
    none: null,
    some: '',
    list: [1, -1, 64, -65],
    map: new Map([['k', 2 ** 52]]),
    entries: new Map([[7, 'seven']]),
    inner: { a: false },
  }

  test('are those that another library writes', () => {
    const theirs = oracle(textOf(everything)).toBuffer({
      ...value,
      i64: BigInt(value.i64),
      map: { k: BigInt(2 ** 52) },
      entries: [{ key: 7, value: 'seven' }],
    })
    expect(bytesOf(everything, value).toString('hex')).toBe(theirs.toString('hex'))
  })

  test('come back as they were, the schema too', () => {
    const { schema, value: again } = back(everything, value)
    expect(schema).toBe(everything)
    expect(again).toEqual(value)
  })

  test.each<[string, Schema, unknown]>([
    ['decimal', decimalSchema(2), new Decimal(-12345678901234567890n, 2)],
    ['date', dateSchema(), new Date('1969-12-31T00:00:00Z')],
    ['time', timeSchema(), new Date(86_399_999)],
    ['timestamp', timestampSchema(), new Date(-1)],
    ['a default for null', s.struct({ a: s.int32({ default: 5 }) }, { name: 'r' }), { a: 5 }],
    ['an optional struct', s.struct({ a: s.int32() }, { name: 'r', optional: true }), { a: 1 }],
  ])('of %s', (_what, schema, value) => {
    const again = back(schema, value)
    expect(again.value).toEqual(value)
    expect(again.schema).toBe(schema)
  })

  test('a null with a default is the default, unless that is to be ignored', () => {
    const schema = s.struct({ a: s.int32({ optional: true, default: 5 }) }, { name: 'r' })
    expect(back(schema, { a: null }).value).toEqual({ a: 5 })
    expect(back(schema, { a: null }, { ignoreDefaults: true }).value).toEqual({ a: null })
  })

  test('a default that is ignored is not told either', () => {
    const schema = s.struct({ a: s.int32({ optional: true, default: 5 }) }, { name: 'r' })
    const [field] = JSON.parse(textOf(schema, { ignoreDefaults: true })).fields
    expect(field).toEqual({ name: 'a', type: ['null', 'int'], default: null })
    oracle(textOf(schema, { ignoreDefaults: true }))
  })

  test('members have any name that Avro allows', () => {
    const schema = s.struct([
      ['__proto__', s.string()],
      ['constructor', s.string({ optional: true })],
    ])
    const value = JSON.parse('{"__proto__":"p"}') as object
    const again = back(schema, value).value as object
    expect(Object.entries(again)).toEqual([
      ['__proto__', 'p'],
      ['constructor', null],
    ])
  })

  test.each([
    0,
    -1,
    63,
    -64,
    64,
    2 ** 27,
    2 ** 31,
    -(2 ** 31) - 1,
    2 ** 34,
    1_700_000_000_000,
    2 ** 51,
    2 ** 52 - 1,
    2 ** 52,
    -(2 ** 52),
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
    2n ** 53n,
    2n ** 62n,
    -(2n ** 63n),
    2n ** 63n - 1n,
  ])('the long %s', value => {
    expect(bytesOf(s.int64(), value).toString('hex')).toBe(oracle('"long"').toBuffer(BigInt(value)).toString('hex'))
    expect(back(s.int64(), value).value).toBe(value)
  })

  test('bytes alone have no length before them', () => {
    expect(bytesOf(s.bytes(), Buffer.from('ab')).toString()).toBe('ab')
    expect(back(s.bytes(), Buffer.from('ab')).value).toEqual(Buffer.from('ab'))
  })

  test.each<[string, Schema, unknown, string]>([
    ['text for a number', everything, { ...value, i32: '1' }, 'n.Everything.i32'],
    ['a number out of range', everything, { ...value, i8: 128 }, 'n.Everything.i8'],
    ['a missing field', everything, { ...value, text: null }, 'n.Everything.text'],
    ['a float for an integer', everything, { ...value, i64: 1.5 }, 'n.Everything.i64'],
    ['an item', everything, { ...value, list: [1, 'x'] }, 'n.Everything.list[]'],
    ['another scale', decimalSchema(2), new Decimal(1n, 3), 'mismatching scale'],
    ['a time of day in a date', dateSchema(), new Date(1), 'no time of day'],
  ])('%s is refused with its place', (_what, schema, wrong, says) => {
    expect(() => bytesOf(schema, wrong)).toThrow(DataError)
    expect(() => bytesOf(schema, wrong)).toThrow(says)
  })

  test('a value without a schema is refused', () => {
    expect(() => formatWith().writer(null)).toThrow('without a schema')
  })
})

describe('schemas of others', () => {
  const read = (text: string | object, value: unknown, settings?: Partial<AvroSettings>) =>
    formatWith(settings).reader(registered(text), 4).decode(oracle(text).toBuffer(value))

  test('a record: names, namespaces, documentation, defaults; its version is that of the subject', () => {
    const { schema, value } = read(
      {
        type: 'record',
        name: 'R',
        namespace: 'a.b',
        doc: 'about R',
        fields: [
          { name: 'n', type: ['null', 'string'], default: null, doc: 'about n' },
          { name: 'd', type: 'int', default: 7 },
          { name: 'u', type: ['string', 'null'], default: 'x' },
        ],
      },
      { n: null, d: 1, u: null },
    )
    expect(schema).toBe(
      s.struct(
        {
          n: s.string({ optional: true }),
          d: s.int32({ default: 7, parameters: { 'io.confluent.connect.avro.field.default': 'true' } }),
          // As Confluent's converter: the default of an optional field of others is not told.
          u: s.string({ optional: true }),
        },
        {
          name: 'a.b.R',
          version: 4,
          parameters: {
            'io.confluent.connect.avro.record.doc': 'about R',
            'io.confluent.connect.avro.field.doc.n': 'about n',
          },
        },
      ),
    )
    expect(value).toEqual({ n: null, d: 1, u: null })
  })

  test('documentation and defaults of fields are written where they were read', () => {
    const text = {
      type: 'record',
      name: 'R',
      doc: 'about R',
      fields: [
        { name: 'n', type: 'int', doc: 'about n', default: 7 },
        { name: 'e', type: { type: 'enum', name: 'E', doc: 'about E', symbols: ['A', 'B'], default: 'A' } },
      ],
    }
    const { schema } = formatWith()
      .reader(registered(text), undefined)
      .decode(Buffer.from([2, 0]))
    const again = JSON.parse(textOf(schema!, { enhanced: true }))
    expect(again).toMatchObject({ doc: 'about R', fields: [text.fields[0], text.fields[1]] })
    expect(again.fields[0].type).toBe('int')
  })

  test('an enum is text that knows its symbols, a fixed is bytes that know their size', () => {
    const text = {
      type: 'record',
      name: 'R',
      fields: [
        { name: 'e', type: { type: 'enum', name: 'E', symbols: ['A', 'B'] } },
        { name: 'f', type: { type: 'fixed', name: 'F', size: 2 } },
      ],
    }
    const { schema, value } = read(text, { e: 'B', f: Buffer.from([1, 2]) })
    expect(schema!.field('e')!.schema.parameters).toEqual({
      'io.confluent.connect.avro.Enum': 'E',
      'io.confluent.connect.avro.Enum.A': 'A',
      'io.confluent.connect.avro.Enum.B': 'B',
    })
    expect(schema!.field('f')!.schema.parameters).toEqual({ 'connect.fixed.size': '2' })
    expect(value).toEqual({ e: 'B', f: Buffer.from([1, 2]) })
  })

  test('a union is a struct with a field for each type', () => {
    const { schema, value } = read(
      { type: 'record', name: 'R', fields: [{ name: 'u', type: ['null', 'int', 'string'] }] },
      { u: 'x' },
    )
    const union = schema!.field('u')!.schema
    expect([union.name, union.optional, union.fields.map(({ name }) => name)]).toEqual([
      'io.confluent.connect.avro.Union',
      true,
      ['int', 'string'],
    ])
    expect(value).toEqual({ u: { int: null, string: 'x' } })
    const again = formatWith().writer(schema!)
    expect(JSON.parse(again.schema.text).fields[0].type).toEqual(['null', 'int', 'string'])
    const out = new ByteWriter(8)
    again.encodeInto(out, value)
    expect(out.buf.subarray(0, out.pos)).toEqual(Buffer.from([4, 2, 120]))
  })

  test('a fixed decimal, days and times', () => {
    const text = {
      type: 'record',
      name: 'R',
      fields: [
        { name: 'd', type: { type: 'fixed', name: 'D', size: 4, logicalType: 'decimal', precision: 8, scale: 2 } },
        { name: 't', type: { type: 'int', logicalType: 'date' } },
      ],
    }
    const { value } = read(text, { d: Buffer.from([255, 255, 255, 156]), t: 19000 })
    expect(value).toEqual({ d: new Decimal(-100n, 2), t: new Date(19000 * 86_400_000) })
  })

  test('names that refer to other registered schemas', () => {
    const inner = '{"type":"record","name":"Inner","namespace":"x","fields":[{"name":"a","type":"int"}]}'
    const outer = '{"type":"record","name":"Outer","namespace":"x","fields":[{"name":"i","type":"x.Inner"}]}'
    const { schema, value } = formatWith()
      .reader(registered(outer, new Map([['x.Inner', inner]])), undefined)
      .decode(Buffer.from([6]))
    expect(schema!.field('i')!.schema.name).toBe('x.Inner')
    expect(value).toEqual({ i: { a: 3 } })
  })

  test.each([
    [
      'one that holds itself',
      { type: 'record', name: 'T', fields: [{ name: 't', type: ['null', 'T'] }] },
      'holds itself',
    ],
    ['an unknown name', { type: 'array', items: 'Nobody' }, 'is defined nowhere'],
    ['a union in a union', [['int'], 'string'], 'holds another one'],
    ['no JSON', '{', 'is no JSON'],
    ['a type twice', ['int', 'int'], 'the same type twice'],
  ])('%s is refused', (_what, text, says) => {
    const reading = () => formatWith().reader(registered(text), 1)
    expect(reading).toThrow(DataError)
    expect(reading).toThrow(says)
  })
})

describe('written as a registered schema says', () => {
  const own = s.struct({ id: s.int32(), name: s.string() }, { name: 'R' })
  const as = (text: object, value: unknown) => {
    const out = new ByteWriter(8)
    formatWith().writerAs(registered(text), own).encodeInto(out, value)
    return oracle(text).fromBuffer(Buffer.from(out.buf.subarray(0, out.pos))) as Record<string, unknown>
  }

  test('its order, wider numbers, defaults for what the record has not', () => {
    const text = {
      type: 'record',
      name: 'R',
      fields: [
        { name: 'name', type: ['null', 'string'] },
        { name: 'id', type: 'long' },
        { name: 'extra', type: 'string', default: 'e' },
        { name: 'none', type: ['null', 'int'], default: null },
      ],
    }
    expect({ ...as(text, { id: 5, name: 'n' }) }).toEqual({ name: 'n', id: 5n, extra: 'e', none: null })
  })

  test('what it requires and the record has not is an error', () => {
    const text = { type: 'record', name: 'R', fields: [{ name: 'other', type: 'int' }] }
    expect(() => as(text, { id: 5, name: 'n' })).toThrow('has no field other')
    expect(() => as({ type: 'record', name: 'R', fields: [{ name: 'id', type: 'string' }] }, {})).toThrow('R.id')
  })
})
