import { c, DataError, Decimal, defineTransform, objectMaker, type Schema, s, setMember } from 'millrace'
import {
  basicsOf,
  isMembers,
  type Members,
  memberOf,
  perSchema,
  requireMap,
  requireStruct,
  sideOf,
  withSide,
} from './sides.ts'

const purpose = 'flattening'

/** A field of the flattened struct, and the way to it. */
interface Leaf {
  readonly name: string
  readonly schema: Schema
  readonly steps: readonly string[]
}

const leavesOf = (
  schema: Schema,
  delimiter: string,
  optional: boolean,
  standIn: unknown,
  names: Set<string>,
  prefix = '',
  steps: readonly string[] = [],
): readonly Leaf[] =>
  schema.fields.flatMap(field => {
    const name = prefix + field.name
    const at = [...steps, field.name]
    const own = field.schema
    const isOptional = optional || own.optional
    const value =
      standIn === undefined || standIn === null
        ? own.default
        : (memberOf(standIn as Members, field.name, own, true) ?? undefined)
    if (own.type === 'STRUCT') return leavesOf(own, delimiter, isOptional, value, names, name + delimiter, at)
    if (own.type === 'MAP')
      throw new DataError(`Flatten transformation does not support MAP for record with schemas (for field ${name}).`)
    if (names.has(name)) throw new DataError(`Cannot create field because of field name duplication ${name}`)
    names.add(name)
    const leaf = own.with({ optional: isOptional, ...(value !== undefined && { default: value as never }) })
    return [{ name, schema: leaf, steps: at }]
  })

const flattenMap = (map: Members, delimiter: string, prefix: string, into: Record<string, unknown>): void => {
  for (const key of Object.keys(map)) {
    const value = map[key]
    const name = prefix + key
    if (typeof value !== 'object' || value === null) setMember(into, name, value)
    else if (value instanceof Map && [...value.keys()].some(one => typeof one !== 'string'))
      throw new DataError(`The map ${name} has a key that is no text: its fields cannot be named`)
    else if (value instanceof Map || isMembers(value))
      flattenMap(requireMap(value, purpose), delimiter, name + delimiter, into)
    else if (value instanceof Date || value instanceof Decimal)
      throw new DataError(
        `Flatten transformation was passed a value of type class ${value instanceof Date ? 'java.util.Date' : 'java.math.BigDecimal'} which is not supported by Connect's data API`,
      )
    else setMember(into, name, value)
  }
}

const leafValue = (schema: Schema, struct: Members, { steps }: Leaf): unknown => {
  let at: unknown = struct
  let of = schema
  for (const step of steps) {
    if (at === null) return null
    const next = of.field(step)!.schema
    // The default of a struct on the way does not count, as in Kafka Connect.
    at = memberOf(at as Members, step, next, next.type !== 'STRUCT')
    of = next
  }
  return at
}

export default defineTransform({
  class: 'org.apache.kafka.connect.transforms.Flatten',
  version: '4.3.0',
  doc: 'Flattens nested structs, or maps without a schema: the name of each field is the path to it. Arrays stay as they are.',
  config: {
    delimiter: c.string('Delimiter to insert between field names from the input record when generating field names.', {
      default: '.',
      importance: 'MEDIUM',
    }),
  },
  sides: ['Key', 'Value'],
  examples: [
    {
      title: 'joins names with dots',
      config: {},
      input: { value: { id: 1, customer: { name: 'Ada', address: { city: 'Oslo' } } } },
      output: { value: { id: 1, 'customer.name': 'Ada', 'customer.address.city': 'Oslo' } },
    },
    {
      title: 'makes the fields of an optional struct optional',
      config: { delimiter: '_' },
      input: {
        valueSchema: s.struct({ c: s.struct({ n: s.string() }, { optional: true }) }),
        value: { c: null },
      },
      output: { valueSchema: s.struct({ c_n: s.string({ optional: true }) }), value: { c_n: null } },
    },
    { title: 'passes tombstones', config: {}, input: { value: null }, output: { value: null } },
  ],
  create({ delimiter }, side) {
    const flattened = perSchema(schema => {
      const names = new Set<string>()
      const leaves = leavesOf(schema, delimiter, schema.optional, schema.default, names)
      return {
        leaves,
        make: objectMaker([...names]),
        schema: s.struct(
          leaves.map(leaf => [leaf.name, leaf.schema] as const),
          basicsOf(schema),
        ),
      }
    })
    return {
      apply(record) {
        const { schema, value } = sideOf(record, side)
        if (value === null) return record
        if (schema === null) {
          const flat: Record<string, unknown> = {}
          flattenMap(requireMap(value, purpose), delimiter, '', flat)
          return withSide(record, side, null, flat)
        }
        const struct = requireStruct(schema, value, purpose)
        const { leaves, make, schema: flatSchema } = flattened(schema)
        const values = leaves.map(leaf => leafValue(schema, struct, leaf))
        return withSide(record, side, flatSchema, make(values, 0))
      },
    }
  },
})
