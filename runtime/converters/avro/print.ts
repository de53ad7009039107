import { type AvroNamed, type AvroType, isNamed, namespaceOf, simpleName } from './model.ts'

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
          ...('default' in field && { default: field.default }),
          ...(field.aliases !== undefined && { aliases: field.aliases }),
        })),
        ...type.props,
        ...(type.aliases !== undefined && { aliases: type.aliases }),
      }
    }
    case 'enum':
      return {
        ...head(type, enclosing),
        ...(type.doc !== undefined && { doc: type.doc }),
        symbols: type.symbols,
        ...(type.default !== undefined && { default: type.default }),
        ...type.props,
        ...(type.aliases !== undefined && { aliases: type.aliases }),
      }
    case 'fixed':
      return {
        ...head(type, enclosing),
        size: type.size,
        ...type.props,
        ...(type.aliases !== undefined && { aliases: type.aliases }),
      }
    case 'array':
      return { type: 'array', items: shape(type.items, enclosing, defined), ...type.props }
    case 'map':
      return { type: 'map', values: shape(type.values, enclosing, defined), ...type.props }
    default:
      return Object.keys(type.props).length === 0 ? type.type : { type: type.type, ...type.props }
  }
}
