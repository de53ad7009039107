import { describe, it } from 'vitest'
import { s } from '../../../runtime/api/index.ts'
import binary from '../../../runtime/converters/binary-data-converter.ts'
import booleans from '../../../runtime/converters/boolean-converter.ts'
import bytes from '../../../runtime/converters/byte-array-converter.ts'
import doubles from '../../../runtime/converters/double-converter.ts'
import floats from '../../../runtime/converters/float-converter.ts'
import integers from '../../../runtime/converters/integer-converter.ts'
import json from '../../../runtime/converters/json-converter.ts'
import longs from '../../../runtime/converters/long-converter.ts'
import shorts from '../../../runtime/converters/short-converter.ts'
import headers from '../../../runtime/converters/simple-header-converter.ts'
import strings from '../../../runtime/converters/string-converter.ts'
import { converterContract } from '../../../runtime/testing/converter-contract.ts'

const test = (title: string, run: () => Promise<void>) => it(title, run)
const optional = { optional: true }

describe('JsonConverter without schemas', () => {
  const plain = (value: unknown) => ({ schema: null, value })
  converterContract({
    test,
    converter: json,
    config: { 'schemas.enable': 'false' },
    values: [
      plain({ a: 1, b: [true, null, 'é"\n'], c: { d: 1.5 } }),
      plain('text'),
      plain(9007199254740993n),
      plain([]),
      { schema: s.struct({ id: s.int64() }), value: { id: 7 }, back: plain({ id: 7 }) },
    ],
    garbage: [Buffer.from('{broken'), Buffer.from('}'), Buffer.from([0xff, 0xfe])],
  })
})

describe('JsonConverter with schemas', () => {
  const order = s.struct({ id: s.int64(), note: s.string(optional), tags: s.array(s.string()) }, { name: 'Order' })
  converterContract({
    test,
    converter: json,
    values: [
      { schema: order, value: { id: 9007199254740993n, note: null, tags: ['é'] } },
      { schema: s.int32(), value: -5 },
      { schema: s.bytes(), value: Buffer.from([0, 255]) },
    ],
    garbage: [Buffer.from('{"a":1}'), Buffer.from('{broken'), Buffer.from('{"schema":{"type":"odd"},"payload":1}')],
  })
})

describe('StringConverter', () => {
  converterContract({
    test,
    converter: strings,
    values: [
      { schema: s.string(optional), value: 'zwölf 😀' },
      { schema: s.string(optional), value: '' },
    ],
  })
})

describe('ByteArrayConverter', () => {
  converterContract({
    test,
    converter: bytes,
    values: [
      { schema: s.bytes(optional), value: Buffer.from([0, 1, 255]) },
      { schema: s.bytes(optional), value: Buffer.alloc(0) },
    ],
  })
})

describe('BinaryDataConverter', () => {
  converterContract({
    test,
    converter: binary,
    values: [
      { schema: s.bytes(optional), value: Buffer.from([0, 1, 255]) },
      { schema: s.bytes(optional), value: Buffer.alloc(0) },
    ],
  })
})

const odd = [Buffer.alloc(3), Buffer.alloc(9)]
describe.each([
  ['BooleanConverter', booleans, s.boolean(optional), [true, false], odd],
  ['ShortConverter', shorts, s.int16(optional), [0, -32768, 32767], odd],
  ['IntegerConverter', integers, s.int32(optional), [0, -2147483648, 2147483647], odd],
  ['LongConverter', longs, s.int64(optional), [0, -1, 9223372036854775807n], odd],
  ['FloatConverter', floats, s.float32(optional), [0, 1.5, -2.25], odd],
  ['DoubleConverter', doubles, s.float64(optional), [0, 0.1, -1e300], odd],
] as const)('%s', (_, converter, schema, values, garbage) => {
  converterContract({ test, converter, values: values.map(value => ({ schema, value })), garbage })
})

describe('SimpleHeaderConverter', () => {
  converterContract({
    test,
    converter: headers,
    values: [
      { schema: s.string(), value: 'text' },
      { schema: s.boolean(), value: true },
    ],
  })
})
