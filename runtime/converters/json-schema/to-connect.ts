import { DataError, isDataError } from '../../api/errors.ts'
import { DECIMAL } from '../../api/logical.ts'
import { type Schema, type SchemaOptions, s } from '../../api/schema.ts'
import { compileReader } from './decode.ts'
import { isObject, type JsonObject, type SchemaDocument, type SchemaNode } from './document.ts'
import { merged } from './merge.ts'
import {
  enumParameter,
  generalEnum,
  generalUnion,
  indexKeyword,
  type JsonSchemaSettings,
  nullSymbol,
  oneOfName,
  parametersKeyword,
  typeKeyword,
  unionField,
  unionPrefix,
  versionKeyword,
} from './settings.ts'

type Build = (options: SchemaOptions) => Schema

const numbers: Readonly<Record<string, Build>> = {
  int8: s.int8,
  int16: s.int16,
  int32: s.int32,
  int64: s.int64,
  float32: s.float32,
  float64: s.float64,
  bytes: s.bytes,
}

const isNull = ({ json }: SchemaNode): boolean =>
  json['type'] === 'null' ||
  json['const'] === null ||
  (Array.isArray(json['enum']) && json['enum'].every(each => each === null))

/** The Connect schema of a JSON Schema. Throws DataError naming the property that has none. */
export const connectSchema = (
  document: SchemaDocument,
  version: number | undefined,
  settings: JsonSchemaSettings,
): Schema => {
  const { title } = document.root.json
  return new Builder(document, settings).of(document.root, typeof title === 'string' ? title : 'value', { version })
}

interface Asked {
  readonly optional?: boolean
  /** Of the schema in its subject: for the root alone. */
  readonly version?: number | undefined
}

class Builder {
  readonly #document: SchemaDocument
  readonly #settings: JsonSchemaSettings
  /** Being built: what is met again among them contains itself, which no Connect schema can. */
  readonly #open = new Set<JsonObject>()
  /** Unions so far, for their names. */
  #unions = 0

  constructor(document: SchemaDocument, settings: JsonSchemaSettings) {
    this.#document = document
    this.#settings = settings
  }

