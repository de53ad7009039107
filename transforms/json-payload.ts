import { DataError, type Schema, s, setMember } from 'millrace'
import { basicsOf, type Members } from './sides.ts'

/** What a null and an empty array, whose types nobody can see, become. */
export interface JsonPayloadOptions {
  readonly nulls: 'ignore' | 'optional_bytes'
  readonly emptyArrays: 'ignore' | 'optional_string'
}

type Json = null | boolean | string | number | bigint | readonly Json[] | { readonly [name: string]: Json }

// Whole numbers as bigint, so that none is rounded; what is written with a fraction or an exponent is a float.
const parse = JSON.parse as (
  text: string,
  revive: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
) => Json
const exact = (_: string, value: unknown, { source }: { readonly source?: string }): unknown =>
  typeof value === 'number' && source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value

const kindOf = (node: Json): string => {
  if (node === null) return 'null'
  if (Array.isArray(node)) return 'array'
  return typeof node === 'bigint' ? 'number' : typeof node
}

const fits = (value: bigint, bits: number): boolean => BigInt.asIntN(bits, value) === value

const optional = { optional: true } as const

const merged = (left: Schema, right: Schema): Schema => {
  const fields = new Map(left.fields.map(field => [field.name, field.schema]))
  for (const { name, schema } of right.fields) {
    const known = fields.get(name)
    if (known === undefined || (known.type === 'BYTES' && schema.type !== 'BYTES')) fields.set(name, schema)
  }
  return s.struct(Array.from(fields), basicsOf(left))
}

/** The schema of the items; every item but null must be of one kind. */
const itemSchema = (name: string | undefined, items: readonly Json[], options: JsonPayloadOptions): Schema => {
  const sample = items.find(item => item !== null) ?? null
  const schemaOf = (item: Json) => schemaOfJson(kindOf(sample) === 'object' ? name : undefined, item, options)
  const first = schemaOf(sample)
  if (first === undefined) throw new DataError('an array has items whose type cannot be seen')
  let schema = first
  for (const item of items) {
    if (item === null) continue
    if (kindOf(item) !== kindOf(sample)) throw new DataError('an array has items of several types')
    const own = schemaOf(item)
    if (own === schema || own === undefined) continue
    if (kindOf(item) === 'number') throw new DataError('an array has numbers of several types')
    if (kindOf(item) === 'object') schema = merged(schema, own)
  }
  // Items merged from several are required, unless one is null.
  return items.includes(null) ? schema.with(optional) : schema
}

/** Optional schema of a parsed value; structs go by the path to them. Undefined where nothing shows the type and it is to be left out. */
const schemaOfJson = (name: string | undefined, node: Json, options: JsonPayloadOptions): Schema | undefined => {
  if (node === null) return options.nulls === 'optional_bytes' ? s.bytes(optional) : undefined
  if (typeof node === 'string') return s.string(optional)
  if (typeof node === 'boolean') return s.boolean(optional)
  if (typeof node === 'bigint' && fits(node, 32)) return s.int32(optional)
  if (typeof node === 'bigint' && fits(node, 64)) return s.int64(optional)
  if (typeof node === 'bigint' || typeof node === 'number') return s.float64(optional)
  if (Array.isArray(node)) {
    if (node.length > 0) return s.array(itemSchema(name, node as readonly Json[], options), optional)
    return options.emptyArrays === 'optional_string' ? s.array(s.string(optional), optional) : undefined
  }
  const fields = Object.entries(node as Readonly<Record<string, Json>>).flatMap(([member, value]) => {
    const schema = schemaOfJson(name === undefined ? member : `${name}.${member}`, value, options)
    return schema === undefined ? [] : [[member, schema] as const]
  })
  return s.struct(fields, { ...optional, ...(name !== undefined && { name }) })
}

const typesOfKind: Readonly<Record<string, readonly string[]>> = {
  string: ['STRING'],
  boolean: ['BOOLEAN'],
  number: ['FLOAT64', 'INT32', 'INT64'],
  array: ['ARRAY'],
  object: ['STRUCT'],
}

/** The value as its schema wants it. Throws DataError for one that a schema made of several items does not fit. */
const valueOfJson = (schema: Schema, node: Json): unknown => {
  if (node === null) return null
  if (!typesOfKind[kindOf(node)]!.includes(schema.type))
    throw new DataError(`an array has objects with members of several types`)
  if (typeof node === 'bigint') {
    if (schema.type === 'FLOAT64' || !fits(node, schema.type === 'INT32' ? 32 : 64))
      throw new DataError('a number does not fit its type')
    const number = Number(node)
    return Number.isSafeInteger(number) ? number : node
  }
  if (typeof node === 'number') {
    if (schema.type !== 'FLOAT64') throw new DataError('a number does not fit its type')
    return node
  }
  if (Array.isArray(node)) return (node as readonly Json[]).map(item => valueOfJson(schema.valueSchema!, item))
  if (typeof node !== 'object') return node
  const struct: Record<string, unknown> = {}
  const members = node as Members
  for (const { name, schema: member } of schema.fields)
    setMember(struct, name, Object.hasOwn(members, name) ? valueOfJson(member, members[name] as Json) : null)
  return struct
}

/** A JSON object as a struct with a schema made from it, named `name` if at all. Throws DataError or SyntaxError for what is none. */
export const expandJson = (
  name: string | undefined,
  text: string,
  options: JsonPayloadOptions,
): { readonly schema: Schema; readonly value: unknown } => {
  if (!/^[[{]/.test(text)) throw new DataError('the payload is neither a JSON object nor an array')
  const node = parse(text, exact)
  const schema = schemaOfJson(name, node, options)
  if (schema?.type !== 'STRUCT') throw new DataError('only a JSON object can become a struct')
  return { schema, value: valueOfJson(schema, node) }
}
