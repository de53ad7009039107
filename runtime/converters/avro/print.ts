import { doubleText, floatText } from '../../api/json-text.ts'
import { type AvroNamed, type AvroType, isNamed, namespaceOf, propsOf, simpleName } from './model.ts'

/**
 * The JSON of a schema as Avro for Java prints it, member by member in its order: registries compare texts. A named type is
 * defined where it is met first and named after that; a namespace is told where it differs from the enclosing one.
 */
export const printAvro = (type: AvroType): string => JSON.stringify(shape(type, '', new Set()))

const reference = (name: string, enclosing: string): string =>
  namespaceOf(name) === enclosing ? simpleName(name) : name

const head = ({ type, name }: AvroNamed, enclosing: string) => ({
  type,
  name: simpleName(name),
  ...(namespaceOf(name) !== enclosing && { namespace: namespaceOf(name) }),
})

// The type definitions do not know it yet.
const raw = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON

/** Numbers of floating point as Java prints them, `1.0` and `1.0E10`, wherever they stand in a default. */
const defaultShape = (type: AvroType, json: unknown): unknown => {
  if (typeof json === 'number') {
    const number = type.type === 'union' ? type.branches.find(({ type: one }) => numbers.has(one)) : type
    if (number?.type === 'double') return raw(doubleText(json))
    return number?.type === 'float' ? raw(floatText(json)) : json
  }
  if (typeof json !== 'object' || json === null) return json
  if (type.type === 'union') {
    const branch = type.branches.find(({ type: one }) =>
      Array.isArray(json) ? one === 'array' : one === 'record' || one === 'map',
    )
    return branch === undefined ? json : defaultShape(branch, json)
  }
  if (Array.isArray(json)) return type.type === 'array' ? json.map(item => defaultShape(type.items, item)) : json
  const typeOf = (name: string): AvroType | undefined => {
    if (type.type === 'map') return type.values
    return type.type === 'record' ? type.fields.find(field => field.name === name)?.type : undefined
  }
  return Object.fromEntries(
    Object.entries(json).map(([name, member]) => {
      const own = typeOf(name)
      return [name, own === undefined ? member : defaultShape(own, member)]
    }),
  )
}

const propsShape = (type: AvroType): object => {
  const props = propsOf(type)
  const standIn = props['connect.default']
  return standIn === undefined ? props : { ...props, 'connect.default': defaultShape(type, standIn) }
}

const numbers: ReadonlySet<string> = new Set(['int', 'long', 'float', 'double'])

const shape = (type: AvroType, enclosing: string, defined: Set<string>): unknown => {
  if (isNamed(type)) {
    if (defined.has(type.name)) return reference(type.name, enclosing)
    defined.add(type.name)
  }
  switch (type.type) {
    case 'union':
      return type.branches.map(branch => shape(branch, enclosing, defined))
    case 'record': {
      const namespace = namespaceOf(type.name)
      return {
        ...head(type, enclosing),
        ...(type.doc !== undefined && { doc: type.doc }),
        fields: type.fields.map(field => ({
          name: field.name,
          type: shape(field.type, namespace, defined),
          ...(field.doc !== undefined && { doc: field.doc }),
          ...('default' in field && { default: defaultShape(field.type, field.default) }),
          ...(field.aliases !== undefined && { aliases: field.aliases }),
        })),
        ...propsShape(type),
        ...(type.aliases !== undefined && { aliases: type.aliases }),
      }
    }
    case 'enum':
      return {
        ...head(type, enclosing),
        ...(type.doc !== undefined && { doc: type.doc }),
        symbols: type.symbols,
        ...(type.default !== undefined && { default: type.default }),
        ...propsShape(type),
        ...(type.aliases !== undefined && { aliases: type.aliases }),
      }
    case 'fixed':
      return {
        ...head(type, enclosing),
        size: type.size,
        ...propsShape(type),
        ...(type.aliases !== undefined && { aliases: type.aliases }),
      }
    case 'array':
      return { type: 'array', items: shape(type.items, enclosing, defined), ...propsShape(type) }
    case 'map':
      return { type: 'map', values: shape(type.values, enclosing, defined), ...propsShape(type) }
    default:
      return Object.keys(type.props).length === 0 ? type.type : { type: type.type, ...propsShape(type) }
  }
}
