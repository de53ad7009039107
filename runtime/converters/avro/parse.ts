import { DataError } from '../../api/errors.ts'
import {
  type AvroField,
  type AvroNamed,
  type AvroRecord,
  type AvroType,
  namespaceOf,
  type PrimitiveType,
  primitiveTypes,
  typeName,
} from './model.ts'

type Json = Readonly<Record<string, unknown>>

const primitives = new Set<string>(primitiveTypes)
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/

const own: Readonly<Record<string, readonly string[]>> = {
  record: ['type', 'name', 'namespace', 'doc', 'fields', 'aliases'],
  error: ['type', 'name', 'namespace', 'doc', 'fields', 'aliases'],
  enum: ['type', 'name', 'namespace', 'doc', 'symbols', 'default', 'aliases'],
  fixed: ['type', 'name', 'namespace', 'doc', 'size', 'aliases'],
  array: ['type', 'items'],
  map: ['type', 'values'],
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

const wrong = (what: string): DataError => new DataError(`The Avro schema cannot be read: ${what}`)

const shown = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 100)

/** A name with the namespace that counts for it. Throws DataError. */
const fullName = (name: unknown, namespace: unknown, enclosing: string): string => {
  if (typeof name !== 'string' || name === '') throw wrong(`a name is missing where ${shown(name)} stands`)
  const whole = name.includes('.')
    ? name
    : typeof namespace === 'string'
      ? namespace === ''
        ? name
        : `${namespace}.${name}`
      : enclosing === ''
        ? name
        : `${enclosing}.${name}`
  for (const part of whole.split('.')) if (!identifier.test(part)) throw wrong(`${shown(whole)} is no name`)
  return whole
}

const texts = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) ? value.filter(item => typeof item === 'string') : undefined

/** Types within types: all that walks a type afterwards calls itself as often, so the stack must have room. */
const DEEPEST = 500

class Parser {
  readonly #named = new Map<string, AvroNamed>()
  #depth = 0

  parse(json: unknown, enclosing: string): AvroType {
    if (this.#depth === DEEPEST) throw wrong(`types are nested more than ${DEEPEST} deep`)
    this.#depth++
    const type = this.#parse(json, enclosing)
    this.#depth--
    return type
  }

  #parse(json: unknown, enclosing: string): AvroType {
    if (typeof json === 'string') return this.#byName(json, enclosing)
    if (Array.isArray(json)) return this.#union(json, enclosing)
    if (!isObject(json)) throw wrong(`${shown(json)} is no type`)
    const { type } = json
    if (typeof type !== 'string') return this.parse(type, enclosing)
    if (primitives.has(type)) return { type: type as PrimitiveType, props: rest(json, ['type']) }
    switch (type) {
      case 'record':
      case 'error':
        return this.#record(json, enclosing)
      case 'enum': {
        const symbols = texts(json['symbols'])
        if (symbols === undefined) throw wrong('an enum has no symbols')
        return this.#define({
          ...this.#head(json, enclosing),
          type,
          symbols,
          ...(typeof json['default'] === 'string' && { default: json['default'] }),
        })
      }
      case 'fixed': {
        const { size } = json
        if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) throw wrong(`${shown(size)} is no size`)
        return this.#define({ ...this.#head(json, enclosing), type, size })
      }
      case 'array':
        return { type, items: this.parse(json['items'], enclosing), props: rest(json, own[type]!) }
      case 'map':
        return { type, values: this.parse(json['values'], enclosing), props: rest(json, own[type]!) }
      default:
        return this.#byName(type, enclosing)
    }
  }

  #byName(name: string, enclosing: string): AvroType {
    if (primitives.has(name)) return { type: name as PrimitiveType, props: {} }
    const found = this.#named.get(fullName(name, undefined, enclosing)) ?? this.#named.get(name)
    if (found === undefined) throw wrong(`${shown(name)} is defined nowhere`)
    return found
  }

  #union(json: readonly unknown[], enclosing: string): AvroType {
    const branches = json.map(branch => this.parse(branch, enclosing))
    const names = branches.map(typeName)
    if (branches.some(({ type }) => type === 'union')) throw wrong('a union holds another one')
    if (new Set(names).size < names.length) throw wrong(`a union holds the same type twice: ${names.join(', ')}`)
    return { type: 'union', branches }
  }

  #head(json: Json, enclosing: string) {
    const aliases = texts(json['aliases'])
    return {
      name: fullName(json['name'], json['namespace'], enclosing),
      ...(typeof json['doc'] === 'string' && { doc: json['doc'] }),
      ...(aliases !== undefined && { aliases }),
      props: rest(json, own[json['type'] as string]!),
    }
  }

  #define<T extends AvroNamed>(type: T): T {
    if (this.#named.has(type.name)) throw wrong(`${type.name} is defined twice`)
    this.#named.set(type.name, type)
    return type
  }

  #record(json: Json, enclosing: string): AvroRecord {
    const record: AvroRecord = this.#define({ ...this.#head(json, enclosing), type: 'record', fields: [] })
    const { fields } = json
    if (!Array.isArray(fields)) throw wrong(`the record ${record.name} has no fields`)
    const namespace = namespaceOf(record.name)
    record.fields = fields.map((field: unknown): AvroField => {
      if (!isObject(field) || typeof field['name'] !== 'string' || !identifier.test(field['name']))
        throw wrong(`${shown(field)} is no field of ${record.name}`)
      const aliases = texts(field['aliases'])
      return {
        name: field['name'],
        type: this.parse(field['type'], namespace),
        ...(typeof field['doc'] === 'string' && { doc: field['doc'] }),
        ...('default' in field && { default: field['default'] }),
        ...(aliases !== undefined && { aliases }),
      }
    })
    if (new Set(record.fields.map(({ name }) => name)).size < record.fields.length)
      throw wrong(`the record ${record.name} has a field twice`)
    return record
  }
}

const rest = (json: Json, known: readonly string[]): Json =>
  Object.fromEntries(Object.entries(json).filter(([key]) => !known.includes(key)))

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    // The name of a primitive may stand without quotes.
    if (primitives.has(text.trim())) return text.trim()
    throw new DataError(`The Avro schema is no JSON: ${(cause as Error).message}`, { cause })
  }
}

/** The type of a text; `resolved`: texts that it refers to, those that are needed first before. Throws DataError. */
export const parseAvro = (text: string, resolved: ReadonlyMap<string, string> = new Map()): AvroType => {
  const parser = new Parser()
  for (const one of resolved.values()) parser.parse(jsonOf(one), '')
  return parser.parse(jsonOf(text), '')
}
