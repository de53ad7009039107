import protobuf from 'protobufjs'
import { describe, expect, test } from 'vitest'
import { Decimal } from '../../../../runtime/api/decimal.ts'
import { dateSchema, decimalSchema, timeSchema, timestampSchema } from '../../../../runtime/api/logical.ts'
import { type Schema, s } from '../../../../runtime/api/schema.ts'
import { formatOf, payloadOf, proto3, registered, roundTrip } from './protobuf-samples.ts'

const struct = (field: Schema, name = 'Row') => s.struct({ f: field }, { name })

describe('values come back', () => {
  test.each<[string, Schema, unknown]>([
    ['int8', s.int8(), -128],
    ['int16', s.int16(), 32767],
    ['int32', s.int32(), -1],
    ['int64', s.int64(), 42],
    ['int64 below -2^32', s.int64(), -4294967297],
    ['int64 beyond 2^53', s.int64(), 9007199254740993n],
    ['smallest int64', s.int64(), -9223372036854775808n],
    ['largest int64', s.int64(), 9223372036854775807n],
    ['float32', s.float32(), 12.25],
    ['float64', s.float64(), -0.1],
    ['minus zero', s.float64(), -0],
    ['not a number', s.float64(), Number.NaN],
    ['boolean', s.boolean(), true],
    ['string', s.string(), 'Grüße 👋'],
    ['long string', s.string(), 'é'.repeat(300)],
    ['empty string', s.string(), ''],
    ['bytes', s.bytes(), Uint8Array.of(0, 255)],
    ['array', s.array(s.int32()), [1, 0, -1]],
    ['array of text', s.array(s.string()), ['a', '', 'b']],
    ['empty array', s.array(s.int64()), []],
    [
      'map',
      s.map(s.string(), s.int64()),
      new Map([
        ['a', 1],
        ['', 0],
      ]),
    ],
    ['map of structs', s.map(s.int32(), s.struct({ x: s.int32() }, { name: 'X' })), new Map([[7, { x: 0 }]])],
    ['struct', s.struct({ x: s.string() }, { name: 'X' }), { x: 'y'.repeat(200) }],
    ['decimal', decimalSchema(3), new Decimal(-12345678901234567890n, 3)],
    ['day', dateSchema(), new Date(Date.UTC(1969, 1, 28))],
    ['first day', dateSchema(), new Date('0001-01-01')],
    ['time', timeSchema(), new Date(86_399_999)],
    ['midnight', timeSchema(), new Date(0)],
    ['timestamp', timestampSchema(), new Date(-1)],
  ])('%s', (_, schema, value) => {
    expect(roundTrip(struct(schema), { f: value }).value).toStrictEqual({ f: value })
  })

  test.each<[string, Schema, unknown]>([
    ['int8', s.int8(), 5],
    ['int64', s.int64(), -9007199254740993n],
    ['string', s.string(), 'x'],
    ['empty string', s.string(), ''],
    ['bytes', s.bytes(), Uint8Array.of(1)],
    ['boolean', s.boolean(), false],
  ])('%s as root', (_, schema, value) => {
    expect(roundTrip(schema, value).value).toStrictEqual(value)
  })

  test.each(['sint32', 'sfixed32'])('INT32 as %s', type => {
    const schema = struct(s.int32({ parameters: { 'io.confluent.connect.protobuf.Type': type } }))
    for (const f of [0, 1, -1, 2147483647, -2147483648]) expect(roundTrip(schema, { f }).value).toEqual({ f })
  })

  test.each(['sint64', 'sfixed64'])('INT64 as %s', type => {
    const schema = struct(s.int64({ parameters: { 'io.confluent.connect.protobuf.Type': type } }))
    for (const f of [0, -1, -4294967296, 9007199254740991, 9223372036854775807n, -9223372036854775808n])
      expect(roundTrip(schema, { f }).value).toEqual({ f })
  })

  test.each(['uint32', 'fixed32', 'uint64', 'fixed64'])('INT64 as %s', type => {
    const schema = struct(s.int64({ parameters: { 'io.confluent.connect.protobuf.Type': type } }))
    for (const f of [0, 1, 4294967295]) expect(roundTrip(schema, { f }).value).toEqual({ f })
    expect(() => roundTrip(schema, { f: -1 })).toThrow(/Row\.f cannot hold -1: out of the range of/)
  })
})

