import { ConfigError, c, defineTransform, type Schema, type SchemaOptions, s, setMember } from 'millrace'
import { type CastTarget, castTargets, castValue } from './cast-value.ts'
import {
  basicsOf,
  fieldsOf,
  noValues,
  perSchema,
  requireMap,
  requireStruct,
  sideOf,
  structCopier,
  withSide,
} from './sides.ts'

const purpose = 'cast types'
const types: readonly string[] = [...castTargets, 'BYTES', 'ARRAY', 'MAP', 'STRUCT']

const targetOf = (text: string): CastTarget => {
  const name = text.trim().toUpperCase()
  if (!types.includes(name))
    throw new ConfigError(
      `Invalid value java.lang.IllegalArgumentException: No enum constant org.apache.kafka.connect.data.Schema.Type.${name} for configuration Invalid type found in casting spec: ${text.trim()}`,
      { key: 'spec' },
    )
  const target = castTargets.find(one => one === name)
  if (target === undefined)
    throw new ConfigError(
      `Cast transformation does not support casting to ${name}; supported types are [${castTargets.join(', ')}]`,
      { key: 'spec' },
    )
  return target
}

/** One type for the whole value, or types by field. */
const targetsOf = (spec: readonly string[]): CastTarget | ReadonlyMap<string, CastTarget> => {
  if (spec.length === 0) throw new ConfigError('Must specify at least one field to cast.', { key: 'spec' })
  const wrong = spec.find(one => one.split(':').length > 2)
  if (wrong !== undefined)
    throw new ConfigError(
      `Invalid value [${spec.join(', ')}] for configuration renames: Invalid rename mapping: ${wrong}`,
      { key: 'spec' },
    )
  const targets = new Map<string, CastTarget>()
  for (const one of spec) {
    const [field, type] = one.split(':')
    if (type !== undefined) {
      targets.set(field!.trim(), targetOf(type))
      continue
    }
    const whole = targetOf(one)
    if (spec.length > 1)
      throw new ConfigError(
        'Cast transformations that specify a type to cast the entire value to may only specify a single cast in their spec',
        { key: 'spec' },
      )
    return whole
  }
  return targets
}

const schemaOf = (target: CastTarget, options: SchemaOptions): Schema =>
  s[target.toLowerCase() as Lowercase<CastTarget>](options)

const recast = (schema: Schema, target: CastTarget): SchemaOptions => ({
  optional: schema.optional,
  ...(schema.default !== undefined && { default: castValue(schema, schema.default, target) as never }),
})

export default defineTransform({
  class: 'org.apache.kafka.connect.transforms.Cast',
  version: '4.3.0',
  doc: 'Casts fields, or the whole key or value, to another type.',
  config: {
    spec: c.list(
      'Fields and the type to cast them to, each as field:type, or one type for the whole value. Types are int8, int16, int32, int64, float32, float64, boolean and string; integers lose what does not fit, as in Java.',
      {
        importance: 'HIGH',
        accepts: 'list of colon-delimited pairs, e.g. <code>foo:bar,abc:xyz</code>',
        checksNull: true,
        check: (spec: readonly string[] | null) => {
          targetsOf(spec ?? [])
          return undefined
        },
      },
    ),
    'replace.null.with.default': c.boolean(
      'Whether to replace fields that have a default value and that are null to the default value.',
      { default: true, importance: 'MEDIUM' },
    ),
  },
  sides: ['Key', 'Value'],
  examples: [
    {
      title: 'casts fields',
      config: { spec: 'id:string,amount:float64' },
      input: { value: { id: 7, amount: '12.5', other: true } },
      output: { value: { id: '7', amount: 12.5, other: true } },
    },
    {
      title: 'changes the schema with the value',
      config: { spec: 'id:int64' },
      input: { valueSchema: s.struct({ id: s.string({ optional: true }) }), value: { id: '7' } },
      output: { valueSchema: s.struct({ id: s.int64({ optional: true }) }), value: { id: 7 } },
    },
    { title: 'casts a whole value', config: { spec: 'string' }, input: { value: 42 }, output: { value: '42' } },
    {
      title: 'refuses what is no number',
      config: { spec: 'id:int32' },
      input: { value: { id: 'x1' } },
      throws: 'Value (x1) was out of range for requested data type',
    },
    { title: 'passes tombstones', config: { spec: 'id:int32' }, input: { value: null }, output: { value: null } },
  ],
  create({ spec, replaceNullWithDefault }, side) {
    const targets = targetsOf(spec)
    if (typeof targets === 'string') {
      const whole = perSchema(schema => schemaOf(targets, { ...basicsOf(schema), ...recast(schema, targets) }))
      return {
        apply(record) {
          const { schema, value } = sideOf(record, side)
          if (value === null) return record
          return withSide(record, side, schema === null ? null : whole(schema), castValue(schema, value, targets))
        },
      }
    }
    const struct = perSchema(schema => {
      const fields = fieldsOf(schema).map(({ name, schema: own }) => {
        const target = targets.get(name)
        return [name, target === undefined ? own : schemaOf(target, recast(own, target))] as const
      })
      return {
        result: s.struct(fields, { ...basicsOf(schema), optional: schema.optional }),
        copy: structCopier(schema.fields, replaceNullWithDefault),
        casts: schema.fields.flatMap(({ name, schema: own }) => {
          const target = targets.get(name)
          return target === undefined ? [] : [{ name, schema: own, target }]
        }),
      }
    })
    return {
      apply(record) {
        const { schema, value } = sideOf(record, side)
        if (value === null) return record
        if (schema === null) {
          const map = requireMap(value, purpose)
          const copy: Record<string, unknown> = { ...map }
          for (const [name, target] of targets)
            setMember(copy, name, castValue(null, Object.hasOwn(map, name) ? map[name] : null, target))
          return withSide(record, side, null, copy)
        }
        // What is wrong with the schema comes before what is wrong with the value.
        const { result, copy, casts } = struct(schema)
        const members = copy(requireStruct(schema, value, purpose), noValues)
        for (const { name, schema: own, target } of casts)
          setMember(members, name, castValue(own, members[name], target))
        return withSide(record, side, result, members)
      },
    }
  },
})
