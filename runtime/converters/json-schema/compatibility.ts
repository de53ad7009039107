import { valueKey } from '../../api/value-key.ts'
import { isObject, type JsonObject, type SchemaDocument, type SchemaNode } from './document.ts'
import { merged } from './merge.ts'

/**
 * What a new property means where the older schema let objects have others: `strict`, as a registry has it: one of this name
 * may have been there with any value; `lenient`: that is let pass.
 */
export type Openness = 'strict' | 'lenient'

/**
 * Why data of `older` may not be valid for `newer`; undefined when none of what is compared stands against it: types,
 * alternatives, enums, properties, which of them are required and whether others may be there, and items.
 */
export const jsonSchemaIncompatibility = (
  newer: SchemaDocument,
  older: SchemaDocument,
  openness: Openness,
): string | undefined => new Comparison(newer, older, openness).of(newer.root, older.root, 'value')

const typesOf = ({ type, nullable }: JsonObject): ReadonlySet<unknown> | undefined => {
  if (type === undefined) return undefined
  const types = new Set<unknown>(Array.isArray(type) ? type : [type])
  if (nullable === true) types.add('null')
  return types
}

class Comparison {
  readonly #newer: SchemaDocument
  readonly #older: SchemaDocument
  readonly #openness: Openness
  /** Compared already, or being compared: schemas may contain themselves. */
  readonly #seen = new Map<JsonObject, Set<JsonObject>>()

  constructor(newer: SchemaDocument, older: SchemaDocument, openness: Openness) {
    this.#newer = newer
    this.#older = older
    this.#openness = openness
  }

  of(newer: SchemaNode, older: SchemaNode, place: string): string | undefined {
    const one = this.#newer.deref(newer, place)
    const other = this.#older.deref(older, place)
    const before = this.#seen.get(one.json) ?? new Set()
    if (before.has(other.json)) return undefined
    this.#seen.set(one.json, before.add(other.json))
    return this.#compare(flat(this.#newer, one, place), flat(this.#older, other, place), place)
  }

  #compare(newer: SchemaNode, older: SchemaNode, place: string): string | undefined {
    const targets = branches(this.#newer, newer, place)
    const sources = branches(this.#older, older, place)
    if (targets.length > 1 || sources.length > 1) {
      for (const source of sources) {
        const reasons = targets.map(target => this.#plain(target, source, place))
        if (reasons.every(reason => reason !== undefined)) return reasons[0]
      }
      return undefined
    }
    return this.#plain(targets[0] ?? newer, sources[0] ?? older, place)
  }

  #plain(newer: SchemaNode, older: SchemaNode, place: string): string | undefined {
    const types = typesOf(newer.json)
    if (types !== undefined) {
      const before = typesOf(older.json) ?? enumTypes(older.json)
      if (before === undefined) return `${place} could be of any type`
      for (const type of before)
        if (!types.has(type) && !(type === 'integer' && types.has('number'))) return `${place} could be of type ${type}`
    }
    return (
      enumDifference(newer.json, older.json, place) ??
      this.#properties(newer, older, place) ??
      this.#parts(newer, older, place)
    )
  }

  #properties(newer: SchemaNode, older: SchemaNode, place: string): string | undefined {
    const properties = isObject(newer.json['properties']) ? newer.json['properties'] : {}
    const before = isObject(older.json['properties']) ? older.json['properties'] : {}
    const needed = Array.isArray(older.json['required']) ? older.json['required'] : []
    const required: readonly unknown[] = Array.isArray(newer.json['required']) ? newer.json['required'] : []
    for (const name of required) {
      // With a default, readers know what to do without it.
      if (needed.includes(name) || hasDefault(properties[String(name)])) continue
      return `the property ${place}.${name} has become required`
    }
    for (const [name, given] of Object.entries(properties)) {
      const at = `${place}.${name}`
      if (!Object.hasOwn(before, name)) {
        const difference = this.#added(newer, given, older, at)
        if (difference !== undefined) return difference
        continue
      }
      const difference = this.of(this.#newer.part(newer, given, at), this.#older.part(older, before[name], at), at)
      if (difference !== undefined) return difference
    }
    if (newer.json['additionalProperties'] !== false) return undefined
    for (const name of Object.keys(before))
      if (!Object.hasOwn(properties, name)) return `the property ${place}.${name} is gone, and no others are allowed`
    const wasOpen = typesOf(older.json)?.has('object') === true && older.json['additionalProperties'] !== false
    return wasOpen ? `${place} allowed other properties` : undefined
  }

  /** A property that the older schema does not name: data may have it all the same. */
  #added(newer: SchemaNode, given: unknown, older: SchemaNode, at: string): string | undefined {
    if (this.#openness === 'lenient' || (isObject(given) && Object.keys(given).length === 0) || given === true)
      return undefined
    const { additionalProperties: others = true, patternProperties } = older.json
    if (isObject(others) && Object.keys(others).length > 0)
      return this.of(this.#newer.part(newer, given, at), this.#older.part(older, others, at), at)
    const wasOpen = others !== false && patternProperties === undefined && typesOf(older.json)?.has('object') === true
    return wasOpen ? `the property ${at} is new, and others of any type were allowed` : undefined
  }

  #parts(newer: SchemaNode, older: SchemaNode, place: string): string | undefined {
    for (const keyword of ['items', 'additionalProperties']) {
      const one = newer.json[keyword]
      const other = older.json[keyword]
      if (!isObject(one) || !isObject(other)) continue
      const at = `${place}[]`
      const difference = this.of(this.#newer.part(newer, one, at), this.#older.part(older, other, at), at)
      if (difference !== undefined) return difference
    }
    return undefined
  }
}

const hasDefault = (property: unknown): boolean => isObject(property) && property['default'] !== undefined

const flat = (document: SchemaDocument, node: SchemaNode, place: string): SchemaNode =>
  Array.isArray(node.json['allOf']) ? merged(document, node, place) : node

const branches = (document: SchemaDocument, node: SchemaNode, place: string): readonly SchemaNode[] => {
  const given = node.json['oneOf'] ?? node.json['anyOf']
  if (!Array.isArray(given)) return [node]
  return given.map(each => flat(document, document.deref(document.part(node, each, place), place), place))
}

const enumTypes = (json: JsonObject): ReadonlySet<unknown> | undefined => {
  if (!Array.isArray(json['enum'])) return undefined
  return new Set(json['enum'].map(each => (each === null ? 'null' : Number.isInteger(each) ? 'integer' : typeof each)))
}

const enumDifference = (newer: JsonObject, older: JsonObject, place: string): string | undefined => {
  if (!Array.isArray(newer['enum'])) return undefined
  if (!Array.isArray(older['enum'])) return `${place} was not limited to some values`
  const allowed = new Set(newer['enum'].map(valueKey))
  const gone = older['enum'].map(valueKey).find(each => !allowed.has(each))
  return gone === undefined ? undefined : `${place} could be ${gone}`
}