describe('nulls', () => {
  const schema = s.struct({ n: s.int32({ optional: true }), t: s.string({ optional: true }) }, { name: 'Row' })

  test('a proto3 scalar that is null comes back as its zero', () => {
    expect(roundTrip(schema, { n: null, t: null }).value).toEqual({ n: 0, t: '' })
  })

  test.each([{ optionalNullables: true }, { wrapperNullables: true }])('%o keeps nulls', settings => {
    expect(roundTrip(schema, { n: null, t: null }, settings).value).toEqual({ n: null, t: null })
    expect(roundTrip(schema, { n: 0, t: '' }, settings).value).toEqual({ n: 0, t: '' })
  })

  test('a null stands for the default, unless that is ignored', () => {
    const field = struct(s.int32({ optional: true, default: 7 }))
    expect(roundTrip(field, { f: null }).value).toEqual({ f: 7 })
    expect(roundTrip(field, { f: null }, { ignoreDefaults: true }).value).toEqual({ f: 0 })
  })

  test('a null in a required field, an element or a key is an error', () => {
    expect(() => roundTrip(struct(s.int32()), { f: null })).toThrow('The field Row.f is required')
    expect(() => roundTrip(struct(s.array(s.string())), { f: [null] })).toThrow('Row.f holds a null element')
    const map = s.map(s.string({ optional: true }), s.string())
    expect(() => roundTrip(struct(map), { f: new Map([[null, 'x']]) })).toThrow('Row.f.key is required')
  })

  test('a null message is null, or empty under generate.struct.for.nulls', () => {
    const nested = s.struct({ x: s.int32() }, { name: 'X', optional: true })
    const wide = s.struct({ f: nested, at: timestampSchema({ optional: true }), day: dateSchema({ optional: true }) })
    const value = { f: null, at: null, day: null }
    expect(roundTrip(wide, value).value).toEqual(value)
    expect(roundTrip(wide, value, { structForNulls: true }).value).toEqual({ f: { x: 0 }, at: new Date(0), day: null })
  })
})

test.each<[string, Schema, unknown, RegExp]>([
  ['text for a number', s.int32(), '1', /Invalid type for INT32 of the field Row\.f: class java\.lang\.String/],
  ['too large', s.int8(), 128, /Row\.f cannot hold 128: out of the range of INT8/],
  ['a fraction', s.int64(), 1.5, /Invalid type for INT64/],
  ['beyond int64', s.int64(), 1n << 63n, /out of the range of INT64/],
  ['a number for text', s.string(), 1, /Invalid type for STRING/],
  ['a number for bytes', s.bytes(), 1, /Invalid type for BYTES/],
  ['a number for a boolean', s.boolean(), 1, /Invalid type for BOOLEAN/],
  ['text for a double', s.float64(), '1', /Invalid type for FLOAT64/],
  ['an object for an array', s.array(s.int32()), {}, /Invalid type for ARRAY/],
  ['an object for a map', s.map(s.string(), s.int32()), {}, /Invalid type for MAP/],
  ['an array for a struct', s.struct({}, { name: 'X' }), [], /Invalid type for STRUCT/],
  ['a number for a decimal', decimalSchema(1), 1, /Row\.f: Invalid type for Decimal/],
  ['a time for a day', dateSchema(), new Date(1), /Row\.f: .*Date type should not have any time fields/],
  ['a day for a time', timeSchema(), new Date(86_400_000), /Row\.f: Time values must be/],
  ['a year without Protobuf', timestampSchema(), new Date(253_402_300_800_000), /Row\.f: .*years 0001 to 9999/],
])('%s is a DataError that names the field', (_, schema, value, message) => {
  expect(() => roundTrip(struct(schema), { f: value })).toThrow(
    expect.objectContaining({ name: 'DataError', message: expect.stringMatching(message) }),
  )
})

describe('against protobufjs', () => {
  const text = `syntax = "proto3";
message M {
  repeated sint64 far = 9;
  int64 id = 1;
  map<string, N> parts = 4;
  oneof pick { string word = 5; N nest = 6; }
  optional uint32 maybe = 7;
  repeated fixed32 marks = 8;
  E mood = 10;
  enum E { NONE = 0; GOOD = 1; }
  message N { double x = 1; bytes raw = 2; N2 deep = 3; }
  message N2 { bool on = 1; }
}`
  const root = protobuf.parse(text, { keepCase: true }).root
  const type = root.lookupType('M')
  const value = {
    pick_0: { word: null, nest: { x: 1.5, raw: Uint8Array.of(1, 2), deep: { on: true } } },
    far: [-1, 2],
    id: 5,
    parts: new Map([['k', { x: 0, raw: new Uint8Array(), deep: null }]]),
    maybe: 0,
    marks: [1, 4294967295],
    mood: 'GOOD',
  }
  const plain = {
    far: [-1, 2],
    id: 5,
    parts: { k: {} },
    nest: { x: 1.5, raw: Buffer.of(1, 2), deep: { on: true } },
    maybe: 0,
    marks: [1, 4294967295],
    mood: 1,
  }
  const format = formatOf()

  test('reads what it writes', () => {
    const bytes = type.encode(type.fromObject(plain)).finish()
    expect(format.reader(registered(text), undefined).decode(bytes).value).toStrictEqual(value)
  })

  test('writes what it reads', () => {
    const { schema } = formatOf({ optionalNullables: true })
      .reader(registered(text), undefined)
      .decode(new Uint8Array())
    // Without optional labels an unset number would be the same as 0.
    const bytes = payloadOf(formatOf({ optionalNullables: true }).writer(schema), value)
    const object = type.toObject(type.decode(bytes), { longs: Number, enums: Number })
    expect(object).toEqual(plain)
    expect(payloadOf(format.writerAs(registered(text), schema), value)).toEqual(bytes)
  })
})