  of(given: SchemaNode, place: string, asked: Asked = {}): Schema {
    const node = this.#document.deref(given, place)
    if (this.#open.has(node.json))
      throw new DataError(`${place}: the schema contains itself, which a Connect schema cannot`)
    this.#open.add(node.json)
    try {
      return this.#of(node, place, asked)
    } finally {
      this.#open.delete(node.json)
    }
  }

  #of(node: SchemaNode, place: string, asked: Asked): Schema {
    const { json } = node
    if (Array.isArray(json['allOf'])) return this.of(merged(this.#document, node, place), place, asked)
    const branches = this.#branches(node, place)
    if (branches !== undefined) return this.#union(node, branches, place, asked)
    const nullable = json['nullable'] === true || (Array.isArray(json['enum']) && json['enum'].includes(null))
    return this.#described(node, this.#plain(node, place), place, nullable ? { ...asked, optional: true } : asked)
  }

  /** The alternatives: of `oneOf`, `anyOf` or a list of types. */
  #branches(node: SchemaNode, place: string): readonly SchemaNode[] | undefined {
    const { json } = node
    const given = json['oneOf'] ?? json['anyOf']
    // Beside properties, alternatives only say which of them go together.
    if (Array.isArray(given) && json['properties'] === undefined)
      return given.map(each => this.#document.deref(this.#document.part(node, each, place), place))
    const { type, ...rest } = json
    if (!Array.isArray(type)) return undefined
    return type.map((each: unknown) => ({ json: { ...(each === 'null' ? {} : rest), type: each }, root: node.root }))
  }

  #union(node: SchemaNode, branches: readonly SchemaNode[], place: string, asked: Asked): Schema {
    const some = branches.filter(branch => !isNull(branch))
    const optional = asked.optional === true || some.length < branches.length || node.json['nullable'] === true
    if (some.length === 1 && (branches.length === 2 || this.#settings.flattenSingletons))
      return this.of(some[0]!, place, { ...asked, optional })
    if (some.length === 0) throw new DataError(`${place}: a schema with null as its only value has no Connect type`)
    const { sumTypes } = this.#settings
    // The name is what tells it from other structs; a title must not take its place.
    const unionName = sumTypes ? `${unionPrefix}${this.#unions++}` : oneOfName
    const fields = some.map((branch, index): readonly [string, Schema] => {
      const name = sumTypes ? `${unionField}${index}` : `${oneOfName}.field.${index}`
      return [name, this.of(branch, `${place}.${name}`, { optional: true })]
    })
    const marks = sumTypes && { [generalUnion]: unionName }
    const build: Build = options =>
      s.struct(fields, {
        ...options,
        name: unionName,
        ...(marks && { parameters: { ...marks, ...options.parameters } }),
      })
    return this.#described(node, build, place, { ...asked, optional })
  }

  #plain(node: SchemaNode, place: string): Build {
    const { json } = node
    if (Array.isArray(json['enum'])) return this.#enum(json['enum'], json['type'])
    const type = json['type'] ?? impliedType(json)
    switch (type) {
      case 'boolean':
        return s.boolean
      case 'string':
        return json[typeKeyword] === 'bytes' ? s.bytes : s.string
      case 'integer':
      case 'number': {
        const kind = json[typeKeyword] ?? (type === 'integer' ? 'int64' : 'float64')
        const build = typeof kind === 'string' && Object.hasOwn(numbers, kind) ? numbers[kind] : undefined
        if (build === undefined) throw new DataError(`${place}: connect.type ${shown(kind)} is no number`)
        return build
      }
      case 'array':
        return this.#array(node, place)
      case 'object':
        return this.#object(node, place)
      default:
        throw new DataError(`${place}: a schema of type ${shown(type)} has no Connect type`)
    }
  }

  #enum(values: readonly unknown[], type: unknown): Build {
    const some = values.filter(value => value !== null)
    const integers = some.every(value => Number.isInteger(value) || typeof value === 'bigint')
    if (type === 'integer' || (some.length > 0 && integers)) return s.int64
    if (type === 'number' || (some.length > 0 && some.every(value => typeof value === 'number'))) return s.float64
    if (type === 'boolean') return s.boolean
    const { sumTypes } = this.#settings
    const name = sumTypes ? generalEnum : enumParameter
    const entries = values.map((value, index) => {
      const symbol = value === null ? nullSymbol : String(value)
      return [`${name}.${symbol}`, sumTypes ? String(index) : symbol]
    })
    // JSON's enums have no name of their own.
    const symbols = Object.fromEntries([[name, ''], ...entries])
    return options => s.string({ ...options, parameters: { ...symbols, ...options.parameters } })
  }

  #array(node: SchemaNode, place: string): Build {
    const { items } = node.json
    if (items === undefined || Array.isArray(items))
      throw new DataError(`${place}: the array does not say what its items are`)
    const item = this.#document.part(node, items, place)
    const properties = this.#document.deref(item, place).json['properties']
    if (node.json[typeKeyword] === 'map' && isObject(properties)) {
      const part = (name: string): Schema =>
        this.of(this.#document.part(item, properties[name], `${place}.${name}`), `${place}.${name}`)
      const key = part('key')
      const value = part('value')
      return options => s.map(key, value, options)
    }
    const value = this.of(item, `${place}[]`)
    return options => s.array(value, options)
  }

  #object(node: SchemaNode, place: string): Build {
    const { json } = node
    if (json[typeKeyword] === 'map') {
      const value = this.of(this.#document.part(node, json['additionalProperties'], `${place}[]`), `${place}[]`)
      return options => s.map(s.string(), value, options)
    }
    const properties = isObject(json['properties']) ? json['properties'] : {}
    const required: readonly unknown[] = Array.isArray(json['required']) ? json['required'] : []
    const members = Object.entries(properties).map(([name, given], order) => {
      const part = this.#document.part(node, given, `${place}.${name}`)
      const optional = this.#settings.optionalNonRequired && !required.includes(name)
      const index = part.json[indexKeyword]
      return {
        index: typeof index === 'number' ? index : order,
        field: [name, this.of(part, `${place}.${name}`, { optional })] as const,
      }
    })
    const fields = members.toSorted((one, other) => one.index - other.index).map(({ field }) => field)
    return options => s.struct(fields, options)
  }

  #described({ json }: SchemaNode, build: Build, place: string, { optional, version }: Asked): Schema {
    const own = json[versionKeyword] ?? version
    const parameters = json[parametersKeyword]
    const options: SchemaOptions = {
      ...(optional === true && { optional }),
      ...(typeof json['title'] === 'string' && { name: json['title'] }),
      ...(typeof own === 'number' && { version: own }),
      ...(typeof json['description'] === 'string' && { doc: json['description'] }),
      ...(isObject(parameters) && {
        parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)])),
      }),
    }
    const schema = build(options)
    if (schema.name === DECIMAL && schema.type !== 'BYTES')
      throw new DataError(`${place}: a Decimal needs connect.type bytes`)
    const standIn = json['default']
    if (standIn === undefined || standIn === null) return schema
    try {
      return schema.with({ default: compileReader(schema, this.#settings, place)(standIn) })
    } catch (error) {
      if (!isDataError(error)) throw error
      throw new DataError(`${place}: the default does not fit its schema: ${error.message}`, { cause: error })
    }
  }
}

/** What a schema without a type means by its other keywords. */
const impliedType = (json: JsonObject): string | undefined => {
  if (isObject(json['properties']) || json['additionalProperties'] !== undefined) return 'object'
  if (json['items'] !== undefined) return 'array'
  const { const: only } = json
  if (typeof only === 'number') return Number.isInteger(only) ? 'integer' : 'number'
  return typeof only === 'string' || typeof only === 'boolean' ? typeof only : undefined
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? 'none' : typeof value
