import { ConfigError, c, DataError, defineTransform, type Header, type Schema, s, setMember } from 'millrace'
import { basicsOf, type Members, requireStruct } from './sides.ts'

const purpose = 'Header field insertion'

const noSpaces = (items: readonly string[]): string | undefined => {
  const wrong = items.find(item => item === '' || /\s/.test(item))
  return wrong === undefined ? undefined : `"${wrong}" is empty or has a space in it`
}

const text = (key: string, value: string): Header => ({ key, schema: s.string(), value })

export default defineTransform({
  class: 'io.debezium.transforms.HeaderToValue',
  version: '0.1.0',
  doc: 'Puts headers into the value as fields.',
  config: {
    headers: c.list('Names of headers.', { importance: 'HIGH', nonEmpty: true, check: noSpaces }),
    fields: c.list('Names of the fields that they become, in the same order; after.NAME puts one into a struct.', {
      importance: 'HIGH',
      nonEmpty: true,
      check: noSpaces,
    }),
    operation: c.string('Whether the headers are taken away (move) or stay (copy).', {
      values: ['move', 'copy'],
      ignoreCase: true,
      importance: 'HIGH',
    }),
  },
  examples: [
    {
      title: 'moves a header into the value',
      config: { headers: 'tenant', fields: 'tenant_id', operation: 'move' },
      input: {
        valueSchema: s.struct({ id: s.int32() }),
        value: { id: 1 },
        headers: [text('tenant', 'a'), text('trace', 'x')],
      },
      output: {
        valueSchema: s.struct({ id: s.int32(), tenant_id: s.string() }),
        value: { id: 1, tenant_id: 'a' },
        headers: [text('trace', 'x')],
      },
    },
    {
      title: 'copies a header into a struct of the value',
      config: { headers: 'tenant', fields: 'after.tenant', operation: 'copy' },
      input: {
        valueSchema: s.struct({ after: s.struct({ id: s.int32() }, { optional: true }) }),
        value: { after: { id: 1 } },
        headers: [text('tenant', 'a')],
      },
      output: {
        valueSchema: s.struct({ after: s.struct({ id: s.int32(), tenant: s.string() }, { optional: true }) }),
        value: { after: { id: 1, tenant: 'a' } },
      },
    },
    {
      title: 'leaves a record without such headers, and tombstones',
      config: { headers: 'tenant', fields: 'tenant', operation: 'copy' },
      input: { value: null, headers: [text('tenant', 'a')] },
      output: { value: null },
    },
  ],
  create(config) {
    if (config.headers.length !== config.fields.length)
      throw new ConfigError("'fields' config must have the same number of elements as 'headers' config.", {
        key: 'fields',
      })
    const moves = config.headers.map((header, index) => ({ header, path: config.fields[index]!.split('.') }))
    const names = new Set(config.headers)

    interface Insertion {
      readonly path: readonly string[]
      readonly schema: Schema
      readonly value: unknown
    }

    const extended = (schema: Schema, insertions: readonly Insertion[], nested: boolean): Schema => {
      if (schema.type !== 'STRUCT') throw new DataError(`${config.fields.join(', ')}: a field on the way is no struct`)
      const here = insertions.filter(({ path }) => path.length === 1)
      const below = (name: string) =>
        insertions.flatMap(({ path, ...rest }) =>
          path.length > 1 && path[0] === name ? [{ ...rest, path: path.slice(1) }] : [],
        )
      const made = new Set(
        insertions.flatMap(({ path }) => (path.length > 1 && schema.field(path[0]!) === undefined ? [path[0]!] : [])),
      )
      const twice = here.find(({ path }) => schema.field(path[0]!) !== undefined)
      if (twice !== undefined) throw new DataError(`The value already has a field ${twice.path[0]}`)
      return s.struct(
        [
          ...schema.fields.map(field => {
            const deeper = below(field.name)
            return [field.name, deeper.length === 0 ? field.schema : extended(field.schema, deeper, true)] as const
          }),
          ...here.map(({ path, schema: own }) => [path[0]!, own] as const),
          // A struct on the way that is not there is made.
          ...Array.from(made, name => [name, extended(s.struct([], { optional: true }), below(name), true)] as const),
        ],
        { ...basicsOf(schema), ...(nested && { optional: schema.optional }) },
      )
    }

    const inserted = (of: Schema | undefined, struct: Members, path: readonly string[], value: unknown): Members => {
      const [name, ...rest] = path
      const updated: Record<string, unknown> = { ...struct }
      const field = of?.field(name!)
      const inner = struct[name!] ?? (field === undefined ? {} : null)
      if (rest.length === 0) setMember(updated, name!, value)
      // A struct that is null stays so: an insert has no row before it.
      else if (inner !== null) setMember(updated, name!, inserted(field?.schema, inner as Members, rest, value))
      return updated
    }

    const schemas = new Map<string, Schema>()

    return {
      apply(record) {
        const { value, valueSchema, headers = [] } = record
        if (value === null || value === undefined) return record
        const insertions = moves.flatMap(({ header, path }): Insertion[] => {
          // Of several headers with one name the last counts.
          const found = headers.findLast(({ key }) => key === header)
          if (found === undefined) return []
          if (found.schema === null) throw new DataError(`The header ${header} has no schema`)
          return [{ path, schema: found.schema, value: found.value }]
        })
        if (valueSchema === null || valueSchema === undefined)
          throw new DataError(`Only Struct objects supported for [${purpose}]: the value has no schema`)
        let updated: Members = requireStruct(valueSchema, value, purpose)
        if (insertions.length === 0) return record
        const key = `${valueSchema.id}/${insertions.map(({ path, schema }) => `${path.join('.')}:${schema.id}`).join()}`
        let schema = schemas.get(key)
        if (schema === undefined) {
          if (schemas.size > 1000) schemas.clear()
          schemas.set(key, (schema = extended(valueSchema, insertions, false)))
        }
        for (const { path, value: of } of insertions) updated = inserted(valueSchema, updated, path, of)
        return {
          ...record,
          valueSchema: schema,
          value: updated,
          headers: config.operation === 'move' ? headers.filter(({ key: name }) => !names.has(name)) : headers,
        }
      },
    }
  },
})
