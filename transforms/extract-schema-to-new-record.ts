import { type ConnectRecord, DataError, defineTransform, type Schema, s } from 'millrace'
import { isEnvelope } from './envelope-fields.ts'
import { basicsOf, type Members } from './sides.ts'

const columnSchema = s.struct(
  {
    name: s.string(),
    typeName: s.string(),
    length: s.int32({ optional: true }),
    scale: s.int32({ optional: true }),
    comment: s.string({ optional: true }),
  },
  { name: 'io.debezium.connector.source.schema.Column', version: 1 },
)
const tableSchema = s.struct(
  { columns: s.array(columnSchema) },
  { name: 'io.debezium.connector.source.schema.Table', version: 1 },
)
const sourceSchema = s.struct(
  { id: s.string(), table: tableSchema },
  { name: 'io.debezium.connector.source.Schema', version: 1 },
)

/** Parameter of a field that tells of its column. */
const parameter = (what: string): string => `__debezium.source.column.${what}`

const columnOf = (topic: string, name: string, { parameters = {} }: Schema) => {
  const type = parameters[parameter('type')]
  if (type === undefined)
    throw new DataError(
      `The field ${name} of ${topic} does not tell its column: set column.propagate.source.type or datatype.propagate.source.type to .* on the connector`,
    )
  const number = (what: string): number | null => {
    const text = parameters[parameter(what)]
    return text === undefined ? null : Number(text)
  }
  return {
    name: parameters[parameter('name')] ?? name,
    typeName: type,
    length: number('length'),
    scale: number('scale'),
    comment: parameters[parameter('comment')] ?? null,
  }
}

const source = s.struct({ table: s.string() })
const row = (parameters?: Readonly<Record<string, string>>) =>
  s.struct({ id: s.int32(parameters === undefined ? {} : { parameters }) }, { optional: true })
const told = row({ [parameter('type')]: 'INT4', [parameter('length')]: '10', [parameter('name')]: 'id' })
const envelope = { name: 'shop.public.item.Envelope', version: 2 }
const event = { after: { id: 1 }, source: { table: 'item' }, op: 'c' }

export default defineTransform({
  class: 'io.debezium.transforms.ExtractSchemaToNewRecord',
  version: '0.1.0',
  doc: 'Adds to each Debezium change event what its table looks like: names, types, lengths and scales of the columns, in the field `sourceSchema`. The connector must tell them (`column.propagate.source.type`).',
  config: {},
  examples: [
    {
      title: 'tells the columns of the table',
      config: {},
      input: { valueSchema: s.struct({ after: told, source, op: s.string() }, envelope), value: event },
      output: {
        valueSchema: s.struct({ after: told, source, op: s.string(), sourceSchema }, envelope),
        value: {
          ...event,
          sourceSchema: {
            id: 'item',
            table: { columns: [{ name: 'id', typeName: 'INT4', length: 10, scale: null, comment: null }] },
          },
        },
      },
    },
    { title: 'passes what is no change event', config: {}, input: { value: { id: 1 } }, output: { value: { id: 1 } } },
  ],
  create() {
    const made = new WeakMap<Schema, { readonly schema: Schema; readonly columns: readonly unknown[] }>()
    const madeOf = (topic: string, schema: Schema) => {
      const rows = schema.field('after')?.schema ?? schema.field('before')?.schema
      const columns = (rows?.fields ?? []).map(({ name, schema: own }) => columnOf(topic, name, own))
      const fields = [...schema.fields.map(({ name, schema: own }) => [name, own] as const)]
      return { schema: s.struct([...fields, ['sourceSchema', sourceSchema]], basicsOf(schema)), columns }
    }
    return {
      apply(record): ConnectRecord {
        const { topic, valueSchema, value } = record
        if (value === null || value === undefined || !isEnvelope(valueSchema)) return record
        let known = made.get(valueSchema)
        if (known === undefined) made.set(valueSchema, (known = madeOf(topic, valueSchema)))
        const members = value as Members
        const id = String((members['source'] as Members | null)?.['table'] ?? '')
        const told = { id, table: { columns: known.columns } }
        return { ...record, valueSchema: known.schema, value: { ...members, sourceSchema: told } }
      },
    }
  },
})
