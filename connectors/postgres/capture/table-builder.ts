import { quoteJson, type Schema, s } from 'millrace'
import type { CapturedTable } from '../records/captured-table.ts'
import type { LayoutColumn } from '../records/layout-column.ts'
import { RowLayout } from '../records/row-layout.ts'
import { envelopeSchema } from '../records/schemas.ts'
import { SourceBlock, type SourceHead } from '../records/source-block.ts'
import { fieldName, rewritten, schemaName, topicName } from '../settings/names.ts'
import { exactName } from '../settings/patterns.ts'
import { type Settings, usesTopicRegex } from '../settings/settings.ts'
import { changedCodec, isText } from '../types/changed-codec.ts'
import type { TextSource } from '../types/codec.ts'
import { codecOf } from '../types/column-codec.ts'
import { declaredSize, UNLIMITED } from '../types/declared-size.ts'
import { defaultOf, emptyValue } from '../types/default-value.ts'
import { jsonText } from '../types/json-text.ts'
import type { ColumnType, TypeRegistry } from '../types/type-registry.ts'
import { unavailableValue } from '../types/unavailable-value.ts'
import type { CatalogColumn, TableDescription } from './catalog.ts'

/** A field of what the server sends, in its order. */
export interface SentColumn {
  readonly name: string
  readonly typeOid: number
  readonly typmod: number
}

/** The name that a topic has before topic.regex. */
const plainTopic = ({ prefix, config }: Settings, schema: string, table: string): string => {
  const bySchema = /Schema(Regex)?TopicNamingStrategy$/.test(config.topicNamingStrategy)
  return [prefix, ...(bySchema ? [schema] : []), table].join(config.topicDelimiter)
}

/** The topic of a table, which is also the name that its schemas begin with. */
export const topicOf = (settings: Settings, schema: string, table: string): string => {
  const { config } = settings
  const name = topicName(plainTopic(settings, schema, table))
  if (!usesTopicRegex(config)) return name
  return rewritten(name, exactName(config.topicRegex!), config.topicReplacement!) || name
}

/** What tells the tables of one topic apart in their keys; undefined: nothing does. */
const tableIdentifier = (settings: Settings, schema: string, table: string): string | undefined => {
  const { config } = settings
  if (!usesTopicRegex(config) || !config.topicKeyEnforceUniqueness) return undefined
  const name = plainTopic(settings, schema, table)
  const regex = (config.topicKeyFieldRegex ?? '').trim()
  return regex === '' ? name : rewritten(name, exactName(regex), config.topicKeyFieldReplacement!)
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
    const present = (names: readonly string[]) => names.filter(name => sent.some(column => column.name === name))
    const chosen = present(filters.keyColumns(table.schema, table.name) ?? [])
    // Where none of the chosen columns is there, the key stays, as with Debezium.
    return chosen.length > 0 ? chosen : present(table.keyColumns)
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
    const columnOf = (name: string, inRow: boolean): Built | undefined => {
      const place = sent.findIndex(candidate => candidate.name === name)
      const field = sent[place]
      if (field === undefined) return undefined
      const built = this.#column(place, field, known.get(name) ?? forgotten(field), types, source)
      // A key stays as it is: events of a row must meet in one partition.
      const ruled =
        built === undefined || !inRow ? built : this.#ruled(built, table, types.resolve(field.typeOid, field.typmod))
      return ruled === undefined ? undefined : { ...ruled, name: fieldName(name, this.#settings.fieldNames) }
    }
    const present = (columns: readonly (Built | undefined)[]): readonly Built[] =>
      columns.filter(built => built !== undefined)
    const row = present(
      sent.filter(({ name }) => filters.column(table.schema, table.name, name)).map(({ name }) => columnOf(name, true)),
    )
    const keyColumns = present(this.keyColumns(table, sent).map(name => columnOf(name, false)))
    const identifier = tableIdentifier(this.#settings, table.schema, table.name)
    const key =
      identifier === undefined || keyColumns.length === 0
        ? keyColumns
        : [...keyColumns, constantColumn(this.#settings.config.topicKeyFieldName, identifier, keyColumns[0]!)]
    const topic = topicOf(this.#settings, table.schema, table.name)
    const { schemaNames } = this.#settings
    const structOf = (columns: readonly Built[], name: string, optional: boolean) =>
      s.struct(
        columns.map(({ name: field, schema }) => [field, schema] as const),
        { name: schemaName(name, schemaNames), optional },
      )
    return {
      oid: table.oid,
      schema: table.schema,
      name: table.name,
      topic,
      row: layout(row),
      envelopeSchema: envelopeSchema(schemaName(topic, schemaNames), structOf(row, `${topic}.Value`, true)),
      key: key.length === 0 ? undefined : layout(key),
      keySchema: key.length === 0 ? null : structOf(key, `${topic}.Key`, false),
      source: new SourceBlock(this.#head, table.schema, table.name),
      sent: sent.map(({ name }) => name),
      primaryKey: table.keyColumns,
    }
  }

  /** Masked, truncated, or told of in the schema, as the settings say. */
  #ruled(column: Built, table: TableDescription, type: ColumnType): Built {
    const rule = this.#settings.columnRules.of(table.schema, table.name, column.name, type.domain ?? type.name)
    if (rule === undefined) return column
    const { length, scale } = declaredSize(type)
    const parameters = rule.parameters ?? {
      '__debezium.source.column.type': (type.domain ?? type.name).toUpperCase(),
      '__debezium.source.column.length': String(length),
      '__debezium.source.column.scale': String(scale),
      '__debezium.source.column.name': column.name,
    }
    const schema = column.schema.with({ parameters: { ...column.schema.parameters, ...parameters } })
    const { change } = rule
    const isChanged = rule.anyText === true ? column.schema.type === 'STRING' : isText(type)
    if (change === undefined || !isChanged) return { ...column, schema }
    const limit = length === UNLIMITED ? undefined : length
    const missing = change(column.missing as string | null, limit)
    const unavailable = change(column.unavailable as string | null, limit)
    return {
      ...column,
      schema,
      codec: changedCodec(column.codec, schema, text => change(text, limit)),
      missing,
      missingJson: Buffer.from(jsonText(schema, missing)),
      unavailable,
      unavailableJson: Buffer.from(jsonText(schema, unavailable)),
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
    const isHstoreJson = type.name === 'hstore' && schema.type === 'STRING'
    const missing = optional ? null : (standIn ?? (isHstoreJson ? '{}' : emptyValue(schema)))
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

/** A field that is the same in every row; it stands where another one does. */
const constantColumn = (name: string, text: string, { place }: Built): Built => {
  const schema = s.string()
  const json = Buffer.from(quoteJson(text))
  const codec = {
    schema,
    factor: 0,
    extra: json.length,
    value: () => text,
    write: (_src: Buffer, _at: number, _end: number, out: Buffer, pos: number) => pos + json.copy(out, pos),
  }
  const always = { missing: text, missingJson: json, unavailable: text, unavailableJson: json }
  return { name, place, codec, schema, ...always, label: Buffer.alloc(0) }
}

const layout = (columns: readonly Built[]): RowLayout =>
  new RowLayout(
    columns.map(({ schema: _, ...column }, index) => ({
      ...column,
      label: Buffer.from(`${index === 0 ? '{' : ','}${quoteJson(column.name)}:`),
    })),
  )
