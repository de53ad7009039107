import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ByteWriter,
  type Converter,
  DataError,
  Decimal,
  dateSchema,
  decimalSchema,
  isDataError,
  isLazy,
  LazyValue,
  resolveLazy,
  type Schema,
  s,
  timeSchema,
  timestampSchema,
} from '../../../runtime/api/index.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import json from '../../../runtime/converters/json-converter.ts'

const converter = (config: Record<string, string> = {}): Converter =>
  json.create(parseOrThrow(json.config, config) as never, 'value')

const plain = converter({ 'schemas.enable': 'false' })

const encodeInto = (with_: Converter, schema: Schema | null, value: unknown): Buffer | null => {
  const out = new ByteWriter(16)
  out.writeText('before')
  const start = out.pos
  return with_.encodeInto!(out, 't', schema, value) ? Buffer.from(out.buf.subarray(start, out.pos)) : null
}

/** A schema and a value that fits it. */
interface Typed {
  readonly schema: Schema
  readonly value: unknown
}

const typed = (schema: Schema, value: fc.Arbitrary<unknown>): fc.Arbitrary<Typed> =>
  value.map(one => ({ schema, value: one }))
const ms = fc.integer({ min: -8.64e12, max: 8.64e12 })
const wellFormed = fc.string({ unit: 'binary' }).filter(one => one.isWellFormed())
const safe = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value)

const scalars: fc.Arbitrary<Typed> = fc.oneof(
  typed(s.int8(), fc.integer({ min: -128, max: 127 })),
  typed(s.int16(), fc.integer({ min: -32768, max: 32767 })),
  typed(s.int32(), fc.integer()),
  typed(s.int64(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(safe)),
  typed(s.float64(), fc.double()),
  typed(s.float32(), fc.float()),
  typed(s.boolean(), fc.boolean()),
  typed(s.string(), wellFormed),
  typed(
    s.bytes(),
    fc.uint8Array().map(bytes => Buffer.from(bytes)),
  ),
  fc
    .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 20 }))
    .map(([unscaled, scale]) => ({
      schema: decimalSchema(scale),
      value: new Decimal(unscaled, scale),
    })),
  typed(
    timestampSchema(),
    ms.map(at => new Date(at)),
  ),
  typed(
    dateSchema(),
    fc.integer({ min: -1e6, max: 1e6 }).map(days => new Date(days * 86_400_000)),
  ),
  typed(
    timeSchema(),
    fc.integer({ min: 0, max: 86_399_999 }).map(at => new Date(at)),
  ),
)

const anything: fc.Arbitrary<Typed> = fc.letrec<{ typed: Typed }>(tie => ({
  typed: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalars,
    scalars.map(({ schema }) => ({ schema: schema.with({ optional: true }), value: null })),
    fc.array(scalars, { minLength: 1, maxLength: 3 }).map(([first]) => ({
      schema: s.array(first!.schema),
      value: [first!.value, first!.value],
    })),
    fc.tuple(scalars, wellFormed).map(([{ schema, value }, key]) => ({
      schema: s.map(s.string(), schema),
      value: new Map([[key, value]]),
    })),
    fc.tuple(scalars, fc.integer()).map(([{ schema, value }, key]) => ({
      schema: s.map(s.int32(), schema),
      value: new Map([[key, value]]),
    })),
    fc
      .uniqueArray(fc.tuple(fc.oneof(wellFormed, fc.constant('__proto__')), tie('typed')), {
        maxLength: 4,
        selector: ([name]) => name,
      })
      .map(fields => {
        const value: Record<string, unknown> = {}
        for (const [name, field] of fields)
          Object.defineProperty(value, name, {
            value: field.value,
            enumerable: true,
            writable: true,
            configurable: true,
          })
        return { schema: s.struct(fields.map(([name, field]) => [name, field.schema] as const)), value }
      }),
  ),
})).typed

