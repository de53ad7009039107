import { namespaceOf, primitiveTypes, simpleName } from '../converters/avro/model.ts'
import { isJsonObject, type JsonObject, parseExact } from './exact-json.ts'

// Avro for Java prints a schema's members in an order of its own, and registries keep and compare what it prints.

const primitives: ReadonlySet<unknown> = new Set(primitiveTypes)
/** What stands before a schema's other members, and after `type`. */
const order: Readonly<Record<string, readonly string[]>> = {
  record: ['name', 'namespace', 'doc', 'fields'],
  error: ['name', 'namespace', 'doc', 'fields'],
  enum: ['name', 'namespace', 'doc', 'symbols', 'default'],
  fixed: ['name', 'namespace', 'doc', 'size'],
  array: ['items'],
  map: ['values'],
}
const fieldOrder = ['name', 'type', 'doc', 'default', 'order', 'aliases']

/** The members named first, then the others in the order of the text. */
const ordered = (json: JsonObject, first: readonly string[]): Record<string, unknown> => {
  const known = first.filter(name => Object.hasOwn(json, name)).map(name => [name, json[name]])
  return Object.fromEntries([...known, ...Object.entries(json).filter(([name]) => !first.includes(name))])
}

const nameWithin = (name: string, enclosing: string): string =>
  name.includes('.') && namespaceOf(name) === enclosing ? simpleName(name) : name

const printed = (json: unknown, enclosing: string): unknown => {
  if (typeof json === 'string') return nameWithin(json, enclosing)
  if (Array.isArray(json)) return json.map(branch => printed(branch, enclosing))
  if (!isJsonObject(json)) return json
  const { type } = json
  const isAlone = Object.keys(json).length === 1
  // A type in an object of its own says no more than the type.
  if (isAlone && (typeof type !== 'string' || !Object.hasOwn(order, type))) return printed(type, enclosing)
  if (typeof type !== 'string') return { ...ordered(json, ['type']), type: printed(type, enclosing) }
  if (primitives.has(type) || !Object.hasOwn(order, type)) return ordered(json, ['type'])
  if (type === 'array') return { ...ordered(json, ['type', 'items']), items: printed(json['items'], enclosing) }
  if (type === 'map') return { ...ordered(json, ['type', 'values']), values: printed(json['values'], enclosing) }
  return printedNamed(json, type, enclosing)
}

const printedNamed = (json: JsonObject, type: string, enclosing: string): unknown => {
  const name = String(json['name'])
  const given = json['namespace']
  const namespace = name.includes('.') ? namespaceOf(name) : typeof given === 'string' ? given : enclosing
  const { aliases, namespace: _, ...members } = json
  const told = { ...members, name: simpleName(name), ...(namespace !== enclosing && { namespace }) }
  const { fields } = json
  return {
    ...ordered(told, ['type', ...order[type]!]),
    ...(Array.isArray(fields) && { fields: fields.map(field => printedField(field, namespace)) }),
    ...(aliases !== undefined && { aliases }),
  }
}

const printedField = (field: unknown, namespace: string): unknown => {
  if (!isJsonObject(field)) return field
  const { order: sorting, ...members } = field
  const told = sorting === undefined || sorting === 'ascending' ? members : field
  return { ...ordered(told, fieldOrder), type: printed(field['type'], namespace) }
}

/** The text of a valid Avro schema as registries keep it. */
export const printedAvro = (text: string): string => {
  // The name of a primitive may stand without quotes.
  const json = primitives.has(text.trim()) ? text.trim() : parseExact(text)
  return JSON.stringify(printed(json, ''))
}
