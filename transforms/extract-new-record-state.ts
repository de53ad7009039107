import {
  ConfigError,
  type ConnectRecord,
  c,
  DataError,
  defineTransform,
  type Header,
  type Schema,
  s,
  setMember,
} from 'millrace'
import { addedFields, addedSchema, addedValue, isEnvelope } from './envelope-fields.ts'
import { basicsOf, type Members, memberOf } from './sides.ts'
import { TombstoneHeaders } from './tombstone-headers.ts'

type Mode = 'drop' | 'tombstone' | 'rewrite' | 'rewrite-with-tombstone' | 'delete-to-tombstone'

const modes = ['drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone'] as const
const deletedField = '__deleted'
const tombstoneOp = s.string()

/** What the pair of older settings stands for. */
const legacyMode = (handling: string, dropTombstones: boolean): Mode => {
  if (handling === 'rewrite') return dropTombstones ? 'rewrite' : 'rewrite-with-tombstone'
  if (handling === 'none') return 'tombstone'
  return dropTombstones ? 'drop' : 'delete-to-tombstone'
}

const rowSchema = s.struct(
  { id: s.int32(), name: s.string({ optional: true }) },
  { optional: true, name: 'shop.public.item.Value' },
)
const envelopeSchema = s.struct(
  { before: rowSchema, after: rowSchema, source: s.struct({ table: s.string() }), op: s.string() },
  { name: 'shop.public.item.Envelope' },
)
const envelope = (op: string, before: Members | null, after: Members | null) => ({
  valueSchema: envelopeSchema,
  value: { before, after, source: { table: 'item' }, op },
})

