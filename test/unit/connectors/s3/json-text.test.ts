import { readFileSync } from 'node:fs'
import { DataError, Decimal, type Schema, s } from 'millrace'
import { describe, expect, it } from 'vitest'
import { jsonText } from '../../../../connectors/s3/json-text.ts'

interface GoldenSchema {
  readonly type: string
  readonly optional?: boolean
  readonly name?: string
  readonly version?: number
  readonly parameters?: Readonly<Record<string, string>>
  readonly default?: unknown
  readonly fields?: readonly { readonly name: string; readonly schema: GoldenSchema }[]
  readonly keySchema?: GoldenSchema
  readonly valueSchema?: GoldenSchema
}
interface Case {
  readonly name: string
  readonly config: Readonly<Record<string, string>>
  readonly schema: GoldenSchema | null
  readonly value: unknown
  readonly result: { readonly bytes?: { readonly utf8?: string } | null; readonly error?: { readonly message: string } }
}

/** Java values that have no counterpart in our data model, or checks that ours leaves to the converters. */
const notOurs = [
  /int64 under int32/,
  /int32 under Date/,
  /bigint/,
  /Date with time part/,
  /Time negative|Time more than a day/,
  /replace false/,
  /schemaless.*(float64|Decimal|map int keys|map null key|map empty|struct)/,
  /struct default/,
  /map under struct/,
]

const javaValue = (given: unknown): unknown => {
  if (given === null || typeof given !== 'object') return given
  const [[kind, inner]] = Object.entries(given) as [[string, never]]
  switch (kind) {
    case 'int8':
    case 'int16':
    case 'int32':
      return Number(inner)
    case 'int64':
      return Number.isSafeInteger(Number(inner)) ? Number(inner) : BigInt(inner)
    case 'float32':
      return Math.fround(Number(inner))
    case 'float64':
      return Number(inner)
    case 'bytes':
    case 'byteBuffer':
      return Buffer.from(inner, 'base64')
    case 'array':
      return (inner as unknown[]).map(javaValue)
    case 'map':
      return new Map((inner as [unknown, unknown][]).map(([key, value]) => [javaValue(key), javaValue(value)]))
    case 'struct':
      return Object.fromEntries(Object.entries(inner).map(([name, value]) => [name, javaValue(value)]))
    case 'decimal': {
      const { unscaled, scale } = inner as { unscaled: string; scale: number }
      return new Decimal(BigInt(unscaled), scale)
    }
    case 'instant':
      return new Date(Number(inner))
    default:
      throw new Error(`unknown kind of value ${kind}`)
  }
}

const schemaOf = (given: GoldenSchema): Schema => {
  const options = {
    ...(given.optional !== undefined && { optional: given.optional }),
    ...(given.name !== undefined && { name: given.name }),
    ...(given.version !== undefined && { version: given.version }),
    ...(given.parameters !== undefined && { parameters: given.parameters }),
    ...(given.default !== undefined && { default: javaValue(given.default) }),
  }
  if (given.type === 'struct') {
    return s.struct(
      given.fields!.map(field => [field.name, schemaOf(field.schema)] as const),
      options,
    )
  }
  if (given.type === 'array') return s.array(schemaOf(given.valueSchema!), options)
  if (given.type === 'map') return s.map(schemaOf(given.keySchema!), schemaOf(given.valueSchema!), options)
  return s[given.type as 'int8'](options)
}

const file = new URL('../../../golden/converters/JsonConverter.write.json', import.meta.url)
const cases = (JSON.parse(readFileSync(file, 'utf8')) as Case[]).filter(
  ({ config, name }) => config['schemas.enable'] === 'false' && !notOurs.some(pattern => pattern.test(name)),
)

describe('JSON as the JVM writes it', () => {
  it.each(cases)('$name', ({ config, schema, value, result }) => {
    const write = jsonText(config['decimal.format'] === 'NUMERIC' ? 'NUMERIC' : 'BASE64')
    const act = () => write(javaValue(value), schema === null ? null : schemaOf(schema))
    if (result.error !== undefined) expect(act).toThrow(DataError)
    else expect(act()).toBe(result.bytes?.utf8 ?? 'null')
  })

  it('tests what it says', () => {
    expect(cases.length).toBeGreaterThan(60)
  })
})

describe('JSON without a schema', () => {
  const write = jsonText('BASE64')
  it.each([
    [{ a: 1, b: [true, null, 'x'], c: { d: 1.5 } }, '{"a":1,"b":[true,null,"x"],"c":{"d":1.5}}'],
    [{ big: 2n ** 63n - 1n, huge: 1e21, tiny: 1e-7 }, '{"big":9223372036854775807,"huge":1.0E21,"tiny":1.0E-7}'],
    [new Map<unknown, unknown>([[1, 'a']]), '[[1,"a"]]'],
    [Buffer.from('hi'), '"aGk="'],
  ])('%#: %s', (value, expected) => {
    expect(write(value, null)).toBe(expected)
  })
})