describe('reading', () => {
  const read = (body: string, bytes: number[], settings = {}) =>
    formatOf(settings).reader(proto3(body), undefined).decode(Uint8Array.from(bytes)).value

  test('unknown fields and wire types are skipped, groups too', () => {
    const unknown = [0x20, 5, 0x29, 0, 0, 0, 0, 0, 0, 0, 0, 0x32, 1, 7, 0x3d, 0, 0, 0, 0, 0x43, 0x08, 1, 0x44]
    expect(read('message M { int32 a = 1; }', [...unknown, 0x08, 9, 0x0a, 1, 1])).toEqual({ a: 9 })
  })

  test('the last value counts, and messages merge', () => {
    expect(read('message M { N n = 1; message N { int32 a = 1; int32 b = 2; } }', [10, 2, 8, 1, 10, 2, 16, 2])).toEqual(
      {
        n: { a: 1, b: 2 },
      },
    )
    expect(read('message M { oneof o { int32 a = 1; int32 b = 2; } }', [8, 1, 16, 0])).toEqual({
      o_0: { a: null, b: 0 },
    })
  })

  test('packed and single values mix', () => {
    expect(read('message M { repeated int32 a = 1; }', [8, 1, 10, 2, 2, 3, 8, 4])).toEqual({ a: [1, 2, 3, 4] })
  })

  test('an open enum keeps what it does not know; it comes back as its number', () => {
    const body = 'message M { E e = 1; enum E { A = 0; } }'
    expect(read(body, [8, 5])).toEqual({ e: 'UNKNOWN_ENUM_VALUE_E_5' })
    expect(read(body, [8, 5], { intEnums: true })).toEqual({ e: 5 })
    const { schema, value } = formatOf().reader(proto3(body), undefined).decode(Uint8Array.of(8, 5))
    expect([...payloadOf(formatOf().writer(schema), value)]).toEqual([8, 5])
  })

  test('an unsigned number that INT64 cannot hold is an error', () => {
    const all = [8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]
    expect(() => read('message M { uint64 a = 1; }', all)).toThrow(/M\.a holds the uint64 18446744073709551615/)
    expect(read('message M { int64 a = 1; }', all)).toEqual({ a: -1 })
  })

  test.each([
    ['a truncated number', [8, 128]],
    ['a length beyond the end', [18, 5, 1]],
    ['field number zero', [0, 1]],
    ['a number of eleven bytes', [8, ...Array<number>(10).fill(255), 1]],
    ['text that is not UTF-8', [18, 1, 255]],
    ['an end without a group', [12]],
    ['a group without an end', [11]],
    ['a truncated fixed64', [25, 1]],
    ['a 13th month', [34, 6, 8, 1, 16, 13, 24, 1]],
    ['a wrong decimal', [42, 0]],
  ])('%s is a DataError', (_, bytes) => {
    const body = `import "google/type/date.proto"; import "confluent/type/decimal.proto";
message M { int32 a = 1; string b = 2; fixed64 c = 3; google.type.Date d = 4; confluent.type.Decimal e = 5; }`
    expect(() => read(body, bytes)).toThrow(expect.objectContaining({ name: 'DataError' }))
  })
})

test('a field may be called as what every object has: absent, it is null', () => {
  const text = s.string({ optional: true })
  const choice = s.struct(
    { toString: text, other: text },
    { name: 'io.confluent.connect.protobuf.Union.choice', optional: true },
  )
  const schema = s.struct({ constructor: text, valueOf: text, choice }, { name: 'Row' })
  const written = roundTrip(schema, { valueOf: 'v', choice: { other: 'o' } }, { optionalNullables: true })
  expect(written.value).toEqual({ choice_0: { toString: null, other: 'o' }, constructor: null, valueOf: 'v' })
})
