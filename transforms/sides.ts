import {
  type ConnectRecord,
  DataError,
  Decimal,
  javaClass,
  type ObjectCopier,
  objectCopier,
  type Schema,
  type Side,
} from 'millrace'

/** One side of a record: its schema and value, and the record with another one. */
export const sideOf = (
  record: ConnectRecord,
  side: Side,
): { readonly schema: Schema | null; readonly value: unknown } =>
  side === 'Key'
    ? { schema: record.keySchema ?? null, value: record.key ?? null }
    : { schema: record.valueSchema ?? null, value: record.value ?? null }

export const withSide = (record: ConnectRecord, side: Side, schema: Schema | null, value: unknown): ConnectRecord =>
  side === 'Key' ? { ...record, keySchema: schema, key: value } : { ...record, valueSchema: schema, value }

export type Members = Readonly<Record<string, unknown>>

/** A plain object: a struct, or a map with text keys. */
export const isMembers = (value: unknown): value is Members => {
  if (typeof value !== 'object' || value === null) return false
  // Nearly all are, and this asks once.
  if (Object.getPrototypeOf(value) === Object.prototype) return true
  return !(
    Array.isArray(value) ||
    value instanceof Uint8Array ||
    value instanceof Date ||
    value instanceof Map ||
    value instanceof Decimal
  )
}

/** A schemaless value as members; a Map with text keys counts. Throws DataError that names the purpose. */
export const requireMap = (value: unknown, purpose: string): Members => {
  if (isMembers(value)) return value
  if (value instanceof Map) return Object.fromEntries(value as Map<string, unknown>)
  throw new DataError(`Only Map objects supported in absence of schema for [${purpose}], found: ${javaClass(value)}`)
}

/** A value with a struct schema as members. */
export const requireStruct = (schema: Schema, value: unknown, purpose: string): Members => {
  if (schema.type === 'STRUCT' && isMembers(value)) return value
  throw new DataError(`Only Struct objects supported for [${purpose}], found: ${javaClass(value, schema)}`)
}

/** Throws DataError for any schema but one of a struct. */
export const fieldsOf = (schema: Schema): Schema['fields'] => {
  if (schema.type !== 'STRUCT') throw new DataError('Cannot list fields on non-struct type')
  return schema.fields
}

/** A member, or with `replaceNull` the default of its schema where it is null. */
export const memberOf = (struct: Members, name: string, schema: Schema, replaceNull: boolean): unknown => {
  const value = Object.hasOwn(struct, name) ? (struct[name] ?? null) : null
  return value === null && replaceNull && schema.default !== undefined ? schema.default : value
}

/** Copies structs with these fields, renamed and with further members where asked for; with `replaceNull` defaults stand for nulls. */
export const structCopier = (
  fields: Schema['fields'],
  replaceNull: boolean,
  renamed: (name: string) => string = name => name,
  more: readonly string[] = [],
): ObjectCopier =>
  objectCopier(
    fields.map(({ name, schema }) => ({
      from: name,
      to: renamed(name),
      standIn: (replaceNull ? schema.default : undefined) ?? null,
    })),
    more,
  )

export const noValues: readonly unknown[] = []

/** Remembers what was made of each schema; schemas are interned, so they are few. */
export const perSchema = <T>(make: (schema: Schema) => T): ((schema: Schema) => T) => {
  const made = new WeakMap<Schema, T>()
  // Most records have the schema of the one before.
  let lastSchema: Schema | undefined
  let last: T | undefined
  return schema => {
    if (schema === lastSchema) return last as T
    let result = made.get(schema)
    if (result === undefined) made.set(schema, (result = make(schema)))
    lastSchema = schema
    last = result
    return result
  }
}

/** Name, version, doc and parameters of a schema, for a struct that takes its place: not its optionality and default. */
export const basicsOf = ({ name, version, doc, parameters }: Schema) => ({
  ...(name !== undefined && { name }),
  ...(version !== undefined && { version }),
  ...(doc !== undefined && { doc }),
  ...(parameters !== undefined && { parameters }),
})
