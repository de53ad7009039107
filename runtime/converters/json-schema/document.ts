import { Decimal } from '../../api/decimal.ts'
import { DataError } from '../../api/errors.ts'
import { parseJson } from '../json-parse.ts'
import type { ResolvedSchema } from '../registry/format.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** A schema within a text, with the text that its local references mean. */
export interface SchemaNode {
  readonly json: JsonObject
  readonly root: JsonObject
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal)

const parse = (text: string, what: string): JsonObject => {
  let json: unknown
  try {
    json = parseJson(Buffer.from(text), true)
  } catch (cause) {
    throw new DataError(`${what} is not JSON`, { cause })
  }
  if (isObject(json)) return json
  throw new DataError(`${what} must be a JSON object; the schemas true and false say nothing of a type`)
}

/** A registered JSON Schema with those that it refers to. Throws DataError. */
export class SchemaDocument {
  readonly root: SchemaNode
  readonly #references = new Map<string, JsonObject>()
  /** Of parts that are used outside of their text: that text. */
  readonly #origins = new WeakMap<JsonObject, JsonObject>()

  constructor({ text, resolved }: ResolvedSchema) {
    const json = parse(text, 'The JSON Schema')
    this.root = { json, root: json }
    for (const [name, referred] of resolved)
      this.#references.set(name, parse(referred, `The referenced schema ${name}`))
  }

  /** A part of `node`, in the same text; or in that which it was taken from. */
  part(node: SchemaNode, json: unknown, place: string): SchemaNode {
    if (isObject(json)) return { json, root: this.#origins.get(json) ?? node.root }
    throw new DataError(`${place}: a schema must be an object, not ${typeof json}`)
  }

  /** The same schema, whose parts may be used in one of another text. */
  settled(json: JsonObject, root: JsonObject): JsonObject {
    const { properties, items, additionalProperties, oneOf, anyOf } = json
    for (const parts of [properties, { items, additionalProperties }, oneOf, anyOf])
      for (const part of Object.values(parts ?? {})) if (isObject(part)) this.#origins.set(part, root)
    return json
  }

  /** What a `$ref` means; the node itself when it has none. Throws DataError for what is not there, and for a circle. */
  deref(node: SchemaNode, place: string): SchemaNode {
    const seen = new Set<JsonObject>()
    let found = node
    for (let ref = refOf(found.json); ref !== undefined; ref = refOf(found.json)) {
      if (seen.has(found.json)) throw new DataError(`${place}: $ref ${ref} leads back to itself`)
      seen.add(found.json)
      found = this.#resolve(ref, found, place)
    }
    return found
  }

  #resolve(ref: string, from: SchemaNode, place: string): SchemaNode {
    const hash = ref.indexOf('#')
    const base = hash < 0 ? ref : ref.slice(0, hash)
    const fragment = hash < 0 ? '' : ref.slice(hash + 1)
    const root = base === '' ? from.root : this.#document(base, from.root)
    if (root === undefined) throw new DataError(`${place}: $ref ${ref} is not among the schema's references`)
    const json = fragment === '' || fragment.startsWith('/') ? pointed(root, fragment) : named(root, fragment)
    if (isObject(json)) return { json, root }
    throw new DataError(`${place}: $ref ${ref} points to no schema`)
  }

  #document(base: string, root: JsonObject): JsonObject | undefined {
    const given = this.#references.get(base)
    if (given !== undefined) return given
    for (const document of [root, ...this.#references.values()]) {
      const id = idOf(document)
      if (id !== undefined && (id === base || id.replace(/#$/, '') === base)) return document
      // Relative to where the referring text says it is.
      if (id !== undefined && URL.canParse(base, idOf(root)) && new URL(base, idOf(root)).href === id) return document
    }
    const local = identified(root, base)
    return isObject(local) ? local : undefined
  }
}

const refOf = ({ $ref }: JsonObject): string | undefined => (typeof $ref === 'string' ? $ref : undefined)

const idOf = ({ $id, id }: JsonObject): string | undefined =>
  typeof $id === 'string' ? $id : typeof id === 'string' ? id : undefined

const pointed = (root: JsonObject, pointer: string): unknown => {
  let json: unknown = root
  for (const part of pointer.split('/').slice(1)) {
    const name = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof json !== 'object' || json === null || !Object.hasOwn(json, name)) return undefined
    json = (json as JsonObject)[name]
  }
  return json
}

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    // Not encoded: a percent sign that is meant.
    return part
  }
}

const definitionsOf = (root: JsonObject): readonly JsonObject[] =>
  [root['$defs'], root['definitions']].flatMap(each => (isObject(each) ? Object.values(each).filter(isObject) : []))

const named = (root: JsonObject, anchor: string): unknown =>
  definitionsOf(root).find(({ $anchor, $id, id }) => $anchor === anchor || ($id ?? id) === `#${anchor}`)

const identified = (root: JsonObject, id: string): unknown => definitionsOf(root).find(each => idOf(each) === id)
