import type { Catalog, TableDescription } from '../capture/catalog.ts'
import type { TableBuilder } from '../capture/table-builder.ts'
import type { Settings } from '../settings/settings.ts'
import type { Decoder } from './decoder.ts'
import type { RelationMessage } from './messages.ts'

interface KnownTable {
  readonly columns: TableDescription['columns']
  readonly keyColumns: readonly string[]
}

/** What the rows of the stream's tables look like, from what the log tells of a table and the catalog shows of it. */
export class TableLearner {
  readonly #settings: Settings
  readonly #builder: TableBuilder
  /** By `schema.table`, as the stream last had them. */
  readonly #known = new Map<string, KnownTable>()

  constructor(settings: Settings, builder: TableBuilder) {
    this.#settings = settings
    this.#builder = builder
  }

  /** A table appeared in the stream, or changed: what its rows look like from here on. */
  async learn(message: RelationMessage, catalog: Catalog, decoder: Decoder): Promise<void> {
    const { oid, schema, name } = message
    if (!this.#settings.filters.table(schema, name)) return decoder.setTable(oid, null)
    const description = (await catalog.describe([oid])).get(oid)
    const oids = message.columns.map(column => column.typeOid)
    let types = await catalog.types(oids)
    if (oids.some(type => types.resolve(type, -1).enumLabels !== undefined)) {
      catalog.forgetTypes()
      types = await catalog.types(oids)
    }
    const id = `${schema}.${name}`
    const known = this.#known.get(id)
    const table = {
      oid,
      schema,
      name,
      columns: description?.columns ?? known?.columns ?? keyColumnsOf(message),
      keyColumns: keyOf(message, description?.keyColumns ?? [], known?.keyColumns),
    }
    this.#known.set(id, table)
    decoder.setTable(oid, this.#builder.build(table, message.columns, types, 'stream'))
  }
}

/** All that the log tells of the columns of a table that is gone: those of the primary key cannot be null. */
const keyColumnsOf = ({ columns, primaryKey }: RelationMessage): TableDescription['columns'] =>
  columns
    .filter(({ name }) => primaryKey.includes(name))
    .map(column => ({ ...column, notNull: true, default: undefined }))

/**
 * The catalog shows the table as it is now, which may be ahead of the log: where it shows no key, as of one that is changed or a table that
 * is gone, the key is still the one that is known, or the one that the log tells of.
 */
const keyOf = (
  { columns, primaryKey }: RelationMessage,
  now: readonly string[],
  known: readonly string[] = primaryKey,
): readonly string[] => (now.length > 0 ? now : known.filter(key => columns.some(column => column.name === key)))
