import type { Catalog } from '../capture/catalog.ts'
import type { TableBuilder } from '../capture/table-builder.ts'
import type { Settings } from '../settings/settings.ts'
import type { Decoder } from './decoder.ts'
import type { RelationMessage } from './messages.ts'

/** What the rows of the stream's tables look like, from what the log tells of a table and the catalog shows of it. */
export class TableLearner {
  readonly #settings: Settings
  readonly #builder: TableBuilder
  /** Key columns by `schema.table`, as the stream last had them. */
  readonly #keys = new Map<string, readonly string[]>()

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
    const keyColumns = this.#keyOf(message, description?.keyColumns ?? [])
    const table = { oid, columns: description?.columns ?? [], keyColumns, schema, name }
    decoder.setTable(oid, this.#builder.build(table, message.columns, types, 'stream'))
  }

  /**
   * The catalog shows the table as it is now, which may be ahead of the log: where it shows no key, as of one that is changed or a table that
   * is gone, the key is still the one that is known, or the one that the log tells of.
   */
  #keyOf({ schema, name, columns, primaryKey }: RelationMessage, now: readonly string[]): readonly string[] {
    const id = `${schema}.${name}`
    const known = (this.#keys.get(id) ?? primaryKey).filter(key => columns.some(column => column.name === key))
    const key = now.length > 0 ? now : known
    this.#keys.set(id, key)
    return key
  }
}