describe('with schemas', () => {
  test.each([
    ['BASE64', converter()],
    ['NUMERIC', converter({ 'decimal.format': 'numeric' })],
  ])('everything comes back as it was, decimals as %s', (_, both) => {
    fc.assert(
      fc.property(anything, ({ schema, value }) => {
        const bytes = both.encode('t', schema, value)
        expect(encodeInto(both, schema, value)).toEqual(bytes)
        // Twice: a second record of a schema is read by another way.
        for (const _again of [1, 2]) {
          const read = both.decode('t', bytes)
          expect(read.schema).toBe(schema)
          expect(read.value).toStrictEqual(value)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('an envelope known by its first bytes is read as any other', () => {
    const fresh = (bytes: string) => converter().decode('t', Buffer.from(bytes))
    const used = converter()
    const schema =
      '{"type":"struct","fields":[{"type":"int32","field":"a"},{"type":"string","optional":true,"field":",\\"payload\\":"}]}'
    const envelope = (payload: string, end = '}') => `{"schema":${schema},"payload":${payload}${end}`
    const good = envelope('{"a":1}')
    used.decode('t', Buffer.from(good))
    for (const one of [
      envelope('{"a":2,",\\"payload\\":":"x"}'),
      envelope('  {"a" : 3 } '),
      envelope('{"a":4}', '} '),
      envelope('{"a":1}}'),
      envelope('{"a":1}', '} and more'),
      `{"payload":{"a":5},"schema":${schema}}`,
    ]) {
      expect(used.decode('t', Buffer.from(one)), one).toStrictEqual(fresh(one))
    }
    for (const bad of [
      envelope(''),
      envelope('1,"x":2'),
      envelope('{"a":1}', ''),
      envelope('null'),
      envelope('\ufeff1'),
    ]) {
      const message = (read: () => unknown): string => {
        try {
          read()
        } catch (error) {
          expect(isDataError(error), bad).toBe(true)
          return (error as Error).message
        }
        throw new Error(`${bad} was read`)
      }
      expect(message(() => used.decode('t', Buffer.from(bad)))).toBe(message(() => fresh(bad)))
    }
  })

  test('more schemas than are remembered are all read', () => {
    const one = converter({ 'schemas.cache.size': '2' })
    for (let round = 0; round < 2; round++)
      for (let index = 0; index < 40; index++) {
        const schema = s.struct({ [`f${index}`]: s.int32() })
        const value = { [`f${index}`]: index }
        expect(one.decode('t', one.encode('t', schema, value))).toStrictEqual({ schema, value })
      }
  })

  test('a null with a schema is no tombstone, without one it is', () => {
    const both = converter()
    expect(encodeInto(both, s.string({ optional: true }), null)?.toString()).toBe(
      '{"schema":{"type":"string","optional":true},"payload":null}',
    )
    expect(encodeInto(both, null, null)).toBeNull()
    expect(both.decode('t', null)).toEqual({ schema: null, value: null })
  })

  test('a decimal with an absurd exponent is no gigabytes', () => {
    const decimal = '{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"}}'
    for (const number of ['1e999999999', '1E-999999999']) {
      const { schema, value } = converter().decode('t', Buffer.from(`{"schema":${decimal},"payload":${number}}`))
      expect(Math.abs((value as Decimal).scale)).toBe(999999999)
      expect(() => converter().encode('t', schema, value, [])).toThrow(DataError)
      const whole = converter().decode('t', Buffer.from(`{"schema":{"type":"int64"},"payload":${number}}`))
      expect(whole.value).toBe(0)
    }
  })
})

describe('without schemas', () => {
  test('nothing but a DataError comes of any bytes, and at once', () => {
    const both = [plain, converter(), converter({ 'schema.content': '{"type":"int32"}' })]
    const parts = fc.constantFrom(
      ...'{}[]:,"\\0123456789.-eE tfn',
      'null',
      '"schema":',
      '"payload":',
      '{"type":"int8"}',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes)),
          fc.array(parts, { maxLength: 12 }).map(all => Buffer.from(all.join(''))),
        ),
        bytes => {
          for (const one of both) {
            let value: unknown
            try {
              value = one.decode('t', bytes).value
            } catch (error) {
              expect(isDataError(error), String(error)).toBe(true)
              continue
            }
            // Decoded means readable: a lazy value never fails later.
            resolveLazy(value)
          }
        },
      ),
      { numRuns: 5000 },
    )
  })

  test('canonical bytes stay bytes, and are what the object path writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const bytes = plain.encode('t', null, value)
        if (bytes === null) return
        const read = plain.decode('t', bytes).value
        expect(encodeInto(plain, null, read)).toEqual(encodeInto(plain, null, resolveLazy(read)))
        expect(JSON.stringify(resolveLazy(read), numbers)).toBe(JSON.stringify(value, numbers))
      }),
      { numRuns: 2000 },
    )
    const { value } = plain.decode('t', Buffer.from('{"a":[1,"b"]}'))
    expect(isLazy(value)).toBe(true)
    expect((value as LazyValue).get()).toBe((value as LazyValue).get())
  })

  test('integers beyond 2^53 are exact, whatever else is in the text', () => {
    const source = '{"id":9007199254740993,"min":-9223372036854775808,"safe":9007199254740991,"f":12345678901234567.5}'
    for (const text of [source, source.replaceAll(',', ', ')]) {
      const value = resolveLazy(plain.decode('t', Buffer.from(text)).value)
      expect(value).toEqual({
        id: 9007199254740993n,
        min: -9223372036854775808n,
        safe: 9007199254740991,
        f: 12345678901234568,
      })
    }
  })

  test('a member called __proto__ is a member', () => {
    for (const text of ['{"__proto__":{"polluted":true},"b":1}', '{"__proto__": {"polluted":true}, "b":1}']) {
      const value = resolveLazy(plain.decode('t', Buffer.from(text)).value) as object
      expect(Object.keys(value)).toEqual(['__proto__', 'b'])
      expect((value as { polluted?: boolean }).polluted).toBeUndefined()
      expect(plain.encode('t', null, value)?.toString()).toBe('{"__proto__":{"polluted":true},"b":1}')
    }
  })
})

/** Whole numbers are bigint beyond 2^53, whatever they were. */
const numbers = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value)) ? `${BigInt(value)}n` : value

class Written extends LazyValue {
  built = 0

  get(): unknown {
    this.built++
    return { d: new Decimal(5n, 1), n: null }
  }

  get maxJsonBytes(): number {
    return 64
  }

  writeJson(target: Buffer, at: number): number {
    return at + target.write('{"d":"BQ==","n":"x"}', at, 'latin1')
  }
}

describe('a lazy value', () => {
  const schema = s.struct({ d: decimalSchema(1), n: s.string({ optional: true, default: 'x' }) })

  test('writes itself and is never built where the settings are the default', () => {
    const value = new Written()
    expect(encodeInto(plain, schema, value)?.toString()).toBe('{"d":"BQ==","n":"x"}')
    expect(encodeInto(converter(), schema, value)?.toString()).toBe(
      converter().encode('t', schema, new Written().get())?.toString(),
    )
    expect(value.built).toBe(0)
  })

  test.each([
    [{ 'decimal.format': 'NUMERIC' }, '{"d":0.5,"n":"x"}'],
    [{ 'replace.null.with.default': 'false' }, '{"d":"BQ==","n":null}'],
  ])('is built for %j', (config, expected) => {
    const value = new Written()
    const one = converter({ 'schemas.enable': 'false', ...config })
    expect(encodeInto(one, schema, value)?.toString()).toBe(expected)
    expect(value.built).toBe(1)
  })
})
