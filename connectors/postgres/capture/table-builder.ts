import { quoteJson, type Schema, s } from 'millrace'
import type { CapturedTable } from '../records/captured-table.ts'
import { type LayoutColumn, RowLayout } from '../records/row-layout.ts'
import { envelopeSchema } from '../records/schemas.ts'
import { SourceBlock, type SourceHead } from '../records/source-block.ts'
import type { Settings } from '../settings/settings.ts'
import type { TextSource } from '../types/codec.ts'
import { codecOf } from '../types/column-codec.ts'
import { defaultOf, emptyValue } from '../types/default-value.ts'
import { jsonText } from '../types/json-text.ts'
import type { TypeRegistry } from '../types/type-registry.ts'
import { unavailableValue } from '../types/unavailable-value.ts'
import type { CatalogColumn, TableDescription } from './catalog.ts'

/** A field of what the server sends, in its order. */
export interface SentColumn {
  readonly name: string
  readonly typeOid: number
  readonly typmod: number
}

/** The topic of a table, which is also the name that its schemas begin with. */
export const topicOf = (settings: Settings, schema: string, table: string): string => {
  const { topicDelimiter, topicNamingStrategy } = settings.config
  const bySchema = topicNamingStrategy.endsWith('SchemaTopicNamingStrategy')
  const name = [settings.prefix, ...(bySchema ? [schema] : []), table].join(topicDelimiter)
  return name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 249)
}

interface Built extends LayoutColumn {
  readonly schema: Schema
}

/** Column of a table that is gone from the catalog, but not yet from what is sent. */
const forgotten = (sent: SentColumn): CatalogColumn => ({
  ...sent,
  notNull: false,
  default: undefined,
})

/** Makes layouts and schemas of tables. */
export class TableBuilder {
  readonly #settings: Settings
  readonly #head: SourceHead

  constructor(settings: Settings, head: SourceHead) {
    this.#settings = settings
    this.#head = head
  }

  /** Key columns, by the user's choice or the catalog; only those that are sent. */
  keyColumns(table: TableDescription, sent: readonly SentColumn[]): readonly string[] {
    const { filters } = this.#settings
    const names = filters.keyColumns(table.schema, table.name) ?? table.keyColumns
    return names.filter(name => sent.some(column => column.name === name))
  }

  /** Columns to read in the snapshot: the captured ones and those of the key. */
  columnsToRead(table: TableDescription, types: TypeRegistry): readonly SentColumn[] {
    const { filters } = this.#settings
    const keys = this.keyColumns(table, table.columns)
    return table.columns.filter(
      column =>
        (keys.includes(column.name) || filters.column(table.schema, table.name, column.name)) &&
        this.#codec(column, types, 'copy') !== undefined,
    )
  }

  build(table: TableDescription, sent: readonly SentColumn[], types: TypeRegistry, source: TextSource): CapturedTable {
    const { filters } = this.#settings
    const known = new Map(table.columns.map(column => [column.name, column]))
    const column = (name: string): Built | undefined => {
      const place = sent.findIndex(candidate => candidate.name === name)
      const field = sent[place]
      if (field === undefined) return undefined
      return this.#column(place, field, known.get(name) ?? forgotten(field), types, source)
    }
    const present = (columns: readonly (Built | undefined)[]): readonly Built[] =>
      columns.filter(built => built !== undefined)
    const row = present(
      sent.filter(({ name }) => filters.column(table.schema, table.name, name)).map(({ name }) => column(name)),
    )
    const key = present(this.keyColumns(table, sent).map(column))
    const topic = topicOf(this.#settings, table.schema, table.name)
    const structOf = (columns: readonly Built[], name: string, optional: boolean) =>
      s.struct(
        columns.map(({ name: field, schema }) => [field, schema] as const),
        { name, optional },
      )
    return {
      oid: table.oid,
      schema: table.schema,
      name: table.name,
      topic,
      row: layout(row),
      envelopeSchema: envelopeSchema(topic, structOf(row, `${topic}.Value`, true)),
      key: key.length === 0 ? undefined : layout(key),
      keySchema: key.length === 0 ? null : structOf(key, `${topic}.Key`, false),
      source: new SourceBlock(this.#head, table.schema, table.name),
    }
  }

  #codec(column: SentColumn, types: TypeRegistry, source: TextSource) {
    return codecOf(types.resolve(column.typeOid, column.typmod), this.#settings.modes, source)
  }

  #column(
    place: number,
    sent: SentColumn,
    { notNull, default: expression }: CatalogColumn,
    types: TypeRegistry,
    source: TextSource,
  ): Built | undefined {
    const { modes, placeholder } = this.#settings
    const type = types.resolve(sent.typeOid, sent.typmod)
    const codec = codecOf(type, modes, source)
    // Defaults are plain text, wherever the row comes from.
    const plain = source === 'stream' ? codec : codecOf(type, modes, 'stream')
    if (codec === undefined || plain === undefined) return undefined
    const optional = !notNull && !type.notNull
    const standIn = defaultOf(expression, type, plain)
    const schema = codec.schema.with({
      optional,
      ...(standIn === undefined ? {} : { default: standIn }),
    })
    const missing = optional ? null : (standIn ?? emptyValue(schema))
    const unavailable = unavailableValue(type, schema, modes, placeholder)
    return {
      name: sent.name,
      place,
      codec,
      schema,
      missing,
      missingJson: Buffer.from(jsonText(schema, missing)),
      unavailable,
      unavailableJson: Buffer.from(jsonText(schema, unavailable)),
      label: Buffer.alloc(0),
    }
  }
}

const layout = (columns: readonly Built[]): RowLayout =>
  new RowLayout(
    columns.map(({ schema: _, ...column }, index) => ({
      ...column,
      label: Buffer.from(`${index === 0 ? '{' : ','}${quoteJson(column.name)}:`),
    })),
  )
