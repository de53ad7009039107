import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type ConnectRecord,
  Decimal,
  decimalSchema,
  isConfigError,
  isDataError,
  type Schema,
  type Side,
  s,
  type TransformDefinition,
} from '../../../runtime/api/index.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'

const folder = fileURLToPath(new URL('../../../transforms/', import.meta.url))
const transforms = new Map<string, TransformDefinition>()
for (const file of readdirSync(folder).filter(name => name.endsWith('.ts'))) {
  const { default: plugin } = (await import(folder + file)) as { default?: TransformDefinition & { kind: string } }
  if (plugin?.kind === 'transformation') transforms.set(plugin.class.replace(/^.*\./, ''), plugin)
}

/** Settings under which a transform leaves the fields `id` and `amount` as they are, or only moves them. */
const configs: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Cast: { spec: 'text:string' },
  ExtractField: { field: 'id' },
  Flatten: {},
  HeaderFrom: { fields: 'id,amount', headers: 'id,amount', operation: 'copy' },
  HoistField: { field: 'inner' },
  InsertField: { 'static.field': 'added', 'static.value': 'x' },
  MaskField: { fields: 'text' },
  ReplaceField: { exclude: 'text', renames: 'id:key' },
  SetSchemaMetadata: { 'schema.name': 'com.example.Row' },
  TimestampConverter: { field: 'at', 'target.type': 'string', format: 'yyyy-MM-dd' },
}

const schema = s.struct({ id: s.int64(), amount: decimalSchema(4), text: s.string({ optional: true }), at: s.int64() })

const rows = fc.record({
  id: fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map(id => (Number.isSafeInteger(Number(id)) ? Number(id) : id)),
  amount: fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(unscaled => new Decimal(unscaled, 4)),
  text: fc.option(fc.string()),
  at: fc.integer({ min: 0, max: 4_102_444_800_000 }),
})

const transformOf = (name: string, side: Side) => {
  const definition = transforms.get(name)!
  const config = configs[name]!
  return definition.create(parseOrThrow(definition.config, config) as never, side, { originals: config })
}

const recordOn = (side: Side, of: Schema | null, value: unknown): ConnectRecord =>
  side === 'Key'
    ? { topic: 't', partition: 0, keySchema: of, key: value, valueSchema: null, value: null, timestamp: 5, headers: [] }
    : { topic: 't', partition: 0, keySchema: null, key: null, valueSchema: of, value, timestamp: 5, headers: [] }

/** The changed side and the headers of a record; the message when it was refused. */
const outcome = (name: string, side: Side, of: Schema | null, value: unknown) => {
  try {
    const record = transformOf(name, side).apply(recordOn(side, of, value))
    if (record === null) return null
    const [outSchema, out] = side === 'Key' ? [record.keySchema, record.key] : [record.valueSchema, record.value]
    return { schema: outSchema ?? null, value: out, headers: record.headers ?? [] }
  } catch (error) {
    expect(isDataError(error) || isConfigError(error), String(error)).toBe(true)
    return (error as Error).message
  }
}

/** Every leaf of a value, wherever it moved to. */
const leaves = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value.flatMap(leaves)
  const nested = typeof value === 'object' && value !== null && !(value instanceof Decimal) && !(value instanceof Date)
  return nested ? Object.values(value).flatMap(leaves) : [value]
}

test('every transform with a side has a case here', () => {
  const sided = [...transforms.values()].filter(
    ({ sides, class: name }) => sides !== undefined && name.includes('apache'),
  )
  expect(sided.map(one => one.class.replace(/^.*\./, '')).toSorted()).toEqual(Object.keys(configs).toSorted())
})

describe.each(Object.keys(configs))('%s', name => {
  test('does to a key what it does to a value', () => {
    fc.assert(
      fc.property(rows, fc.boolean(), (row, hasSchema) => {
        const of = hasSchema ? schema : null
        expect(outcome(name, 'Key', of, row)).toEqual(outcome(name, 'Value', of, row))
      }),
    )
  })

  test('gives the same value with a schema as without', () => {
    fc.assert(
      fc.property(rows, row => {
        const [plain, typed] = [outcome(name, 'Value', null, row), outcome(name, 'Value', schema, row)]
        // What needs a schema refuses values without one, and the reverse.
        if (typeof plain === 'string' || typeof typed === 'string' || plain === null || typed === null) return
        expect(plain.value).toEqual(typed.value)
        expect(plain.headers.map(({ key, value }) => [key, value])).toEqual(
          typed.headers.map(({ key, value }) => [key, value]),
        )
      }),
    )
  })

  test('keeps integers beyond 2^53 and decimals to the last digit', () => {
    fc.assert(
      fc.property(rows, row => {
        const found = outcome(name, 'Value', schema, row)
        if (found === null || typeof found === 'string') throw new Error(`${name} gave no record: ${found}`)
        const all = [...leaves(found.value), ...found.headers.map(({ value }) => value)]
        expect(all).toContain(row.id)
        if (name !== 'ExtractField') expect(all).toContain(row.amount)
      }),
    )
  })

  test('refuses what does not fit with an error of the record', () => {
    fc.assert(
      fc.property(fc.constantFrom('Key' as const, 'Value' as const), fc.anything(), (side, value) => {
        const known = value === undefined || typeof value === 'function' || typeof value === 'symbol' ? null : value
        outcome(name, side, null, known)
        outcome(name, side, schema, known)
      }),
    )
  })
})
