import { DataError } from '../../api/errors.ts'
import { isObject, type JsonObject, type SchemaDocument, type SchemaNode } from './document.ts'

/** All that must hold at once, as one schema without `allOf`: properties and required ones together. Throws DataError. */
export const merged = (document: SchemaDocument, node: SchemaNode, place: string): SchemaNode => {
  const parts = partsOf(document, node, place, new Set())
  let result: JsonObject = {}
  for (const part of parts) result = { ...result, ...part, ...members(result, part) }
  return { json: result, root: node.root }
}

const members = (one: JsonObject, other: JsonObject): JsonObject => {
  const properties = [one['properties'], other['properties']].filter(isObject)
  const required = [one['required'], other['required']].filter(each => Array.isArray(each)).flat()
  const types = [one['type'], other['type']]
  return {
    ...(properties.length > 0 && { properties: Object.assign({}, ...properties) as JsonObject }),
    ...(required.length > 0 && { required }),
    // The narrower of the two.
    ...(types.includes('integer') && types.includes('number') && { type: 'integer' }),
  }
}

const partsOf = (
  document: SchemaDocument,
  node: SchemaNode,
  place: string,
  seen: Set<JsonObject>,
): readonly JsonObject[] => {
  const found = document.deref(node, place)
  if (seen.has(found.json)) throw new DataError(`${place}: the schema contains itself, which a Connect schema cannot`)
  seen.add(found.json)
  const { allOf, ...own } = found.json
  const parts = Array.isArray(allOf) ? allOf : []
  const inner = parts.flatMap(part => partsOf(document, document.part(found, part, place), place, seen))
  seen.delete(found.json)
  // What stands beside `allOf` (a title, a description) is the schema's own, and decides.
  return [...inner, document.settled(own, found.root)]
}
