import { Decimal, type Schema, setMember } from 'millrace'
import type { Members } from './sides.ts'

/** Which parts of a value an expression looks at, so that only these are made ready for it. */
export interface Needed {
  /** The value as a whole, everything in it included. */
  all: boolean
  readonly members: Map<string, Needed>
}

const whole: Needed = { all: true, members: new Map() }

/** A number of a schemaless value: whole ones count as int, as in JSON. */
const schemaless = (value: unknown): unknown => {
  if (value === undefined) return null
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (value instanceof Decimal) return value.toString()
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(schemaless)
  if (value instanceof Map) return new Map(Array.from(value, ([key, member]) => [schemaless(key), schemaless(member)]))
  const object: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(value)) setMember(object, name, schemaless(member))
  return object
}

/**
 * A value as CEL has it: INT8 to INT64 are int, exact; floats double; Decimal a text (`double(value.price)` makes a number of
 * it); dates timestamp; structs and maps map, nulls in them included.
 */
export const celValue = (schema: Schema | null, value: unknown, needed: Needed = whole): unknown => {
  if (value === null || value === undefined) return null
  if (schema === null) return schemaless(value)
  switch (schema.type) {
    case 'STRUCT': {
      const struct = value as Members
      const object: Record<string, unknown> = {}
      for (const field of schema.fields) {
        const part = needed.all ? whole : needed.members.get(field.name)
        if (part !== undefined) setMember(object, field.name, celValue(field.schema, struct[field.name], part))
      }
      return object
    }
    case 'MAP':
      return new Map(
        Array.from(value as ReadonlyMap<unknown, unknown>, ([key, member]) => [
          celValue(schema.keySchema ?? null, key),
          celValue(schema.valueSchema ?? null, member),
        ]),
      )
    case 'ARRAY':
      return (value as readonly unknown[]).map(item => celValue(schema.valueSchema ?? null, item))
    case 'INT8':
    case 'INT16':
    case 'INT32':
    case 'INT64':
      return typeof value === 'number' ? BigInt(value) : value
    default:
      return value instanceof Decimal ? value.toString() : value
  }
}

/** What an expression may know of a schema: `valueSchema.name`, `valueSchema.version`. */
export const celSchema = (schema: Schema | null | undefined): unknown =>
  schema === null || schema === undefined
    ? null
    : {
        name: schema.name ?? null,
        version: schema.version === undefined ? null : BigInt(schema.version),
        type: schema.type,
        optional: schema.optional,
      }
