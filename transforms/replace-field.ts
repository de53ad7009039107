import { c, defineTransform, s, setMember } from 'millrace'
import { basicsOf, noValues, perSchema, requireMap, requireStruct, sideOf, structCopier, withSide } from './sides.ts'

const purpose = 'field replacement'

/** Old and new name; undefined for what is no mapping. Colons at the end do not count. */
const parts = (mapping: string): readonly [string, string] | undefined => {
  const [from, to, ...more] = mapping.replace(/:+$/, '').split(':')
  return from === undefined || to === undefined || more.length > 0 ? undefined : [from, to]
}

export default defineTransform({
  class: 'org.apache.kafka.connect.transforms.ReplaceField',
  version: '4.3.0',
  doc: 'Leaves out fields, or keeps only some, and renames them.',
  config: {
    exclude: c.list('Fields to exclude. This takes precedence over the fields to include.', {
      default: [],
      distinct: true,
      importance: 'MEDIUM',
    }),
    include: c.list('Fields to include. If specified, only these fields will be used.', {
      default: [],
      distinct: true,
      importance: 'MEDIUM',
    }),
    renames: c.list('Field rename mappings, each as old:new.', {
      default: [],
      importance: 'MEDIUM',
      accepts: 'list of colon-delimited pairs, e.g. <code>foo:bar,abc:xyz</code>',
      check: mappings => {
        const wrong = mappings.find(mapping => parts(mapping) === undefined)
        return wrong === undefined ? undefined : `Invalid rename mapping: ${wrong}`
      },
    }),
    'replace.null.with.default': c.boolean(
      'Whether to replace fields that have a default value and that are null to the default value.',
      { default: true, importance: 'MEDIUM' },
    ),
  },
  sides: ['Key', 'Value'],
  examples: [
    {
      title: 'leaves fields out',
      config: { exclude: 'secret' },
      input: { value: { id: 1, secret: 'x' } },
      output: { value: { id: 1 } },
    },
    {
      title: 'keeps only some, renamed',
      config: { include: 'id', renames: 'id:order_id' },
      input: { value: { id: 1, other: 2 } },
      output: { value: { order_id: 1 } },
    },
    {
      title: 'changes the schema with the value',
      config: { exclude: 'a' },
      input: { valueSchema: s.struct({ a: s.int32(), b: s.string() }), value: { a: 1, b: 'x' } },
      output: { valueSchema: s.struct({ b: s.string() }), value: { b: 'x' } },
    },
    { title: 'passes tombstones', config: { exclude: 'a' }, input: { value: null }, output: { value: null } },
  ],
  create(config, side) {
    const exclude = new Set(config.exclude)
    const include = new Set(config.include)
    // Checked when the setting was parsed.
    const renames = new Map(config.renames.map(mapping => parts(mapping)!))
    const kept = (name: string) => !exclude.has(name) && (include.size === 0 || include.has(name))
    const renamed = (name: string) => renames.get(name) ?? name
    const replaced = perSchema(schema => {
      const fields = schema.fields.filter(field => kept(field.name))
      return {
        copy: structCopier(fields, config.replaceNullWithDefault, renamed),
        schema: s.struct(
          fields.map(field => [renamed(field.name), field.schema] as const),
          basicsOf(schema),
        ),
      }
    })
    return {
      apply(record) {
        const { schema, value } = sideOf(record, side)
        if (value === null) return record
        if (schema === null) {
          const members = requireMap(value, purpose)
          const updated: Record<string, unknown> = {}
          for (const name of Object.keys(members)) if (kept(name)) setMember(updated, renamed(name), members[name])
          return withSide(record, side, null, updated)
        }
        const struct = requireStruct(schema, value, purpose)
        const { copy, schema: next } = replaced(schema)
        return withSide(record, side, next, copy(struct, noValues))
      },
    }
  },
})