export default defineTransform({
  class: 'io.debezium.transforms.ExtractNewRecordState',
  version: '0.1.0',
  doc: 'Takes the row out of a Debezium change event; says what becomes of deletes; adds fields of the event to the row.',
  config: {
    'delete.tombstone.handling.mode': c.string('What becomes of a delete event and of the tombstone after it.', {
      values: modes,
      ignoreCase: true,
      optional: true,
      importance: 'MEDIUM',
    }),
    'delete.handling.mode': c.string('(Older name) What becomes of a delete event.', {
      values: ['drop', 'rewrite', 'none'],
      ignoreCase: true,
      optional: true,
      importance: 'LOW',
    }),
    'drop.tombstones': c.boolean('(Older name) Whether tombstones are dropped.', { optional: true, importance: 'LOW' }),
    'add.fields': c.list('Fields of the event to add to the row: op, source.lsn, lsn:NAME.', {
      default: [],
      importance: 'LOW',
    }),
    'add.fields.prefix': c.string('Put before the names of added fields.', { default: '__', importance: 'LOW' }),
    'add.headers': c.list('Fields of the event to add as headers.', { default: [], importance: 'LOW' }),
    'add.headers.prefix': c.string('Put before the names of added headers.', { default: '__', importance: 'LOW' }),
    'route.by.field': c.string('A field of the row whose value becomes the topic.', {
      optional: true,
      importance: 'LOW',
    }),
    'drop.fields.header.name': c.string('A header that lists fields to leave out.', {
      optional: true,
      importance: 'LOW',
    }),
    'drop.fields.from.key': c.boolean('Whether those fields are left out of the key as well.', {
      default: false,
      importance: 'LOW',
    }),
    'drop.fields.keep.schema.compatible': c.boolean('Whether only optional fields are left out.', {
      default: true,
      importance: 'LOW',
    }),
    'replace.null.with.default': c.boolean('Whether a null becomes the default of its column.', {
      default: true,
      importance: 'LOW',
    }),
  },
  examples: [
    {
      title: 'takes the row of an insert',
      config: {},
      input: envelope('c', null, { id: 1, name: 'a' }),
      output: { valueSchema: rowSchema.with({ optional: false }), value: { id: 1, name: 'a' } },
    },
    {
      title: 'makes a delete a null value',
      config: {},
      input: envelope('d', { id: 1, name: 'a' }, null),
      output: { valueSchema: rowSchema, value: null },
    },
    {
      title: 'drops deletes',
      config: { 'delete.tombstone.handling.mode': 'drop' },
      input: envelope('d', { id: 1, name: null }, null),
      output: null,
    },
    {
      title: 'keeps deleted rows and marks them',
      config: { 'delete.tombstone.handling.mode': 'rewrite', 'add.fields': 'op,table' },
      input: envelope('d', { id: 1, name: null }, null),
      output: {
        valueSchema: s.struct(
          {
            id: s.int32(),
            name: s.string({ optional: true }),
            __deleted: s.string({ optional: true }),
            __op: s.string({ optional: true }),
            __table: s.string({ optional: true }),
          },
          { name: 'shop.public.item.Value' },
        ),
        value: { id: 1, name: null, __deleted: 'true', __op: 'd', __table: 'item' },
      },
    },
    { title: 'passes what is no change event', config: {}, input: { value: { id: 1 } }, output: { value: { id: 1 } } },
  ],
  create(config) {
    const older = config.deleteHandlingMode !== undefined || config.dropTombstones !== undefined
    if (older && config.deleteTombstoneHandlingMode !== undefined) {
      throw new ConfigError(
        'delete.tombstone.handling.mode takes the place of delete.handling.mode and drop.tombstones: give one or the other',
        { key: 'delete.tombstone.handling.mode' },
      )
    }
    const mode: Mode = older
      ? legacyMode(config.deleteHandlingMode ?? 'drop', config.dropTombstones ?? true)
      : (config.deleteTombstoneHandlingMode ?? 'tombstone')
    const marks = mode === 'rewrite' || mode === 'rewrite-with-tombstone'
    const fields = addedFields(config.addFields, config.addFieldsPrefix)
    const headers = addedFields(config.addHeaders, config.addHeadersPrefix)
    const schemas = new Map<string, Schema>()

    const shared = new TombstoneHeaders()

    const headersOf = (record: ConnectRecord, event: Members): readonly Header[] => {
      const more = headers.flatMap((field): Header[] => {
        const schema = addedSchema(record.valueSchema!, field)
        return schema === undefined ? [] : [{ key: field.name, schema, value: addedValue(event, field) }]
      })
      return shared.added(record, more, event['op'] === 'd')
    }

    const dropped = (record: ConnectRecord): ReadonlySet<string> => {
      const name = config.dropFieldsHeaderName
      if (name === undefined) return new Set()
      const header = record.headers?.find(({ key }) => key === name)
      if (header === undefined || header.value === null) return new Set()
      if (!Array.isArray(header.value))
        throw new DataError(`drop.fields.header.name: the header ${name} is no list of field names`)
      return new Set(header.value.map(String))
    }

    /** Schema of what comes out: the row's columns less dropped ones, the mark, the added fields. */
    const outSchema = (envelopeSchema: Schema, row: Schema, without: ReadonlySet<string>): Schema => {
      const key = `${envelopeSchema.id}/${[...without].join()}`
      let schema = schemas.get(key)
      if (schema === undefined) {
        const columns = row.fields.filter(
          field => !without.has(field.name) || (config.dropFieldsKeepSchemaCompatible && !field.schema.optional),
        )
        schema = s.struct(
          [
            ...columns.map(field => [field.name, field.schema] as const),
            ...(marks ? [[deletedField, s.string({ optional: true })] as const] : []),
            ...fields.flatMap(field => {
              const added = addedSchema(envelopeSchema, field)
              return added === undefined ? [] : [[field.name, added] as const]
            }),
          ],
          basicsOf(row),
        )
        if (schemas.size > 1000) schemas.clear()
        schemas.set(key, schema)
      }
      return schema
    }

    const flattened = (
      record: ConnectRecord,
      event: Members,
      row: Members,
      rowSchemaOf: Schema,
      isDelete: boolean,
    ): ConnectRecord => {
      const schema = outSchema(record.valueSchema!, rowSchemaOf, dropped(record))
      const value: Record<string, unknown> = {}
      for (const field of schema.fields) {
        const column = rowSchemaOf.field(field.name)
        if (column !== undefined)
          setMember(value, field.name, memberOf(row, field.name, column.schema, config.replaceNullWithDefault))
      }
      if (marks) value[deletedField] = isDelete ? 'true' : 'false'
      for (const field of fields)
        if (schema.field(field.name) !== undefined) setMember(value, field.name, addedValue(event, field))
      return {
        ...withoutKeyFields(record),
        topic: routed(record, row),
        valueSchema: schema,
        value,
        headers: headersOf(record, event),
      }
    }

    const routed = (record: ConnectRecord, row: Members | null): string => {
      if (config.routeByField === undefined || row === null) return record.topic
      const topic = row[config.routeByField]
      if (topic === null || topic === '') return record.topic
      if (typeof topic !== 'string')
        throw new DataError(
          topic === undefined
            ? `${config.routeByField} is not a valid field name\nroute.by.field: rows of ${record.topic} have no such column`
            : `route.by.field: the row has no text in ${config.routeByField}`,
        )
      return topic
    }

    const withoutKeyFields = (record: ConnectRecord): ConnectRecord => {
      const { keySchema, key } = record
      if (!config.dropFieldsFromKey || keySchema === null || keySchema === undefined || keySchema.type !== 'STRUCT')
        return record
      const without = dropped(record)
      const kept = keySchema.fields.filter(field => !without.has(field.name))
      const struct = (key ?? {}) as Members
      return {
        ...record,
        keySchema: s.struct(
          kept.map(field => [field.name, field.schema] as const),
          basicsOf(keySchema),
        ),
        key: Object.fromEntries(kept.map(field => [field.name, struct[field.name] ?? null])),
      }
    }

    return {
      apply(record) {
        if (record.value === null || record.value === undefined) {
          if (mode !== 'rewrite-with-tombstone') return null
          // All that a tombstone says is that the row was deleted.
          const op = headers.find(({ path }) => path.length === 1 && path[0] === 'op')
          const own = shared.of(record)
          if (op === undefined) return own === record.headers ? record : { ...record, headers: own }
          return { ...record, headers: [...own, { key: op.name, schema: tombstoneOp, value: 'd' }] }
        }
        const { valueSchema } = record
        if (!isEnvelope(valueSchema)) return record
        const event = record.value as Members
        const after = (event['after'] ?? null) as Members | null
        const before = (event['before'] ?? null) as Members | null
        const row = valueSchema.field('after')?.schema ?? valueSchema.field('before')?.schema
        if (row === undefined) return record
        if (after !== null) return flattened(record, event, after, row, false)
        // A truncate has no row at all.
        if (event['op'] === 't' || mode === 'drop') return null
        if (marks)
          return before === null
            ? null
            : flattened(record, event, before, valueSchema.field('before')?.schema ?? row, true)
        const schema = mode === 'delete-to-tombstone' ? null : row
        return {
          ...withoutKeyFields(record),
          topic: routed(record, before),
          valueSchema: schema,
          value: null,
          headers: headersOf(record, event),
        }
      },
    }
  },
})
