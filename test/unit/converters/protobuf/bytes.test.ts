import { describe, expect, test } from 'vitest'
import { type Schema, s } from '../../../../runtime/api/schema.ts'
import { formatOf, payloadOf, proto3, registered, roundTrip } from './protobuf-samples.ts'

const hex = (schema: Schema, value: unknown, settings = {}): string =>
  payloadOf(formatOf(settings).writer(schema), value).toString('hex')

describe('bytes', () => {
  test('zeros are left out, fields stand in the order of their numbers, numbers of a list are packed', () => {
    const tag = (number: number) => ({ parameters: { 'io.confluent.connect.protobuf.Tag': String(number) } })
    const schema = s.struct({
      list: s.array(s.int32(), tag(5)),
      zero: s.int32(tag(2)),
      empty: s.string(tag(4)),
      off: s.boolean(tag(6)),
      none: s.bytes(tag(7)),
      nothing: s.float64(tag(8)),
      words: s.array(s.string(), tag(3)),
      first: s.int64(tag(1)),
    })
    const value = {
      list: [1, 0, 300],
      zero: 0,
      empty: '',
      off: false,
      none: new Uint8Array(),
      nothing: 0,
      words: ['', 'b'],
      first: -1,
    }
    expect(hex(schema, value)).toBe(`08${'ff'.repeat(9)}01${'1a00'}${'1a0162'}${'2a04'}0100ac02`)
  })

  test('a zero is written where it can be told from nothing', () => {
    const schema = s.struct({ n: s.int32({ optional: true }) })
    expect(hex(schema, { n: 0 }, { optionalNullables: true })).toBe('0800')
    expect(hex(schema, { n: 0 }, { wrapperNullables: true })).toBe('0a00')
    expect(hex(schema, { n: null }, { wrapperNullables: true })).toBe('')
  })

  test('an entry of a map leaves out zeros too', () => {
    const schema = s.struct({ m: s.map(s.string(), s.int32()) })
    expect(hex(schema, { m: new Map([['a', 0]]) })).toBe('0a030a0161')
  })

  test.each([127, 128, 16_383, 16_384, 2_097_152])('messages of about %i bytes', length => {
    const schema = s.struct({
      inner: s.struct({ text: s.bytes(), next: s.int32() }, { name: 'Inner' }),
      after: s.int32(),
    })
    for (const more of [-8, -4, 0, 4]) {
      const text = Buffer.alloc(length + more, 7)
      const { value } = roundTrip(schema, { inner: { text, next: 5 }, after: 9 })
      expect(value).toEqual({ inner: { text: expect.any(Uint8Array), next: 5 }, after: 9 })
      expect(text.equals((value as { inner: { text: Uint8Array } }).inner.text)).toBe(true)
    }
  })
})

describe('oneofs', () => {
  const body = 'message M { oneof o { int32 a = 1; string b = 2; } }'
  const plain = proto3(body)

  test('of flattened members the last that comes counts', () => {
    const { value } = formatOf({ flattenUnions: true })
      .reader(plain, undefined)
      .decode(Uint8Array.of(8, 1, 18, 1, 98))
    expect(value).toEqual({ a: null, b: 'b' })
  })

  test('a union that holds two members or none is an error', () => {
    const { schema } = formatOf().reader(plain, undefined).decode(new Uint8Array())
    const writer = formatOf().writer(schema)
    expect(payloadOf(writer, { o_0: { a: null, b: '' } }).toString('hex')).toBe('1200')
    expect(() => payloadOf(writer, { o_0: { a: 1, b: 'b' } })).toThrow('M.o_0 holds both a and b')
    expect(() => payloadOf(writer, { o_0: { a: null, b: null } })).toThrow('M.o_0 holds none of its members')
  })
})

test('a writer finds the message that is named like the record, nested too', () => {
  const text = registered('syntax = "proto3"; package p; message A { message B { int32 x = 1; } } message C {}')
  const indexesOf = (name: string) => formatOf().writerAs(text, s.struct({}, { name })).messageIndexes
  expect([indexesOf('p.A.B'), indexesOf('p.C'), indexesOf('Unknown')]).toEqual([[0, 0], [1], [0]])
})

test('extensions are no fields of what they extend', () => {
  const text = registered(
    'syntax = "proto2"; message M { optional int32 a = 1; extensions 100 to 200; } extend M { optional int32 more = 100; }',
  )
  const { schema } = formatOf().reader(text, undefined).decode(new Uint8Array())
  expect(schema!.fields.map(field => field.name)).toEqual(['a'])
})
