import fc from 'fast-check'
import { ZERO_UUID } from '../../../runtime/protocol/primitives.ts'
import { type Field, type FieldType, inRange, type ScalarName, type Struct } from '../../../runtime/protocol/schema.ts'

const int = (bits: number): fc.Arbitrary<number> => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
const bytes = fc.uint8Array({ maxLength: 40 }).map(array => Buffer.from(array))

const scalars: { readonly [N in ScalarName]: fc.Arbitrary<unknown> } = {
  boolean: fc.boolean(),
  int8: int(8),
  int16: int(16),
  uint16: fc.integer({ min: 0, max: 65_535 }),
  int32: int(32),
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  int64: fc.maxSafeInteger(),
  bigint64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float64: fc.double({ noNaN: true }),
  string: fc.string({ unit: 'grapheme', maxLength: 200 }),
  uuid: fc.oneof(
    fc.constant(ZERO_UUID),
    fc.uint8Array({ minLength: 16, maxLength: 16 }).map(array => Buffer.from(array).toString('base64url')),
  ),
  bytes,
  records: fc.oneof(bytes, fc.array(bytes, { maxLength: 3 })),
}

/** Any value of a struct in a version: some fields left out, none that the version cannot carry. */
export function arbitraryStruct(struct: Struct, version: number): fc.Arbitrary<Record<string, unknown>> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {}
  for (const [name, field] of Object.entries(struct.fields)) {
    if (inRange(version, field.versions)) fields[name] = arbitraryField(field, version)
  }
  return fc.record(fields, { requiredKeys: [] })
}

function arbitraryField(field: Field, version: number): fc.Arbitrary<unknown> {
  const value = arbitraryType(field.type, version)
  return inRange(version, field.nullable) ? fc.option(value, { nil: null }) : value
}

function arbitraryType(type: FieldType, version: number): fc.Arbitrary<unknown> {
  if (type.kind === 'scalar') return scalars[type.name]
  if (type.kind === 'array') return fc.array(arbitraryType(type.element, version), { maxLength: 3 })
  return arbitraryStruct(type.struct, version)
}

/** What decoding gives for such a value. */
export function expectedStruct(
  struct: Struct,
  version: number,
  value: Record<string, unknown>,
): Record<string, unknown> {
  const expected: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(struct.fields)) {
    const given = inRange(version, field.versions) ? value[name] : undefined
    expected[name] = given === undefined ? defaultOf(field, version) : expectedType(field.type, version, given)
  }
  return expected
}

function defaultOf(field: Field, version: number): unknown {
  if (field.initial !== undefined) return field.initial
  return field.type.kind === 'array'
    ? []
    : field.type.kind === 'struct'
      ? expectedStruct(field.type.struct, version, {})
      : null
}

function expectedType(type: FieldType, version: number, value: unknown): unknown {
  if (value === null) return null
  if (type.kind === 'array') return (value as unknown[]).map(element => expectedType(type.element, version, element))
  if (type.kind === 'struct') return expectedStruct(type.struct, version, value as Record<string, unknown>)
  if (type.name === 'records' && Array.isArray(value)) return Buffer.concat(value as Buffer[])
  return Object.is(value, -0) ? 0 : value
}
